"""What a list says must fit where it is kept: PostgreSQL refuses a character too many, SQLite takes
any, so what the reader lets through is published here for each column at its very limit."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from apps.institutions.models import DiseaseGroup, Institution, InstitutionAlias, ReferralRight
from tests.cast import Cast
from tests.institutions.lists import published, received, table

pytestmark = pytest.mark.django_db
PHONES = "、".join(f"0416-{2345670 + n}" for n in range(10))
LIMITS = {"所属县区": 20, "机构等级": 20, "机构类别": 20, "性质": 10, "地址": 160, "备注": 200}


def told(cast: Cast, **columns: Any) -> list[str]:
    one = received(table(**columns), by=cast.directory)
    assert one.upload.rows_in == len(next(iter(columns.values())))
    return [row.message for row in one.rows.filter(outcome="rejected")]


@pytest.mark.parametrize(("column", "limit"), LIMITS.items())
def test_a_column_is_kept_whole_at_its_limit_and_refused_beyond_it(
    cast: Cast, column: str, limit: int
):
    fits = table(**{"机构名称": ["甲医院"], column: ["𠮷" * limit]})
    assert published(fits, by=cast.directory, second=cast.lead).state == "published"
    said = told(cast, **{"机构名称": ["乙医院"], column: ["𠮷" * (limit + 1)]})
    assert said == [f"“{column}”有 {limit + 1} 个字，最多 {limit} 个，请删短。"]


def test_several_telephones_are_kept_up_to_sixty_characters(cast: Cast):
    four = PHONES[: 4 * 13 - 1]
    fits = table(机构名称=["甲医院"], 联系电话=[four])
    published(fits, by=cast.directory, second=cast.lead)
    assert Institution.objects.get().phone == four
    said = told(cast, 机构名称=["乙医院"], 联系电话=[PHONES])
    assert said == ["“联系电话”几个号码合起来有 129 个字符，最多 60 个，请删去几个。"]


@pytest.mark.parametrize("name", ["五千家" * 26, "ß" * 80, "十医" * 40])
def test_a_name_whose_key_is_longer_than_itself_is_refused(cast: Cast, name: str):
    said = told(cast, 机构名称=[name], 所属县区=["义县"])
    assert said == ["“机构名称”太长，里面的数字写成阿拉伯数字后超过 80 个字，请删短。"]
    for thing in (Institution(name=name), InstitutionAlias(name=name)):
        with pytest.raises(ValidationError, match="名称太长"):
            thing.clean()


@pytest.mark.parametrize("name", ["医" * 80, "𠮷" * 80, "五千" * 20])
def test_a_name_of_eighty_characters_is_kept(cast: Cast, name: str):
    published(table(机构名称=[name], 所属县区=["义县"]), by=cast.directory, second=cast.lead)
    assert Institution.objects.get().name == name


@pytest.mark.parametrize("name", ["/", "——", "2107", "2026-11-09"])
def test_what_has_no_letter_is_no_name(cast: Cast, name: str):
    said = told(cast, 机构名称=[name], 所属县区=["义县"])
    assert said == ["“机构名称”不像机构名称，请核对是不是串列了。"]
    assert not Institution.objects.exists()


@pytest.mark.parametrize("word", ["仅限", "不含"])
def test_a_scope_of_very_many_groups_is_refused(cast: Cast, word: str):
    names = [f"名称写得非常之长的一类病种{n:02d}" for n in range(9)]
    DiseaseGroup.objects.bulk_create(DiseaseGroup(name=name) for name in names)
    fits = table(机构名称=["甲医院"], 转诊范围=[word + "、".join(names[:7])])
    published(fits, by=cast.directory, second=cast.lead)
    assert ReferralRight.objects.get().institution.name == "甲医院"
    said = told(cast, 机构名称=["乙医院"], 转诊范围=[word + "、".join(names)])
    assert said == ["“转诊范围”病种太多，一格里“仅限”或“不含”的病种最多 120 个字，请删短。"]
