"""The groups of diseases as a list, to be gone over in a workbook."""

from apps.institutions.models import DiseaseGroup
from ydjy.desk.imports import columns
from ydjy.desk.imports.reference_list import SmallList

GROUPS = SmallList(
    code="diseasegroups",
    label="病种类别",
    model=DiseaseGroup,
    columns=(
        columns.text(
            "name", "名称", "病种", "病种类别", limit=20, identity=True, sample="精神疾病"
        ),
        columns.words(
            *("aliases", "别名"),
            sample="精神病",
            note="和病种完全是一回事的叫法，几个用“、”隔开。",
        ),
        columns.link("parent", "上级", to=DiseaseGroup, by=("name",)),
        columns.number("order", "次序", "排序"),
    ),
)

LISTS = (GROUPS,)
