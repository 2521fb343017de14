"""The controls of INV1–INV8: a week that keeps them all, and each of them broken once."""

import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from django.db import connection

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import outbox
from apps.errors.models import Dispatch, ExchangeSettings, ReturnFile, SourceLine, Ticket
from tests.errors import weeks
from tests.faults import promises
from ydjy.desk.audit import change_log
from ydjy.desk.crypto.fields import opened
from ydjy.desk.models import StagedRow

pytestmark = pytest.mark.django_db
CARD = "已核实，请重新结算。"


@pytest.fixture
def folders(tmp_path, settings) -> tuple[Path, Path]:
    """The data folder and the temp folder of the machine."""
    data, temp = tmp_path / "data", tmp_path / "temp"
    for folder in (data, temp):
        folder.mkdir()
    settings.DATA = data
    return data, temp


@pytest.fixture
def file(cast, folders) -> ReturnFile:
    """Week 47 of four lines: answered, signed, delivered to the folder of the partner."""
    sync_causes()
    ExchangeSettings.objects.create(channel="folder")
    batch = weeks.received(cast)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        [file] = weeks.issue(batch, by=cast.lead)
        outbox.send_now(file, by=cast.lead)
    return file


def told(file: ReturnFile) -> tuple[dict[str, str | None], set[str]]:
    return {ticket.province_no: ticket.result for ticket in Ticket.objects.all()}, {file.sha256}


def unguarded(sql: str, *params: object) -> None:
    """What somebody with the database file in hands could do."""
    change_log.uninstall()
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
    finally:
        change_log.install()


def test_an_ordinary_week_keeps_them_all(file, folders):
    data, temp = folders
    promises.inv1_rows_add_up()
    promises.inv2_one_ticket_for_each_problem_of_a_week()
    promises.inv3_every_line_is_in_exactly_one_effective_return()
    promises.inv4_no_final_name_with_other_bytes(data / "exchange" / "out")
    promises.inv5_what_was_acknowledged_is_there(*told(file))
    promises.inv6_every_change_of_state_has_its_entry()
    promises.inv6_the_chain_is_whole()
    promises.inv7_nobody_is_reminded_twice(["reminder a to staff 1", "reminder b to staff 1"])
    promises.inv8_nothing_is_left_in_the_open(data, temp)


def test_inv1_breaks_when_a_row_is_lost_or_counted_as_another(file):
    row = StagedRow.objects.filter(status="accepted").first()
    StagedRow.objects.filter(pk=row.pk).update(status="held")
    with pytest.raises(AssertionError):
        promises.inv1_rows_add_up()
    StagedRow.objects.filter(pk=row.pk).update(status="accepted")
    promises.inv1_rows_add_up()
    SourceLine.objects.filter(staged=row).delete()
    row.delete()
    with pytest.raises(AssertionError):
        promises.inv1_rows_add_up()


def test_inv2_breaks_when_a_ticket_has_lost_its_line(file):
    Ticket.objects.first().lines.all().delete()
    with pytest.raises(AssertionError):
        promises.inv2_one_ticket_for_each_problem_of_a_week()


def test_inv2_breaks_when_a_line_stands_at_a_merged_ticket_without_words(file):
    one, two = Ticket.objects.order_by("pk")[:2]
    Ticket.objects.filter(pk=two.pk).update(status="merged", merged_into=one)
    Ticket.objects.filter(pk=one.pk).update(status="merged", merged_into=two)
    with pytest.raises(AssertionError):
        promises.inv2_one_ticket_for_each_problem_of_a_week()


def test_inv3_breaks_when_a_line_has_no_answer_in_the_file(file):
    answers = dict(opened(file.answers))
    answers.popitem()
    file.answers = answers
    file.save(update_fields=["answers"])
    with pytest.raises(AssertionError):
        promises.inv3_every_line_is_in_exactly_one_effective_return()


def test_inv3_breaks_when_a_returned_week_has_no_file(file):
    ReturnFile.objects.update(state="dropped")
    with pytest.raises(AssertionError):
        promises.inv3_every_line_is_in_exactly_one_effective_return()


@pytest.mark.parametrize("change", ["other bytes", "other name"])
def test_inv4_breaks_when_the_folder_has_something_else(file, folders, change):
    path = folders[0] / "exchange" / "out" / file.filename
    if change == "other bytes":
        path.write_bytes(path.read_bytes() + b"x")
    else:
        path.rename(path.with_name("报错-别的.xlsx"))
    with pytest.raises(AssertionError):
        promises.inv4_no_final_name_with_other_bytes(path.parent)


def test_inv5_breaks_when_an_acknowledged_answer_file_or_line_is_not_there(file):
    lines, signed = told(file)
    for wrong in (
        ({**lines, next(iter(lines)): "别的话"}, signed),
        ({**lines, next(iter(lines)): None}, signed),
        ({**lines, "没有的编号": CARD}, signed),
        (lines, {sha256(b"another").hexdigest()}),
    ):
        with pytest.raises(AssertionError):
            promises.inv5_what_was_acknowledged_is_there(*wrong)


def test_inv6_breaks_when_a_state_changes_without_an_entry(file):
    Ticket.objects.filter(pk=Ticket.objects.first().pk).update(status="answered")
    with pytest.raises(AssertionError):
        promises.inv6_every_change_of_state_has_its_entry()


def test_inv6_breaks_when_a_sealed_record_is_altered(file):
    promises.inv6_the_chain_is_whole()
    unguarded(
        "UPDATE desk_change SET actor = 'staff:1' WHERE id = (SELECT min(id) FROM desk_change)"
    )
    with pytest.raises(AssertionError):
        promises.inv6_the_chain_is_whole()


def test_inv7_breaks_when_a_reminder_goes_out_again_or_a_lease_outlives_the_delivery(file):
    with pytest.raises(AssertionError):
        promises.inv7_nobody_is_reminded_twice(["reminder a to staff 1"] * 2)
    Dispatch.objects.update(lease="x")
    with pytest.raises(AssertionError):
        promises.inv7_nobody_is_reminded_twice([])


@pytest.mark.parametrize("place", ["temp", "data", "progress"])
def test_inv8_breaks_when_something_is_left_behind(file, folders, place):
    data, temp = folders
    if place == "temp":
        Path(tempfile.mkstemp(dir=temp)[1]).write_text("司马义鸣")
    elif place == "data":
        (data / "来件.xlsx").write_bytes(b"x")
    else:
        (data / "progress").mkdir(exist_ok=True)
        (data / "progress" / "1").write_text("司马义鸣")
    with pytest.raises(AssertionError):
        promises.inv8_nothing_is_left_in_the_open(data, temp)
