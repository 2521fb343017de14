"""The pages that belong to no app: home, search, the type size, the small print, and trouble."""

import logging
import secrets
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template import loader
from django.templatetags.static import static
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from apps.filings.models.catalogue import Topic
from apps.filings.public import guide
from apps.institutions.public.querysets import public_institutions
from apps.offices.models import Office
from apps.offices.public.page import MODES, furniture_at_hand, page, show, shown
from ydjy.desk.transactions import commits_by_itself
from ydjy.public_site.search import search as searching

log = logging.getLogger(__name__)
YEAR = 365 * 24 * 3600


@page
def home(request: HttpRequest) -> HttpResponse:
    has_topics = shown(Topic.objects.all(), timezone.localdate()).exists()
    return show(request, "public/home.html", {"has_topics": has_topics})


@page
def search(request: HttpRequest) -> HttpResponse:
    """One box for everything public; each result says why it is there (P1)."""
    q = " ".join(request.GET.get("q", "")[:64].split())
    sections = searching(q, timezone.localdate())
    return show(request, "public/search.html", {"q": q, "sections": sections})


def mode(request: HttpRequest) -> HttpResponse:
    """Sets the type size and goes back to where one was, if that is an address of ours."""
    to, back = request.GET.get("to", ""), request.GET.get("next", "/")
    response = HttpResponseRedirect(back if _is_ours(back) else "/")
    if to in MODES:
        secure = not settings.LOOPBACK_ONLY
        response.set_cookie("mode", to, max_age=YEAR, httponly=True, samesite="Lax", secure=secure)
    else:
        response.delete_cookie("mode", samesite="Lax")
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_ours(address: str) -> bool:
    """A path of this site that exists: no other host, no scheme, no staff page."""
    if not address.startswith("/") or len(address) > 300:
        return False
    if not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return False
    try:
        resolve(address.partition("?")[0].partition("#")[0])
    except Resolver404:
        return False
    return not address.startswith("/admin/")


PAPERS = {
    "about": "关于本站",
    "accessibility": "无障碍说明",
    "privacy": "隐私说明",
}


@page
def paper(request: HttpRequest, name: str) -> HttpResponse:
    return show(request, f"public/{name}.html", {"title": PAPERS[name]})


PLACES = (
    ("办备案要带什么", "/guide/"),
    ("哪家医院能开转诊", "/referral/"),
    ("定点机构", "/institutions/"),
    ("办事电话和地点", "/offices/"),
    ("查备案进度", "/progress/"),
    ("在外地哪里能刷卡", "/settlement/"),
    ("刷卡没成功怎么办", "/card-failed/"),
    ("办事知识", "/topics/"),
    ("工作日怎么算", "/workdays/"),
    ("电话单（打印）", "/print/phones/"),
    ("空白的备案登记表（打印）", "/print/filing/"),
    ("空白的个人承诺书（打印）", "/print/promise/"),
    ("公开数据", "/data/"),
    ("关于本站", "/about/"),
    ("无障碍说明", "/accessibility/"),
    ("隐私说明", "/privacy/"),
)


@page
def sitemap(request: HttpRequest) -> HttpResponse:
    today = timezone.localdate()
    categories = [(c.name, f"/guide/c/{c.code}/") for c in guide.categories(today)]
    return show(request, "public/sitemap.html", {"places": PLACES, "categories": categories})


@page
def sitemap_xml(request: HttpRequest) -> HttpResponse:
    """Every stable address with the day it was last checked."""
    today = timezone.localdate()
    rows: list[tuple[str, object]] = [("/", ""), *((url, "") for _, url in PLACES)]
    rows += [(f"/guide/c/{c.code}/", c.checked_on) for c in guide.categories(today)]
    rows += [
        (f"/topics/{topic.code}/", topic.checked_on) for topic in shown(Topic.objects.all(), today)
    ]
    rows += [(f"/offices/{o.pk}/", o.checked_on) for o in shown(Office.objects.all(), today)]
    institutions = public_institutions(today).values_list("pk", "checked_on")[:40_000]
    rows += [(f"/institutions/{pk}/", checked) for pk, checked in institutions]
    root = f"{request.scheme}://{request.get_host()}"
    words = loader.render_to_string("public/sitemap.xml", {"rows": rows, "root": root})
    return HttpResponse(words, content_type="application/xml; charset=utf-8")


@page
def robots(request: HttpRequest) -> HttpResponse:
    address = f"{request.scheme}://{request.get_host()}/sitemap.xml"
    words = f"User-agent: *\nDisallow: /search/\nDisallow: /mode/\nSitemap: {address}\n"
    return HttpResponse(words, content_type="text/plain; charset=utf-8")


@commits_by_itself
def icon(request: HttpRequest) -> HttpResponseRedirect:
    """Where browsers look for the mark of a site by themselves: on paper pages, in WeChat."""
    return HttpResponseRedirect(static("ydjy/mark.svg"), headers={"Cache-Control": "max-age=86400"})


# Trouble: pages that ask the database nothing ----------------------------------------------------


def _is_staff(request: HttpRequest) -> bool:
    return request.path.startswith("/admin/")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_staff(request):
        return HttpResponse(loader.get_template("404.html").render({}), status=404)
    return show(request, "public/404.html", {"site": furniture_at_hand()}, status=404)


def page_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form came from a page of an earlier log-in; what was typed waits in the browser."""
    page = urlsplit(request.headers.get("referer", ""))
    here = page.netloc == request.get_host() and page.path.startswith("/admin/")
    back = urlunsplit(("", "", page.path, page.query, "")) if here else "/admin/"
    words = loader.get_template("403_csrf.html").render({"back": back})
    return HttpResponse(words, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Works without a database; the number on the page is the one in the log."""
    mark = secrets.token_hex(3)
    log.error("error page %s", mark)
    if _is_staff(request):
        return HttpResponse(loader.get_template("500.html").render({"mark": mark}), status=500)
    return show(request, "public/500.html", {"mark": mark}, status=500)
