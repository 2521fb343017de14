"""Friday: two people, numbered versions, a proof of sending, and nothing silently late."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import outbox
from apps.errors.intake import receive as intake_receive
from apps.errors.models import Batch, Dispatch, ReturnFile, Ticket
from apps.errors.models.transitions import Status
from apps.errors.returns import build as returns_build
from apps.offices.models import Role, Staff
from tests import workbooks
from tests.errors import weeks
from ydjy.desk.crypto.fields import opened
from ydjy.desk.exceptions import Refused
from ydjy.desk.models import Upload

pytestmark = pytest.mark.django_db
State = ReturnFile.State


@pytest.fixture
def batch(cast) -> Batch:
    sync_causes()
    return weeks.received(cast)


@pytest.fixture
def done(batch, cast) -> Batch:
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
    return batch


def prepared(batch, by, **more) -> ReturnFile:
    [file] = returns_build.prepare(batch, by=by, **more)
    return file


def test_nothing_is_returned_before_a_second_person_signed(done, cast):
    with weeks.at(weeks.FRIDAY):
        file = prepared(done, cast.lead)

        assert file.state == State.PREPARED
        assert set(done.tickets.values_list("status", flat=True)) == {Status.ANSWERED}
        with pytest.raises(Refused, match="先复核签发"):
            outbox.hand_in(file, by=cast.lead)

        file = returns_build.sign(file, by=cast.reviewer)

    assert (file.made_by, file.signed_by) == (cast.lead, cast.reviewer)
    assert set(done.tickets.values_list("status", flat=True)) == {Status.RETURNED}
    assert done.tickets.first().events.first().verb == "return"


def test_who_prepared_cannot_sign(done, cast):
    with weeks.at(weeks.FRIDAY):
        file = prepared(done, cast.lead)

        with pytest.raises(Refused, match="要是两个人"):
            returns_build.sign(file, by=cast.lead)

    file.refresh_from_db()
    assert file.state == State.PREPARED


def test_signing_twice_is_signing_once(done, cast):
    with weeks.at(weeks.FRIDAY):
        file = returns_build.sign(prepared(done, cast.lead), by=cast.reviewer)
        again = returns_build.sign(file, by=cast.reviewer)

    assert again.signed_at == file.signed_at
    assert done.tickets.first().events.filter(verb="return").count() == 1


def test_an_answer_changed_after_preparing_stops_the_signature(done, cast):
    with weeks.at(weeks.FRIDAY):
        file = prepared(done, cast.lead)
        weeks.answer(done.tickets.first(), cast.yixian, "改了一句。")

        with pytest.raises(Refused, match="又有 1 行的结果变了"):
            returns_build.sign(file, by=cast.reviewer)
        fresh = prepared(done, cast.lead)
        returns_build.sign(fresh, by=cast.reviewer)

    file.refresh_from_db()
    assert (file.state, fresh.version) == (State.DROPPED, 1)


def test_preparing_again_without_a_change_is_the_same_draft(done, cast):
    with weeks.at(weeks.FRIDAY):
        assert prepared(done, cast.lead) == prepared(done, cast.reviewer)
    assert ReturnFile.objects.count() == 1


def test_the_reviewer_can_refuse_with_a_reason(done, cast):
    with weeks.at(weeks.FRIDAY):
        file = prepared(done, cast.lead)
        returns_build.send_back_draft(file, by=cast.reviewer, reason="第 3 行写错了")

        file.refresh_from_db()
        assert "第 3 行写错了" in file.dropped_because
        assert prepared(done, cast.lead).version == 1


def test_a_correction_makes_version_two_and_the_first_stays_as_it_was(done, cast):
    with weeks.at(weeks.FRIDAY):
        one = returns_build.sign(prepared(done, cast.lead), by=cast.reviewer)
        before = returns_build.content(one)
        ticket = done.tickets.first()
        ticket.reopen(by=cast.yixian, reason="医院来电更正")
        weeks.answer(ticket, cast.yixian, "更正：已冲正。")
        two = prepared(done, cast.lead)
        [difference] = returns_build.differences(two)
        returns_build.sign(two, by=cast.reviewer)

    assert (two.version, "更正：已冲正。" in difference.after) == (2, True)
    assert "已核实" in difference.before
    assert returns_build.content(one) == before != returns_build.content(two)
    assert ReturnFile.objects.effective().get() == two


def test_after_the_cut_off_it_goes_only_as_late_with_a_reason(done, cast):
    with weeks.at(weeks.TOO_LATE):
        with pytest.raises(Refused, match="请写明迟报的原因"):
            returns_build.prepare(done, by=cast.lead)
        file = prepared(done, cast.lead, late_reason="网络中断")
        file = returns_build.sign(file, by=cast.reviewer)
        row = outbox.hand_in(file, by=cast.lead, words="专人送达")

    done.refresh_from_db()
    assert (row.late, file.late_reason, done.on_time()) == (True, "网络中断", False)


def test_a_draft_of_before_is_not_signed_after_the_cut_off_without_a_reason(done, cast):
    with weeks.at(weeks.FRIDAY):
        file = prepared(done, cast.lead)
    with weeks.at(weeks.TOO_LATE), pytest.raises(Refused, match="迟报"):
        returns_build.sign(file, by=cast.reviewer)


def test_one_second_before_four_is_on_time_and_four_is_not(done, cast):
    due = done.due_at
    with weeks.at(due - timedelta(seconds=1)):
        file = returns_build.sign(prepared(done, cast.lead), by=cast.reviewer)
        assert outbox.hand_in(file, by=cast.lead).late is False
    with weeks.at(due):
        weeks.answer(_reopened(done, cast), cast.yixian, "又改了。")
        with pytest.raises(Refused, match="迟报"):
            returns_build.prepare(done, by=cast.lead)


def _reopened(batch, cast) -> Ticket:
    ticket = batch.tickets.first()
    ticket.reopen(by=cast.yixian, reason="再查")
    return ticket


def test_an_open_ticket_goes_back_with_its_own_reason_and_date(batch, cast):
    with weeks.at(weeks.FRIDAY):
        first, *others = batch.tickets.order_by("number")
        for ticket in others:
            weeks.answer(ticket, cast.yixian)
        with pytest.raises(Refused, match="还有 1 条没有结果"):
            returns_build.prepare(batch, by=cast.lead)
        first.postpone(by=cast.yixian, reason="等医院补传", expected_on=date(2026, 11, 25))

        file = prepared(batch, cast.lead)

    told = opened(file.answers)
    assert (file.answered, file.unfinished) == (3, 1)
    texts = [answer["result"] for answer in told.values()]
    assert "未办结：等医院补传，预计11月25日办结。" in texts
    first.refresh_from_db()
    assert first.status in (Status.NEW, Status.WORKING)


def test_an_expected_date_in_the_past_is_refused(batch, cast):
    with weeks.at(weeks.FRIDAY), pytest.raises(Refused, match="已经过了"):
        batch.tickets.first().postpone(by=cast.yixian, reason="等", expected_on=date(2026, 11, 19))


def test_handing_in_is_written_down_once_with_who_when_and_how(done, cast):
    with weeks.at(weeks.FRIDAY):
        file = returns_build.sign(prepared(done, cast.lead), by=cast.reviewer)
        row = outbox.hand_in(file, by=cast.lead, words="内网邮箱")
        again = outbox.hand_in(file, by=cast.reviewer, words="再点一次")

    assert row.pk == again.pk
    assert (again.sent_by, again.words, again.late) == (cast.lead, "内网邮箱", False)
    done.refresh_from_db()
    assert done.returned_at == row.sent_at
    assert Dispatch.objects.count() == 1


def test_the_answers_of_a_signed_file_are_nowhere_editable(done, cast):
    from django.db import IntegrityError, transaction

    with weeks.at(weeks.FRIDAY):
        file = returns_build.sign(prepared(done, cast.lead), by=cast.reviewer)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReturnFile.objects.filter(pk=file.pk).update(made_by=cast.reviewer)


def test_an_internal_note_is_in_no_returned_file(batch, cast):
    with weeks.at(weeks.FRIDAY):
        for ticket in batch.tickets.all():
            ticket.edit_note(by=cast.yixian, note="绝不外传的话")
            weeks.answer(ticket, cast.yixian)
        file = prepared(batch, cast.lead)
    from io import BytesIO

    import openpyxl

    sheet = openpyxl.load_workbook(BytesIO(returns_build.content(file))).active
    text = "".join(str(cell.value) for row in sheet.iter_rows() for cell in row)
    assert "已核实" in text
    assert "绝不外传" not in text


def test_a_file_that_comes_in_after_the_week_went_back_is_named_until_it_goes_too(cast, client_of):
    """Received before the return, imported after it, answered at once: nobody would send it."""
    sync_causes()
    batch = weeks.received(cast)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        rows = workbooks.weekly_rows(2)
        for row in rows:
            row[workbooks.WEEKLY_HEADERS[1].index("省问题编号")] += "-晚"
        late = intake_receive.receive(workbooks.weekly_workbook(rows), "补充.xlsx", by=cast.lead)
        for file in weeks.issue(batch, by=cast.lead):
            outbox.hand_in(file, by=cast.lead)
        assert not returns_build.owed(Upload.objects.all())
        intake_receive.confirm(late, by=cast.lead)
        for ticket in batch.tickets.open():
            weeks.answer(ticket, cast.lead)
        home = client_of(cast.lead).get(reverse("admin:index")).content.decode()
        assert "《补充.xlsx》还没有返回省里。</b>它是 2026-W47 返回以后才导入的。" in home
        hers = client_of(cast.yixian).get(reverse("admin:index")).content.decode()
        assert "还没有返回省里" not in hers
        weeks.issue(batch, by=cast.lead)
        assert not returns_build.owed(Upload.objects.all())


def test_what_went_one_level_up_goes_back_saying_so_until_the_answer_came(batch, cast):
    first, *others = batch.tickets.order_by("number")
    with weeks.at(weeks.FRIDAY):
        for ticket in others:
            weeks.answer(ticket, cast.yixian)
        first.refer_up(by=cast.yixian, words="查过备案和开通，都正常", to="省医保中心")

        file = prepared(batch, cast.lead)

        told = "未办结：11月20日已上报省医保中心，等待答复。"
        assert told in [answer["result"] for answer in opened(file.answers).values()]
        first.postpone(by=cast.yixian, reason="省里在查", expected_on=date(2026, 11, 25))
        [check] = returns_build.check(batch)
        assert [row.words for row in check.unfinished] == ["省里在查，预计11月25日办结。"]
        Ticket.objects.filter(pk=first.pk).update(unfinished_reason="", expected_on=None)
        first.hear_back(by=cast.yixian, answer="已处理")
        with pytest.raises(Refused, match="还有 1 条没有结果"):
            returns_build.prepare(batch, by=cast.lead)


def test_no_half_width_bracket_goes_to_the_province(batch, cast):
    first, second, *others = batch.tickets.order_by("number")
    with weeks.at(weeks.FRIDAY):
        weeks.answer(first, cast.yixian, "请浙江大学医院(庆春院区)重新结算(见通知).")
        second.postpone(by=cast.yixian, reason="等医院(东院)", expected_on=date(2026, 11, 25))
        for ticket in others:
            weeks.answer(ticket, cast.yixian)
        file = prepared(batch, cast.lead)
    answers = opened(file.answers)
    assert [answers[position]["result"] for position in ("0", "1")] == [
        "请浙江大学医院（庆春院区）重新结算（见通知）.",
        "未办结：等医院（东院），预计11月25日办结。",
    ]


# What waits past the cut-off, and what was sent back ------------------------------------------


def test_the_signer_says_why_a_file_that_waited_past_the_cut_off_goes_late(done, cast):
    with weeks.at(weeks.FRIDAY):
        file = prepared(done, cast.lead)
    with weeks.at(weeks.TOO_LATE):
        with pytest.raises(Refused, match="请写明迟报的原因"):
            returns_build.sign(file, by=cast.reviewer)
        signed = returns_build.sign(file, by=cast.reviewer, late_reason="复核人 15:40 才到岗")
    assert signed.late_reason == "复核人 15:40 才到岗"


def test_the_maker_may_give_the_waiting_draft_its_reason_too(done, cast):
    with weeks.at(weeks.FRIDAY):
        draft = prepared(done, cast.lead)
    with weeks.at(weeks.TOO_LATE):
        assert prepared(done, cast.lead, late_reason="网络中断") == draft
        assert returns_build.sign(draft, by=cast.reviewer).late_reason == "网络中断"


def test_no_file_is_signed_by_nobody(done, cast):
    with weeks.at(weeks.FRIDAY), pytest.raises(Refused, match="要是两个人"):
        returns_build.sign(prepared(done, None), by=None)


def test_a_refused_file_stands_among_the_files_until_it_is_made_anew(done, cast):
    with weeks.at(weeks.FRIDAY):
        file = prepared(done, cast.lead)
        returns_build.send_back_draft(file, by=cast.reviewer, reason="第 3 行写错了")
        assert list(ReturnFile.objects.refused()) == [file]
        fresh = prepared(done, cast.lead)
    file.refresh_from_db()
    assert (file.state, fresh.state) == (State.DROPPED, State.PREPARED)
    assert "第 3 行写错了" in file.dropped_because
    assert not ReturnFile.objects.refused().exists()


def test_a_refused_correction_that_is_given_up_is_no_work_any_more(done, cast):
    """Version 2 was refused and the answer put back to what version 1 says."""
    with weeks.at(weeks.FRIDAY):
        one = returns_build.sign(prepared(done, cast.lead), by=cast.reviewer)
        ticket = done.tickets.first()
        words = ticket.result
        ticket.reopen(by=cast.yixian, reason="更正")
        weeks.answer(ticket, cast.yixian, "写错的更正")
        returns_build.send_back_draft(
            prepared(done, cast.lead), by=cast.reviewer, reason="原来的对"
        )
        ticket.reopen(by=cast.yixian, reason="改回")
        weeks.answer(ticket, cast.yixian, words)
        assert prepared(done, cast.lead) == one
    assert not ReturnFile.objects.refused().exists()


# The command -----------------------------------------------------------------------------------


@pytest.fixture
def issued(done, cast, tmp_path, capsys):
    """``return_file`` with these words; the lines that it says."""
    Staff.objects.create_user(
        "second", name="周强", role=Role.REVIEWER, office=cast.office["city"], is_staff=True
    )

    out = ("--out", str(tmp_path))

    def run(*words: str) -> list[dict]:
        with weeks.at(weeks.FRIDAY):
            call_command("return_file", "--week", done.week, "--json", *out, *words)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_the_command_leaves_the_file_to_a_second_person(issued, cast):
    [said] = issued()
    assert (said["state"], said["signed_by"]) == ("prepared", "")
    assert Path(said["file"]).name.startswith("待签发-")
    assert not Dispatch.objects.exists()
    assert ReturnFile.objects.to_sign_by(cast.lead).count() == 1


def test_the_command_signs_for_two_people_who_may(issued, done):
    [said] = issued("--prepared-by", "lead", "--signed-by", "second")
    assert (said["state"], said["prepared_by"], said["signed_by"]) == ("signed", "lead", "second")
    assert Path(said["file"]).read_bytes() == returns_build.content(ReturnFile.objects.get())
    done.refresh_from_db()
    assert done.returned_at


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("--signed-by", "second"), "也要写经办人"),
        (("--prepared-by", "lead", "--signed-by", "lead"), "要是两个人"),
        (("--prepared-by", "lead", "--signed-by", "reviewer"), "没有复核返回表的权限"),
        (("--prepared-by", "yixian", "--signed-by", "second"), "没有导出返回表的权限"),
        (("--prepared-by", "lead", "--signed-by", "weizhi"), "没有用户名是“weizhi”的在用账号"),
    ],
)
def test_the_command_takes_only_two_different_people_who_may(issued, words, because):
    with pytest.raises(CommandError, match=because):
        issued(*words)
    assert not ReturnFile.objects.exists()
