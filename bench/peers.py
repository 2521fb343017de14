"""The same weekly workbook through the stock way, and its clean rows straight into a table."""

from collections.abc import Callable
from typing import Any

from django.db import connection, models, transaction

from apps.errors.models import Ticket
from tests.workbooks import WEEKLY_HEADERS


class Line(models.Model):
    """A line as a stock import would have it: one text column for each column of the sheet."""

    number = models.CharField(max_length=60, db_index=True)

    class Meta:
        app_label = "errors"
        db_table = "bench_line"


COLUMNS = [f"c{index}" for index in range(len(WEEKLY_HEADERS[1]))]
for _name in COLUMNS:
    Line.add_to_class(_name, models.CharField(max_length=500, blank=True))


def make_table() -> None:
    with connection.schema_editor() as editor:
        editor.create_model(Line)


def import_export(data: bytes, *, bulk: bool = False) -> Callable[[], None] | None:
    """Preview and confirm as the stock admin does them: read, check every row, write (row by row,
    or with its ``use_bulk``); or nothing when the package (extra ``bench``) is not there."""
    try:
        from import_export import resources
        from import_export.formats.base_formats import XLSX
    except ImportError:
        return None

    class LineResource(resources.ModelResource):
        class Meta:
            model = Line
            fields = ("number", *COLUMNS)
            import_id_fields = ("number",)
            clean_model_instances = True
            use_bulk = bulk

    def dataset() -> Any:
        found = XLSX().create_dataset(data)
        found.headers = [COLUMNS[i] if i < len(COLUMNS) else f"x{i}" for i in range(found.width)]
        numbers = [str(position) for position in range(found.height)]
        found.append_col(numbers, header="number")
        return found

    def run() -> None:
        for dry_run in (True, False):
            result = LineResource().import_data(dataset(), dry_run=dry_run, raise_errors=False)
            assert not result.has_errors(), result.row_errors()[0][1][0].error
        Line.objects.all().delete()

    return run


def raw(tickets: models.QuerySet[Ticket]) -> Callable[[], None]:
    """The clean rows of these tickets, already prepared, written by the driver alone."""
    fields = [field.column for field in Ticket._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(fields)} FROM errors_ticket")
        rows = cursor.fetchall()
        cursor.execute("CREATE TABLE bench_raw AS SELECT * FROM errors_ticket WHERE 1 = 0")

    def run() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY bench_raw ({', '.join(fields)}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(fields))
                cursor.executemany(f"INSERT INTO bench_raw VALUES ({marks})", rows)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM bench_raw")

    return run
