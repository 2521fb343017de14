"""The groups of diseases as a list, to be gone over in a workbook."""

from collections.abc import Sequence

from apps.institutions.models import DiseaseGroup
from ydjy.desk import listcolumns as columns
from ydjy.desk.listcolumns import ListColumn
from ydjy.desk.sheets import Guide, Values
from ydjy.desk.smalllists import SmallList


def _groups(values: Values) -> Sequence[DiseaseGroup]:
    return DiseaseGroup.objects.filter(name=values["name"])


GROUPS = SmallList(
    code="diseasegroups",
    label="病种类别",
    model=DiseaseGroup,
    find=_groups,
    several="有几个病种叫这个名称，请在页面上改",
    columns=(
        columns.text(
            "name", "名称", "病种", "病种类别", limit=20, identity=True, sample="精神疾病"
        ),
        ListColumn(
            "aliases",
            ("别名",),
            columns.Several(limit=200),
            Guide("精神病", "和病种完全是一回事的叫法，几个用“、”隔开。"),
        ),
        columns.link("parent", "上级", to=DiseaseGroup, by=("name",)),
        columns.number("order", "次序", "排序"),
    ),
)
