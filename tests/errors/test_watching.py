"""The watched folder: whole files are received once, bad ones are put aside with the reason."""

import os
import time
from pathlib import Path

import pytest

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import outbox, watch_folder
from apps.errors.models import ExchangeSettings, Ticket
from apps.errors.returns import build as returns_build
from tests import workbooks
from tests.errors import weeks
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(tmp_path, cast) -> Path:
    sync_causes()
    ExchangeSettings.objects.create(folder=str(tmp_path), watching=True)
    watch_folder.look()
    return tmp_path


def lay(base: Path, name: str, data: bytes) -> Path:
    path = base / "in" / name
    path.write_bytes(data)
    os.utime(path, (time.time(), time.time()))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file_is_staged_for_a_person_and_moved(base):
    lay(base, "报错.xlsx", workbooks.weekly_workbook(workbooks.weekly_rows(3)))
    said = watch_folder.look(quiet=0)

    assert said["报错.xlsx"].endswith("等人确认。")
    assert Upload.objects.get().state == Upload.State.STAGED
    assert Ticket.objects.count() == 0
    assert (names(base / "in"), names(base / "done")) == ([], ["报错.xlsx"])


def test_a_file_that_is_still_being_written_waits(base):
    data = workbooks.weekly_workbook(workbooks.weekly_rows(3))
    fresh = lay(base, "报错.xlsx", data)
    lay(base, "报错.xlsx.part", data)
    lay(base, "~$报错.xlsx", b"x")
    lay(base, ".hidden", b"x")
    assert watch_folder.look() == {}
    old = time.time() - 60
    os.utime(fresh, (old, old))
    assert set(watch_folder.look()) == {"报错.xlsx"}


def test_the_same_bytes_again_are_done_and_change_nothing(base):
    data = workbooks.weekly_workbook(workbooks.weekly_rows(3))
    for name in ("a.xlsx", "b.xlsx", "a.xlsx"):
        lay(base, name, data)
        watch_folder.look(quiet=0)
    assert Upload.objects.count() == 1
    assert len(names(base / "done")) == 3


def test_what_cannot_be_read_is_put_aside_with_the_reason_beside_it(base):
    lay(base, "报错.pdf", b"%PDF-1.7")
    watch_folder.look(quiet=0)
    assert names(base / "bad") == ["报错.pdf", "报错.pdf.txt"]
    assert (base / "bad" / "报错.pdf.txt").read_text(encoding="utf-8").strip().endswith("。")


def test_a_link_out_of_the_folder_is_not_followed(base, tmp_path):
    secret = tmp_path / "secret.xlsx"
    secret.write_bytes(workbooks.weekly_workbook(workbooks.weekly_rows(1)))
    (base / "in" / "link.xlsx").symlink_to(secret)
    assert watch_folder.look(quiet=0) == {}


def test_nothing_is_looked_at_unless_it_is_switched_on(base):
    ExchangeSettings.objects.update(watching=False)
    lay(base, "报错.xlsx", workbooks.weekly_workbook(workbooks.weekly_rows(1)))
    assert watch_folder.look(quiet=0) == {}


def test_the_provinces_answer_is_recognised_and_applied(base, cast):
    batch = weeks.received(cast)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        [file] = returns_build.prepare(batch, by=cast.lead)
        outbox.hand_in(returns_build.sign(file, by=cast.reviewer), by=cast.lead)
        header = [*workbooks.WEEKLY_HEADERS[1], "审核结果"]
        rows = [[*row, "认可"] for row in workbooks.weekly_rows(4)]
        lay(base, "审核.xlsx", workbooks.xlsx([header, *rows]))
        said = watch_folder.look(quiet=0)
    assert said == {"审核.xlsx": "认可 4 行，退回 0 行。"}
