"""Properties that every reader of a cell keeps, whatever stands in the cell."""

from datetime import date, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from apps.errors.intake import columns as intake_columns
from tests import workbooks
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.lib import cell_parsers, workbook
from ydjy.lib.workbook import NumberText

TODAY = date(2026, 11, 16)
quick = settings(deadline=None, max_examples=60)
cells = st.text(max_size=60) | st.text("0123456789-/.年月日时：: XxＸ０１２３", max_size=30)
READERS = {
    "plain": cell_parsers.plain,
    "words": cell_parsers.words,
    "person_name": cell_parsers.person_name,
    "code": cell_parsers.code,
    "money": cell_parsers.money,
    "yes_no": cell_parsers.yes_no,
    "phone": cell_parsers.phone,
    "moment": lambda cell: cell_parsers.moment(cell, TODAY),
    "day": lambda cell: cell_parsers.day(cell, TODAY),
    "identity": lambda cell: cell_parsers.identity("", cell, TODAY),
    "place": lambda cell: "".join(cell_parsers.place(cell, home="210700") or ()),
}


@pytest.mark.parametrize("name", READERS)
@quick
@given(cells, st.booleans())
def test_a_reader_answers_or_complains_and_never_breaks(name, cell, from_number):
    """Only the two complaints are raised, each a Chinese clause without the value."""
    value, complaint = told(
        READERS[name],
        NumberText(cell) if from_number and cell.isdecimal() and cell.isascii() else cell,
    )
    if complaint is None:
        assert value is None or (isinstance(value, str) and "\n" not in value)
        return
    assert any("一" <= ch <= "龥" for ch in complaint)
    number = cell.strip()
    assert len(number) < 15 or not number.isdigit() or number not in complaint


def told(reader, cell):
    try:
        return reader(cell), None
    except (cell_parsers.Bad, cell_parsers.Unsure) as complaint:
        return None, str(complaint)


@pytest.mark.parametrize("name", ["plain", "words", "person_name", "code", "money", "yes_no"])
@quick
@given(cells)
def test_what_was_read_is_read_the_same_again(name, cell):
    """A decided row is judged again from its values: they must mean the same the second time."""
    try:
        value = READERS[name](cell)
    except (cell_parsers.Bad, cell_parsers.Unsure):
        return
    if value:
        assert READERS[name](value) == value


@quick
@given(st.datetimes(datetime(2024, 1, 1), datetime(2026, 11, 16)))
def test_every_way_of_writing_a_moment_is_the_same_moment(at):
    at = at.replace(microsecond=0)
    clock = f" {at:%H:%M:%S}" if at.time() != datetime.min.time() else ""
    wanted = f"{at:%Y-%m-%d}{clock}"
    days = (at - datetime(1899, 12, 30)) / timedelta(days=1)
    for written in (
        f"{at:%Y-%m-%d %H:%M:%S}",
        f"{at.year}/{at.month}/{at.day} {at:%H:%M:%S}",
        f"{at.year}年{at.month}月{at.day}日 {at.hour}时{at.minute}分{at.second}秒",
        NumberText(f"{days:.10f}"),
    ):
        assert cell_parsers.moment(written, TODAY) == wanted


@quick
@given(st.decimals("-99999999", "99999999", places=2))
@example(0)
def test_an_amount_survives_every_way_of_writing_it(amount):
    wanted = f"{amount:.2f}"
    for written in (wanted, f"{amount:,.2f}", f"￥{amount:.2f}", f"{amount:.2f}元"):
        assert cell_parsers.money(written) == wanted


names = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x323AF), min_size=1, max_size=4)


def _held_by_gb18030(text: str) -> bool:
    try:
        return text.encode("gb18030").decode("gb18030") == text
    except UnicodeError:
        return False


@quick
@given(names.filter(_held_by_gb18030))
@example("王𠮷")
@example("䶮㐂𬱖")
def test_a_name_in_gb18030_comes_back_character_for_character(name):
    rows = [["姓名", "证件号码"], [name, "210727196001010011"], ["王某", "2"]]
    data = workbooks.csv_bytes(rows, "gb18030")
    [sheet] = workbook.read(data, workbook.WEEKLY, filename="a.csv").sheets
    assert sheet.rows[1].cells[0] == name
    assert "\ufffd" not in str(sheet.rows)


@quick
@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
@example(["=1+1", "+86", "-1", "@x", "'quoted", "\ttab"])
def test_what_we_write_is_what_we_read(texts):
    """Export ∘ import is the identity, in both formats, formula-leading characters included."""
    texts = [text for text in texts if text.isprintable() and text.strip()]
    rows = [[str(n), text] for n, text in enumerate(texts, 1)]
    sheet = workbook.SheetOut(name="一", header=["序号", "内容"], rows=rows)
    for write in (
        lambda out: workbook.write(out, [sheet]),
        lambda out: workbook.write_csv(out, sheet),
    ):
        target = BytesIO()
        write(target)
        [back] = workbook.read(target.getvalue(), workbook.WEEKLY).sheets
        assert [list(row.cells) for row in back.rows[1:]] == rows


@quick
@given(st.lists(st.sampled_from(["甲", "乙", "1", ""]), min_size=1, max_size=12))
def test_every_row_ends_in_exactly_one_of_the_five(texts):
    rows = workbooks.weekly_rows(len(texts))
    for row, text in zip(rows, texts, strict=True):
        row[1], row[8] = text and f"LN-{text}", text
    data = workbooks.weekly_workbook(rows, total=True, note="注：完")
    kind = intake_columns.kind(today=TODAY, home="210700")
    book = workbook.read(data, kind.limits)
    table = workbook.find_table(book, kind.columns, kind.required)
    report = imports_kinds.judge(imports_kinds.Opened(kind, "a.xlsx", book, table))
    assert sum(report.counts.values()) == len(report.rows) == len(texts) + 2


@pytest.mark.parametrize(
    ("written", "code"),
    [("锦州市本级", "210799"), ("市本级", "210799"), ("沈阳市本级", "210199"), ("义县", "210727")],
)
def test_a_place_is_read_as_our_own_forms_call_it(written: str, code: str):
    assert cell_parsers.place(written, home="210700")[0] == code


def test_an_own_level_of_nowhere_waits_for_a_person():
    with pytest.raises(cell_parsers.Unsure):
        cell_parsers.place("某某本级", home="210700")
