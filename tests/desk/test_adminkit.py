from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from apps.filings.models import Filing
from apps.institutions.models import Institution, ReferralRight
from apps.offices.models import Hotline, PolicyDocument, Role, Staff
from tests import cast as casting
from tests.cast import Cast, canary
from tests.pageforms import opened
from ydjy.desk.admin.modeladmin import admin_link, admin_verb, masked
from ydjy.desk.models import Change, Reading

pytestmark = pytest.mark.django_db
NUMBER = casting.number(1)


def page(name: str, *args: Any, model: str = "filings_filing") -> str:
    return reverse(f"admin:{model}_{name}", args=args)


def told(response: Any) -> str:
    return "".join(str(message) for message in response.context["messages"])


def typed(browser: Client, row: Filing, **more: Any) -> dict[str, Any]:
    """What the form of this filing would post, with some fields filled in differently."""
    form = browser.get(page("change", row.pk)).context["adminform"].form
    values = {n: form.get_initial_for_field(f, n) or "" for n, f in form.fields.items()}
    values |= {"events-TOTAL_FORMS": 0, "events-INITIAL_FORMS": 0, "settled": ""}
    return values | more


# Verbs -----------------------------------------------------------------------------------------


def test_a_verb_is_done_by_post_and_told_in_a_sentence(cast: Cast, client_of: Any):
    row = casting.filing(cast)
    browser = client_of(cast.yixian)
    assert browser.get(page("submit", row.pk)).status_code == 405
    answer = browser.post(page("submit", row.pk), follow=True)
    assert told(answer) == f"备案 {row.number} 已提交，等另一个人审核。"
    assert Filing.objects.get().status == Filing.Status.PENDING


def test_a_verb_that_is_refused_changes_nothing_and_says_why(cast: Cast, client_of: Any):
    row = casting.filing(cast, created_by=cast.reviewer)
    row.submit(by=cast.reviewer)
    answer = client_of(cast.reviewer).post(page("approve", row.pk), follow=True)
    assert told(answer) == "自己登记的备案要由另一个人审核。"
    assert Filing.objects.get().status == Filing.Status.PENDING


def test_a_refusal_undoes_what_the_verb_did_before_it(
    cast: Cast, client_of: Any, monkeypatch: pytest.MonkeyPatch
):
    def clumsy(self: Filing, *, by: Any) -> None:
        Filing.objects.filter(pk=self.pk).update(reason="half done")
        from ydjy.desk.exceptions import Refused

        raise Refused("不行。")

    row = casting.filing(cast)
    monkeypatch.setattr(Filing, "submit", clumsy)
    client_of(cast.yixian).post(page("submit", row.pk))
    assert Filing.objects.get().reason == ""


def test_a_clerk_decides_nothing_and_is_offered_only_what_is_possible(cast: Cast, client_of: Any):
    row = casting.filing(cast)
    browser = client_of(cast.yixian)
    assert browser.post(page("approve", row.pk)).status_code == 403
    offered = [verb.name for verb in browser.get(page("change", row.pk)).context["verbs"]]
    assert set(offered) == {"submit", "withdraw"}


def test_a_verb_needs_a_permission_at_all():
    with pytest.raises(ValueError, match="permission"):
        admin_verb(())(lambda self, request: None)


# Saves that lose nothing -----------------------------------------------------------------------


def test_a_stale_save_shows_both_texts_and_saves_nothing(cast: Cast, client_of: Any):
    row = casting.filing(cast, person_status="在职")
    mine, theirs = client_of(cast.yixian), client_of(cast.reviewer)
    my_form = typed(mine, row, person_status="我写的")
    assert theirs.post(page("change", row.pk), typed(theirs, row, person_status="他写的")).url
    answer = mine.post(page("change", row.pk), my_form)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "我写的" in text
    assert "他写的" in text
    assert f"{cast.reviewer} " in text
    assert "改过这一条（人员状态）" in text
    assert Filing.objects.get().person_status == "他写的"
    again = my_form | {"seen": answer.context["adminform"].form["seen"].value()}
    assert mine.post(page("change", row.pk), again).status_code == 302
    assert Filing.objects.get().person_status == "我写的"


def test_the_second_of_two_saves_counts_the_version(cast: Cast, client_of: Any):
    row = casting.filing(cast)
    browser = client_of(cast.yixian)
    for n in range(2):
        browser.post(page("change", row.pk), typed(browser, row, person_status=f"第{n}次"))
    assert Filing.objects.get().version == 3


def test_a_blank_number_keeps_the_stored_one(cast: Cast, client_of: Any):
    row = casting.filing(cast)
    browser = client_of(cast.yixian)
    browser.post(page("change", row.pk), typed(browser, row, cert_no="", person_status="退休"))
    assert Filing.objects.get().cert_no.reveal() == NUMBER


def test_a_filing_is_registered_with_its_event_and_only_edited_as_a_draft(
    cast: Cast, client_of: Any
):
    browser = client_of(cast.yixian)
    form = {
        "name": "某某", "cert_no": NUMBER.lower(), "insutype": "310", "insured_area": "210727",
        "variant": casting.variant().pk, "channel": casting.channel().pk,
        "office": cast.office["yixian"].pk, "destination": "310115", "start_on": "2026-11-20",
        "events-TOTAL_FORMS": 0, "events-INITIAL_FORMS": 0,
    }  # fmt: skip
    assert browser.post(page("add"), form).status_code == 302
    row = Filing.objects.get()
    assert [event.verb for event in row.events.all()] == ["register"]
    assert row.created_by == cast.yixian
    assert row.destination == "310000"
    assert browser.post(page("add"), form | {"cert_no": "123"}).status_code == 200
    row.submit(by=cast.yixian)
    assert browser.post(page("change", row.pk), form).status_code == 403
    assert NUMBER not in browser.get(page("change", row.pk)).content.decode()


# Finding a person ------------------------------------------------------------------------------


def test_a_number_becomes_a_token_before_it_is_in_an_address(cast: Cast, client_of: Any):
    row = casting.filing(cast)
    browser = client_of(cast.yixian)
    for ask in (
        lambda: browser.post(page("find"), {"q": f" {NUMBER} "}),
        lambda: browser.get(page("changelist"), {"q": NUMBER}),
    ):
        answer = ask()
        assert answer.status_code == 302
        assert NUMBER not in answer.url
        assert "q=person-" in answer.url
        assert row.number in browser.get(answer.url).content.decode()
    assert Reading.objects.filter(by=cast.yixian, what="按证件号码查找").count() == 2


def test_a_mistyped_number_is_not_searched_and_not_in_the_address(cast: Cast, client_of: Any):
    wrong = NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2")
    answer = client_of(cast.yixian).get(page("changelist"), {"q": wrong}, follow=True)
    assert wrong[:17] not in str(answer.redirect_chain)
    assert "没有查找" in told(answer)


def test_search_is_by_number_name_and_initials_from_the_start(cast: Cast, client_of: Any):
    row = casting.filing(cast, name="王小明")
    browser = client_of(cast.yixian)

    def found(typed: str) -> bool:
        return row.number in browser.get(page("changelist"), {"q": typed}).content.decode()

    assert [found(t) for t in (row.number, row.number[:8], "王小明", "王", "wxm", "W")] == [
        True
    ] * 6
    assert [found(t) for t in ("小明", "xm", "%", "a" * 5000)] == [False] * 4


def test_a_number_is_masked_until_somebody_asks_for_it_and_that_is_logged(
    cast: Cast, client_of: Any
):
    row = casting.filing(cast)
    browser = client_of(cast.yixian)
    for address in (page("changelist"), page("change", row.pk)):
        text = browser.get(address).content.decode()
        assert NUMBER not in text
        assert masked(NUMBER) in text
    assert browser.get(page("reveal", row.pk)).status_code == 405
    assert NUMBER in browser.post(page("reveal", row.pk), {"reason": "打电话核对"}).content.decode()
    reading = Reading.objects.get()
    assert (reading.by, reading.row, reading.reason) == (cast.yixian, str(row.pk), "打电话核对")
    assert client_of(cast.head).post(page("reveal", row.pk)).status_code == 403


# The log of the admin, the log of changes -----------------------------------------------------


def test_the_admins_own_log_names_nobody(cast: Cast, client_of: Any):
    row = casting.filing(cast)
    browser = client_of(cast.yixian)
    browser.post(page("change", row.pk), typed(browser, row, name="司马义名", cert_no=NUMBER))
    entry = LogEntry.objects.get()
    assert entry.object_repr == row.number
    text = f"{entry.object_repr}{entry.change_message}{entry.get_change_message()}"
    assert "司马" not in text
    assert NUMBER not in text
    assert canary("yixian") not in browser.get(page("history", row.pk)).content.decode()


def test_a_request_writes_in_the_name_of_the_person(cast: Cast, client_of: Any):
    row = casting.filing(cast)
    client_of(cast.yixian).post(page("submit", row.pk))
    last = Change.objects.filter(table="filings_filing").order_by("-pk").first()
    assert last.actor == f"staff:{cast.yixian.pk}"


def test_logging_in_is_done_by_the_person_who_logs_in(cast: Cast):
    form = {"username": "yixian", "password": casting.PASSWORD}
    Client().post(reverse("admin:login"), form)
    assert Change.objects.order_by("-pk")[0].actor == f"staff:{cast.yixian.pk}"


def test_an_auditor_reads_who_changed_what_but_not_what_a_case_says(cast: Cast, client_of: Any):
    casting.filing(cast)
    line = Hotline.objects.create(name="咨询", display="0416-12393", tel="0416-12393")
    browser = client_of(cast.auditor)
    case = Change.objects.filter(table="filings_filing").first()
    other = Change.objects.filter(table="offices_hotline", row=str(line.pk)).first()
    assert "备案" in browser.get(page("changelist", model="desk_change")).content.decode()
    text = browser.get(page("change", case.pk, model="desk_change")).content.decode()
    assert "就医地" in text
    assert canary("yixian") not in text
    call_command("seal_changes")
    text = browser.get(page("change", other.pk, model="desk_change")).content.decode()
    assert "0416-12393" in text
    assert browser.post(page("change", other.pk, model="desk_change")).status_code == 403


# Staff -----------------------------------------------------------------------------------------


def staff_form(person: Staff, **more: Any) -> dict[str, Any]:
    return {
        "username": person.username, "name": person.name, "office": person.office_id,
        "role": person.role, "phone": "", "is_active": "on", **more,
    }  # fmt: skip


def test_a_role_is_exactly_its_groups_permissions_from_the_next_request_on(
    cast: Cast, client_of: Any
):
    row = casting.filing(cast)
    reviewer, operator = client_of(cast.reviewer), client_of(cast.operator)
    assert reviewer.get(page("change", row.pk)).status_code == 200
    address = page("change", cast.reviewer.pk, model="offices_staff")
    seen = opened(operator, address)["seen"]
    answer = operator.post(address, staff_form(cast.reviewer, role=Role.DIRECTORY, seen=seen))
    assert answer.status_code == 302
    person = Staff.objects.get(pk=cast.reviewer.pk)
    assert [group.name for group in person.groups.all()] == ["目录维护"]
    assert reviewer.get(page("change", row.pk)).status_code == 403


def test_nobody_gives_themselves_a_role_or_becomes_a_superuser(cast: Cast, client_of: Any):
    operator = client_of(cast.operator)
    address = page("change", cast.operator.pk, model="offices_staff")
    answer = operator.post(address, staff_form(cast.operator, role=Role.CITY_LEAD))
    assert "请由另一位管理人员来改" in answer.content.decode()
    granted = staff_form(cast.yixian, is_superuser="on", is_staff="on", user_permissions=[1])
    operator.post(page("change", cast.yixian.pk, model="offices_staff"), granted)
    person = Staff.objects.get(pk=cast.yixian.pk)
    assert not person.is_superuser
    assert not person.user_permissions.exists()
    root = cast.root.pk
    assert operator.get(page("change", root, model="offices_staff")).status_code == 404
    assert operator.post(f"/admin/offices/staff/{root}/password/").status_code == 404


def test_a_new_person_gets_a_password_for_one_login_only(cast: Cast, client_of: Any):
    form = staff_form(Staff(username="new", name="新人"), office=cast.office["city"].pk)
    secret = {"password1": "Violet-Piano-77", "password2": "Violet-Piano-77", "role": Role.CLERK}
    operator = client_of(cast.operator)
    assert operator.post(page("add", model="offices_staff"), form | secret).status_code == 302
    person = Staff.objects.get(username="new")
    assert person.must_change_password
    assert person.is_staff
    person.must_change_password = False
    person.save()
    address = f"/admin/offices/staff/{person.pk}/password/"
    assert operator.get(address).status_code == 200
    operator.post(address, secret | {"set-password": "1"})
    person.refresh_from_db()
    assert person.must_change_password
    assert person.password not in str(list(Change.objects.values_list("before", "after")))


# Reference lists -------------------------------------------------------------------------------


def test_a_scope_that_contradicts_the_document_is_not_saved(cast: Cast, client_of: Any):
    hospital = casting.institution()
    browser = client_of(cast.directory)
    address = page("change", hospital.pk, model="institutions_institution")
    paper = PolicyDocument.objects.create(code="p", title="转诊医院名单").pk
    form = {"name": hospital.name, "kind": "hospital", "status": "normal", "order": 0}
    form["source"] = paper
    for prefix in ("aliases", "openings", "referral_rights", "suspensions", "contacts"):
        form |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    form["seen"] = opened(browser, address)["seen"]
    right = {"mode": "only", "include": "精神疾病", "exclude": "", "wording": "不含精神疾病"}
    right["source"] = paper
    form |= {f"referral_rights-0-{k}": v for k, v in right.items()}
    form["referral_rights-TOTAL_FORMS"] = 1
    assert "意思不一样" in browser.post(address, form).content.decode()
    assert not ReferralRight.objects.exists()
    form["referral_rights-0-wording"] = "仅限精神疾病"
    answer = browser.post(address, form)
    assert answer.status_code == 302, answer.context["errors"]
    assert ReferralRight.objects.get().include == "精神疾病"


def test_those_who_may_only_look_get_a_page_without_a_form(cast: Cast, client_of: Any):
    hospital = casting.institution()
    text = (
        client_of(cast.yixian)
        .get(page("change", hospital.pk, model="institutions_institution"))
        .content.decode()
    )
    assert 'name="_save"' not in text
    assert 'name="name"' not in text


def test_nothing_is_deleted_even_with_the_permission(cast: Cast, client_of: Any):
    hospital = casting.institution()
    cast.directory.user_permissions.set(Permission.objects.all())
    browser = client_of(cast.directory)
    address = page("delete", hospital.pk, model="institutions_institution")
    assert browser.post(address, {"post": "yes"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [hospital.pk], "post": "yes"}
    browser.post(page("changelist", model="institutions_institution"), action)
    assert Institution.objects.exists()


def test_a_link_leads_to_the_rows_page_and_escapes_its_name(cast: Cast):
    hospital = casting.institution("<b>医院</b>")
    assert "&lt;b&gt;" in admin_link(hospital)
    assert page("change", hospital.pk, model="institutions_institution") in admin_link(hospital)
    assert admin_link(None) == "—"
