from django.urls import path

from apps.filings.paper import blank
from apps.filings.public import views

urlpatterns = [
    path("guide/", views.start, name="guide"),
    path("guide/c/<slug:code>/", views.category, name="guide_category"),
    path("guide/c/<slug:code>/<slug:variant>/", views.variant, name="guide_variant"),
    path("guide/<slug:code>/", views.group, name="guide_group"),
    path("print/check/<slug:code>/", views.check_list, name="print_check"),
    path("print/check/<slug:code>/<slug:variant>/", views.check_list, name="print_check_variant"),
    *(
        path(f"print/{form}/{code}", views.blank_form, {"form": form}, name=f"print_{form}{n}")
        for form in blank.FORMS
        for n, code in enumerate(("", "<slug:code>/"))
    ),
    path("settlement/", views.settlement, name="settlement"),
    path("card-failed/", views.card_failed, name="card_failed"),
    path("topics/", views.topics, name="topics"),
    path("topics/<slug:code>/", views.topic, name="topic"),
]
