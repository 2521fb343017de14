"""The kit of every staff page: scoped rows, verbs behind permissions, saves that lose nothing.

The admin's own defaults are too open for case data (measured in the design): any column can be
probed through the address, choices list other offices, a page of one's own asks for no permission.
These classes close that once; ``tests/test_house.py`` and ``tests/test_scoping.py`` prove it for
every admin there is.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import display_for_value, flatten_fieldsets, get_fields_from_path
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.html import format_html

from ydjy.desk.adminverb import Button, Verb, admin_verb
from ydjy.desk.freetext import NoNumbers
from ydjy.desk.inwords import InWords
from ydjy.desk.secrets import Sealed
from ydjy.lib import idnumbers

__all__ = [
    "Button",
    "Conflict",
    "DeskAdmin",
    "DeskForm",
    "DeskInline",
    "OfficeScopedAdmin",
    "ReadOnlyInline",
    "Verb",
    "VersionedForm",
    "admin_link",
    "admin_verb",
    "conflicts",
    "masked",
    "short",
]

TERM_LENGTH, TERM_WORDS = 64, 5  # a longer search is an attack on the database, not a question
_RANGES = ("gte", "gt", "lte", "lt", "year", "month", "day")


def masked(value: Any) -> str:
    """A number with its middle hidden, whatever it is wrapped in."""
    if not value:
        return "—"
    return idnumbers.mask(value.reveal() if isinstance(value, Sealed) else value)


def admin_link(obj: models.Model | None, text: str = "") -> str:
    """A link to the row's own page."""
    if obj is None:
        return "—"
    try:
        name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change"
        return format_html('<a href="{}">{}</a>', reverse(name, args=[obj.pk]), text or obj)
    except NoReverseMatch:
        return text or str(obj)


# Forms -----------------------------------------------------------------------------------------


class DeskForm(NoNumbers, forms.ModelForm):
    """Labels without a colon, words without identity numbers; all else as Django has it."""

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)


class Conflict(NamedTuple):
    """One field in which a newer save differs from what the person is about to save."""

    label: str
    theirs: str
    mine: str


def conflicts(form: forms.BaseForm, row: models.Model) -> list[Conflict]:
    """Where the bound ``form`` says something else than the newer ``row``."""
    found = []
    for name, form_field in form.fields.items():
        if name == "version" or name not in form.cleaned_data:
            continue
        theirs, mine = getattr(row, name, None), form.cleaned_data[name]
        if isinstance(theirs, Sealed):
            theirs, mine = masked(theirs), masked(mine) if mine else masked(theirs)
        if theirs != mine:
            label = str(form_field.label or name)
            found.append(Conflict(label, _words(row, name, theirs), _words(row, name, mine)))
    return found


def _words(row: models.Model, name: str, value: Any) -> str:
    labels = dict(getattr(row._meta.get_field(name), "flatchoices", ()))
    return str(labels.get(value) or display_for_value(value, "—"))


class VersionedForm(DeskForm):
    """Saves only over the version that the person was looking at (reliability decision 8).

    A stale save keeps what was typed, shows what the colleague saved, and writes nothing. Saving
    again, after looking, goes through: the hidden version has moved on.
    """

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    conflicts: list[Conflict] = []

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = self.instance.version

    def clean(self) -> Any:
        cleaned = super().clean()
        if self.instance.pk is None:
            return cleaned
        row = (
            type(self.instance)
            ._default_manager.select_for_update(of=("self",))
            .get(pk=self.instance.pk)
        )
        if row.version != self.cleaned_data.get("version"):
            self.conflicts = conflicts(self, row)
            self.data = self.data.copy()
            self.data[self.add_prefix("version")] = row.version
            self.add_error(None, "刚才有人改过这一条。请对照下面两边的内容，改好后再保存一次。")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        if self.instance.pk is not None:
            self.instance.version += 1
        return super().save(commit)


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


class DeskAdmin(InWords, _Scoped, admin.ModelAdmin):
    """What every admin of ours has in common. ``about`` stands above the list."""

    about = ""
    extra_lookups: tuple[str, ...] = ()
    form = DeskForm
    show_full_result_count = False
    list_max_show_all = 200
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
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
        """The hidden version is printed by the template, once."""
        return [name for name in super().get_fields(request, obj) if name != "version"]

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Sealed columns are typed into fields that the form declares; Django would refuse them
        by name, because a column of bytes is nothing to edit."""
        if kwargs.get("fields", ()) is not None:  # None asks which fields there are at all
            names = kwargs.get("fields") or flatten_fieldsets(self.get_fieldsets(request, obj))
            kwargs["fields"] = [n for n in names if n not in self.form.declared_fields]
        return super().get_form(request, obj, change=change, **kwargs)

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
        return [
            Button(
                verb.name,
                verb.label,
                reverse(f"{base}_{verb.name}", args=[obj.pk]),
                list(verb.asks.items()),
            )
            for _, verb in self.verbs()
            if verb.row
            and verb.label
            and verb.allows(request.user, self)
            and (verb.when is None or verb.when(obj))
        ]

    def render_change_form(self, request: HttpRequest, context: Any, **kwargs: Any) -> Any:
        if obj := kwargs.get("obj"):
            context["verbs"] = self.buttons(request, obj)
        context["conflicts"] = getattr(context["adminform"].form, "conflicts", [])
        return super().render_change_form(request, context, **kwargs)


class OfficeScopedAdmin(DeskAdmin):
    """Rows of the person's own office and those below it; all others do not exist."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).visible_to(request.user)


class DeskInline(InWords, _Scoped, admin.TabularInline):
    """The parts of a row: whoever may change the row may change them."""

    form = DeskForm
    extra = 0
    removable = False

    def _may_change(self, request: HttpRequest) -> bool:
        return self.admin_site.get_model_admin(self.parent_model).has_change_permission(request)

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
