"""Nobody who is away gets a line by itself, and where nobody is there the lines say so."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from apps.errors.models import Ticket
from apps.offices.models import Duty, Role, Staff
from tests.errors import weeks

pytestmark = pytest.mark.django_db
WEEK = {"valid_from": date(2026, 11, 16), "valid_to": date(2026, 11, 20)}


def away(cast, person, deputy, **more):
    days = WEEK | more
    return Duty.objects.create(
        office=cast.office["yixian"], kind="away", person=person, deputy=deputy, **days
    )


def holders(batch) -> set[str]:
    return {str(ticket.assignee or "") for ticket in batch.tickets.select_related("assignee")}


@pytest.fixture
def second(cast) -> Staff:
    """李明, a further clerk of 义县."""
    return Staff.objects.create_user(
        "second", name="李明", role=Role.CLERK, office=cast.office["yixian"], is_staff=True
    )


def test_a_clerk_who_is_here_gets_the_lines(cast):
    assert holders(weeks.received(cast)) == {"王芳"}


def test_the_lines_of_one_who_is_away_go_to_the_others_of_the_office(cast, second):
    away(cast, cast.yixian, cast.county_lead)
    assert holders(weeks.received(cast)) == {"李明"}


def test_where_all_are_away_the_deputies_get_them(cast, second):
    away(cast, cast.yixian, cast.reviewer)
    away(cast, second, cast.county_lead)
    assert holders(weeks.received(cast)) == {"孙伟", "周涛"}


def test_an_absence_of_other_days_changes_nothing(cast):
    away(cast, cast.yixian, cast.reviewer, valid_from=date(2026, 11, 17))
    assert holders(weeks.received(cast)) == {"王芳"}


def test_where_nobody_is_there_the_ticket_and_the_board_say_so(cast, client_of):
    away(cast, cast.yixian, cast.reviewer)
    away(cast, cast.reviewer, cast.yixian)  # typed past the form
    batch = weeks.received(cast)
    assert holders(batch) == {""}
    words = "义县医保中心的经办人和他们的B角今天都不在岗"
    assert f"{words}，还没有分派" in batch.tickets.first().events.get().words
    with weeks.at(weeks.FRIDAY):
        browser = client_of(cast.lead)
        home = browser.get(reverse("admin:index")).content.decode()
        assert f"{words}，4 条还没有分派。" in home
        hers = client_of(cast.heishan).get(reverse("admin:index")).content.decode()
        assert words not in hers
    Duty.objects.all().delete()
    with weeks.at(weeks.FRIDAY):
        assert words not in browser.get(reverse("admin:index")).content.decode()


def test_a_deputy_who_has_left_or_cannot_see_the_office_gets_none(cast):
    away(cast, cast.yixian, cast.heishan)
    assert holders(weeks.received(cast)) == {""}
    assert Ticket.objects.filter(assignee=cast.heishan).count() == 0


@pytest.mark.parametrize(
    ("deputy", "words"),
    [
        ("heishan", "李强看不到义县医保中心的工单，不能做王芳的B角"),
        ("township", "赵丽看不到"),
        ("head", "郑局看不到"),
        ("directory", "请选本机构或上级机构办理报错的人"),
    ],
)
def test_a_deputy_who_cannot_see_the_work_is_refused_in_words(cast, deputy, words):
    row = Duty(
        office=cast.office["yixian"], kind="away", person=cast.yixian,
        deputy=getattr(cast, deputy), **WEEK,
    )  # fmt: skip
    with pytest.raises(ValidationError, match=words):
        row.full_clean()


def test_a_colleague_or_a_lead_above_may_stand_in(cast):
    for deputy in (cast.reviewer, cast.county_lead, cast.lead):
        Duty(
            office=cast.office["yixian"], kind="away", person=cast.yixian, deputy=deputy, **WEEK
        ).full_clean()


def test_somebody_who_stands_in_for_another_does_not_go_away_unnoticed(cast):
    away(cast, cast.yixian, cast.reviewer)
    gone = Duty(
        office=cast.office["yixian"], kind="away", person=cast.reviewer,
        deputy=cast.county_lead, **WEEK,
    )  # fmt: skip
    with pytest.raises(ValidationError, match="孙伟那几天是王芳的B角，请先给王芳换一位"):
        gone.full_clean()
