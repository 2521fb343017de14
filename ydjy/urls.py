"""Every address: the staff's under /admin/, the public's at the root."""

from django.conf import settings
from django.urls import include, path

from apps.filings.public import guide
from apps.institutions.public.views import referral
from ydjy.public_site import open_data, views

handler404 = "ydjy.public_site.views.not_found"
handler500 = "ydjy.public_site.views.server_error"

urlpatterns = [
    path("favicon.ico", views.icon, name="icon"),
]
if settings.SITE != "staff":
    urlpatterns += [
        path("", views.home, name="home"),
        path("search/", views.search, name="search"),
        path("mode/", views.mode, name="mode"),
        path("referral/", referral, {"rule": guide.referral_rule}, name="referral"),
        path("", include("apps.offices.urls")),
        path("", include("apps.institutions.urls")),
        path("", include("apps.filings.urls")),
        *(path(f"{name}/", views.paper, {"name": name}, name=name) for name in views.PAPERS),
        path("sitemap/", views.sitemap, name="sitemap"),
        path("sitemap.xml", views.sitemap_xml, name="sitemap_xml"),
        path("robots.txt", views.robots, name="robots"),
        path("data/", open_data.index, name="data"),
        path("data/<slug:name>.csv", open_data.download, {"form": "csv"}, name="data_csv"),
        path("data/<slug:name>.json", open_data.download, {"form": "json"}, name="data_json"),
    ]
if settings.SITE != "public":
    from django.contrib import admin
    from django.views.generic import RedirectView

    urlpatterns += [path("admin/", admin.site.urls)]
    if settings.SITE == "staff":
        urlpatterns += [path("", RedirectView.as_view(pattern_name="admin:index"), name="home")]
