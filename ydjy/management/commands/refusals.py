"""The page docs/workbook.md: every sentence by which a received file or row can be refused."""

import ast
import re
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.errors.intake import columns as intake_columns
from apps.filings.imports import columns as imports_columns
from apps.institutions.imports import columns as listing
from ydjy.staff_site import list_kinds

PAGE = Path(settings.BASE_DIR) / "docs" / "workbook.md"
# Where the sentences are said → heading, and the calls that say them.
SOURCES = {
    "整个文件": [
        "ydjy/lib/workbook",
        *(f"ydjy/desk/imports/{name}.py" for name in ("uploads", "cleanup", "quota", "kinds")),
    ],
    "小名单": [
        *(f"ydjy/desk/imports/{name}.py" for name in ("reference_list", "columns", "resource")),
        *(f"apps/{app}/resources.py" for app in ("errors", "institutions", "offices")),
    ],
    "单元格": [
        *(f"ydjy/lib/{name}.py" for name in ("cell_parsers", "idnumbers", "phones")),
        *("apps/institutions/imports/columns.py", "apps/filings/imports/columns.py"),
    ],
    "行，与已有的相比": [
        *(f"apps/errors/intake/{name}.py" for name in ("duplicates", "receive", "review")),
        *("apps/filings/exports.py", "apps/filings/imports/register.py"),
        *(f"apps/institutions/imports/{name}.py" for name in ("compare", "workflow")),
    ],
}
SAYING = re.compile(
    r"Error$|^(Bad|Unsure|Refused|must|AlreadyReceived|Unreadable)$|^_?(refuse|reject|put)"
)
_LARGE = (
    ("联网报错", intake_columns.COLUMNS, intake_columns.REQUIRED),
    ("定点机构", listing.COLUMNS, listing.REQUIRED),
    ("批量备案", imports_columns.COLUMNS, imports_columns.REQUIRED),
    ("平台备案", imports_columns.PLATFORM_COLUMNS, imports_columns.PLATFORM_REQUIRED),
)
_SHORTEST = 6
CHINESE = re.compile(r"[一-龥]{3}")


class Command(BaseCommand):
    help = "把来件的列名和全部拒收说明写进 docs/workbook.md；--check 只核对是不是最新"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="不写，只核对")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        text = page()
        if check:
            same = PAGE.exists() and PAGE.read_text(encoding="utf-8") == text
            self.stdout.write("是最新的。" if same else "不是最新的，请运行 manage.py refusals。")
            return
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
        self.stdout.write(f"写好了 {PAGE.name}。")


def page() -> str:
    """The whole page, the same for the same code."""
    parts = [_INTRODUCTION]
    small = (one.kind() for one in list_kinds.SMALL)
    for label, columns, needed in (
        *_LARGE,
        *((kind.label, kind.columns, kind.required) for kind in small),
    ):
        parts.append(f"## {label}：列和认得的列名\n")
        parts += [
            f"- **{words[0]}**" + (f"：{'、'.join(words[1:])}" if words[1:] else "")
            for words in columns.values()
        ]
        required = "、".join(columns[key][0] for key in needed)
        parts.append(f"\n必须有的列：{required}。\n")
    for title, places in SOURCES.items():
        found = sorted({sentence for place in places for sentence in _sentences(place)})
        parts.append(f"## 拒收或等人判断：{title}（{len(found)} 种）\n")
        parts += [f"- {sentence}" for sentence in found]
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def _sentences(place: str) -> Iterator[str]:
    """What the raising and refusing calls below ``place`` say; ‹…› stands for what is filled in."""
    start = Path(settings.BASE_DIR) / place
    for path in sorted(start.rglob("*.py")) if start.is_dir() else [start]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and SAYING.search(_name(node.func)):
                for value in [*node.args, *(keyword.value for keyword in node.keywords)]:
                    text = _text(value)
                    if CHINESE.search(text):
                        yield text
            elif isinstance(node, ast.FunctionDef):
                yield from filter(CHINESE.search, map(_text, node.args.defaults))
            elif isinstance(node, ast.Assign):  # sentences that several places share
                text = _text(_said(node))
                if CHINESE.search(text) and len(text) >= _SHORTEST:
                    yield text


def _said(node: ast.Assign) -> ast.expr:
    """Of ``row.status, row.message = …`` what the row says."""
    names, values = node.targets[0], node.value
    if isinstance(names, ast.Tuple) and isinstance(values, ast.Tuple):
        pairs = zip(names.elts, values.elts, strict=False)
        return next((value for name, value in pairs if _name(name) == "message"), values)
    return values


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _text(value: ast.expr) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value.replace("\n", " ")
    if isinstance(value, ast.JoinedStr):
        return "".join(_text(part) for part in value.values)
    if isinstance(value, ast.BinOp):
        return _text(value.left) + _text(value.right)
    if isinstance(value, ast.IfExp):
        return f"{_text(value.body)}／{_text(value.orelse)}"
    return "‹…›" if isinstance(value, ast.FormattedValue | ast.Call | ast.Name) else ""


_INTRODUCTION = """# 来件：列名和拒收说明

这一页由 `manage.py refusals` 从程序里抽出来，不要手改。‹…› 处填的是具体的工作表、行、列或数目。

收到的文件先存下，再在受限的子进程里读；每一行都有一个结果：可以导入、等人判断、有问题、重复、跳过，
五个数加起来总等于行数。有问题的行可以下载成工作簿，改好后原样再导入，也可以在网页上逐行判断。

上限：报错表 10 MB、60,000 行；定点机构 100 MB、1,000,000 行；备案 10 MB、20,000 行；
机构、电话、放假安排等小名单 10 MB、3,000 行；
都不超过 60 列，每格不超过 32,767 个字符。读 .xlsx、.xls、.csv、.tsv，按内容认，不按文件名认。
"""
