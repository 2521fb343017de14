"""The list of an admin, as an address asks for it: what is no value of its filter is no filter.

Django filters by whatever stands there. A key of twenty-five digits then ends in an error of
SQLite, a choice that does not exist in an empty list that looks like an answer.
"""

from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest

from ydjy.desk.admin.paginators import FoundPaginator
from ydjy.lib.whole_numbers import whole_number

_OF_DATES = {"year": 9999, "month": 12, "day": 31}


class DeskChangeList(ChangeList):
    def get_filters(self, request: HttpRequest) -> Any:
        self._request = request
        return super().get_filters(request)

    def get_results(self, request: HttpRequest) -> None:
        """Django searches once more where all that was found is on one page."""
        super().get_results(request)
        if isinstance(self.paginator, FoundPaginator) and not self.multi_page:
            self.result_list = self.paginator.page(1).object_list

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        asked: dict[str, Any] = super().get_filters_params(params)
        return {
            name: values
            for name, values in asked.items()
            if all(self._can_be(name, value) for value in values)
        }

    def _can_be(self, name: str, value: str) -> bool:
        """Whether the column that is looked up can have this value. The parameters of our own
        filters name no column, and judge for themselves; what no filter asks is refused later."""
        own = {getattr(entry, "parameter_name", None) for entry in self.list_filter}
        field, lookup = looked_up(self.model, name)
        if name in own or field is None:
            return True
        offered = self.model_admin.lookup_allowed(name, value, self._request)
        return not offered or is_value_of(field, lookup, value)


def looked_up(model: type[models.Model] | None, name: str) -> tuple[Any, str]:
    """The field that a parameter leads to, if it names one, and how it is looked up there."""
    field, rest = None, name.split(LOOKUP_SEP)
    while rest and model is not None:
        try:
            field = model._meta.get_field(rest[0])
        except FieldDoesNotExist:
            break
        model, rest = field.related_model, rest[1:]
    return field, LOOKUP_SEP.join(rest)


def is_value_of(field: Any, lookup: str, value: str) -> bool:
    """Whether the field can be asked for this value."""
    if lookup == "isnull":
        return value in ("True", "False", "1", "0")
    if lookup in _OF_DATES:
        return bool(whole_number(value, most=_OF_DATES[lookup]))
    if field.is_relation or isinstance(field, models.IntegerField | models.AutoField):
        return whole_number(value) is not None
    if field.flatchoices:
        return value in {str(key) for key, _ in field.flatchoices}
    try:
        field.to_python(value)
    except ValidationError:
        return False
    return True
