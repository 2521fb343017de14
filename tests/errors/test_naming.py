"""The name of the file that goes back: the bureau's own, dated, and never two files with one."""

import re
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from apps.errors.diagnosis.cause_codes import sync_causes
from apps.errors.exchange import outbox
from apps.errors.intake import receive as intake_receive
from apps.errors.models import ExchangeSettings, FilenameRule, ReturnFile, filename_pattern
from apps.offices.models import PolicyDocument
from tests import workbooks
from tests.errors import weeks
from ydjy.desk.exceptions import Refused

VALUES = {"来件": "报错表", "序号": "1", "城市": "锦州市", "年": "2026", "周": "47"}
VALUES |= {"日期": "20261120"}


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{来件}-处理结果", "第二版不能和第一版同名"),
        ("结果{版}", "名字要分得开"),
        ("{来件}{版}{姓名}", "“{姓名}”不认识"),
        ("{来件}{版", "成对"),
        ("{来件}/{版}", "不能有“/”"),
        ("{来件}{版}.xlsx", "不用写"),
        (" {来件}{版}", "空格"),
        (".{来件}{版}", "点"),
        ("{来件}\x07{版}", "看不见的符号"),
    ],
)
def test_a_pattern_that_would_lose_a_file_is_refused_in_words(pattern, words):
    assert words in filename_pattern.complaint(pattern)
    with pytest.raises(ValidationError, match=re.escape(words)):
        FilenameRule(pattern=pattern).clean_fields(exclude=["source"])


def test_the_standard_and_other_good_patterns_are_taken():
    for pattern in (
        filename_pattern.STANDARD,
        "{城市}{年}第{周}周结果-{序号}{版}",
        "{来件}（锦州）{日期}{版}",
    ):
        assert filename_pattern.complaint(pattern) == ""


def test_a_name_tells_versions_apart_and_fits_every_file_system():
    assert (
        filename_pattern.filled(filename_pattern.STANDARD, VALUES, 1, "ab12") == "报错表-处理结果"
    )
    assert (
        filename_pattern.filled("{城市}{年}-{周}-{序号}{版}", VALUES, 3, "")
        == "锦州市2026-47-1-第3版"
    )
    long = VALUES | {"来件": "长" * 200}
    name = filename_pattern.filled(filename_pattern.STANDARD, long, 2, "ab12")
    assert len(name.encode()) <= filename_pattern.LONGEST
    assert name.endswith("-ab12-处理结果-第2版")
    assert filename_pattern.filled("{来件}{版}", VALUES | {"来件": "a/b:c"}, 1, "") == "a_b_c"


@pytest.mark.django_db
def test_of_several_rules_the_one_that_began_last_holds_on_the_day():
    assert FilenameRule.objects.pattern_on(date(2026, 11, 20)) == filename_pattern.STANDARD
    FilenameRule.objects.create(pattern="旧{来件}{版}", valid_from=date(2026, 1, 1))
    FilenameRule.objects.create(pattern="新{来件}{版}", valid_from=date(2026, 11, 20))
    assert FilenameRule.objects.pattern_on(date(2026, 11, 19)) == "旧{来件}{版}"
    assert FilenameRule.objects.pattern_on(date(2026, 11, 20)) == "新{来件}{版}"


@pytest.mark.django_db
def test_the_returned_file_has_the_name_of_the_rule_and_old_ones_keep_theirs(cast):
    sync_causes()
    batch = weeks.received(cast)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        [first] = weeks.issue(batch, by=cast.lead)
        FilenameRule.objects.create(
            pattern="{城市}{年}-{周}-{序号}{版}", valid_from=date(2026, 11, 1)
        )
        ticket = batch.tickets.first()
        ticket.reopen(by=cast.yixian, reason="更正")
        weeks.answer(ticket, cast.yixian, "更正了。")
        [second] = weeks.issue(batch, by=cast.lead)
    names = list(ReturnFile.objects.order_by("pk").values_list("filename", flat=True))
    assert names == ["报错-处理结果.xlsx", "测试市2026-47-1-第2版.xlsx"]
    assert (first.filename, second.filename) == tuple(names)
    assert all(Path(name).suffix == ".xlsx" for name in names)


@pytest.mark.django_db
def test_the_same_list_name_every_week_gives_files_of_different_names(cast, tmp_path):
    """The province calls its list 报错.xlsx every Monday; the partner's folder keeps all."""
    sync_causes()
    ExchangeSettings.objects.create(channel="folder", folder=str(tmp_path))
    sent = {}
    for days in (0, 7, 14):
        with weeks.at(weeks.FRIDAY + timedelta(days=days)):
            rows = workbooks.weekly_rows(3)
            for row in rows:
                row[1] = f"{row[1]}-{days}"
            upload = intake_receive.receive(
                workbooks.weekly_workbook(rows), "报错.XLSX", by=cast.lead
            )
            batch = intake_receive.confirm(upload, by=cast.lead)
            weeks.answer_all(batch, cast.lead)
            for file in weeks.issue(batch, by=cast.lead):
                outbox.send_now(file, by=cast.lead)
                sent[file.filename] = file.sha256
    assert list(sent) == [
        "报错-处理结果.xlsx",
        "报错-处理结果-2026W48.xlsx",
        "报错-处理结果-2026W49.xlsx",
    ]
    there = {p.name: sha256(p.read_bytes()).hexdigest() for p in (tmp_path / "out").iterdir()}
    assert there == sent


@pytest.mark.django_db
def test_a_second_file_that_got_the_name_all_the_same_is_not_written_over_the_first(cast, tmp_path):
    """Two that were prepared in the same moment: the control takes the telling apart away."""
    sync_causes()
    ExchangeSettings.objects.create(channel="folder", folder=str(tmp_path))
    batch = weeks.received(cast)
    with weeks.at(weeks.FRIDAY):
        weeks.answer_all(batch, cast.yixian)
        [first] = weeks.issue(batch, by=cast.lead)
        outbox.send_now(first, by=cast.lead)
        ticket = batch.tickets.first()
        ticket.reopen(by=cast.yixian, reason="更正")
        weeks.answer(ticket, cast.yixian, "更正了。")
        [second] = weeks.issue(batch, by=cast.lead)
        ReturnFile.objects.filter(pk=second.pk).update(filename=first.filename)
        with pytest.raises(Refused, match=r"为免盖掉它没有发送.*改名人工报送"):
            outbox.send_now(ReturnFile.objects.get(pk=second.pk), by=cast.lead)
    [there] = (tmp_path / "out").iterdir()
    assert sha256(there.read_bytes()).hexdigest() == first.sha256


@pytest.mark.django_db
def test_a_pattern_is_tried_on_the_last_files_before_it_is_saved(cast, client_of):
    weeks.received(cast)
    browser = client_of(cast.lead)
    url = reverse("admin:errors_filenamerule_try_out")
    html = browser.get(url, {"pattern": "{城市}-{来件}{版}"}).content.decode()
    assert "测试市-报错.xlsx" in html
    assert "测试市-报错-第2版.xlsx" in html
    assert "第二版不能和第一版同名" in browser.get(url, {"pattern": "{来件}"}).content.decode()
    assert not FilenameRule.objects.exists()

    add = reverse("admin:errors_filenamerule_add")
    html = browser.post(add, {"pattern": "{来件}"}).content.decode()
    assert "第二版不能和第一版同名" in html
    source = PolicyDocument.objects.create(code="letter", title="省里的来函")
    rule = {"pattern": "{来件}回{版}", "valid_from": "2026-11-01", "source": source.pk}
    assert browser.post(add, rule).status_code == 302
    page = browser.get(reverse("admin:errors_filenamerule_changelist")).content.decode()
    assert "报错回.xlsx" in page
    assert url in page
