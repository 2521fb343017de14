"""Rows that the parent knows stay in the child; nothing else changes."""

from array import array
from collections.abc import Sequence

import pytest

from tests import workbooks
from ydjy.lib.workbook import INSTITUTIONS, Sift, Table, WorkbookError, find_table, read_guarded
from ydjy.lib.workbook.known_rows import Part, SiftedRows, fingerprinter, holds, number_of, parts
from ydjy.lib.workbook.table import header_names

COLUMNS = {"seq": ["序号"], "name": ["名称"], "code": ["编码"], "remark": ["备注"]}
HEADER = ["序号", "名称", "编码", "备注"]
ROWS = [[str(n), f"机构{n}", f"H{n:03d}", "" if n % 3 else "注"] for n in range(1, 101)]
APART = ("seq",)


def mark(row: Sequence[str]) -> int:
    return number_of(fingerprinter(dict(zip(COLUMNS, range(4), strict=True)), APART)(tuple(row)))


def sifted(data: bytes, known: Sequence[Sequence[str]] = ()) -> Table:
    sift = Sift(header_names(COLUMNS, {}), APART, lambda: array("q", map(mark, known)))
    return find_table(read_guarded(data, INSTITUTIONS, sift=sift), COLUMNS, ["name"])


def plain(data: bytes) -> Table:
    return find_table(read_guarded(data, INSTITUTIONS), COLUMNS, ["name"])


def of(table: Table, known: Sequence[Sequence[str]] = ()) -> list[Part]:
    places = {mark(row): at for at, row in enumerate(known)}
    return [part for sheet in table.sheets for part in parts(sheet, APART, lambda: places)]


def xlsx(rows: Sequence[Sequence[object]], **more: object) -> bytes:
    return workbooks.xlsx({"名单": [list(row) for row in rows]}, **more)  # type: ignore[arg-type]


FILES = [workbooks.csv_bytes([HEADER, *ROWS], "utf-8"), xlsx([HEADER, *ROWS])]


@pytest.mark.parametrize("data", FILES)
def test_without_anything_known_every_row_comes_whole_with_its_fingerprint(data: bytes) -> None:
    table, (sheet,) = sifted(data), plain(data).sheets
    assert holds(table)
    rows = [row for part in of(table) for row in part.rows]
    assert [row[:3] for row in rows] == [tuple(row) for row in sheet.rows]
    assert [row.fingerprint for row in rows] == [mark(row) for row in ROWS]
    assert [row.known for row in rows] == [None] * 100


@pytest.mark.parametrize("data", FILES)
def test_known_rows_leave_their_cells_behind_and_keep_their_place(data: bytes) -> None:
    table = sifted(data, ROWS)
    assert len(table.sheets[0].rows) == 100
    found = of(table)
    away = [pair for part in found for pair in zip(part.numbers, part.places, strict=True)]
    whole = [(row.number, row.known) for part in found for row in part.rows]
    assert len(away) > 60  # among the first rows the header is looked for
    assert sorted([*whole, *away]) == [(n + 2, n) for n in range(100)]
    assert [row.number for row in table.sheets[0].rows] == list(range(2, 102))


def test_only_the_other_rows_come_whole() -> None:
    others = [row if int(row[0]) not in (50, 90) else [*row[:3], "改过"] for row in ROWS]
    found = of(sifted(workbooks.csv_bytes([HEADER, *others], "utf-8"), ROWS))
    new = [row for part in found for row in part.rows if row.known is None]
    assert [(row.number, row.at(3)) for row in new] == [(51, "改过"), (91, "改过")]


def test_a_known_row_that_comes_twice_brings_its_cells_the_second_time() -> None:
    found = of(sifted(workbooks.csv_bytes([HEADER, *ROWS, ROWS[60]], "utf-8"), ROWS))
    last = found[-1].rows[-1]
    assert (last.number, last.known, last.at(1)) == (102, 60, "机构61")


def test_the_running_number_and_the_order_of_columns_do_not_count() -> None:
    turned = [[row[3], row[2], row[1], str(1000 - n)] for n, row in enumerate(ROWS)]
    found = of(sifted(workbooks.csv_bytes([HEADER[::-1], *turned], "utf-8"), ROWS), ROWS)
    assert all(row.known is not None for part in found for row in part.rows)


def test_a_known_row_with_a_cell_too_many_is_refused_as_ever() -> None:
    shifted = [[*row, ""] if row[0] == "70" else row for row in ROWS]
    data = workbooks.csv_bytes([HEADER, *shifted], "utf-8")
    said = []
    for reader in (plain, lambda data: sifted(data, ROWS)):
        with pytest.raises(WorkbookError) as caught:
            reader(data)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert "第 71 行 5 列" in said[0]


def test_what_is_merged_over_rows_is_filled_in_only_in_the_plain_way() -> None:
    rows = [[*row[:3], ""] for row in ROWS]
    rows[60][3] = "注"
    table = sifted(xlsx([HEADER, *rows], merged={"名单": ["D62:D64"]}), ROWS)
    assert not holds(table)


def test_several_sheets_are_sifted_each_by_its_own_header() -> None:
    data = workbooks.xlsx(
        {
            "说明": [["填表说明"], ["请填全"]],
            "一": [["名单"], HEADER, *ROWS[:50]],
            "二": [[HEADER[2], HEADER[1]], *[[row[2], row[1]] for row in ROWS[50:]]],
        }
    )
    table = sifted(data, ROWS)
    assert holds(table)
    assert [sheet.rows.columns for sheet in table.sheets if isinstance(sheet.rows, SiftedRows)] == [
        {"seq": 0, "name": 1, "code": 2, "remark": 3},
        {"code": 0, "name": 1},
    ]
    found = of(table)
    known = [row.known for part in found for row in part.rows if row.known is not None]
    known += [place for part in found for place in part.places]
    # On the second sheet a row with a remark says less than the one that is known.
    assert sorted(known) == [n for n in range(100) if n < 50 or (n + 1) % 3]
