"""The settlement matrix as one page: every cell a link to its rule, 待核实 counted."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from apps.filings.models.catalogue import RegionClass
from apps.filings.rules.settlement import classes_of, matrices
from apps.offices.models import City
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.lib import divisions


class PlaceForm(forms.Form):
    """On which day, and which class a place belongs to."""

    day = forms.DateField(
        label="哪一天", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    place = forms.CharField(label="就医地", required=False, max_length=30)


@admin_verb("filings.view_settlementrule", methods=("GET",), row=False)
def matrix(self: Any, request: HttpRequest) -> HttpResponse:
    form = PlaceForm(request.GET, label_suffix="")
    asked = form.cleaned_data if form.is_valid() else {}
    day = asked.get("day") or timezone.localdate()
    context = self.admin_site.each_context(request) | {
        "title": "怎么结算",
        "opts": self.opts,
        "form": form,
        "day": day,
        "matrices": matrices(day),
        "told": _class_of(asked.get("place") or ""),
    }
    return TemplateResponse(request, "admin/filings/matrix.html", context)


def _class_of(words: str) -> str:
    """Which class a place is in, as a sentence; "" when nothing was asked."""
    city = City.objects.maybe()
    if not words.strip() or city is None:
        return ""
    found = divisions.find(words.strip())
    if len(found) != 1:
        return f"认不出“{words}”是哪里，请写行政区划的全称。"
    names = [r.name for r in classes_of(found[0].code, city.area, RegionClass.objects.all())]
    if not names:
        return f"{found[0].name}在本市，不是异地。"
    also = f"，也在“{'、'.join(names[1:])}”里" if names[1:] else ""
    return f"{found[0].name}按“{names[0]}”这一行{also}。"
