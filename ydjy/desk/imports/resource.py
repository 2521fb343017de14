"""How the rows of a small list are written: a resource of django-import-export, without its pages.

Taken from the package is what it is good at: a row's way from its cells to the database (find or
make, put each field, skip what says nothing new, validate, save, each in a transaction of its own)
and the dry run. Its permissions, formats, storage and screens stand nowhere: they let view-only
staff import, and repair no workbook (docs/decisions.md).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import tablib
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, models, transaction
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import Resource
from import_export.results import RowResult

from ydjy.desk.exceptions import in_words
from ydjy.desk.imports import problem_workbook
from ydjy.desk.imports.columns import spelled_once
from ydjy.desk.imports.row_errors import Values
from ydjy.desk.validators import below_itself
from ydjy.lib import cell_parsers
from ydjy.lib.text import clean


class Difference(NamedTuple):
    """What one row, by its place in the file, would make new or change, as a list writes it."""

    at: int
    thing: str  # key of the stored row, blank for a new one
    name: str
    new: bool
    before: dict[str, str]
    after: dict[str, str]

    @property
    def said(self) -> tuple[Any, ...]:
        """What a person agrees to; a new thing's key is nothing that he saw."""
        return (self.at, "" if self.new else self.thing, self.new, self.before, self.after)


class Beside(NamedTuple):
    """What else stands in the file of a row: ``shared`` are the names that several of its rows
    have, good or not; ``part``: it is the mended part of an earlier file, of whose other rows
    nothing is known here."""

    shared: frozenset[str]
    part: bool

    @classmethod
    def of(
        cls, small_list: Any, rows: Iterable[Values], layout: Sequence[Mapping[str, Any]]
    ) -> "Beside":
        names = Counter(row.get(small_list.identity[0]) or "" for row in rows)
        shared = frozenset(name for name, times in names.items() if times > 1)
        return cls(shared, problem_workbook.mended(layout))


class Rows(Resource):
    """Writes the rows of one list. Blank and missing cells say nothing, and erase nothing."""

    class Meta:
        using_db = DEFAULT_DB_ALIAS
        instance_loader_class = BaseInstanceLoader  # ``meant_by`` of the list stands in for it
        skip_diff = True  # the differences are noted where they are made, as plain words

    def __init__(
        self,
        small_list: Any,
        beside: Beside,
        tell: Callable[[int], None] = lambda done: None,
    ):
        super().__init__()
        self.list, self.beside, self.tell, self.done = small_list, beside, tell, 0
        self.met: set[Any] = set()
        self.fields = small_list.by_key
        self.before: dict[str, str] = {}
        self.after: dict[str, str] = {}

    def write(
        self, rows: list[tuple[int, Values]], *, dry_run: bool
    ) -> tuple[list[Difference], dict[int, str]]:
        """Write every row; those that cannot be are named by number and reason. ``dry_run`` takes
        everything back."""
        dataset = tablib.Dataset(headers=list(self.fields))
        for _, values in rows:
            dataset.append([values.get(key) for key in self.fields])
        with spelled_once():
            result = self.import_data(dataset, dry_run=dry_run, use_transactions=True)
        made: list[Difference] = []
        wrong: dict[int, str] = {}
        for (number, _), row in zip(rows, result.rows, strict=True):
            if row.errors or row.validation_error:
                wrong[number] = _sentence(row)
            elif not row.is_skip():
                made.append(row.difference._replace(at=number))
        return made, wrong

    # The workflow of one row, in the package's order ---------------------------------------------

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        self.before, self.after = {}, {}

    def get_or_init_instance(self, instance_loader: Any, row: Any) -> tuple[models.Model, bool]:
        found = self.list.meant_by(row) or self._moved(row)
        if len(found) > 1:
            raise cell_parsers.Bad(self.list.several)
        if not found:
            return self.list.model(), True
        if found[0].pk in self.met:
            raise cell_parsers.Bad("这张表里前面已经有一行写的是这一条，请只留一行")
        self.met.add(found[0].pk)
        return found[0], False

    def _moved(self, row: Any) -> Sequence[Any]:
        """A row that says half of what is stored changes the other half, if no other row of the
        list can mean the stored one. Of a mended part nobody knows."""
        if self.list.moved is None or row[self.list.identity[0]] in self.beside.shared:
            return ()
        found = self.list.moved(row)
        if found and self.beside.part:
            raise cell_parsers.Bad("已有一条是这个名称，分不清是改那一条还是另加一条，请在页面上改")
        return found

    def import_field(
        self, field: Any, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any
    ) -> None:
        value = row[field.key]
        was = "" if instance._state.adding else field.export(instance)
        if value is None or value in (was, clean(was)):
            return
        super().import_field(field, instance, row, is_m2m, **kwargs)
        self.before[field.key], self.after[field.key] = was, value

    def skip_row(
        self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None
    ) -> bool:
        return not self.after and not import_validation_errors

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """As the admin would; of a stored row only what the list changes."""
        if import_validation_errors:
            raise ValidationError(import_validation_errors)
        new = instance._state.adding
        if new:
            self.list.complete(instance)
        ours = set(self.fields) if new else set(self.after)
        self._must_be_whole(instance, ours)
        try:
            instance.clean_fields(
                exclude={f.name for f in instance._meta.fields if f.name not in ours}
            )
            instance.validate_unique()
            instance.validate_constraints()
        except ValidationError as problem:
            raise cell_parsers.Bad(in_words(instance, problem).rstrip("。")) from None

    def _must_be_whole(self, instance: models.Model, ours: set[str]) -> None:
        """Nothing that is needed is blank, and nothing stands below itself."""
        titles = {key: self.fields[key].titles[0] for key in self.fields if key in ours}
        for field in instance._meta.fields:
            title = titles.get(field.name)
            value = getattr(instance, field.attname)
            if title and not field.blank and value in (None, ""):
                raise cell_parsers.Bad(f"“{title}”空着，新增的必须填")
            if (
                title
                and field.related_model is type(instance)
                and below_itself(instance, field.name)
            ):
                raise cell_parsers.Bad(f"“{title}”写成了自己或者自己的下级")

    def do_instance_save(self, instance: models.Model, is_create: bool) -> None:
        try:
            with transaction.atomic():  # what the database refuses costs this row only
                super().do_instance_save(instance, is_create)
            self.met.add(instance.pk)
        except IntegrityError:
            raise cell_parsers.Bad("和现有的另一条冲突，请核对名称和代号") from None

    def after_import_row(self, row: Any, row_result: RowResult, **kwargs: Any) -> None:
        name = "、".join(row[key] or "" for key in self.list.identity)
        self.done += 1
        self.tell(self.done)
        new = row_result.is_new()
        row_result.difference = Difference(
            0, str(row_result.object_id), name[:120], new, self.before, self.after
        )


def _sentence(row: RowResult) -> str:
    """Why a row could not be written. A fault of the program is not a fault of the row."""
    if row.validation_error:
        return "；".join(row.validation_error.messages).rstrip("。") + "。"
    error = row.errors[0].error
    if isinstance(error, cell_parsers.Bad | cell_parsers.Unsure):
        return f"{error}。"
    raise error
