"""Which groups of diseases an institution may refer: the three-valued scope algebra.

A hospital's right to refer is printed as «不含传染病、结核病、精神疾病» or «仅限精神疾病». This
module reads such a sentence, keeps it as sets, answers yes / no / ask for a case, and writes the
sentence back. Plain values, no Django; the groups are handed in as a `Vocabulary`.

Everything that is not understood fails closed: it becomes "unparsed", which is always answered
"ask", never "yes". Source: domain.md 4.4, facts D-I01 to D-I13, traps 2 and 3.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Mode = Literal["all", "only", "except", "only_except", "unparsed"]
Answer = Literal["yes", "no", "ask"]
Rule = tuple[Mode, frozenset[str], frozenset[str]]

#: The group of a case of which nothing particular is known. It stands in for the empty set,
#: because the empty set is a subset of every 仅限 list.
GENERAL = "综合"
CALL_FIRST = "请先打电话问清楚"

_UNLIMITED = frozenset({"不限", "无限制"})
_ONLY = ("仅限", "只限", "限")
_OPENERS = (*_ONLY, "不含", "除")
_ENCLOSED = re.compile(r"\(([^()]+)\)")
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")


@dataclass(frozen=True)
class Vocabulary:
    """The disease groups (病组) a scope may name.

    `names` are the official names in the order in which sentences list them; `aliases` maps
    another spelling to its official name; `parents` maps a group to the wider group it is part
    of. A name may hold 和, 及 or 与, but no comma, 、 or slash (such a scope reads as unparsed).
    """

    names: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)

    def find(self, word: str) -> str | None:
        """Return the official name of a word, or None for a word nobody has entered."""
        word = _clean(word)
        name = self.aliases.get(word, word)
        return name if name in self.names else None

    def close(self, groups: Collection[str]) -> frozenset[str]:
        """Return the groups together with every group that is part of one of them."""
        closed = {self.find(group) or group for group in groups}
        while more := {c for c, p in self.parents.items() if p in closed} - closed:
            closed |= more
        return frozenset(closed)

    def listed(self, groups: Iterable[str]) -> str:
        """Write groups as «传染病、结核病», in the order of the vocabulary."""
        place = {name: n for n, name in enumerate(self.names)}
        return "、".join(sorted(groups, key=lambda g: (place.get(g, len(place)), g)))


#: The groups that the sources name (D-I13, domain.md 4.1). An alias must mean the very same
#: thing: 肺结核 is only a part of 结核病, so it is none.
SOURCE_GROUPS = Vocabulary(
    names=(GENERAL, "传染病", "结核病", "精神疾病", "妇产科", "儿科"),
    aliases={"精神病": "精神疾病", "妇产": "妇产科", "一般疾病": GENERAL},
)


@dataclass(frozen=True)
class Scope:
    """What one referral right covers (转诊范围).

    `include` is the 仅限 list, `exclude` the 不含 list, `raw` the sentence word for word as it was
    received. For an unparsed scope both lists are empty, `problem` says in Chinese what to mend
    and `unknown` lists the words that no group has. Raises ValueError where mode and lists
    contradict each other; rows from a database go through `from_record`, which fails closed.
    """

    mode: Mode
    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    raw: str = ""
    problem: str = ""
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        empty = not self.include and not self.exclude
        fits = empty if self.mode == "unparsed" else self.mode == _mode(self.include, self.exclude)
        if not fits or self.include & self.exclude:
            raise ValueError(f"scope {self.mode} does not fit its lists")

    @property
    def rule(self) -> Rule:
        """What the scope says, without the words it was said in."""
        return self.mode, self.include, self.exclude


@dataclass(frozen=True)
class Verdict:
    """The answer for one scope and one case, with its reason as a Chinese sentence (no 。)."""

    answer: Answer
    reason: str


def parse(text: str, vocabulary: Vocabulary = SOURCE_GROUPS) -> Scope:
    """Read a scope sentence; never raises.

    '' (and 不限, 无限制) is no limit: whoever calls this on purpose with a blank text says so. A
    blank cell of a received list means "nothing said" and must not be brought here.
    """
    cleaned = _clean(text).removesuffix("。")
    if enclosed := _ENCLOSED.fullmatch(cleaned):
        cleaned = enclosed[1]
    if not _clean(text) or cleaned in _UNLIMITED:
        return Scope("all", raw=text)
    try:
        include, exclude = _read(cleaned, vocabulary)
    except _NotUnderstoodError as why:
        return Scope("unparsed", raw=text, problem=why.problem, unknown=why.words)
    return Scope(_mode(include, exclude), include, exclude, raw=text)


def from_record(mode: str, include: Iterable[str], exclude: Iterable[str], raw: str = "") -> Scope:
    """Return the scope of stored fields; fields that do not fit together are unparsed.

    A 仅限 row whose list has become empty must not turn into "no limit".
    """
    only, without = frozenset(include), frozenset(exclude)
    fitting = _mode(only, without)
    if mode == fitting and not only & without:
        return Scope(fitting, only, without, raw)
    if mode == "unparsed":
        problem = "转诊范围还没有整理成规则，请按原文选好病组"
    else:
        problem = "转诊范围的类型和病组对不上，请重新选择"
    return Scope("unparsed", raw=raw, problem=problem)


def verdict(scope: Scope, groups: Iterable[str], vocabulary: Vocabulary = SOURCE_GROUPS) -> Verdict:
    """Answer whether a case of these groups may be referred under the scope.

    No group at all is a general case (综合). A group outside the vocabulary is never a yes,
    except where there is no limit whatever; and where the scope itself names a group that the
    vocabulary has lost (renamed by its keepers), nobody can say what it still shuts out.
    """
    words = tuple(dict.fromkeys(groups)) or (GENERAL,)
    case = frozenset(name for word in words if (name := vocabulary.find(word)))
    unknown = tuple(word for word in words if vocabulary.find(word) is None)
    if scope.mode == "unparsed":
        said = f"“{scope.raw.strip()}”" if scope.raw.strip() else ""
        return Verdict("ask", f"转诊范围{said}还没核实，{CALL_FIRST}")
    if scope.mode == "all":
        return Verdict("yes", "不限疾病类别")
    if hit := case & vocabulary.close(scope.exclude):
        return Verdict("no", f"不含{vocabulary.listed(hit)}")
    if unknown:
        return Verdict("ask", f"认不出“{'、'.join(unknown)}”属于哪一类病，{CALL_FIRST}")
    answer = _weigh(scope, case, vocabulary)
    lost = {group for group in scope.include | scope.exclude if vocabulary.find(group) is None}
    if lost & scope.exclude or (lost and answer.answer != "yes"):
        said = vocabulary.listed(lost)
        return Verdict("ask", f"转诊范围里的“{said}”不在病种类别里，{CALL_FIRST}")
    return answer


def describe(scope: Scope, vocabulary: Vocabulary = SOURCE_GROUPS) -> str:
    """Write the scope in the official wording; an unparsed one gives its own text back."""
    if scope.mode == "unparsed":
        return scope.raw
    only = f"仅限{vocabulary.listed(scope.include)}" if scope.include else ""
    without = f"不含{vocabulary.listed(scope.exclude)}" if scope.exclude else ""
    return "，".join(filter(None, (only, without))) or "不限"


def agrees(scope: Scope, official_wording: str, vocabulary: Vocabulary = SOURCE_GROUPS) -> bool:
    """Say whether the structure and the official wording beside it mean the same.

    What is unparsed agrees with nothing, not even with its own text: a person must look at it.
    """
    return scope.mode != "unparsed" and parse(official_wording, vocabulary).rule == scope.rule


def narrows(new: Scope, old: Scope, vocabulary: Vocabulary = SOURCE_GROUPS) -> bool:
    """Say whether everything that ``new`` allows is allowed by ``old`` too.

    A received list may narrow a right by itself; whatever else it says waits for a person. What
    is unparsed is never narrower and never wider.
    """
    if "unparsed" in (new.mode, old.mode):
        return False
    if old.mode == "all":
        return True
    if new.mode == "all":
        return False
    return all(
        verdict(old, [group], vocabulary).answer == "yes"
        for group in vocabulary.names
        if verdict(new, [group], vocabulary).answer == "yes"
    )


def plain_words(scope: Scope, vocabulary: Vocabulary = SOURCE_GROUPS) -> str:
    """Write the scope for citizens, in the words people use (no 。)."""
    only, without = (spoken(groups, vocabulary) for groups in (scope.include, scope.exclude))
    return {
        "all": "各类疾病的转诊都可以",
        "only": f"只接{only}的转诊",
        "except": f"除{without}外都可以",
        "only_except": f"只接{only}的转诊，不接{without}",
        "unparsed": f"能接哪些病的转诊还没核实，{CALL_FIRST}",
    }[scope.mode]


def spoken(groups: Iterable[str], vocabulary: Vocabulary = SOURCE_GROUPS) -> str:
    """List groups as people say them: 综合 is an office word, 一般疾病 is not."""
    return vocabulary.listed(groups).replace(GENERAL, "一般疾病")


class _NotUnderstoodError(Exception):
    def __init__(self, problem: str, words: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.words = words


def _mode(include: Collection[str], exclude: Collection[str]) -> Mode:
    if include:
        return "only_except" if exclude else "only"
    return "except" if exclude else "all"


def _weigh(scope: Scope, case: frozenset[str], vocabulary: Vocabulary) -> Verdict:
    """Weigh a case of known, not excluded groups against the 仅限 list, if there is one."""
    wording, said = describe(scope, vocabulary), spoken(case, vocabulary)
    outside = case - vocabulary.close(scope.include)
    if not scope.include or not outside:
        return Verdict("yes", f"{wording}，{said}可以")
    if outside == case:
        return Verdict("no", f"{wording}，不看{said}")
    beyond = spoken(outside, vocabulary)
    return Verdict("ask", f"{wording}，{beyond}不在范围里，{CALL_FIRST}")


def _clean(text: str) -> str:
    # NFKC makes both kinds of brackets, commas, semicolons and slashes one kind.
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def _read(cleaned: str, vocabulary: Vocabulary) -> tuple[frozenset[str], frozenset[str]]:
    only_lists: list[frozenset[str]] = []
    exclude: frozenset[str] = frozenset()
    unknown: list[str] = []
    for limiting, words in (_list_of(clause) for clause in _clauses(cleaned)):
        groups = _groups(words, vocabulary, unknown)
        if limiting:
            only_lists.append(groups)
        else:
            exclude |= groups
    if unknown:
        raise _NotUnderstoodError(
            f"转诊范围里有认不出的词：“{'”“'.join(unknown)}”。请改成病组的名称，或者先在病组里加上这个叫法",
            tuple(dict.fromkeys(unknown)),
        )
    if len(set(only_lists)) > 1:
        raise _NotUnderstoodError("转诊范围写了两个不一样的“仅限”，请合成一个")
    include = only_lists[0] if only_lists else frozenset()
    if both := include & vocabulary.close(exclude):
        raise _NotUnderstoodError(
            f"转诊范围前后矛盾：{vocabulary.listed(both)}既写了“仅限”又写了“不含”，请按原件改正"
        )
    return include, exclude


def _clauses(cleaned: str) -> list[str]:
    """Cut a sentence into clauses.

    A comma may end a clause or only part two groups, so a piece without an opening word belongs
    to the clause before it, unless that one is over.
    """
    clauses: list[str] = []
    for sentence in cleaned.split(";"):
        opened: list[str] = []
        for piece in sentence.split(","):
            if opened and (piece.startswith(_OPENERS) or _is_over(opened, piece)):
                clauses.append(",".join(opened))
                opened = []
            opened.append(piece)
        clauses.append(",".join(opened))
    return clauses


def _is_over(opened: list[str], piece: str) -> bool:
    # «仅限甲，乙除外» has one reading. «仅限甲，乙，丙除外» has two; it stays one clause, in which
    # «丙除外» is then an unknown word.
    if opened[-1].endswith("除外"):
        return True
    return len(opened) == 1 and opened[0].startswith(_ONLY) and piece.endswith("除外")


def _list_of(clause: str) -> tuple[bool, str]:
    """Return whether the clause limits (仅限) or excludes, and its list of groups."""
    for opener in _ONLY:
        if clause.startswith(opener):
            return True, clause.removeprefix(opener)
    if clause.startswith("不含"):
        return False, clause.removeprefix("不含")
    if clause.startswith("除") and clause.endswith("外"):
        return False, clause[1:-1]
    if clause.endswith("除外"):
        return False, clause.removesuffix("除外")
    raise _NotUnderstoodError(
        f"看不懂转诊范围“{clause}”。请写成“仅限……”“不含……”或者“不限”", (clause,) if clause else ()
    )


def _groups(words: str, vocabulary: Vocabulary, unknown: list[str]) -> frozenset[str]:
    """Look up a list; words that no group has are added to `unknown`."""
    found: set[str] = set()
    for piece in re.split(r"[、,/]", words):
        # The whole piece first: a group's own name may hold 和.
        parts = [piece] if vocabulary.find(piece) else re.split("[和及与]", piece)
        for part in parts:
            if name := vocabulary.find(part):
                found.add(name)
            else:
                unknown.append(part or "（空白）")
    return frozenset(found)
