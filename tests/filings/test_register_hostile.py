"""Nothing that can be typed on the register page ends in an error page or is lost."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.register.forms import RegisterForm
from tests.cast import Cast
from tests.filings.test_register import ENTER, page, told, typed

pytestmark = pytest.mark.django_db
HOSTILE = (
    "²", "9" * 25, "-1", "0", "a\x00b", "1e999", "０", "'\"<b>", "0001-01-01", "9999-12-31",
    "2026-02-30", "1990-01-01", "ﷺ" * 400, "12345", "\u202e", "[]",
)  # fmt: skip


@pytest.fixture
def browser(policy: Cast, client_of: Any) -> Any:
    return client_of(policy.yixian)


def kept(form: RegisterForm, name: str, value: str) -> bool:
    """What was typed is still in the field, as the engine of the browser would show it."""
    shown = form[name].value()
    return value in shown if isinstance(shown, list) else str(shown) == value


@pytest.mark.parametrize("code", ["with-spouse"])
def test_no_value_in_any_field_ends_in_an_error_page(code: str, browser: Any, policy: Cast):
    whole = typed(code, policy)
    empty = browser.get(reverse(ENTER), {"kind": code}).context["form"]
    for order, name in enumerate([*empty.fields, "institution", "version"]):
        value = HOSTILE[order % len(HOSTILE)]
        answer = page(browser, whole | {name: value}, "draft")
        assert answer.status_code in (200, 302), (name, value)
        form = answer.context["form"] if answer.status_code == 200 else None
        if form and name in form.fields and "\x00" not in value and name != "destination":
            assert kept(form, name, value), (name, value)
        if form and name != "name":
            assert form["name"].value() == "测试甲"


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_in_all_fields_at_once_ends_in_an_error_page(
    value: str, browser: Any, policy: Cast
):
    for code in ("referral-unlisted", "emergency-listed"):
        whole = typed(code, policy)
        form = browser.get(reverse(ENTER), {"kind": code}).context["form"]
        days = [n for n in form.fields if n.endswith(("_on", "_months")) or n == "born"]
        every = dict.fromkeys([*form.fields, "institution"], value)
        for hostile in (every | {"variant": whole["variant"]}, whole | dict.fromkeys(days, value)):
            assert page(browser, hostile, "submit").status_code == 200


@pytest.mark.parametrize("kind", [*HOSTILE[:6], "temporary", ""])
def test_no_kind_in_the_address_ends_in_an_error_page(kind: str, browser: Any):
    assert browser.get(reverse(ENTER), {"kind": kind}).status_code == 200
    assert browser.post(reverse(ENTER), {"variant": kind, "do": "submit"}).status_code == 200


TODAY = timezone.localdate
AT_ODDS = [
    ("end_on", "temporary", {"end_on": -1}, "结束日期早于开始日期"),
    ("start_on", "temporary", {"start_on": 2, "admission_on": 1}, "开始日期要在入院日期"),
    ("posting_months", "posted-worker", {"posting_months": "99999999999999999999"}, "9999"),
]


@pytest.mark.parametrize(("field", "code", "days", "words"), AT_ODDS)
@pytest.mark.parametrize("do", ["draft", "submit"])
def test_what_a_constraint_refuses_is_told_in_its_field_with_the_cursor_there(
    field: str, code: str, days: dict, words: str, do: str, browser: Any, policy: Cast
):
    values = {n: v if isinstance(v, str) else str(TODAY() + timedelta(v)) for n, v in days.items()}
    answer = page(browser, typed(code, policy, **values), do)
    form = answer.context["form"]
    assert words in "".join(form[field].errors)
    assert [n for n in form.fields if form.fields[n].widget.attrs.get("autofocus")] == [field]
    assert not Filing.objects.exists()


def test_every_constraint_that_speaks_names_its_field():
    for constraint in Filing._meta.constraints:
        if constraint.violation_error_message != constraint.default_violation_error_message:
            assert Filing._meta.get_field(constraint.violation_error_code)


@pytest.mark.parametrize("code", ["emergency-listed", "temporary"])
def test_the_start_is_proposed_from_the_admission(code: str, browser: Any, policy: Cast):
    came = str(TODAY() - timedelta(1))
    data = typed(code, policy, admission_on=came, place="沈阳", destination="210100")
    for start in (str(TODAY()), ""):
        answer = page(browser, data | {"start_on": start}, "draft")
        assert answer.status_code == 302
        assert str(Filing.objects.latest("pk").start_on) == came


# A choice is made by a person ---------------------------------------------------------------------


def selects(form: Any) -> dict[str, list[Any]]:
    found = {}
    for name, field in form.fields.items():
        if getattr(field.widget, "input_type", "") == "select" and not getattr(
            field.widget, "allow_multiple_selected", False
        ):
            found[name] = [value for value, _ in field.choices]
    return found


@pytest.mark.parametrize("code", ["", "with-spouse", "emergency-listed"])
def test_no_select_begins_with_a_choice(code: str, browser: Any, policy: Cast):
    form = browser.get(reverse(ENTER), {"kind": code} if code else {}).context["form"]
    found = selects(form)
    assert {"cert_type", "insutype", "insured_area", "variant", "office"} <= set(found)
    assert [name for name, values in found.items() if values and str(values[0])] == []
    assert "---------" not in told(browser.get(reverse(ENTER), {"kind": code}))


@pytest.mark.parametrize("words", "sz 辽宁 吉林 新疆 hn sy 鼓楼区 朝阳 葫芦".split())
def test_a_place_is_never_chosen_by_the_machine(words: str, browser: Any, policy: Cast):
    data = typed("temporary", policy, place=words, destination="")
    for do in ("look", "submit"):
        answer = page(browser, data, do)
        form = answer.context["form"]
        assert not form["destination"].value()
        assert bool(form.errors.get("destination")) is (do == "submit")
        data["destination"] = form["destination"].value() or ""  # as the browser posts it back
    assert not Filing.objects.exists()


def test_a_short_list_of_places_is_whole_and_a_cut_one_says_how_many_more(
    browser: Any, policy: Cast
):
    def offered(words: str) -> Any:
        return page(browser, typed("temporary", policy, place=words, destination=""))

    liaoning = [name for _, name in offered("辽宁").context["form"].fields["destination"].choices]
    assert len(liaoning) == 1 + 14
    assert any("葫芦岛" in name for name in liaoning)
    cut = offered("3")  # by the code of the place
    assert cut.context["form"].more_places
    assert f"还有 {cut.context['form'].more_places} 个没有列出来，请再写一个字" in told(cut)
