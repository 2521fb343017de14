"""Closing an account, or moving it to another office or role: where does its open work go?"""

from typing import Any

from django import forms
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from apps.offices import open_work
from apps.offices.models import Staff
from ydjy.desk.exceptions import Refused

GOES = "work_goes_to"
KEEP, NOBODY = "keep", "nobody"


class LeavingForm(forms.Form):
    """One choice for all of it; nothing is chosen beforehand."""

    def __init__(self, data: Any, before: Staff, after: Staff) -> None:
        super().__init__(data, label_suffix="")
        self.people = {str(one.pk): one for one in open_work.could_take_over(before)}
        choices = [(key, f"交给{one}（{one.office}）") for key, one in self.people.items()]
        if open_work.could_keep(before, after):
            choices.insert(0, (KEEP, f"还由{before}办"))
        choices.append((NOBODY, "退回未分派，由组长再分"))
        self.fields[GOES] = forms.ChoiceField(
            label="这些工作交给谁",
            choices=choices,
            widget=forms.RadioSelect,
            error_messages={"required": "请选一项。", "invalid_choice": "请在下面选一项。"},
        )


class LeavingMixin:
    """Beside the page of an account: nothing is saved before its open work has a place."""

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra: Any = None
    ) -> HttpResponse:
        going = self._leaving(request, object_id) if request.method == "POST" else None
        if going is None:
            return self._changed(request, object_id, form_url, extra)
        before, after = going
        form = LeavingForm(request.POST if GOES in request.POST else None, before, after)
        if not form.is_valid():
            return self._ask(request, form, before)
        chosen = form.cleaned_data[GOES]
        try:
            with transaction.atomic():
                if chosen != KEEP:
                    open_work.hand_on(before, form.people.get(chosen), by=request.user)
                return self._changed(request, object_id, form_url, extra)
        except Refused as refused:
            form.add_error(GOES, str(refused))
            return self._ask(request, form, before)

    def _changed(
        self, request: HttpRequest, object_id: Any, form_url: str, extra: Any
    ) -> HttpResponse:
        answer: HttpResponse = super().changeform_view(  # type: ignore[misc]
            request, object_id, form_url, extra
        )
        return answer

    def _leaving(self: Any, request: HttpRequest, object_id: Any) -> tuple[Staff, Staff] | None:
        """The person as now and as they would be, if that leaves open work behind."""
        obj = self.get_object(request, unquote(object_id)) if object_id else None
        if obj is None or not self.has_change_permission(request, obj):
            return None
        form = self.get_form(request, obj, change=True)(request.POST, instance=obj)
        with transaction.atomic():  # the form holds the row while it looks
            if not form.is_valid():
                return None
        before = Staff.objects.select_related("office").get(pk=obj.pk)
        leaves = open_work.leaves(before, obj)
        return (before, obj) if leaves and open_work.held_by(before) else None

    def _ask(self: Any, request: HttpRequest, form: LeavingForm, person: Staff) -> HttpResponse:
        typed = [
            (name, value)
            for name, values in request.POST.lists()
            if name not in (GOES, "csrfmiddlewaretoken")
            for value in values
        ]
        context = self.admin_site.each_context(request) | {
            "title": f"{person}手上还有工作",
            "opts": self.opts,
            "person": person,
            "held": open_work.held_by(person),
            "form": form,
            "field": form[GOES],
            "typed": typed,
        }
        return TemplateResponse(request, "admin/offices/staff/leaving.html", context)
