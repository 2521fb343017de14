"""The list and the page of tickets: who sees what, and that nothing typed is ever lost."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.errors.models import CauseCode, Snippet, Ticket, TicketEvent
from apps.errors.tickets import filters
from apps.offices.models import Duty
from tests import cast as casting
from tests import pageforms
from tests.errors import weeks

LIST = "admin:errors_ticket_changelist"


@pytest.fixture
def rows(cast):
    """One ticket for each office; 义县's belongs to its clerk."""
    made = {place: casting.ticket(cast, place) for place in casting.PLACES}
    made["yixian"].assign(cast.yixian, by=cast.lead)
    return made


@pytest.fixture
def cause(db):
    return casting.cause()


def page_of(ticket):
    return reverse("admin:errors_ticket_change", args=[ticket.pk])


def typed(ticket, **more):
    return {"version": ticket.version, "cause": "", "result": "", "note": "", **more}


# Seeing ----------------------------------------------------------------------------------------


def test_a_county_clerk_sees_only_the_county_and_below(cast, rows, client_of):
    html = client_of(cast.yixian).get(reverse(LIST), {"tab": "all"}).content.decode()
    assert rows["yixian"].number in html
    assert rows["township"].number in html
    assert rows["heishan"].number not in html
    assert rows["city"].number not in html


def test_another_countys_ticket_does_not_exist(cast, rows, client_of):
    browser = client_of(cast.yixian)
    assert browser.get(page_of(rows["heishan"])).status_code == 404
    answer = browser.post(page_of(rows["heishan"]), typed(rows["heishan"], do="take"))
    assert answer.status_code == 404
    rows["heishan"].refresh_from_db()
    assert rows["heishan"].assignee is None


@pytest.mark.parametrize("who", ["directory", "operator", "auditor", "nobody"])
def test_people_without_a_case_role_may_not_open_the_list(cast, rows, client_of, who):
    assert client_of(getattr(cast, who)).get(reverse(LIST)).status_code == 403


def test_a_superuser_without_a_role_sees_no_ticket(cast, rows, client_of):
    html = client_of(cast.root).get(reverse(LIST), {"tab": "all"}).content.decode()
    assert not any(ticket.number in html for ticket in rows.values())


def test_names_in_the_list_are_masked_and_numbers_absent(cast, rows, client_of):
    html = client_of(cast.lead).get(reverse(LIST), {"tab": "all"}).content.decode()
    person = rows["yixian"].name
    assert f"{person[0]}**{person[-1]}" in html
    assert f">{person}<" not in html
    assert casting.number(1) not in html


def test_every_counter_equals_its_list(cast, rows, client_of):
    rows["city"].take(by=cast.lead)
    rows["city"].wait(by=cast.lead, whom="医院")
    rows["township"].answer(by=cast.lead, cause=casting.cause(), result="已补办。")
    late = casting.batch()
    late.due_at = timezone.now() - timedelta(hours=1)
    late.save()
    browser = client_of(cast.lead)
    for tab in filters.TABS:
        context = browser.get(reverse(LIST), {"tab": tab}).context_data
        counted = {t["label"]: t["count"] for t in context["tabs"]}
        number = counted[filters.TABS[tab]]
        assert number == (None if tab in filters.UNCOUNTED else len(context["rows"])), tab
    assert counted["逾期"] == 3  # a control: the counters are not all zero


def test_clerks_begin_with_their_own_and_leads_with_everything_open(cast, rows, client_of):
    assert client_of(cast.yixian).get(reverse(LIST)).context_data["tab"] == "mine"
    assert client_of(cast.lead).get(reverse(LIST)).context_data["tab"] == "open"


def test_an_empty_list_of_mine_points_to_the_unassigned(cast, client_of):
    casting.ticket(cast, "heishan")
    html = client_of(cast.heishan).get(reverse(LIST)).content.decode()
    assert "你手上没有待办。" in html
    assert "看未分派的 1 条" in html


def test_pasted_numbers_are_exactly_these_tickets(cast, rows, client_of):
    wanted = [rows["city"].number, rows["heishan"].number]
    answer = client_of(cast.lead).post(
        reverse("admin:errors_ticket_find"), {"q": "\n".join(wanted)}, follow=True
    )
    assert [t.number for t in answer.context_data["rows"]] == sorted(wanted, reverse=True)


def test_a_search_looks_in_every_tab(cast, rows, client_of):
    rows["yixian"].answer(by=cast.yixian, cause=casting.cause(), result="已补办。")
    answer = client_of(cast.yixian).post(
        reverse("admin:errors_ticket_find"), {"q": rows["yixian"].number}, follow=True
    )
    assert [t.pk for t in answer.context_data["rows"]] == [rows["yixian"].pk]


def test_a_hospital_is_found_by_a_part_of_its_name(cast, rows, client_of):
    answer = client_of(cast.lead).get(reverse(LIST), {"q": "黑鸣医院"})
    assert [t.pk for t in answer.context_data["rows"]] == [rows["heishan"].pk]


def test_drop_downs_name_only_what_the_persons_rows_have(cast, rows, client_of):
    rows["heishan"].assign(cast.heishan, by=cast.lead)
    html = client_of(cast.yixian).get(reverse(LIST), {"tab": "all"}).content.decode()
    assert "王芳" in html
    assert "李强" not in html


def test_a_value_that_is_not_offered_finds_nothing(cast, rows, client_of):
    answer = client_of(cast.yixian).get(reverse(LIST), {"tab": "all", "who": cast.heishan.pk})
    assert answer.context_data["rows"] == []


def test_the_list_needs_the_same_few_queries_however_long(
    cast, rows, client_of, django_assert_max_num_queries
):
    browser = client_of(cast.lead)
    browser.get(reverse(LIST), {"tab": "all"})  # the first visit also notes the session's clock
    with django_assert_max_num_queries(25):
        browser.get(reverse(LIST), {"tab": "all"})
    for order in range(30):
        casting.ticket(cast, "yixian", number=f"2026W47-1{order:02d}", assignee=cast.yixian)
    with django_assert_max_num_queries(25):
        assert len(browser.get(reverse(LIST), {"tab": "all"}).context_data["rows"]) == 34


# Assigning -------------------------------------------------------------------------------------


def assign(browser, to, *tickets, **more):
    """The button of the list asks how many; the page that opens does it."""
    typed = {"verb": "assign", "to": to.pk, "_selected_action": [t.pk for t in tickets], **more}
    return browser.post(
        reverse("admin:errors_ticket_bulk_page"), typed, follow=True
    ).content.decode()


def test_many_are_assigned_with_one_message_that_counts(cast, rows, client_of):
    browser = client_of(cast.lead)
    assert 'name="verb" value="assign"' in browser.get(reverse(LIST)).content.decode()
    chosen = (cast.yixian, rows["yixian"], rows["township"])
    assert "会改 2 条" in assign(browser, *chosen)
    assert not Ticket.objects.filter(events__bulk__isnull=False).exists()
    assert "已分派 2 条" in assign(browser, *chosen, confirm="1")
    assert Ticket.objects.filter(assignee=cast.yixian, status="working").count() == 2
    assert TicketEvent.objects.filter(verb="assign", bulk__isnull=False).count() == 2


def test_nobody_is_given_a_ticket_of_another_county(cast, rows, client_of):
    html = assign(client_of(cast.lead), cast.yixian, rows["heishan"])
    assert "会改 0 条" in html
    assert "那位同事看不到" in html
    assign(client_of(cast.lead), cast.yixian, rows["heishan"], confirm="1")
    rows["heishan"].refresh_from_db()
    assert rows["heishan"].status == "new"


def test_a_county_lead_cannot_reach_beyond_the_county(cast, rows, client_of):
    chosen = (rows["yixian"], rows["heishan"])
    assign(client_of(cast.county_lead), cast.heishan, *chosen, confirm="1")
    rows["heishan"].refresh_from_db()
    rows["yixian"].refresh_from_db()
    assert rows["heishan"].assignee is None
    assert rows["yixian"].assignee == cast.yixian


def test_a_clerk_has_no_way_to_assign(cast, rows, client_of):
    html = assign(client_of(cast.yixian), cast.township, rows["township"], confirm="1")
    assert "已分派" not in html
    rows["township"].refresh_from_db()
    assert rows["township"].assignee is None


# Standing in -----------------------------------------------------------------------------------


@pytest.fixture
def away(cast, rows):
    """王芳 is away this week; 孙伟 of the same office stands in for her."""
    today = timezone.localdate()
    return Duty.objects.create(
        office=cast.office["yixian"], kind="away", person=cast.yixian, deputy=cast.reviewer,
        valid_from=today, valid_to=today + timedelta(days=4),
    )  # fmt: skip


def mine(browser):
    context = browser.get(reverse(LIST), {"tab": "mine"}).context_data
    count = next(tab["count"] for tab in context["tabs"] if tab["label"] == "我的待办")
    assert count == len(context["rows"])
    return [row.number for row in context["rows"]]


def test_the_tickets_of_a_person_who_is_away_are_the_deputys_to_do(
    cast, rows, away, cause, client_of
):
    browser, number = client_of(cast.reviewer), rows["yixian"].number
    assert mine(browser) == [number]
    home = browser.get(reverse("admin:index")).content.decode()
    assert "办我的 1 条" in home
    html = browser.get(page_of(rows["yixian"])).content.decode()
    assert "不在岗，由你代办" in html
    assert "我的待办 1 / 1" in " ".join(html.split())

    rows["yixian"].take(by=cast.reviewer)
    assert mine(browser) == [number]
    assert mine(client_of(cast.yixian)) == []


def test_nobody_else_and_on_no_other_day_does_one_stand_in(cast, rows, away, client_of):
    assert mine(client_of(cast.county_lead)) == []
    away.valid_from = away.valid_to = timezone.localdate() + timedelta(days=9)
    away.save()
    assert mine(client_of(cast.reviewer)) == []


# Working ---------------------------------------------------------------------------------------


def test_the_list_one_came_from_is_kept_from_ticket_to_ticket(cast, rows, cause, client_of):
    third = casting.ticket(cast, "yixian", number="2026W47-101", err_code="1101")
    second = casting.ticket(cast, "yixian", number="2026W47-100", err_code="1101")
    browser, query = client_of(cast.yixian), "tab=open&code=1101"
    html = browser.get(f"{reverse(LIST)}?{query}").content.decode()
    link = f"{page_of(second)}?{urlencode({'from': query})}"
    assert link in html
    page = browser.get(link).content.decode()
    assert "列表 1 / 2" in " ".join(page.split())
    assert f'href="{reverse(LIST)}?{query.replace("&", "&amp;")}"' in page

    def answered(ticket):
        words = typed(ticket, do="answer_next", cause=cause.pk, result="好。")
        return browser.post(page_of(ticket), words | {"from": query}).url

    assert answered(second) == f"{page_of(third)}?{urlencode({'from': query})}"
    assert answered(third) == f"{reverse(LIST)}?{query}"


def test_a_list_that_makes_no_sense_is_ones_own(cast, rows, client_of):
    html = client_of(cast.yixian).get(page_of(rows["yixian"]), {"from": "p=x&o=y"}).content.decode()
    assert "1 / 1" in html


def test_saving_with_an_answer_goes_on_to_the_next_of_mine(cast, rows, cause, client_of):
    rows["township"].assign(cast.yixian, by=cast.lead)
    answer = client_of(cast.yixian).post(
        page_of(rows["yixian"]),
        typed(
            rows["yixian"], do="answer_next", cause=cause.pk, result="已补办备案。", note="问过本人"
        ),
    )
    assert answer.url == page_of(rows["township"])
    rows["yixian"].refresh_from_db()
    assert (rows["yixian"].status, rows["yixian"].note) == ("answered", "问过本人")
    assert rows["yixian"].answered_by == cast.yixian


def test_saving_without_an_answer_keeps_the_draft_and_the_state(cast, rows, cause, client_of):
    answer = client_of(cast.yixian).post(
        page_of(rows["yixian"]),
        typed(rows["yixian"], do="save", cause=cause.pk, note="等他回电话"),
        follow=True,
    )
    assert f"{rows['yixian'].number} 已保存，还没有处理结果。" in answer.content.decode()
    rows["yixian"].refresh_from_db()
    assert (rows["yixian"].status, rows["yixian"].note) == ("working", "等他回电话")
    assert rows["yixian"].cause == cause
    assert rows["yixian"].events.first().verb == TicketEvent.Verb.NOTE


def test_what_is_refused_keeps_every_word(cast, rows, cause, client_of):
    html = (
        client_of(cast.yixian)
        .post(
            page_of(rows["yixian"]),
            typed(rows["yixian"], do="answer_next", result="写了一半", note="备注也在"),
        )
        .content.decode()
    )
    assert "请选择原因。" in html
    assert "写了一半" in html
    assert "备注也在" in html


def test_a_stale_save_shows_both_texts_and_the_second_press_saves(cast, rows, cause, client_of):
    seen = rows["yixian"].version
    other = Ticket.objects.get(pk=rows["yixian"].pk)
    other.answer(by=cast.reviewer, cause=cause, result="同事写的结果。")
    browser = client_of(cast.yixian)
    mine = typed(other, do="save", cause=cause.pk, result="我写的结果。") | {"version": seen}
    page = browser.post(page_of(other), mine)
    html = page.content.decode()
    assert "孙伟" in html
    assert "刚改过这条" in html
    assert "同事写的结果。" in html
    assert "我写的结果。" in html
    other.refresh_from_db()
    assert other.result == "同事写的结果。"
    browser.post(page_of(other), mine | {"version": page.context_data["form"]["version"].value()})
    other.refresh_from_db()
    assert other.result == "我写的结果。"


def test_each_button_calls_its_verb(cast, rows, cause, client_of):
    browser, ticket = client_of(cast.reviewer), rows["yixian"]

    def press(do, **more):
        ticket.refresh_from_db()
        browser.post(page_of(ticket), typed(ticket, do=do, **more))
        ticket.refresh_from_db()
        return ticket.status

    assert press("take") == "working"
    assert ticket.assignee == cast.reviewer
    assert press("wait", waiting_for="医院医保办") == "waiting"
    assert press("refer_up", words="查过备案，没有问题") == "waiting"
    assert ticket.waiting_for == "市医保中心"
    assert press("save", cause=cause.pk, result="已办好。") == "answered"
    assert press("reopen", words="省里说不对") == "working"


def test_copying_fills_in_the_words_and_saves_nothing(cast, rows, cause, client_of):
    ticket = rows["yixian"]
    ticket.diagnosis = {"reason": "没有备案", "proposal": "已告知补办备案。"}
    ticket.proposed_cause = cause
    ticket.save()
    page = client_of(cast.yixian).post(
        page_of(ticket), typed(ticket, copy="proposal", note="已经打好的字")
    )
    form = page.context_data["form"]
    assert form["result"].value() == "已告知补办备案。"
    assert form["cause"].value() == str(cause.pk)
    assert form["note"].value() == "已经打好的字"
    ticket.refresh_from_db()
    assert ticket.result == ""


def test_an_earlier_answer_is_copied_only_from_rows_one_may_see(cast, rows, cause, client_of):
    rows["heishan"].answer(by=cast.heishan, cause=cause, result="黑山县的答复。")
    page = client_of(cast.yixian).post(
        page_of(rows["yixian"]), typed(rows["yixian"], copy=str(rows["heishan"].pk))
    )
    assert "黑山县的答复" not in page.content.decode()


def test_the_page_shows_the_persons_filings_of_the_own_office_only(cast, rows, client_of):
    own = casting.filing(cast, "yixian")
    foreign = casting.filing(cast, "heishan", cert_no=casting.number(1))
    html = client_of(cast.yixian).get(page_of(rows["yixian"])).content.decode()
    assert own.number in html
    assert foreign.number not in html


def test_the_page_hides_the_identity_number(cast, rows, client_of):
    html = client_of(cast.yixian).get(page_of(rows["yixian"])).content.decode()
    assert casting.number(1) not in html
    assert "显示证件号码" in html


def test_a_head_of_the_bureau_looks_and_does_not_touch(cast, rows, client_of):
    browser = client_of(cast.head)
    html = browser.get(page_of(rows["yixian"])).content.decode()
    assert 'id="work"' not in html
    assert browser.post(page_of(rows["yixian"]), {"do": "take"}).status_code == 403


def test_tickets_are_never_added_or_deleted_here(cast, rows, client_of):
    browser = client_of(cast.lead)
    assert browser.get("/admin/errors/ticket/add/").status_code == 403
    delete = reverse("admin:errors_ticket_delete", args=[rows["city"].pk])
    assert browser.post(delete, {"post": "yes"}).status_code == 403


def test_previous_and_next_follow_my_open_tickets(cast, rows, client_of):
    rows["township"].assign(cast.yixian, by=cast.lead)
    queue = client_of(cast.yixian).get(page_of(rows["yixian"])).context_data["queue"]
    assert queue.items() >= {
        "at": 1, "of": 2, "previous": "", "next": page_of(rows["township"])
    }.items()  # fmt: skip


def test_the_page_needs_few_queries(cast, rows, client_of, django_assert_max_num_queries):
    casting.filing(cast, "yixian")
    with weeks.at(weeks.FRIDAY):
        browser = client_of(cast.yixian)
        browser.get(page_of(rows["yixian"]))
        with django_assert_max_num_queries(31):
            browser.get(page_of(rows["yixian"]))


def test_a_lead_changes_the_wording_of_a_cause_and_not_its_code(cast, cause, client_of):
    browser = client_of(cast.lead)
    address = reverse("admin:errors_causecode_change", args=[cause.pk])
    assert 'name="code"' not in browser.get(address).content.decode()
    browser.post(address, pageforms.opened(browser, address) | {"label": "没有备案"})
    assert CauseCode.objects.get(pk=cause.pk).label == "没有备案"


def test_a_further_snippet_is_filled_in_for_the_ticket(cast, rows, cause, client_of):
    snippet = Snippet.objects.create(cause=cause, words="{机构}请重新读卡。")
    html = client_of(cast.yixian).post(
        page_of(rows["yixian"]),
        {"version": rows["yixian"].version, "copy": f"snippet-{snippet.pk}"},
    )
    assert "医院请重新读卡。" in html.context_data["form"].data["result"]
