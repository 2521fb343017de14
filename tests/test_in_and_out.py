"""M1: who may look may not therefore take out or bring in; for every address there is or will be.

In the stock package an account without a single permission exports every identity number and
imports rows. Here each list that goes out or comes in is one's own permission.
"""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import URLPattern, reverse

from apps.filings.imports import columns as imports_columns
from apps.filings.models import Filing
from apps.filings.models.catalogue import Variant
from apps.offices.models import Office
from tests import cast as casting
from tests.cast import Cast
from tests.test_house import STAFF_PAGES, concrete
from tests.test_scoping import MAKE
from ydjy.desk.models import Export, Reading, Upload

pytestmark = pytest.mark.django_db
IN_OR_OUT = re.compile(
    r"_(export|list_\w+|receive|preview|problems|blank|columns|undo|batch|batch_problems"
    r"|reconcile|compared|look|send_back|download|approve|decline)$"
)
OWN = {"desk_export_download"}  # whoever sees his export may have its file; asked there
LISTS = [(w, e) for w, e in STAFF_PAGES if e.name and IN_OR_OUT.search(e.name)]
LISTS = [(w, e) for w, e in LISTS if e.name not in OWN]


def looker(person: Any) -> Any:
    """Somebody who may look at everything and do nothing."""
    person.groups.clear()
    person.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return person


@pytest.mark.parametrize(("where", "entry"), LISTS, ids=[e.name for _, e in LISTS])
def test_who_may_only_look_is_refused_at_every_door(
    where: str, entry: URLPattern, cast: Cast, client_of: Any
):
    browser = client_of(looker(cast.lead))
    model = next(
        (m for m in MAKE if (entry.name or "").startswith(m._meta.label_lower.replace(".", "_"))),
        None,
    )
    pk = MAKE[model](cast, "yixian").pk if model else 1
    if entry.name == "institutions_listimport_look":
        return  # a page to look at; its steps ask for themselves
    for method in ("get", "post"):
        response = getattr(browser, method)(concrete(where, pk), {"form": "xlsx", "do": "import"})
        assert response.status_code in (403, 405), f"{method} {where}"
    assert not Reading.objects.exists()
    assert Upload.objects.filter(state="confirmed").count() == 0


def test_the_walk_finds_the_doors():
    found = {entry.name for _, entry in LISTS}
    assert {
        "errors_ticket_export",
        "filings_filing_export",
        "institutions_institution_export",
        "offices_office_export",
        "offices_office_list_receive",
        "offices_calendarday_list_look",
        "offices_staff_export",
    } <= found


def test_the_same_person_with_the_permission_gets_through(cast: Cast, client_of: Any):
    """The negative control: it is the permission that opens."""
    person = looker(cast.lead)
    person.user_permissions.add(Permission.objects.get(codename="export_office"))
    answer = client_of(person).post(reverse("admin:offices_office_export"), {"form": "csv"})
    assert answer.status_code == 200
    assert Reading.objects.count() == 1


# Filings -----------------------------------------------------------------------------------------

FILINGS = "admin:filings_filing_export"


@pytest.fixture
def filings(cast: Cast) -> list[Filing]:
    return [casting.filing(cast, place) for place in ("city", "yixian", "heishan")]


def test_a_county_takes_out_its_own_filings_only(cast: Cast, client_of: Any, filings: Any):
    cast.yixian.user_permissions.add(Permission.objects.get(codename="export_filing"))
    answer = client_of(cast.yixian).post(reverse(FILINGS) + "?tab=all", {"form": "csv"})
    text = answer.content.decode("utf-8-sig")
    assert casting.canary("yixian") in text
    assert casting.canary("heishan") not in text
    assert casting.number(1) not in text  # masked


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_exported_filings_come_back_as_what_is_registered_already(
    cast: Cast, client_of: Any, filings: Any, form: str
):
    """X19: one new person among them is the only row that would be registered."""
    asked = {"form": form, "full": "on", "reason": "往返"}
    answer = client_of(cast.lead).post(reverse(FILINGS) + "?tab=all", asked)
    assert casting.canary("city") in answer.content.decode("utf-8-sig", "replace") or form == "xlsx"
    upload = imports_columns.receive(
        answer.content, f"导出.{form}", by=cast.lead, variant=casting.variant().pk
    )
    assert (upload.duplicate, upload.rows_in) == (3, 3)
    assert "重复 3 行" in upload.message
    said = list(upload.rows.values_list("message", flat=True))
    assert sorted(said) == sorted(f"已经登记过：{f.number}。" for f in filings)


def test_what_is_over_or_of_another_kind_does_not_come_back_as_new(
    cast: Cast, client_of: Any, filings: Any
):
    over, other, _ = filings
    other.variant = Variant.objects.create(category=other.variant.category, name="另一类")
    other.save()
    over.withdraw(by=cast.lead, reason="x")
    data = (
        client_of(cast.lead)
        .post(reverse(FILINGS) + "?tab=all", {"form": "xlsx", "full": "on", "reason": "往返"})
        .content
    )
    upload = imports_columns.receive(data, "x.xlsx", by=cast.lead, variant=casting.variant().pk)
    assert (upload.duplicate, upload.rows_in) == (3, 3)
    Upload.objects.update(state="abandoned")
    upload = imports_columns.receive(data, "y.xlsx", by=cast.heishan, variant=casting.variant().pk)
    assert (upload.duplicate, upload.rejected, upload.accepted) == (1, 1, 1)
    assert "请按类别分成几张表" in upload.rows.get(status="rejected").message


def test_a_masked_list_of_filings_registers_nobody(cast: Cast, client_of: Any, filings: Any):
    answer = client_of(cast.lead).post(reverse(FILINGS) + "?tab=all", {"form": "xlsx"})
    upload = imports_columns.receive(
        answer.content, "导出.xlsx", by=cast.lead, variant=casting.variant().pk
    )
    assert (upload.rejected, upload.accepted) == (3, 0)


# Staff -------------------------------------------------------------------------------------------


def test_the_list_of_staff_has_no_secret_in_it(cast: Cast, client_of: Any):
    cast.lead.second_factor = "JBSWY3DPEHPK3PXP"
    cast.lead.save()
    answer = client_of(cast.operator).post(reverse("admin:offices_staff_export"), {"form": "csv"})
    text = answer.content.decode("utf-8-sig")
    assert "刘敏" in text
    assert "JBSWY3DPEHPK3PXP" not in text
    assert "pbkdf2" not in text and "argon2" not in text and "md5$" not in text
    assert "超级" not in text  # a superuser is not on that list


def test_an_export_leaves_offices_as_they_were(cast: Cast, client_of: Any):
    before = list(Office.objects.order_by("pk").values())
    client_of(cast.directory).post(reverse("admin:offices_office_export"), {"form": "xlsx"})
    assert list(Office.objects.order_by("pk").values()) == before
    assert not Export.objects.exists()
