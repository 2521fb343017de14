"""docs/workbook.md lists every sentence that the code can say, and is current."""

from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from ydjy.management.commands import refusals

PAGE = Path(settings.BASE_DIR) / "docs" / "workbook.md"


def test_the_page_is_what_the_code_says():
    assert PAGE.read_text(encoding="utf-8") == refusals.page(), "run manage.py refusals"


@pytest.mark.parametrize(
    "sentence",
    [
        "文件有打开密码，读不了，请去掉密码（另存为，不设密码）后再上传。",
        "日期没有写年份，请写成 2026-11-09 这样",
        "号码已变成科学计数法，原号码无法恢复。请把该列设为“文本”后对照证件重填。",
        "这个文件 {at} 已经导入过（{rows} 条）。",
        "与工单 ‹…› ‹…›，请判断要不要改工单。",
        "国家编码应为 H 或 P 加 11 位数字，请核对",
        "早于开始日期，请核对",
    ],
)
def test_known_sentences_are_on_it(sentence: str):
    assert sentence in PAGE.read_text(encoding="utf-8")


def test_the_command_says_when_the_page_is_old(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(refusals, "PAGE", tmp_path / "docs" / "workbook.md")
    call_command("refusals", "--check")
    assert "不是最新的" in capsys.readouterr().out
    (tmp_path / "docs").mkdir()
    call_command("refusals")
    call_command("refusals", "--check")
    assert "是最新的。" in capsys.readouterr().out
