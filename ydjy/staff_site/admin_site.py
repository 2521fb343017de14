"""The staff site: one menu, one home page, and no way round the permissions."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from ydjy.desk.crypto.fields import sealed_names
from ydjy.desk.sessions import seconds_left
from ydjy.desk.transactions import SAFE, commits_by_itself
from ydjy.staff_site import login as staff_site_login
from ydjy.staff_site.login import SigninForm
from ydjy.staff_site.own_account import OwnPasswordForm, second_factor_page

# The menu in the order of the week's work: label, model whose list it opens.
MENU = (
    ("报错工单", "errors.ticket"),
    ("周批次", "errors.batch"),
    ("备案登记", "filings.filing"),
    ("转诊医院", "institutions.institution"),
    ("网点电话", "offices.office"),
    ("办事指南", "filings.category"),
)
GROUPS = {
    "offices": "人员、网点和日历",
    "institutions": "转诊医院的资料",
    "filings": "备案政策",
    "errors": "报错的资料",
    "desk": "来件和记录",
}
ABOUT = {
    "offices.staff": "谁能登录、在哪个机构、是什么岗位",
    "offices.calendarday": "放假和调休，返回期限由它推算",
    "offices.weekrule": "每周几点前返回省里",
    "desk.upload": "收到过的每一个文件",
    "desk.change": "谁在什么时候改了什么",
    "desk.reading": "谁看过谁的证件号码",
    "errors.causecode": "报错的原因和处理结果范文",
}


class DeskSite(admin.AdminSite):
    site_title = site_header = "异地就医经办台"
    index_title = "本周"
    enable_nav_sidebar = False
    empty_value_display = "—"
    site_url = None
    login_form = SigninForm

    # The head of every page ---------------------------------------------------------------------

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        from apps.errors.models import Heartbeat
        from apps.offices.models import Notice

        context = super().each_context(request)
        if request.user.is_authenticated and request.user.is_active and request.user.is_staff:
            context["menu"] = self.menu(request)
            context["session_left"] = seconds_left(request.session)
            context["sealed_names"] = " ".join(sealed_names())
            context["desk_notices"] = Notice.objects.shown(
                Notice.Audience.STAFF, timezone.localdate()
            )
            now = timezone.now()
            context["silent"] = Heartbeat.alarm(now)
            if getattr(request.user, "case_path", None):
                from ydjy.staff_site import dashboard

                context["this_week"] = dashboard.current(now)
                context["countdown"] = dashboard.countdown(context["this_week"], now)
        return context

    def menu(self, request: HttpRequest) -> list[dict[str, Any]]:
        """What this person may open, the page they are on marked."""
        home = reverse("admin:index")
        here = request.path
        items = [{"label": "本周" if _works_cases(request) else "首页", "url": home}]
        for label, model in MENU:
            if opens := self._list_url(request, model):
                items.append({"label": label, "url": opens})
        items.append({"label": "系统", "url": reverse("admin:app_list", args=["offices"])})
        for item in items:
            whole = item["url"] in (home, items[-1]["url"])
            item["here"] = here == item["url"] if whole else here.startswith(item["url"])
        if not any(item["here"] for item in items) and here.startswith(home):
            items[-1]["here"] = True
        return items

    def _list_url(self, request: HttpRequest, label: str) -> str:
        for model, model_admin in self._registry.items():
            if model._meta.label_lower == label:
                if model_admin.has_view_permission(request):
                    return reverse(f"admin:{label.replace('.', '_')}_changelist")
                return ""
        return ""

    def panels(self, request: HttpRequest, obj: Any) -> list[Any]:
        """What other apps know about a row, for the apps below them to show beside it."""
        from apps.errors.reports import by_institution

        if obj._meta.label != "institutions.Institution":
            return []
        if not request.user.has_perm("errors.view_ticket"):
            return []
        return [by_institution.twelve_weeks(obj, request.user, timezone.localdate())]

    # Pages of its own ---------------------------------------------------------------------------

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """本周 for those who work on cases; for the others what they are here for."""
        from apps.offices.models import calendar_gap
        from ydjy.staff_site import dashboard, start_pages, waiting

        now = timezone.now()
        context = self.each_context(request) | {"title": "本周", **(extra_context or {})}
        request.current_app = self.name  # type: ignore[attr-defined]
        if _works_cases(request):
            week = dashboard.week(request.user, now, context["this_week"])
            context |= {"week": week, "waiting": week.waiting, "calendar_gap": week.calendar_gap}
            return TemplateResponse(request, "admin/index.html", context)
        start = start_pages.page(request.user, now)
        context["waiting"] = waiting.line(request.user, now)
        if request.user.has_perm("offices.add_calendarday"):  # told to those who can mend it
            context["calendar_gap"] = calendar_gap(timezone.localdate(now))
        return TemplateResponse(
            request, "admin/start.html", context | {"title": start.title, "start": start}
        )

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """系统: everything else that the person may open, by subject, whatever app was asked."""
        in_menu = {model for _, model in MENU}
        groups: dict[str, list[dict[str, str]]] = {}
        for app in self.get_app_list(request):
            for model in app["models"]:
                label = f"{app['app_label']}.{model['object_name'].lower()}"
                if model.get("admin_url") and label not in in_menu:
                    groups.setdefault(app["app_label"], []).append(
                        {
                            "name": model["name"],
                            "url": model["admin_url"],
                            "about": ABOUT.get(label, ""),
                        }
                    )
        listed = [(words, groups[app]) for app, words in GROUPS.items() if app in groups]
        return TemplateResponse(
            request,
            "admin/system.html",
            self.each_context(request) | {"title": "系统", "groups": listed},
        )

    # Passwords ----------------------------------------------------------------------------------

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Any:
        """Whoever got a one-time password changes it before anything else."""
        inner = super().admin_view(view, cacheable)
        allowed = {
            self.password_change,
            self.password_change_done,
            self.logout,
            self.i18n_javascript,
        }

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request) and request.method not in SAFE:
                return staff_site_login.log_in_again(request)
            inside = self.has_permission(request) and view not in allowed
            if inside and getattr(request.user, "must_change_password", False):
                return redirect("admin:password_change")
            if inside and staff_site_login.must_set_up(request.user) and view != self.second_factor:
                return redirect("admin:second_factor")
            return inner(request, *args, **kwargs)

        return update_wrapper(checked, view)

    def get_urls(self) -> list[Any]:
        own = [
            path("second-factor/", self.admin_view(self.second_factor), name="second_factor"),
            path("stay/", self.admin_view(self.stay), name="stay"),
        ]
        return [*own, *super().get_urls()]

    # What is checked slowly holds no transaction, and what it counts is kept however it ends.

    @commits_by_itself
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response = super().login(request, extra_context)
        if request.method == "POST" and response.status_code == 302:
            staff_site_login.remember_desk(request, response)
        return response

    @commits_by_itself
    def second_factor(self, request: HttpRequest) -> HttpResponse:
        """动态码: everybody may set up one's own."""
        return second_factor_page(request, self.each_context(request))

    def stay(self, request: HttpRequest) -> HttpResponse:
        """The person is still there: the session goes on, and nothing else happens."""
        return JsonResponse({"left": seconds_left(request.session)})

    @commits_by_itself
    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        from django.contrib.auth.views import PasswordChangeView

        return PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse("admin:index"),
            template_name="registration/password_change_form.html",
            extra_context={**self.each_context(request), **(extra_context or {})},
        )(request)


def _works_cases(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "case_path", None))
