"""Every list counts and turns its pages by one rule, and is searched by an index."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.errors.models import Ticket
from apps.errors.tickets import filters
from apps.filings.models import Inbound
from apps.institutions.models import Institution
from tests import cast as casting
from tests.cast import Cast
from tests.test_house import PAGES
from ydjy.desk.admin import paginators
from ydjy.desk.admin.person_search import DOTS, PersonSearchMixin
from ydjy.desk.distinct import values_of

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
PEOPLE = [model for model, page in PAGES.items() if isinstance(page, PersonSearchMixin)]
NAME = "阿依古丽{}买买提"


def asked(model: Any, person: Any, **query: str) -> Any:
    request = RequestFactory().get("/", query)
    request.user = person
    return admin.site.get_model_admin(model).get_changelist_instance(request)


@pytest.mark.parametrize("model", PAGES, ids=lambda m: m._meta.label)
def test_every_list_counts_by_the_one_rule(model: Any, cast: Cast):
    assert type(asked(model, cast.lead).paginator) is paginators.CappedPaginator
    assert type(asked(model, cast.lead, q="甲").paginator) is paginators.FoundPaginator


@pytest.mark.parametrize("model", PEOPLE, ids=lambda m: m._meta.label)
def test_a_search_is_made_once_for_its_rows_and_their_number(model: Any, cast: Cast):
    with CaptureQueriesContext(
        connection,
    ) as caught:
        found = asked(model, cast.lead, q="司马")
        list(found.result_list)
    found = [q["sql"] for q in caught if "司马" in q["sql"]]
    searched = [sql for sql in found if f'"{model._meta.db_table}"."id" IN (' not in sql]
    assert len(searched) == 1, searched
    assert "UPPER" not in searched[0]


def plan(rows: Any) -> str:
    """How the engine would find them if there were many."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    return str(rows.explain())


SEARCHED = ("司马", "smy", "2026W47", "E100")


@pytest.mark.parametrize("typed", SEARCHED)
@pytest.mark.parametrize("model", [Ticket, Inbound], ids=lambda m: m._meta.label)
def test_a_search_for_a_person_goes_by_an_index(model: Any, typed: str, cast: Cast):
    page = admin.site.get_model_admin(model)
    said = plan(model.objects.order_by().filter(page.asked(typed)))
    assert f"SCAN {model._meta.db_table}\n" not in f"{said}\n", said
    assert "Seq Scan" not in said, said


def test_no_tab_that_grows_for_ever_is_counted(cast: Cast):
    counts = filters.tab_counts(Ticket.objects.all(), cast.lead, filters.timezone.now())
    assert not counts.keys() & set(filters.UNCOUNTED)


def test_the_values_of_a_column_are_walked_and_not_read(cast: Cast):
    for county in ("义县", "义县", "黑山县", "", "北镇市"):
        Institution.objects.create(name=f"{county}医院", county=county)
    Institution.objects.create(name="上海", county="徐汇区", listed="national")
    assert set(values_of(Institution, "county", most=9)) == {"义县", "黑山县", "北镇市", "徐汇区"}
    assert set(values_of(Institution, "county", most=9, listed="")) == {"义县", "黑山县", "北镇市"}
    assert len(values_of(Institution, "county", most=2)) == 2
    with CaptureQueriesContext(connection) as caught:
        values_of(Institution, "county", most=9, listed="")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        word = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{word} {caught[0]['sql']}")
        said = "\n".join(str(row) for row in cursor.fetchall())
    assert "institution_listed_county" in said, said
    assert "Seq Scan on institutions" not in said, said


def test_the_counties_offered_are_those_of_the_own_lists(cast: Cast, client_of: Callable[..., Any]):
    Institution.objects.create(name="甲", county="义县")
    Institution.objects.create(name="乙", county="徐汇区", listed="national")
    html = client_of(cast.directory).get(reverse("admin:institutions_institution_changelist"))
    assert "?county=%E4%B9%89%E5%8E%BF" in html.content.decode()
    assert "%E5%BE%90%E6%B1%87%E5%8C%BA" not in html.content.decode()


@pytest.mark.parametrize("model", PEOPLE, ids=lambda m: m._meta.label)
@pytest.mark.parametrize("typed", [*DOTS, "．", "･"])
def test_a_name_with_a_dot_is_found_whatever_dot_is_typed(model: Any, typed: str, cast: Cast):
    make = {"filing": casting.filing, "inbound": casting.inbound, "ticket": casting.ticket}
    stored = DOTS if typed in "·．" else DOTS[:2]
    for n, dot in enumerate(stored):
        more = {"number": f"2026W47-10{n}"} if model is Ticket else {}
        make[model._meta.model_name](
            cast, name=NAME.format(dot), cert_no=casting.number(n + 10), **more
        )
    for words in (NAME.format(typed), NAME.format(typed)[:6]):
        found = (
            asked(model, cast.lead, q=words, tab="all")
            if model is not Inbound
            else asked(model, cast.lead, q=words)
        )
        assert len(list(found.result_list)) == len(stored), words


def test_a_hospital_is_found_by_any_part_of_its_name_however_spelled(cast: Cast):
    casting.ticket(cast, inst_name="新疆·阿勒泰第二百零五医院")
    for words in ("阿勒泰", "疆•阿勒", "205医院", "第205医院"):
        assert len(asked(Ticket, cast.lead, q=words, tab="all").result_list) == 1, words
    assert not asked(Ticket, cast.lead, q="206医院", tab="all").result_list
