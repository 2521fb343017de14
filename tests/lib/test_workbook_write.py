"""Writing: text stays text, the same content gives the same bytes, csv cannot bite."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ydjy.lib.workbook import (
    OTHER,
    SheetOut,
    WorkbookError,
    neutralise,
    read,
    restore,
    write,
    write_csv,
)

ROWS = [["210702190501010005", "=1+1", "义县"], ["0012", "@x", "a\r\nb\x01"], ["", "", "<&>"]]


def written(sheets: list[SheetOut]) -> bytes:
    out = io.BytesIO()
    write(out, sheets)
    return out.getvalue()


def sheet(rows: list[list[str]] = ROWS, **options: object) -> SheetOut:
    return SheetOut("报错", ["证件号码", "报错信息", "备注"], rows, **options)  # type: ignore[arg-type]


def test_every_cell_is_text_and_comes_back_the_same() -> None:
    (back,) = read(written([sheet()]), OTHER).sheets
    assert [row.cells for row in back.rows] == [
        ("证件号码", "报错信息", "备注"),
        ("210702190501010005", "=1+1", "义县"),
        ("0012", "@x", "a\r\nb\x01"),
        ("", "", "<&>"),
    ]


def test_another_reader_sees_text_cells_a_frozen_bold_header_and_widths() -> None:
    book = openpyxl.load_workbook(io.BytesIO(written([sheet(title="第 47 周", widths=[24])])))
    page = book["报错"]
    assert (page["A3"].value, page["A3"].data_type, page["A3"].number_format) == (
        "210702190501010005",
        "s",
        "@",
    )
    assert (page["B3"].value, page["B3"].data_type) == ("=1+1", "s")
    assert (page["A1"].value, page["A2"].font.b, page.freeze_panes) == ("第 47 周", True, "A3")
    assert page.column_dimensions["A"].width == 24


def test_the_same_content_gives_the_same_bytes() -> None:
    assert written([sheet()]) == written([sheet()])


def test_a_file_on_disk_has_the_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "a.xlsx", [sheet()])
    assert (tmp_path / "a.xlsx").read_bytes() == written([sheet()])


def test_sheet_names_that_excel_would_refuse_are_mended() -> None:
    names = ["古塔/凌河", "古塔/凌河", "", "x" * 40]
    book = openpyxl.load_workbook(
        io.BytesIO(written([SheetOut(name, ["a"], []) for name in names]))
    )
    assert book.sheetnames == ["古塔-凌河", "古塔-凌河-2", "Sheet3", "x" * 31]


def test_a_cell_that_excel_would_cut_is_refused() -> None:
    with pytest.raises(WorkbookError, match="超过 32,767 个字"):
        written([sheet([["长" * 32_768]])])


def test_a_csv_has_the_mark_of_excel_and_no_live_formula() -> None:
    out = io.BytesIO()
    write_csv(out, sheet())
    text = out.getvalue()
    assert text.startswith(b"\xef\xbb\xbf")
    assert b"\r\n210702190501010005,'=1+1," in text
    (back,) = read(text[:-20].rsplit(b"\r\n0012", 1)[0], OTHER).sheets
    assert back.rows[1].cells == ("210702190501010005", "=1+1", "义县")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'=", "''@"])
def test_dangerous_beginnings_get_an_apostrophe_and_lose_it_again(start: str) -> None:
    safe = neutralise(f"{start}1")
    assert safe == f"'{start}1"
    assert restore(safe) == f"{start}1"


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("'=+-@\t\ra甲"), max_size=6))
def test_restore_undoes_neutralise_for_every_text(text: str) -> None:
    assert restore(neutralise(text)) == text
    assert neutralise(text)[:1] not in set("=+-@\t\r")


# A NUL is read as a lost character: no database holds one (test_workbook_strays.py).
ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(ANY, min_size=1), min_size=1))
def test_every_text_survives_an_xlsx(texts: list[str]) -> None:
    out = io.BytesIO()
    write(out, [SheetOut("x", ["h"], [["键", text] for text in texts])])
    rows = read(out.getvalue(), OTHER).sheets[0].rows
    assert [row.at(1) for row in rows[1:]] == texts


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.sampled_from("'=+-@\ta,;\"\n甲"), min_size=1), min_size=1))
def test_every_text_survives_a_csv(texts: list[str]) -> None:
    out = io.BytesIO()
    write_csv(out, SheetOut("x", ["h1", "h2"], [["键", text] for text in texts]))
    rows = read(out.getvalue(), OTHER).sheets[0].rows
    assert [row.at(1) for row in rows[1:]] == texts


def test_nothing_passes_through_the_temp_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temp file")

    monkeypatch.setattr("tempfile._get_default_tempdir", refuse)
    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    assert zipfile.ZipFile(io.BytesIO(written([sheet()]))).testzip() is None
