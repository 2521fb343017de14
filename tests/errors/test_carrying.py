"""From week to week: carried over, sent back, listed again; and the tick that does it."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from apps.errors import tasks
from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import feedback, outbox
from apps.errors.intake import receive as intake_receive
from apps.errors.models import Batch, Feedback, Notice, ReminderStep, ReturnFile, Ticket
from apps.errors.reports import reminders
from apps.errors.returns import build as returns_build
from apps.errors.weeks import carry_over
from apps.offices.models.duty import Duty
from apps.offices.sync import sync_calendar
from tests import workbooks
from tests.errors import weeks
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports import uploads

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(cast) -> Batch:
    sync_causes()
    return weeks.received(cast)


def send(batch: Batch, cast, **more) -> list[ReturnFile]:
    files = returns_build.prepare(batch, by=cast.lead, **more)
    files = [returns_build.sign(file, by=cast.reviewer) for file in files]
    for file in files:
        outbox.hand_in(file, by=cast.lead)
    return files


def returned_with_one_open(batch: Batch, cast) -> Ticket:
    first, *others = batch.tickets.order_by("number")
    with weeks.at(weeks.FRIDAY):
        for ticket in others:
            weeks.answer(ticket, cast.yixian)
        first.postpone(by=cast.yixian, reason="等医院补传", expected_on=date(2026, 11, 25))
        send(batch, cast)
    return first


def test_an_open_ticket_is_carried_to_the_next_week_with_its_age(batch, cast):
    left = returned_with_one_open(batch, cast)
    with weeks.at(weeks.NEXT_MONDAY):
        for _ in range(50):
            tasks.run(weeks.NEXT_MONDAY)

    left.refresh_from_db()
    assert (left.batch.week, left.number) == ("2026-W48", "2026W47-001")
    assert carry_over.age_in_weeks(left, weeks.NEXT_MONDAY) == 1
    assert left.unfinished_reason == ""
    assert left.events.filter(verb="carry").count() == 1


def test_nothing_is_carried_from_a_week_that_is_not_back_yet(batch, cast):
    with weeks.at(weeks.NEXT_MONDAY):
        tasks.run(weeks.NEXT_MONDAY)
    assert batch.tickets.count() == 4


def test_what_was_carried_goes_back_in_the_next_version_of_its_own_file(batch, cast):
    left = returned_with_one_open(batch, cast)
    with weeks.at(weeks.NEXT_MONDAY):
        tasks.run(weeks.NEXT_MONDAY)
        left.refresh_from_db()
        weeks.answer(left, cast.yixian, "补传好了。")
        [file] = send(left.batch, cast)

    assert (file.version, file.batch.week, file.unfinished) == (2, "2026-W48", 0)
    [changed] = returns_build.differences(file)
    assert "未办结" in changed.before
    assert "补传好了" in changed.after


def test_a_carried_line_listed_again_is_the_same_ticket_and_both_files_answer_it(batch, cast):
    left = returned_with_one_open(batch, cast)
    rows = workbooks.weekly_rows(4)
    for row in rows:
        row[workbooks.WEEKLY_HEADERS[1].index("参保地区划")] = "210727"
    with weeks.at(weeks.NEXT_MONDAY):
        tasks.run(weeks.NEXT_MONDAY)
        data = workbooks.weekly_workbook(rows[:1], title="第48周")
        upload = intake_receive.receive(data, "48.xlsx", by=cast.lead)
        intake_receive.confirm(upload, by=cast.lead)

    upload.refresh_from_db()
    assert (upload.accepted, upload.duplicate) == (0, 1)
    assert left.lines.count() == 2


def test_the_same_problem_open_in_two_weeks_is_carried_twice_and_has_its_key_once(batch, cast):
    """A week that went back late: the province lists the line again before it was carried."""
    rows = workbooks.weekly_rows(4)
    with weeks.at(weeks.NEXT_MONDAY):
        upload = intake_receive.receive(
            workbooks.weekly_workbook(rows[:1]), "48.xlsx", by=cast.lead
        )
        following = intake_receive.confirm(upload, by=cast.lead)
    assert batch.pk != following.pk
    third = carry_over.after(following)
    first, again = batch.tickets.order_by("pk").first(), following.tickets.get()
    assert first.source_key != again.source_key != ""
    carry_over.move([first, again], third)
    kept = list(third.tickets.order_by("pk").values_list("source_key", flat=True))
    assert (len(kept), kept[0] != "", kept[1]) == (2, True, "")


def test_the_page_of_the_return_names_the_earlier_files_that_go_again(batch, cast, client_of):
    returned_with_one_open(batch, cast)
    with weeks.at(weeks.NEXT_MONDAY):
        carry_over.carry_over(weeks.NEXT_MONDAY)
        batch = Batch.objects.at(weeks.NEXT_MONDAY)
        page = client_of(cast.lead).get(reverse("admin:errors_batch_send_back", args=[batch.pk]))
    html = page.content.decode()
    assert "前几周的来件 1 个，有工单转到本周，一起返回新的一版：《报错.xlsx》4 行。" in html


def test_a_week_that_went_back_whole_carries_nothing(batch, cast):
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        send(batch, cast)
    with weeks.at(weeks.NEXT_MONDAY):
        assert carry_over.carry_over(weeks.NEXT_MONDAY) == 0


# The province's answer -------------------------------------------------------------------------


def answer_file(rejected: list[int], *, words: str = "说明不清") -> bytes:
    """The province's answer to the four rows of week 47: accepted, but those positions."""
    header = [*workbooks.WEEKLY_HEADERS[1], "审核结果", "退回原因"]
    rows = [
        [*row, *(("退回", words) if n in rejected else ("认可", ""))]
        for n, row in enumerate(workbooks.weekly_rows(4))
    ]
    return workbooks.xlsx([header, *rows])


@pytest.fixture
def returned(batch, cast) -> Batch:
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        send(batch, cast)
    batch.refresh_from_db()
    return batch


def test_rows_sent_back_reopen_in_the_next_cycle_for_the_second_time(returned, cast):
    with weeks.at(weeks.NEXT_MONDAY):
        outcome = feedback.receive(answer_file([1, 2]), "审核.xlsx", by=cast.lead, batch=returned)

    assert (outcome.accepted, outcome.rejected, outcome.unmatched) == (2, 2, ())
    again = Ticket.objects.filter(times=2).order_by("number")
    assert [t.number for t in again] == ["2026W47-002", "2026W47-003"]
    assert {(t.batch.week, t.status, t.assignee) for t in again} == {
        ("2026-W48", "working", cast.yixian)
    }
    assert again[0].events.first().words.startswith("省里退回（第 2 次）：说明不清")
    assert again[0].events.filter(verb="return").exists()


def test_the_same_answer_again_changes_nothing(returned, cast):
    with weeks.at(weeks.NEXT_MONDAY):
        feedback.receive(answer_file([1]), "审核.xlsx", by=cast.lead, batch=returned)
        before = list(Ticket.objects.values_list("pk", "version", "times"))
        with pytest.raises(uploads.AlreadyReceived):
            feedback.receive(answer_file([1]), "审核.xlsx", by=cast.lead, batch=returned)
        anew = answer_file([1], words="换了说法")
        outcome = feedback.receive(anew, "b.xlsx", by=cast.lead, batch=returned)

    assert outcome.known == 4
    assert list(Ticket.objects.values_list("pk", "version", "times")) == before
    assert Feedback.objects.count() == 4


def test_a_week_wholly_accepted_is_confirmed_by_the_province(returned, cast):
    with weeks.at(weeks.NEXT_MONDAY):
        feedback.receive(answer_file([]), "审核.xlsx", by=cast.lead, batch=returned)
    returned.refresh_from_db()
    assert returned.state == Batch.State.CONFIRMED


def test_an_answer_to_nothing_is_refused(batch, cast):
    with pytest.raises(Refused, match="还没有返回过"):
        feedback.receive(answer_file([]), "审核.xlsx", by=cast.lead, batch=batch)


def test_rows_without_a_number_are_matched_by_line_and_person(returned, cast):
    header = [*workbooks.WEEKLY_HEADERS[1], "审核结果"]
    rows = [[*row, "认可"] for row in workbooks.weekly_rows(4)]
    number = header.index("省问题编号")
    for row in rows:
        row[number] = ""
    rows[3][header.index("姓名")] = "别的人"
    with weeks.at(weeks.NEXT_MONDAY):
        outcome = feedback.receive(
            workbooks.xlsx({"报错明细": [header, *rows]}),
            "c.xlsx",
            by=cast.lead,
            batch=returned,
        )
    assert (outcome.accepted, len(outcome.unmatched)) == (3, 1)


# Reminders -------------------------------------------------------------------------------------


@pytest.fixture
def ladder(batch) -> Batch:
    sync_calendar()
    reminders.sync_ladder()
    return batch


def moment(day: int, hour: int, minute: int = 1):
    return weeks.MONDAY.replace(day=day, hour=hour, minute=minute)


def climb(batch: Batch, *moments) -> list[str]:
    for now in moments:
        with weeks.at(now):
            reminders.remind(batch, now)
    return sorted(f"{n.to.username}@{n.key[9:]}" for n in Notice.objects.all())


def test_the_ladder_goes_from_the_person_to_the_county_to_the_bureau(ladder, cast):
    assert climb(ladder, moment(18, 9, 59)) == []
    assert climb(ladder, moment(18, 10, 0)) == ["yixian@2:1000"]
    assert climb(ladder, moment(19, 10)) == ["yixian@1:1000", "yixian@2:1000"]
    friday = climb(ladder, moment(20, 10))
    assert [one for one in friday if "@0:1000" in one] == [
        "county_lead@0:1000",
        "yixian@0:1000",
    ]
    assert [one for one in climb(ladder, moment(20, 15)) if "@0:1500" in one] == [
        "county_lead@0:1500",
        "head@0:1500",
        "lead@0:1500",
        "yixian@0:1500",
    ]


def test_fifty_ticks_send_each_message_once_and_log_it_once(ladder, caplog):
    now = moment(18, 10)
    with weeks.at(now), caplog.at_level("INFO", logger="ydjy.notices"):
        for _ in range(50):
            tasks.run(now)
    assert Notice.objects.count() == 1
    assert len([r for r in caplog.records if r.name == "ydjy.notices"]) == 1


def test_on_the_first_page_stands_only_the_newest_message_of_a_week(ladder, cast):
    climb(ladder, moment(18, 10), moment(19, 10))
    [newest] = Notice.objects.visible_to(cast.yixian).unread()
    assert newest.key == "2026-W47:1:1000"
    assert Notice.objects.visible_to(cast.yixian).count() == 2


def test_after_a_week_without_a_tick_only_the_latest_rung_is_climbed(ladder):
    assert climb(ladder, moment(20, 15, 30)) == [
        "county_lead@0:1500",
        "head@0:1500",
        "lead@0:1500",
        "yixian@0:1500",
    ]


def test_nobody_is_reminded_at_night_or_on_a_day_off(ladder):
    assert climb(ladder, moment(18, 20), moment(21, 10), moment(22, 10)) == []


def test_a_finished_week_reminds_nobody(ladder, cast):
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(ladder, cast.yixian)
    assert climb(ladder, moment(20, 15)) == []


def test_the_deputy_is_reminded_for_a_person_who_is_away(ladder, cast):
    Duty.objects.create(
        office=cast.office["yixian"], kind="away", person=cast.yixian, deputy=cast.reviewer,
        valid_from=date(2026, 11, 16), valid_to=date(2026, 11, 20),
    )  # fmt: skip
    assert climb(ladder, moment(18, 10)) == ["reviewer@2:1000"]


def test_a_holiday_moves_the_ladder_with_the_cut_off(cast):
    sync_calendar()
    reminders.sync_ladder()
    batch = Batch.objects.of_week(2026, 40)  # due on Wednesday 30 September
    step = ReminderStep.objects.get(days_before=2)
    from apps.offices.models import official_calendar

    calendar = official_calendar(batch.monday, batch.monday)
    assert reminders.moment(step, batch, calendar).date() == date(2026, 9, 28)


def test_urging_twice_on_a_day_tells_each_person_once(ladder, cast):
    with weeks.at(weeks.FRIDAY):
        assert reminders.urge(ladder, by=cast.lead, now=weeks.FRIDAY) == 1
        assert reminders.urge(ladder, by=cast.lead, now=weeks.FRIDAY + timedelta(minutes=1)) == 0


def test_a_lead_urges_only_the_own_county(ladder, cast):
    with weeks.at(weeks.FRIDAY):
        assert reminders.urge(ladder, by=cast.heishan, now=weeks.FRIDAY) == 0
