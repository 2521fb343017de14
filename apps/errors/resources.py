"""The lists of this app: causes and the texts for them, to be gone over in a workbook."""

from collections.abc import Sequence

from apps.errors.models import CauseCode, Snippet
from ydjy.desk.imports import columns
from ydjy.desk.imports.kinds import Values
from ydjy.desk.imports.reference_list import SmallList
from ydjy.lib import cell_parsers


def _causes(values: Values) -> Sequence[CauseCode]:
    """A list changes the words of causes and makes none: a new one needs its place."""
    said = {"label": values["label"]}
    found = columns.saying(CauseCode.objects.all(), **said)
    if not found:
        raise cell_parsers.Bad(
            "没有这个原因。新的原因请在“原因分类”页上增加，表格只改范文、说明和是否在用"
        )
    return found


CAUSES = SmallList(
    code="causes",
    label="原因分类",
    model=CauseCode,
    find=_causes,
    several="有几个原因叫这个名称，请在页面上改",
    columns=(
        columns.text("label", "原因", "原因名称", limit=40, identity=True),
        columns.text("template", "处理结果范文", "范文", limit=200),
        columns.text("note", "怎么查、怎么办", "说明", limit=300),
        columns.yes_no("active", "在用", "是否在用"),
    ),
)


def _snippets(values: Values) -> Sequence[Snippet]:
    said = {"cause__label": values["cause"], "words": values["words"]}
    return columns.saying(Snippet.objects.all(), **said)


SNIPPETS = SmallList(
    code="snippets",
    label="处理结果范文",
    model=Snippet,
    find=_snippets,
    several="这个原因有几条一样的范文，请在页面上改",
    columns=(
        columns.link(
            *("cause", "原因"), to=CauseCode, by=("label",), identity=True, sample="未办理备案"
        ),
        columns.text(
            *("words", "范文", "处理结果范文"),
            limit=200,
            identity=True,
            sample="已联系参保人补办备案，请重新结算。",
            note="可以用 {姓名} {机构} {日期} {就医地}，会换成工单里的内容。",
        ),
        columns.number("order", "次序", "排序"),
        columns.yes_no("active", "在用", "是否在用", sample="是"),
    ),
)

LISTS = (CAUSES, SNIPPETS)
