"""What the documents and the sentences of the program name is there: commands and their options,
targets of make, variables, links, units; and every command and bench part is run."""

import ast
import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class

from tests import workbooks
from tests.processes import ROOT, environ, python
from ydjy import environment

DOCS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
FILES = sorted((ROOT / "docs" / "deploy").iterdir())
SAID = [
    path
    for folder in ("ydjy", "apps")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".html") and "migrations" not in path.parts
]
_COMMAND = re.compile(r"(?:manage\.py|-m django|ydjy-manage) ([a-z_]+)([^`\n；。，“”|]*)")
OURS = {n for n, app in get_commands().items() if app.startswith(("ydjy", "apps."))}


def named() -> Iterator[tuple[str, str, str]]:
    """(where, command, what follows) of every command line that somebody could copy."""
    for path in [*DOCS, *FILES, *SAID]:
        if path.name == "CHANGELOG.md":  # tells of what was
            continue
        for name, rest in _COMMAND.findall(path.read_text(encoding="utf-8")):
            yield str(path.relative_to(ROOT)), name, rest


@cache
def options_of(name: str) -> set[str]:
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    return {word for action in parser._actions for word in action.option_strings}


def test_every_command_that_is_named_exists_with_its_options():
    found = list(named())
    assert len(found) > 40, "the walk finds the lines"
    for where, name, rest in found:
        assert name in get_commands(), (where, name)
        for option in re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", rest):
            assert option in options_of(name), (where, name, option)


def test_every_command_of_ours_is_in_a_document():
    told = {name for where, name, _ in named() if where.endswith((".md", ".service"))}
    text = "".join(path.read_text(encoding="utf-8") for path in DOCS)
    assert {name for name in OURS if name not in told and f"`{name}" not in text} == set()


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path):
    for address in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if address.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = address.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), (path.name, address)
        assert not anchor or anchor in anchors(target), (path.name, address)
    for name in re.findall(r"`((?:apps|ydjy|tests|bench|docs)/[\w/.-]+\.\w+)`", path.read_text()):
        assert (ROOT / name).exists() or path.name in ("CHANGELOG.md", "decisions.md"), name


def test_every_target_of_make_and_every_bench_part_that_is_named_exists():
    targets = set(re.findall(r"^([a-z.]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    parts = set(re.findall(r'^        "(\w+)": \w+\.\w+,', BENCH.read_text(), re.MULTILINE))
    assert {"alone", "wire"} <= parts
    for path in [*DOCS, *SAID]:
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"`make ([a-z]+)|^make ([a-z]+)(?= +#|$)", text, re.MULTILINE):
            assert "".join(target) in targets, (path.name, target)
        for part in re.findall(r'make bench ARGS="?(\w+)', text):
            assert part in parts | {"tiny"}, (path.name, part)


def test_every_variable_that_is_named_is_read_and_every_one_read_is_told():
    told: set[str] = set()
    for path in [*DOCS, *FILES]:
        found = set(re.findall(r"YDJY_[A-Z_]+[A-Z]", path.read_text(encoding="utf-8")))
        assert found <= set(environment.NAMES), path.name
        told |= found
    assert told == set(environment.NAMES)


# The units -----------------------------------------------------------------------------------


def test_every_unit_starts_what_there_is():
    """The command lines of the units, without their start: that would be a server of its own."""
    lines = re.findall(r"^ExecStart=(.+)$", "\n".join(f.read_text() for f in FILES), re.MULTILINE)
    assert len(lines) >= 6
    for line in lines:
        program, *rest = shlex.split(line)
        name = Path(program).name
        assert name in ("granian", "celery", "python"), line
        if name == "python":
            assert rest[0] == "manage.py"
            continue
        known = helped(name, *[word for word in rest if word in ("worker", "beat")])
        for option in (word for word in rest if word.startswith("--")):
            assert option.partition("=")[0] in known, (line, option)


@cache
def helped(program: str, *words: str) -> str:
    """What a program says of its options, and with a word also of those of the word."""
    own = str(Path(sys.executable).parent / program)
    asked = [[own, "--help"], *([[own, *words, "--help"]] if words else [])]
    return "".join(subprocess.check_output(command, text=True, cwd=ROOT) for command in asked)


def test_units_and_timers_belong_together():
    names = {path.name for path in FILES}
    for path in FILES:
        if path.suffix == ".timer":
            assert path.with_suffix(".service").name in names
        if path.suffix == ".service":
            text = path.read_text(encoding="utf-8")
            assert "User=ydjy" in text
            assert "EnvironmentFile=/etc/ydjy/" in text
            assert path.name in (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


# Every command is run --------------------------------------------------------------------------

Made = Callable[[str], str]
# Its words, and what it says: a piece of its answer, or of its refusal.
RUN: dict[str, tuple[list[str], str]] = {
    "backup": (["--keep", "-1"], "要写 0 以上的数"),
    "check": ([], "System check"),
    "give_password": (["zhangsan"], "没有“zhangsan”这个账号"),
    "import_institutions": (["WEEKLY"], ""),
    "intake": (["WEEKLY", "--week", "2026-W47"], "可以导入 3 行"),
    "intake_check": (["--kind", "weekly", "WEEKLY"], "可以导入 3 行"),
    "load_policy": (["jinzhou"], "没有变化"),
    "public_role": ([], "CREATE ROLE ydjy_public"),
    "public_snapshot": (["NEW"], ""),
    "quickstart": (["--no-serve"], "准备好了"),
    "refusals": (["--check"], "最新的"),
    "restore": (["NEW"], "这个备份文件"),
    "return_file": (["--week", "2026-W47", "--out", "FOLDER"], ""),
    "seal_changes": ([], "封存了"),
    "start_desk": (
        ["--city", "jinzhou", "--lead", "甲", "--operator", "乙", "--auditor", "乙"],
        "要是三个人",
    ),
    "sync_reference": ([], "都已是最新"),
    "tend_exports": ([], "到期删除 0 个"),
    "tick": ([], "W"),
    "upgrade": (["--no-backup"], "collectstatic：样式文件在"),
    "verify_changes": ([], ""),
    "weeks": (["2026"], "2026"),
    "who_refers": (["古塔:儿科"], ""),
}


def test_no_command_is_left_out():
    assert set(RUN) == OURS


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(RUN))
def test_every_command_runs(
    name: str, jinzhou_policy: None, tmp_path: Path, settings: Any, request: pytest.FixtureRequest
):
    settings.STATIC_ROOT = tmp_path / "static"
    mask = os.umask(0o077)  # a first start sets it for good
    request.addfinalizer(lambda: os.umask(mask))
    weekly = tmp_path / "a.xlsx"
    weekly.write_bytes(workbooks.weekly_workbook(workbooks.weekly_rows(3)))
    given = {"WEEKLY": str(weekly), "NEW": str(tmp_path / "new"), "FOLDER": str(tmp_path)}
    words, expected = RUN[name]
    out = StringIO()
    try:
        call_command(name, *[given.get(word, word) for word in words], stdout=out, stderr=out)
        said = out.getvalue()
    except CommandError as refused:
        said = str(refused)
        assert re.search("[\u4e00-\u9fff]", said), "a refusal is a sentence"
    assert expected in said


# The bench ---------------------------------------------------------------------------------------

BENCH = ROOT / "bench" / "__main__.py"


@pytest.mark.parametrize("path", sorted(BENCH.parent.glob("*.py")), ids=lambda path: path.stem)
def test_every_name_that_the_bench_uses_of_a_module_exists(path: Path):
    """What is not run rots: ``institutions._import`` was gone, and nobody noticed."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for item in (item for item in node.names if item.name != "*"):
                modules[item.asname or item.name] = resolve(node.module, item.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = modules.get(node.value.id)
            if isinstance(owner, type(ast)):
                assert hasattr(owner, node.attr), f"{node.value.id}.{node.attr}"


def resolve(module: str, name: str) -> Any:
    """The thing itself, a module or one of its names; fails when there is none."""
    home = importlib.import_module(module)
    return (
        getattr(home, name) if hasattr(home, name) else importlib.import_module(f"{module}.{name}")
    )


@pytest.mark.skipif(not os.environ.get("CI"), reason="half a minute: .ci/run does it")
def test_every_part_of_the_bench_runs_at_its_smallest(tmp_path: Path):
    done = python("-m", "bench", "tiny", env=environ(tmp_path))  # not with the suite's settings
    assert done.returncode == 0, done.stderr[-2000:]
    assert "requests a second for" in done.stdout
