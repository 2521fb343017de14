"""等我办: for every kind of work that waits, who is told of it, where it is, and when it is gone.

The table names of each kind how one comes about, who is to see it, and what ends it; a kind that
is registered without standing here is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from apps.errors.exchange import outbox
from apps.errors.intake import review as intake_review
from apps.errors.models import Batch, ReturnFile
from apps.errors.returns import build as returns_build
from apps.errors.returns.state import in_words
from apps.filings.models.transitions import Status
from apps.institutions.imports import workflow
from apps.institutions.models import ListImport
from apps.offices.models import Role, Staff
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.exports import files as exports_files
from ydjy.desk.imports import cleanup
from ydjy.desk.models import Export, StagedRow, Upload
from ydjy.lib.workdays import SHANGHAI
from ydjy.staff_site import waiting

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 19, 15, 0, tzinfo=SHANGHAI)
KINDS = {kind.key: kind for kind in waiting.KINDS}


@pytest.fixture(autouse=True)
def _thursday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(cast) -> Cast:
    """The cast, with a second lead and a reviewer at the city."""
    for key, name, role in (("lead2", "钱进", Role.CITY_LEAD), ("second", "周强", Role.REVIEWER)):
        cast.staff[key] = Staff.objects.create_user(
            key, name=name, role=role, office=cast.office["city"], is_staff=True
        )
    return cast


# How one of each kind comes about ----------------------------------------------------------------


def file(cast: Cast, state: str, **more: Any) -> ReturnFile:
    made = casting.return_file(cast)
    Upload.objects.update(state=Upload.State.CONFIRMED)
    ReturnFile.objects.update(state=state, made_by=cast.lead, **more)
    made.refresh_from_db()
    return made


def upload(cast: Cast, state: str, status: str = "accepted") -> Upload:
    made = casting.upload(cast, state=state)
    StagedRow.objects.create(
        upload=made, position=1, sheet="报错", row=7, status=status, cells=["x"], values={}
    )
    return made


def owed(cast: Cast) -> Upload:
    batch = casting.batch()
    batch.received_at = batch.returned_at = timezone.now()
    batch.save()
    return upload(cast, Upload.State.CONFIRMED)


def row(cast: Cast) -> StagedRow:
    casting.batch()
    return upload(cast, Upload.State.CONFIRMED, "held").rows.get()


def filing(cast: Cast, status: str, **more: Any) -> Any:
    return casting.filing(cast, status=status, created_by=cast.county_lead, **more)


def asked(cast: Cast) -> Any:
    decided = {"decided_at": timezone.now(), "decided_by": cast.lead}
    made = filing(cast, Status.APPROVED, **decided)
    made.ask_revoke(by=cast.yixian, reason="填错了")
    return made


def offered(cast: Cast) -> Any:
    made = casting.ticket(cast, assignee=cast.yixian, status="working")
    made.hand_over(cast.reviewer, by=cast.yixian)
    return made


def stranded(cast: Cast) -> Any:
    gone = casting.colleague(cast, "yixian")
    Staff.objects.filter(pk=gone.pk).update(is_active=False)
    return casting.ticket(cast, assignee=gone, status="working")


def left(cast: Cast) -> Any:
    gone = casting.colleague(cast, "yixian")
    Staff.objects.filter(pk=gone.pk).update(is_active=False)
    return casting.filing(cast, status=Status.DRAFT, created_by=gone)


def listed(cast: Cast, state: str) -> ListImport:
    came = casting.upload(cast, kind="institutions", received_by=cast.lead)
    return ListImport.objects.create(upload=came, state=state, drafted_by=cast.lead)


def export(cast: Cast, state: str, **more: Any) -> Export:
    made = casting.export(cast)
    values = {"asked_by": cast.lead, "expires_at": NOW + timedelta(days=1), "state": state, **more}
    Export.objects.filter(pk=made.pk).update(**values)
    made.refresh_from_db()
    return made


@dataclass(frozen=True)
class Case:
    make: Callable[[Cast], Any]
    seen_by: str
    done: Callable[[Any, Cast], Any]
    shown: Callable[[Any], str] = str


LEADS = "lead lead2"
DECIDERS = "reviewer second lead lead2"
CASES = {
    "sign_file": Case(
        lambda c: file(c, "prepared"),
        "second lead2",
        lambda f, c: returns_build.send_back_draft(f, by=c.second, reason="第 2 行"),
        lambda f: f.filename,
    ),
    "refused_file": Case(
        lambda c: file(c, "refused", dropped_because="周强：第 2 行"),
        LEADS,
        lambda f, c: ReturnFile.objects.update(state="dropped"),
        lambda f: "周强：第 2 行",
    ),
    "unsent_file": Case(
        lambda c: file(c, "signed", signed_by=c.second, signed_at=NOW),
        LEADS,
        lambda f, c: outbox.hand_in(f, by=c.lead, words="邮箱"),
        lambda f: f.filename,
    ),
    "owed_file": Case(
        owed,
        LEADS,
        lambda up, c: ReturnFile.objects.create(
            batch=Batch.objects.get(), upload=up, version=1, filename="x", sha256="", stored="",
            rows=1, answered=1, unfinished=0, made_at=NOW, signed_at=NOW,
        ),
        lambda up: up.filename,
    ),
    "offered_ticket": Case(offered, "reviewer", lambda t, c: t.accept(by=c.reviewer)),
    "stranded_ticket": Case(
        stranded, "county_lead lead lead2", lambda t, c: t.assign(c.yixian, by=c.lead)
    ),
    "import_upload": Case(
        lambda c: upload(c, Upload.State.STAGED),
        LEADS,
        lambda up, c: cleanup.abandon(up),
        lambda up: up.filename,
    ),
    "judge_row": Case(
        row,
        LEADS,
        lambda r, c: intake_review.decline(r, by=c.lead, reason="不是本市的人"),
        lambda r: "第 7 行",
    ),
    "review_filing": Case(
        lambda c: filing(c, Status.PENDING),
        DECIDERS,
        lambda f, c: f.reject(by=c.reviewer, reason="不符合"),
    ),
    "panel_filing": Case(
        lambda c: filing(c, Status.PANEL),
        DECIDERS,
        lambda f, c: f.reject(by=c.reviewer, reason="不符合"),
    ),
    "revoke_filing": Case(
        asked, DECIDERS, lambda f, c: f.revoke(by=c.reviewer)
    ),
    "left_filing": Case(
        left,
        f"{DECIDERS} county_lead yixian",
        lambda f, c: f.withdraw(by=c.yixian, reason="不办了"),
    ),
    "supplement_filing": Case(
        lambda c: filing(c, Status.SUPPLEMENT),
        f"{DECIDERS} county_lead yixian",
        lambda f, c: f.withdraw(by=c.yixian, reason="不办了"),
    ),
    "publish_list": Case(
        lambda c: listed(c, "draft"),
        "lead2 directory root",
        lambda one, c: workflow.hand_back(one),
        lambda one: one.upload.filename,
    ),
    "check_list": Case(
        lambda c: listed(c, "staged"),
        f"{LEADS} directory root",
        lambda one, c: workflow.abandon(one),
        lambda one: one.upload.filename,
    ),
    "approve_export": Case(
        lambda c: export(c, "waiting"),
        "lead2 head",
        lambda e, c: exports_files.decide(e, by=c.head, allow=False, words="太多"),
        lambda e: reverse("admin:desk_export_change", args=[e.pk]),
    ),
    "my_export": Case(
        lambda c: export(c, "ready", decided_by=c.head),
        "lead",
        lambda e, c: exports_files.note(e),
        lambda e: reverse("admin:desk_export_change", args=[e.pk]),
    ),
}  # fmt: skip


def told(cast: Cast, key: str) -> set[str]:
    """Everybody to whom that kind is told, by the names of the cast."""
    return {
        who
        for who, person in cast.staff.items()
        if any(one.kind.key == key for one in waiting.line(person, timezone.now()))
    }


def test_every_kind_has_its_case():
    assert set(CASES) == set(KINDS)
    assert len(waiting.KINDS) == len(KINDS)


@pytest.mark.parametrize("key", CASES)
def test_whoever_may_act_is_told_and_nobody_else_until_it_is_done(desk, client_of, key):
    case, kind = CASES[key], KINDS[key]
    assert told(desk, key) == set()
    item = case.make(desk)
    assert told(desk, key) == set(case.seen_by.split())
    for who in case.seen_by.split():
        browser = client_of(desk.staff[who])
        home = browser.get(reverse("admin:index")).content.decode()
        assert f"{kind.words} <b>1</b>" in home, who
        assert kind.url.replace("&", "&amp;") in home, who
        page = browser.get(kind.url)
        assert page.status_code == 200, (who, kind.url)
        assert case.shown(item) in page.content.decode(), (who, kind.url)
    case.done(item, desk)
    assert told(desk, key) == set()


def test_all_kinds_are_counted_by_one_query_beside_those_of_the_scope(
    desk, django_assert_max_num_queries
):
    lead = Staff.objects.get(pk=desk.lead.pk)
    waiting.line(lead, NOW)  # permissions, office
    with django_assert_max_num_queries(2):
        waiting.line(lead, NOW)


# The week ----------------------------------------------------------------------------------------


def test_the_first_page_says_how_far_the_return_is(desk, client_of):
    draft = file(desk, "prepared")
    for order, state in enumerate(("refused", "signed")):
        other = casting.upload(desk, "city", sha256=f"{order + 8:064d}", state="confirmed")
        signed = {"signed_at": NOW, "signed_by": desk.second} if state == "signed" else {}
        ReturnFile.objects.create(
            batch=draft.batch, upload=other, version=1, filename=f"{order}.xlsx", sha256="",
            stored="", rows=1, answered=1, unfinished=0, made_at=NOW, state=state,
            dropped_because="周强：姓名不对", made_by=desk.lead, **signed,
        )  # fmt: skip
    outbox.hand_in(ReturnFile.objects.signed().get(), by=desk.lead, words="邮箱")
    html = client_of(desk.lead).get(reverse("admin:index")).content.decode()
    assert "返回表：1 份已送达 · 1 份待复核 · 1 份被退回" in html
    assert "被退回修改。</b>周强：姓名不对。" in html
    assert "份" not in client_of(desk.yixian).get(reverse("admin:index")).content.decode()
    assert in_words([]) == ""


def week(number: int, **more: Any) -> Batch:
    due = datetime.fromisocalendar(2026, number, 5).replace(hour=16, tzinfo=SHANGHAI)
    return Batch.objects.create(
        iso_year=2026, iso_week=number, intake_on=date.fromisocalendar(2026, number, 1),
        due_at=due, received_at=due - timedelta(days=4), **more,
    )  # fmt: skip


def test_every_week_that_nobody_returned_stays_red_on_the_first_page_of_leads_and_heads(
    desk, client_of
):
    for number in range(39, 46):
        week(number, returned_at=NOW)
    week(38)
    lacking = week(46)
    casting.ticket(desk, batch=lacking)
    for who in ("lead", "county_lead", "head"):
        html = client_of(desk.staff[who]).get(reverse("admin:index")).content.decode()
        assert "2026-W38 还没有返回省里。" in html, who
        assert "结果都有了，返回表还没有送达" in html, who
        assert "2026-W46 还没有返回省里。</b>返回期限已过 5 天 23 小时，还有 1 条没有结果。" in html
    hers = client_of(desk.yixian).get(reverse("admin:index")).content.decode()
    assert "还没有返回省里" not in hers
    Batch.objects.filter(received_at__isnull=False).update(returned_at=NOW)
    html = client_of(desk.lead).get(reverse("admin:index")).content.decode()
    assert "还没有返回省里" not in html
