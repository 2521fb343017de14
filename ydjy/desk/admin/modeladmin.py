"""The kit of every staff page: scoped rows, verbs behind permissions, saves that lose nothing.

The admin's own defaults are too open for case data (measured in the design): any column can be
probed through the address, choices list other offices, a page of one's own asks for no permission.
These classes close that once; ``tests/test_house.py`` and ``tests/test_scoping.py`` prove it for
every admin there is.
"""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, get_fields_from_path, unquote
from django.core.exceptions import PermissionDenied
from django.db import DataError, IntegrityError, models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.html import format_html

from ydjy.desk.admin.changelist import DeskChangeList
from ydjy.desk.admin.display import InWords
from ydjy.desk.admin.forms import CODE, DeskForm, DeskFormSet, masked, no_room
from ydjy.desk.admin.paginators import CappedPaginator, FoundPaginator
from ydjy.desk.admin.verb import Button, Verb, admin_verb
from ydjy.desk.row_state import SEEN, history_of, state_of

__all__ = [
    "Button",
    "DeskAdmin",
    "DeskForm",
    "DeskInline",
    "OfficeScopedAdmin",
    "ReadOnlyInline",
    "Verb",
    "admin_link",
    "admin_verb",
    "masked",
    "short",
]

TERM_LENGTH, TERM_WORDS = 64, 5  # a longer search is an attack on the database, not a question
HISTORY = 100  # changes that a row's page of them shows
_RANGES = ("gte", "gt", "lte", "lt", "year", "month", "day")


def admin_link(obj: models.Model | None, text: str = "") -> str:
    """A link to the row's own page."""
    if obj is None:
        return "—"
    try:
        name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
        return format_html('<a href="{}">{}</a>', reverse(name, args=[obj.pk]), text or obj)
    except NoReverseMatch:
        return text or str(obj)


# Admins ----------------------------------------------------------------------------------------


class _Scoped:
    """Choices of a relation are rows that the person may see, in the widget and when it is read."""

    def get_field_queryset(self, db: Any, db_field: Any, request: HttpRequest) -> Any:
        queryset = super().get_field_queryset(db, db_field, request)  # type: ignore[misc]
        if queryset is None:
            queryset = db_field.remote_field.model._default_manager.using(db)
        if hasattr(queryset, "visible_to"):
            return queryset.visible_to(request.user)
        return queryset.all()


def _typed(model: type[models.Model], names: Any) -> list[str]:
    """What people type of ``names``: neither the hidden word nor a code, which we make."""
    codes = {f.name for f in model._meta.fields if isinstance(f, models.SlugField)}
    hidden = {SEEN} | (codes & {CODE})
    return [name for name in names if name not in hidden]


class DeskAdmin(InWords, _Scoped, admin.ModelAdmin):
    """What every admin of ours has in common. ``about`` stands above the list."""

    about = ""
    extra_lookups: tuple[str, ...] = ()
    form = DeskForm
    show_full_result_count = False
    list_max_show_all = 200
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    save_as = False
    view_on_site = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        """A filter on a relation lists only what occurs in the rows that the person sees."""
        return [
            (entry, admin.RelatedOnlyFieldListFilter)
            if isinstance(entry, str) and self._field(entry).is_relation
            else entry
            for entry in super().get_list_filter(request)
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DeskChangeList]:
        return DeskChangeList

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> CappedPaginator:
        return (FoundPaginator if request.GET.get("q") else CappedPaginator)(*args, **kwargs)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return self.in_words(super().get_list_display(request))

    def _field(self, path_to: str) -> Any:
        return get_fields_from_path(self.model, path_to)[-1]

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Only what the page's own filters ask; ``?cert_index__startswith=`` is an oracle."""
        return lookup in self._own_lookups(request)

    def _own_lookups(self, request: HttpRequest) -> set[str]:
        allowed = set(self.extra_lookups)
        entries = [*self.get_list_filter(request), *filter(None, [self.date_hierarchy])]
        for entry in entries:
            name = entry[0] if isinstance(entry, tuple | list) else entry
            if not isinstance(name, str):
                allowed.add(name.parameter_name)
                continue
            allowed |= {name, f"{name}__exact", f"{name}__isnull", f"{name}__id__exact"}
            if isinstance(self._field(name), models.DateField):
                allowed |= {f"{name}__{part}" for part in _RANGES}
        return allowed

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The hidden word for the row is printed by the template, once."""
        return _typed(self.model, super().get_fields(request, obj))

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Sealed columns are typed into fields that the form declares; Django would refuse them
        by name, because a column of bytes is nothing to edit."""
        if kwargs.get("fields", ()) is not None:  # None asks which fields there are at all
            names = kwargs.get("fields") or flatten_fieldsets(self.get_fieldsets(request, obj))
            sealed = {f.name for f in self.opts.concrete_fields if not f.editable}
            declared = sealed & set(self.form.declared_fields)
            kwargs["fields"] = [name for name in names if name not in declared]
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refused = getattr(request, "refused_save", None)
        return form

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The last net: what only the database refuses comes back as a form, as it was typed."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (IntegrityError, DataError, OverflowError) as wrong:
            if request.method != "POST" or hasattr(request, "refused_save"):
                raise
            request.refused_save = no_room(self.model, wrong)
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What is unchanged is not written: it would stand in the record of changes."""
        if not change or form.has_changed():
            super().save_model(request, obj, form, change)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """修改记录 of this row, as the database wrote it down: also what lists and steps changed,
        which Django's own log knows nothing of. Who changed which fields, not what stands in them.
        """
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        context = self.admin_site.each_context(request) | {
            "title": f"修改记录：{row}",
            "opts": self.opts,
            "original": row,
            "touches": history_of(row, HISTORY),
        }
        return TemplateResponse(request, "desk/history.html", context | (extra_context or {}))

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        return super().get_search_results(request, queryset, short(search_term))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(
            request,
            {"title": str(self.opts.verbose_name), "about": self.about} | (extra_context or {}),
        )

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, *args: Any) -> HttpResponse:
        """Django goes home with a message; what is not the person's does not exist."""
        raise Http404

    # Verbs

    def verbs(self) -> Iterator[tuple[Any, Verb]]:
        for name in dir(type(self)):
            verb = getattr(getattr(type(self), name), "admin_verb", None)
            if verb is not None:
                yield getattr(self, name), verb

    def get_urls(self) -> list[Any]:
        base = f"{self.opts.app_label}_{self.opts.model_name}"
        own = [
            path(verb.path, self.admin_site.admin_view(method), name=f"{base}_{verb.name}")
            for method, verb in self.verbs()
        ]
        return own + super().get_urls()

    def buttons(self, request: HttpRequest, obj: models.Model) -> list[Button]:
        """The verbs that this person can do with this row now."""
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        typed, seen = getattr(request, "typed_answers", {}), state_of(obj)
        return [
            Button(
                verb.name,
                verb.label,
                reverse(f"{base}_{verb.name}", args=[obj.pk]),
                [
                    (name, words, typed.get((verb.name, name), ""))
                    for name, words in verb.asks.items()
                ],
                seen if verb.changes else "",
            )
            for _, verb in self.verbs()
            if verb.row
            and verb.label
            and verb.allows(request.user, self)
            and (verb.when is None or verb.when(obj))
        ]

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> Any:
        if obj := kwargs.get("obj"):
            context["verbs"], context[SEEN] = self.buttons(request, obj), state_of(obj)
        context["conflicts"] = [
            *getattr(context["adminform"].form, "conflicts", ()),
            *(
                found
                for inline in context["inline_admin_formsets"]
                for found in inline.formset.all_conflicts()
            ),
        ]
        return super().render_change_form(request, context, **kwargs)


class OfficeScopedAdmin(DeskAdmin):
    """Rows of the person's own office and those below it; all others do not exist."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user)


class DeskInline(InWords, _Scoped, admin.TabularInline):
    """The parts of a row: whoever may change the row may change them."""

    form = DeskForm
    formset = DeskFormSet
    extra = 0
    removable = False

    def _may_change(self, request: HttpRequest) -> bool:
        return self.admin_site.get_model_admin(self.parent_model).has_change_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The hidden word for each row stands in its line."""
        names = _typed(self.model, super().get_fields(request, obj))
        return [*names, SEEN] if self._may_change(request) else names

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.refused = "" if hasattr(request, "refused_save") else None
        return formset

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """And the functions that stand for columns: the form has no field for them."""
        found = list(super().get_readonly_fields(request, obj))
        return found if self._may_change(request) else found + self._functions()

    def _functions(self) -> list[Any]:
        return [name for name in self.in_words(self.fields or ()) if callable(name)]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # the page of the row has been allowed already

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.removable and self._may_change(request)


class ReadOnlyInline(DeskInline):
    """Evidence beside a row: nothing can be added, changed or taken away."""

    can_delete = False

    def _may_change(self, request: HttpRequest) -> bool:
        return False


def short(term: str) -> str:
    """What a search may at most be."""
    return " ".join(term[:TERM_LENGTH].split()[:TERM_WORDS])
