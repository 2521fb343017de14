"""The forms of the staff pages: judged before they are written, and never over what one did not
see (reliability decision 8).

A stale save keeps what was typed, shows what the colleague saved, and writes nothing. Saving
again, after looking, goes through: the hidden word for the row has moved on.
"""

import logging
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from django import forms
from django.contrib.admin.utils import display_for_value
from django.core.exceptions import NON_FIELD_ERRORS, FieldDoesNotExist, ValidationError
from django.core.validators import (
    MaxValueValidator,
    MinValueValidator,
    ProhibitNullCharactersValidator,
)
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.utils.functional import cached_property

from ydjy.desk import row_state
from ydjy.desk.crypto.fields import Sealed
from ydjy.desk.free_text import NoNumbers
from ydjy.desk.row_state import SEEN, VERSION
from ydjy.lib import idnumbers, pinyin

logger = logging.getLogger(__name__)
NOTHING, CHOOSE = "（不选）", "请选择"
CODE = "code"  # a short name for addresses and files: made by us, typed by nobody
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
STALE = "，你打开这一页在那以前，没有保存。请对照两边不一样的地方，改好后再保存一次。"
GONE = "这一行刚才被别人删去了，没有保存。还要留着就再保存一次，不要了就把这一行清空。"
ADDED = "刚才有人在这里新增了下面列出的内容。请看看和你加的是不是同一条，再保存一次。"
YEARS = "请核对年份，应在 1900 年到 2199 年之间；长期有效的日期空着不填。"
REFUSED = "没有保存：有一项和已有的内容冲突，或者超出了能存的范围。请检查改过的各项，再保存一次。"
TWICE = "和上面的一行重复，请只留一行。"
RANGES = BaseDatabaseOperations.integer_field_ranges
_AGAIN = "again"  # in the place of the word: the person has been told that the row is gone


def masked(value: Any) -> str:
    """A number with its middle hidden, whatever it is wrapped in."""
    if not value:
        return "—"
    return idnumbers.mask(value.reveal() if isinstance(value, Sealed) else value)


class Conflict(NamedTuple):
    """One field in which a newer save differs from what the person is about to save."""

    label: str
    theirs: str
    mine: str


class SeenField(forms.CharField):
    """The hidden word for the row as the page showed it. It is no change of the row."""

    def __init__(self) -> None:
        super().__init__(label="", widget=forms.HiddenInput, required=False, max_length=64)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class DeskForm(NoNumbers, forms.ModelForm):
    """Labels without a colon, words without identity numbers, bounds of the column in words, and
    a save that loses nothing.

    ``refused`` is what the database said of this save when it was tried a moment ago: the form
    comes back with it, and is not judged anew. ``read_anew`` is set where the row has been locked
    and read for this save already, as the rows of a set of forms are.
    """

    seen = SeenField()
    conflicts: list[Conflict] = []
    refused: str | None = None
    read_anew = False

    def __init__(self, *args: Any, **kwargs: Any):
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self._shown = {f.name for f in self.instance._meta.concrete_fields if f.name in self.fields}
        if self.instance.pk is not None:
            self.initial[SEEN] = row_state.state_of(self.instance, self._shown)
        for name, form_field in self.fields.items():
            _bound(form_field, _column(self.instance, name))

    def clean(self) -> Any:
        cleaned = super().clean()
        for name, form_field in self.fields.items():
            if isinstance(form_field, forms.MultipleChoiceField) and name not in self.changed_data:
                cleaned[name] = self.initial.get(name, cleaned.get(name))  # and in its order
        if self.refused:
            self.add_error(None, self.refused)
        if self.instance.pk is not None:
            self._compare(self.instance if self.read_anew else row_state.locked(self.instance))
        elif self.cleaned_data.get(SEEN, "") not in ("", _AGAIN):
            self._move_on(_AGAIN)
            self.add_error(None, GONE)
        return cleaned

    def _compare(self, row: models.Model | None) -> None:
        """Refuses if the stored ``row`` is no longer what the page showed, and differs from what
        was typed."""
        if row is None:
            self.add_error(None, "这一条刚才被别人删去了，没有保存。")
            return
        now = row_state.state_of(row, self._shown)
        if now != self.cleaned_data.get(SEEN):
            self.conflicts = list(_conflicts(self, row))
        if self.conflicts:
            self._move_on(now)
            self.add_error(None, row_state.changed_lately(row) + STALE)
        elif row is not self.instance:
            row_state.take_over(self.instance, row)

    def has_changed(self) -> bool:
        """A line that is gone is one that was typed, also where it says what a blank one says."""
        word = self.data.get(self.add_prefix(SEEN), "") if self.is_bound else ""
        gone = self.instance.pk is None and word not in ("", _AGAIN)
        return gone or super().has_changed()

    def _move_on(self, word: str) -> None:
        self.data = self.data.copy()
        self.data[self.add_prefix(SEEN)] = word

    def _post_clean(self) -> None:
        if self.refused is not None:
            return
        if self.instance.pk is None and _has_code(self.instance) and not self.instance.code:
            self.instance.code = free_code(type(self.instance), self._called())
        super()._post_clean()  # type: ignore[misc]
        self._judge_constraints()

    def full_clean(self) -> None:
        """The cursor waits in the first field that is refused."""
        super().full_clean()
        first = next((name for name in self.fields if name in (self._errors or {})), None)
        if first is not None:
            self.fields[first].widget.attrs["autofocus"] = True

    def _called(self) -> str:
        names = ("name", "label", "title")
        return next((str(self.cleaned_data[n]) for n in names if self.cleaned_data.get(n)), "")

    def _judge_constraints(self) -> None:
        """What a constraint has to say stands at its last field, also where one of its columns is
        derived and on no form (Django passes those over, and the database refuses them)."""
        if not self.errors and hasattr(self.instance, "derive"):
            self.instance.derive()
        wrong = set(self.errors) - {NON_FIELD_ERRORS}
        for model, constraints in self.instance.get_constraints():
            for constraint in constraints:
                try:
                    constraint.validate(model, self.instance, exclude=wrong)
                except ValidationError as refusal:
                    self._move_to_field(constraint, refusal)

    def _move_to_field(self, constraint: models.BaseConstraint, refusal: ValidationError) -> None:
        general = self._errors.get(NON_FIELD_ERRORS)
        if general is not None:
            said = set(refusal.messages)
            general.data = [one for one in general.data if not said & set(one.messages)]
            if not general.data:
                del self._errors[NON_FIELD_ERRORS]
        named = columns_of(constraint)
        own = [name for name in self.fields if name in named]
        for words in refusal.messages:
            if own and words not in self._errors.get(own[-1], []):
                self.add_error(own[-1], words)
            elif not own:
                self.add_error(None, words)

    def save(self, commit: bool = True) -> Any:
        """A row that counts its versions counts this one."""
        if self.instance.pk is not None and hasattr(self.instance, VERSION) and self.has_changed():
            self.instance.version += 1
        return super().save(commit)


class DeskFormSet(forms.BaseInlineFormSet):
    """The parts of a row: what others added or took away meanwhile is shown before it is saved."""

    KNOWN = "KNOWN"  # the word for the rows that the page showed
    conflicts: list[Conflict] = []

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any):
        super().__init__(data, *args, **kwargs)
        if self.is_bound:
            self._move_gone_to_the_end()

    def get_queryset(self) -> Any:
        """Read anew under a lock where it is going to be written."""
        if self.is_bound and not hasattr(self, "_queryset") and self.instance.pk is not None:
            rows = self.model._base_manager.select_for_update(of=("self",))
            list(rows.filter(**{self.fk.name: self.instance}))
        return super().get_queryset()

    @cached_property
    def management_form(self) -> Any:
        form = super().management_form
        word = self.data.get(self._known_name) if self.is_bound else self._word()
        form.fields[self.KNOWN] = SeenField()
        form.fields[self.KNOWN].initial = word
        return form

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        form.read_anew = True
        return form

    def clean(self) -> None:
        super().clean()
        shown = {form.instance.pk for form in self.initial_forms}
        added = [row for row in self.get_queryset() if row.pk not in shown]
        mine = any(form.has_changed() for form in self.extra_forms)
        if added and mine and self.data.get(self._known_name) != self._word():
            self.data = self.data.copy()
            self.data[self._known_name] = self._word()
            self.__dict__.pop("management_form", None)
            self.conflicts = [Conflict("刚才新增的", self._told(row), "—") for row in added]
            raise ValidationError(ADDED)

    def get_unique_error_message(self, unique_check: Any) -> str:
        return TWICE

    def get_form_error(self) -> str:
        return TWICE

    def all_conflicts(self) -> Iterator[Conflict]:
        yield from self.conflicts
        for form in self.forms:
            for found in getattr(form, "conflicts", ()):
                yield found._replace(label=f"{form.instance}·{found.label}")

    @property
    def _known_name(self) -> str:
        return f"{self.prefix}-{self.KNOWN}"

    def _word(self) -> str:
        return row_state.word_of(sorted(row.pk for row in self.get_queryset()))

    def _told(self, row: models.Model) -> str:
        fields = [name for name in self.form.base_fields if _column(row, name) is not None]
        said = [in_words(self.form.base_fields[n], getattr(row, n)) for n in fields]
        return "，".join(words for words in said if words != "—")

    def _move_gone_to_the_end(self) -> None:
        """Rows that somebody deleted meanwhile are new rows of this page: what was typed in them
        stays, and Django would neither save them nor say so."""
        key, known = self.model._meta.pk.name, {str(row.pk) for row in self.get_queryset()}
        first, total = self.initial_form_count(), self.total_form_count()
        given = [self.data.get(f"{self.add_prefix(i)}-{key}", "") for i in range(first)]
        gone = [i for i, pk in enumerate(given) if pk and pk not in known]
        if not gone or len(gone) > first:
            return
        order = [i for i in range(first) if i not in gone] + gone + list(range(first, total))
        data = self.data.copy()
        for index, old in enumerate(order):
            for name in [n for n in self.data if n.startswith(f"{self.add_prefix(old)}-")]:
                part = name.removeprefix(f"{self.add_prefix(old)}-")
                values = [""] if part == key and old in gone else self.data.getlist(name)
                data.setlist(f"{self.add_prefix(index)}-{part}", values)
        data[f"{self.prefix}-INITIAL_FORMS"] = first - len(gone)
        self.data = data
        self.__dict__.pop("management_form", None)


# What a column bears, said by the form -----------------------------------------------------------


def _column(row: models.Model, name: str) -> Any:
    try:
        return row._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _bound(form_field: forms.Field, column: Any) -> None:
    """The bounds of the column on both engines, and the sentence for what is beyond them."""
    nothing = CHOOSE if form_field.required else NOTHING
    if isinstance(form_field, forms.ModelChoiceField):
        if form_field.empty_label is not None:
            form_field.empty_label = nothing
    elif isinstance(form_field, forms.TypedChoiceField):
        form_field.choices = [
            (key, nothing if key in ("", None) else words) for key, words in form_field.choices
        ]
    elif isinstance(form_field, forms.DateField):
        _limit(form_field, EARLIEST, LATEST, YEARS)
    elif isinstance(form_field, forms.IntegerField) and column is not None:
        least, most = RANGES.get(column.get_internal_type(), (None, None))
        if most is not None:
            _limit(form_field, least, most, f"请填 {least} 到 {most} 之间的数。")
    elif isinstance(form_field, forms.CharField):
        words = "里面有一个看不见的空字符（可能是从别的程序粘贴来的），请删掉重打。"
        form_field.validators = [
            ProhibitNullCharactersValidator(words)
            if isinstance(check, ProhibitNullCharactersValidator)
            else check
            for check in form_field.validators
        ]


def _limit(form_field: forms.Field, least: Any, most: Any, words: str) -> None:
    form_field.validators = [
        *(v for v in form_field.validators if not isinstance(v, MinValueValidator)),
        MinValueValidator(least, words),
        MaxValueValidator(most, words),
    ]


def columns_of(constraint: models.BaseConstraint) -> set[str]:
    """The names of the columns that a constraint compares."""
    if isinstance(constraint, models.UniqueConstraint):
        return set(constraint.fields)
    condition = getattr(constraint, "condition", None)
    if condition is None:
        return set()
    named = set()
    for part in condition.flatten():
        if isinstance(part, models.F):
            named.add(part.name.split("__")[0])
        elif isinstance(part, models.Q):
            named |= {c[0].split("__")[0] for c in part.children if isinstance(c, tuple)}
    return named


def no_room(model: type[models.Model], wrong: Exception) -> str:
    """The sentence for what the database refused; its own text may hold what was typed."""
    text = str(wrong)
    if (first := text.partition("\n")[0]).endswith("。"):
        return first  # a trigger of ours speaks for itself
    names = {model, *(relation.related_model for relation in model._meta.related_objects)}
    for constraint in (c for m in names for c in m._meta.constraints):
        if constraint.name in text:
            words = str(constraint.get_violation_error_message())
            if words != str(constraint.default_violation_error_message % {"name": constraint.name}):
                return words
    logger.warning("a save was refused by the database: %s", type(wrong).__name__)
    return REFUSED


def _has_code(row: models.Model) -> bool:
    return isinstance(_column(row, CODE), models.SlugField)


def free_code(model: type[models.Model], words: str) -> str:
    """A code that no row has: the first letters of the name, and a number where it is taken."""
    stem = pinyin.initials(words)[:20] or str(model._meta.model_name)
    taken = set(model._base_manager.filter(code__startswith=stem).values_list(CODE, flat=True))
    codes = [stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 2))]
    return next(code for code in codes if code not in taken)


# Two texts side by side --------------------------------------------------------------------------


def _conflicts(form: forms.ModelForm, row: models.Model) -> Iterator[Conflict]:
    """Where the bound ``form`` says something else than the newer ``row``."""
    for name, form_field in form.fields.items():
        if name not in form.cleaned_data or _column(row, name) is None:
            continue
        theirs, mine = getattr(row, name), form.cleaned_data[name]
        if isinstance(theirs, Sealed):
            if mine and theirs != mine:
                yield Conflict(str(form_field.label), masked(theirs), masked(mine))
        elif theirs != mine:
            words = in_words(form_field, theirs), in_words(form_field, mine)
            yield Conflict(str(form_field.label or name), *words)


def in_words(form_field: forms.Field, value: Any) -> str:
    """A value as its field shows it: names for codes, 是 and 否."""
    if isinstance(value, bool):
        return "是" if value else "否"
    labels = {} if isinstance(form_field, forms.ModelChoiceField) else _labels(form_field)
    if isinstance(value, list):
        return "、".join(str(labels.get(part, part)) for part in value) or "—"
    return str(labels.get(value) or display_for_value(value, "—"))


def _labels(form_field: forms.Field) -> dict[Any, Any]:
    return {
        key: words for key, words in getattr(form_field, "choices", ()) if key not in ("", None)
    }
