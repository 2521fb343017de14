"""The scope algebra: reading, answering, writing back (domain.md 4.4)."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.institutions.referral.scope import (
    SOURCE_GROUPS,
    Scope,
    Vocabulary,
    agrees,
    describe,
    from_record,
    parse,
    plain_words,
    spoken,
    verdict,
)

CITY = "不含传染病、结核病、精神疾病"
OFFICIAL = [CITY, "仅限精神疾病", "仅限传染病、结核病", "仅限妇产科、儿科"]

EXCEPT_CITY = ("except", frozenset(), frozenset({"传染病", "结核病", "精神疾病"}))
ONLY_MENTAL = ("only", frozenset({"精神疾病"}), frozenset())
ALL = ("all", frozenset(), frozenset())

#: A vocabulary with parts of groups, which the sources do not have but staff may enter.
NESTED = Vocabulary(
    names=("综合", "传染病", "结核病", "肺结核", "风湿和免疫", "外科"),
    parents={"结核病": "传染病", "肺结核": "结核病"},
)

groups = st.frozensets(st.sampled_from(SOURCE_GROUPS.names))
cases = st.frozensets(st.sampled_from(SOURCE_GROUPS.names), min_size=1)
strange = st.sampled_from(["肺结核", "骨科", "", "不限", "仅限精神疾病", "未知"])
rules = st.tuples(groups, groups).map(lambda both: (both[0], both[1] - both[0]))
quick = settings(deadline=None, max_examples=80)


def scope_of(include: frozenset[str], exclude: frozenset[str]) -> Scope:
    modes = {(0, 0): "all", (1, 0): "only", (0, 1): "except", (1, 1): "only_except"}
    return from_record(modes[bool(include), bool(exclude)], include, exclude)


# Reading


@pytest.mark.parametrize("wording", OFFICIAL)
def test_the_official_wordings_come_back_word_for_word(wording: str) -> None:
    assert describe(parse(wording)) == wording
    assert describe(parse(f"({wording})")) == wording
    assert describe(parse(f"（{wording}）")) == wording


@pytest.mark.parametrize(
    "text",
    [
        "不含传染病、结核病、精神疾病",
        "不含传染病,结核病,精神疾病",
        "不含传染病，结核病，精神疾病。",
        "不含传染病、结核病和精神疾病",
        "不含传染病及结核病、精神疾病",
        "不含传染病/结核病／精神病",
        "不含传染病与结核病；不含精神疾病",
        "除传染病、结核病、精神疾病外",
        "除传染病，结核病，精神疾病外",
        "传染病、结核病、精神疾病除外",
        "传染病，结核病，精神疾病除外",
        "传染病除外，结核病除外，精神疾病除外",
        " \u3000(不含\u00a0传染病、\u200b结核病、精神疾病)\n",
        "不含精神疾病、传染病、结核病、结核病",
    ],
)
def test_every_form_of_the_grammar_says_the_same(text: str) -> None:
    assert parse(text).rule == EXCEPT_CITY
    assert parse(text).raw == text


@pytest.mark.parametrize("text", ["仅限精神疾病", "只限精神疾病", "限精神疾病", "仅限精神病"])
def test_the_three_words_for_only_and_an_alias_say_the_same(text: str) -> None:
    assert parse(text).rule == ONLY_MENTAL


@pytest.mark.parametrize("text", ["", "  \u3000", "不限", "（无限制）", "不 限"])
def test_no_limit_is_read_from_a_blank_text_and_from_its_own_words(text: str) -> None:
    assert parse(text).rule == ALL


@pytest.mark.parametrize(
    "text",
    [
        "仅限传染病，不含精神疾病",
        "仅限传染病；精神疾病除外",
        "仅限传染病,精神疾病除外",
        "除精神疾病外，仅限传染病",
    ],
)
def test_only_and_not_may_stand_together(text: str) -> None:
    assert parse(text).rule == ("only_except", frozenset({"传染病"}), frozenset({"精神疾病"}))
    assert describe(parse(text)) == "仅限传染病，不含精神疾病"


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("仅限肺结核", ("肺结核",)),
        ("仅限精神疾病、骨科和心病", ("骨科", "心病")),
        ("不含精神疾病传染病", ("精神疾病传染病",)),
        ("仅限传染病，结核病，精神疾病除外", ("精神疾病除外",)),
        ("仅限精神疾病（含儿科）", ("精神疾病(含儿科)",)),
        ("按市里通知办理", ("按市里通知办理",)),
        ("精神疾病", ("精神疾病",)),
        ("无", ("无",)),
        ("不限，不含儿科", ("不限",)),
        ("-", ("-",)),
    ],
)
def test_what_is_not_understood_is_unparsed_and_named(text: str, unknown: tuple[str, ...]) -> None:
    scope = parse(text)
    assert (scope.mode, scope.raw, scope.unknown) == ("unparsed", text, unknown)
    assert describe(scope) == text
    assert all(word in scope.problem for word in unknown)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("仅限儿科，不含儿科", "前后矛盾：儿科"),
        ("仅限儿科；仅限妇产科", "两个不一样的“仅限”"),
        ("仅限", "认不出"),
        ("不含儿科、", "认不出"),
        ("仅限儿科；", "看不懂"),
        ("()", "看不懂"),
        ("(仅限儿科", "看不懂"),
    ],
)
def test_a_contradiction_or_a_torn_sentence_is_unparsed(text: str, problem: str) -> None:
    scope = parse(text)
    assert scope.mode == "unparsed"
    assert problem in scope.problem
    assert verdict(scope, {"儿科"}).answer == "ask"


def test_excluding_a_wider_group_than_the_only_one_is_a_contradiction() -> None:
    assert parse("仅限结核病，不含传染病", NESTED).mode == "unparsed"
    assert parse("仅限传染病，不含结核病", NESTED).mode == "only_except"


def test_names_that_hold_a_word_of_the_grammar_are_still_read() -> None:
    assert parse("除外科外", NESTED).exclude == {"外科"}
    assert parse("仅限风湿和免疫和外科", NESTED).mode == "unparsed"
    assert parse("仅限风湿和免疫、外科", NESTED).include == {"风湿和免疫", "外科"}


@quick
@given(rules)
def test_what_is_described_is_read_back_the_same(lists: tuple[frozenset[str], ...]) -> None:
    scope = scope_of(*lists)
    assert parse(describe(scope)).rule == scope.rule
    assert agrees(scope, describe(scope))


@quick
@given(
    st.lists(
        st.sampled_from(
            [
                *SOURCE_GROUPS.names,
                *"仅限不含除外，；、和（）。",
                "仅限",
                "不含",
                "除外",
                "骨科",
                " ",
            ]
        ),
        max_size=9,
    ).map("".join)
)
def test_any_text_is_read_without_an_error_and_never_loses_a_word(text: str) -> None:
    scope = parse(text)
    if scope.mode == "unparsed":
        assert scope.raw == text
        assert scope.problem
    else:
        assert parse(describe(scope)).rule == scope.rule
        said = {name for name in SOURCE_GROUPS.names if name in text}
        assert "骨科" not in text
        assert scope.include | scope.exclude == said


# Answering


@pytest.mark.parametrize(
    ("wording", "case", "answer"),
    [
        (CITY, {"综合"}, "yes"),
        (CITY, set(), "yes"),
        (CITY, {"结核病"}, "no"),
        (CITY, {"儿科"}, "yes"),
        (CITY, {"儿科", "结核病"}, "no"),
        ("仅限精神疾病", {"综合"}, "no"),
        ("仅限精神疾病", set(), "no"),
        ("仅限精神疾病", {"精神疾病"}, "yes"),
        ("仅限精神疾病", {"精神病"}, "yes"),
        ("仅限精神疾病", {"精神疾病", "儿科"}, "ask"),
        ("仅限传染病、结核病", {"传染病", "结核病"}, "yes"),
        ("仅限传染病、结核病", {"儿科", "结核病"}, "ask"),
        ("仅限妇产科、儿科", {"儿科", "结核病"}, "ask"),
        ("仅限妇产科、儿科", {"结核病"}, "no"),
        ("仅限传染病，不含精神疾病", {"传染病", "精神疾病"}, "no"),
        ("不限", {"精神疾病", "肺结核"}, "yes"),
        ("凭通知", {"综合"}, "ask"),
    ],
)
def test_the_worked_examples_of_the_algebra(wording: str, case: set[str], answer: str) -> None:
    assert verdict(parse(wording), case).answer == answer


@pytest.mark.parametrize(
    ("wording", "case", "reason"),
    [
        ("不限", {"儿科"}, "不限疾病类别"),
        (CITY, {"精神疾病", "儿科"}, "不含精神疾病"),
        (CITY, {"综合"}, "不含传染病、结核病、精神疾病，一般疾病可以"),
        ("仅限精神疾病", set(), "仅限精神疾病，不看一般疾病"),
        ("仅限精神疾病", {"精神疾病"}, "仅限精神疾病，精神疾病可以"),
        (
            "仅限妇产科、儿科",
            {"儿科", "结核病"},
            "仅限妇产科、儿科，结核病不在范围里，请先打电话问清楚",
        ),
        (CITY, {"肺结核"}, "认不出“肺结核”属于哪一类病，请先打电话问清楚"),
        ("凭通知", {"儿科"}, "转诊范围“凭通知”还没核实，请先打电话问清楚"),
    ],
)
def test_every_answer_gives_its_reason_in_words(wording: str, case: set[str], reason: str) -> None:
    assert verdict(parse(wording), case).reason == reason


@quick
@given(groups.filter(bool), groups, st.frozensets(strange))
def test_an_empty_or_unknown_case_never_passes_an_only(
    include: frozenset[str], exclude: frozenset[str], words: frozenset[str]
) -> None:
    scope = scope_of(include - {"综合"} or frozenset({"儿科"}), frozenset())
    assert verdict(scope, words).answer != "yes"
    assert verdict(scope, words | exclude).answer != "yes" or not words
    assert verdict(scope, ()).answer == "no"


@quick
@given(cases, strange, groups.filter(bool))
def test_an_unknown_group_is_never_a_yes_where_something_is_excluded(
    case: frozenset[str], word: str, exclude: frozenset[str]
) -> None:
    expected = "no" if case & exclude else "ask"
    assert verdict(scope_of(frozenset(), exclude), case | {word}).answer == expected


@quick
@given(cases, groups, groups.filter(bool))
def test_a_scope_that_names_a_lost_group_opens_nothing_it_may_have_shut(
    case: frozenset[str], include: frozenset[str], exclude: frozenset[str]
) -> None:
    """The keepers renamed every group that the right excludes, and the case is of one of them."""
    renamed = Vocabulary(tuple(f"{g}病" if g in exclude else g for g in SOURCE_GROUPS.names))
    now = frozenset(f"{g}病" if g in exclude else g for g in case)
    scope = scope_of(include - exclude, exclude)
    assert verdict(scope, now, renamed).answer != "yes"
    assert verdict(scope, now | {f"{min(exclude)}病"}, renamed).answer != "yes"


def test_a_group_that_was_renamed_and_kept_as_an_alias_is_still_shut_out() -> None:
    renamed = Vocabulary(("综合", "精神障碍", "儿科"), aliases={"精神疾病": "精神障碍"})
    scope = parse("不含精神疾病")
    assert verdict(scope, {"精神障碍"}, renamed).answer == "no"
    assert verdict(scope, {"儿科"}, renamed).answer == "yes"
    lost = Vocabulary(("综合", "精神障碍", "儿科"))
    for case in ({"精神障碍"}, {"儿科"}, set()):
        answer = verdict(scope, case, lost)
        assert answer.answer == "ask"
        assert answer.reason == "转诊范围里的“精神疾病”不在病种类别里，请先打电话问清楚"
    only = parse("仅限精神疾病")
    assert verdict(only, {"精神障碍"}, lost).answer == "ask"
    assert verdict(only, {"精神障碍"}, renamed).answer == "yes"


@quick
@given(cases, cases, groups, groups)
def test_a_longer_exclusion_or_a_longer_case_never_opens_what_was_shut(
    case: frozenset[str], more_case: frozenset[str], fewer: frozenset[str], more: frozenset[str]
) -> None:
    rank = {"no": 0, "ask": 1, "yes": 2}
    before = rank[verdict(scope_of(frozenset(), fewer), case).answer]
    assert rank[verdict(scope_of(frozenset(), fewer | more), case).answer] <= before
    assert rank[verdict(scope_of(frozenset(), fewer), case | more_case).answer] <= before


@quick
@given(cases)
def test_an_unparsed_scope_is_always_asked_about(case: frozenset[str]) -> None:
    assert verdict(parse("凭通知"), case).answer == "ask"


def test_a_part_of_a_group_goes_with_its_group() -> None:
    assert verdict(parse("仅限传染病", NESTED), {"肺结核"}, NESTED).answer == "yes"
    assert verdict(parse("不含传染病", NESTED), {"肺结核"}, NESTED).answer == "no"
    assert verdict(parse("仅限肺结核", NESTED), {"传染病"}, NESTED).answer == "no"


def test_groups_that_are_parts_of_each_other_do_not_hang() -> None:
    ring = Vocabulary(names=("甲", "乙"), parents={"甲": "乙", "乙": "甲"})
    assert ring.close({"甲"}) == {"甲", "乙"}


# Stored fields, agreement, plain words


@pytest.mark.parametrize(
    ("mode", "include", "exclude"),
    [
        ("only", [], []),
        ("all", ["儿科"], []),
        ("except", [], []),
        ("only_except", ["儿科"], []),
        ("only_except", ["儿科"], ["儿科"]),
        ("unparsed", ["儿科"], []),
        ("", [], []),
    ],
)
def test_stored_fields_that_do_not_fit_are_asked_about(
    mode: str, include: list[str], exclude: list[str]
) -> None:
    scope = from_record(mode, include, exclude, "仅限儿科")
    assert (scope.mode, scope.raw) == ("unparsed", "仅限儿科")
    assert scope.problem
    assert verdict(scope, {"儿科"}).answer == "ask"


def test_a_scope_cannot_be_made_whose_mode_and_lists_differ() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Scope("only")
    with pytest.raises(ValueError, match="does not fit"):
        Scope("unparsed", include=frozenset({"儿科"}))


def test_structure_and_wording_agree_only_when_they_mean_the_same() -> None:
    scope = parse("仅限妇产科、儿科")
    assert agrees(scope, "（只限儿科和妇产科）")
    assert not agrees(scope, "仅限妇产科")
    assert not agrees(scope, "不含妇产科、儿科")
    assert not agrees(scope, "")
    assert not agrees(parse("凭通知"), "凭通知")


@pytest.mark.parametrize(
    ("wording", "plain"),
    [
        ("不限", "各类疾病的转诊都可以"),
        ("仅限精神疾病", "只接精神疾病的转诊"),
        (CITY, "除传染病、结核病、精神疾病外都可以"),
        ("仅限综合，不含儿科", "只接一般疾病的转诊，不接儿科"),
        ("凭通知", "能接哪些病的转诊还没核实，请先打电话问清楚"),
    ],
)
def test_citizens_read_plain_words(wording: str, plain: str) -> None:
    assert plain_words(parse(wording)) == plain


def test_groups_are_listed_in_the_order_of_the_vocabulary_whatever_order_they_came_in() -> None:
    assert (
        SOURCE_GROUPS.listed(["儿科", "骨科", "结核病", "传染病"]) == "传染病、结核病、儿科、骨科"
    )
    assert spoken({"儿科", "综合"}) == "一般疾病、儿科"


@pytest.mark.parametrize(
    "text", ["凭通知", "仅限儿科，不含儿科", "仅限儿科；仅限妇产科", "仅限骨科"]
)
def test_what_staff_read_is_chinese_and_blames_nobody(text: str) -> None:
    problem = parse(text).problem
    assert not re.search(r"[A-Za-z,;()]|非法|失败", problem)
