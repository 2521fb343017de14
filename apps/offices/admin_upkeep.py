"""Pages of the directory's keeper beside the stock ones: what to ring up, and working days."""

from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from apps.offices import models
from apps.offices.public import working_days
from ydjy.desk.admin.modeladmin import admin_verb

KEEPS = ("offices.change_hotline", "offices.change_office", "offices.change_channel")
MOST = 100  # of each kind on the page; what is done makes room for the rest


def _page(self: Any, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return TemplateResponse(
        request,
        f"admin/offices/{template}.html",
        self.admin_site.each_context(request) | {"opts": self.opts} | context,
    )


@admin_verb(KEEPS, methods=("GET",), row=False)
def unchecked(self: Any, request: HttpRequest) -> HttpResponse:
    """90 天没核对: ring the number, press once (I8)."""
    today = timezone.localdate()
    kinds = [
        (str(model._meta.verbose_name), [_row(one) for one in _of(model, today)[:MOST]])
        for model in (models.Hotline, models.Office, models.Channel)
        if request.user.has_perm(f"offices.change_{model._meta.model_name}")
    ]
    title = "90 天没核对的电话和网点"
    return _page(self, request, "unchecked", title=title, kinds=[k for k in kinds if k[1]])


def _row(one: Model) -> tuple[Model, str, str]:
    """The row, its page, and where the press goes."""
    base = f"admin:offices_{one._meta.model_name}"
    return one, reverse(f"{base}_change", args=[one.pk]), reverse(f"{base}_checked", args=[one.pk])


def _of(model: type[Model], today: Any) -> Any:
    """What is public is what people ring; an office without an address is no place to go to."""
    rows = models.unchecked(model._default_manager.all(), today)
    if model is models.Channel:
        return rows.filter(available=True)
    return rows.filter(published=True)


@admin_verb("{app}.change_{model}", label="已电话核对")
def checked(self: Any, request: HttpRequest, obj: Any) -> Any:
    """«已电话核对»: one press; the public page shows the new 最后核对."""
    obj.confirm(timezone.localdate())
    said = f"{obj} 已登记核对。"
    if request.POST.get("back") == "unchecked":
        messages.success(request, said)
        return redirect("admin:offices_hotline_unchecked")
    return said


@admin_verb("offices.view_calendarday", methods=("GET",), row=False)
def workdays(self: Any, request: HttpRequest) -> HttpResponse:
    """从某日起第 N 个工作日, counted out and explained (O8)."""
    found = working_days.asked(request.GET, timezone.localdate())
    return _page(self, request, "workdays", title="工作日怎么算", **found)
