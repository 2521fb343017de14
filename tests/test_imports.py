"""Which file may ask which: no circle anywhere, and an import stands at the head of its file."""

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
#: Where an import inside a function is meant: a package that need not be installed, a dictionary
#: that only few callers need, and what Django loads no earlier than ``ready``.
LATE = {
    "pypinyin": "the dictionary takes 0.2 s and 60 MB: only pickers and lists need it",
    "ydjy.lib": "the same, by way of our own reader",
    "weasyprint": "an extra",
    "paramiko": "an extra",
}
#: Files that are themselves loaded before what they show.
EARLY = {
    "ydjy.staff_site.admin_site": "the site is made by the first page that registers with it",
    "ydjy.staff_site.checks": "checks are registered before the models are loaded",
}


def modules(root: Path = ROOT) -> dict[str, Path]:
    found = {}
    for folder in ("ydjy", "apps"):
        for path in (root / folder).rglob("*.py"):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(root).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = path
    return found


def asked(tree: ast.AST, known: dict[str, Path]) -> Iterator[str]:
    """The modules of ours that a file names, in functions and under TYPE_CHECKING too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def circles(arrows: dict[str, set[str]]) -> list[set[str]]:
    """Groups of files of which each reaches each other."""
    reached = {name: _from(name, arrows) for name in arrows}
    found: list[set[str]] = []
    for name, there in reached.items():
        circle = {other for other in there if name in reached[other]}
        if circle and circle not in found:
            found.append(circle)
    return found


def _from(start: str, arrows: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = list(arrows[start])
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += arrows[name]
    return seen


def house() -> dict[str, set[str]]:
    known = modules()
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in known.items()}
    return {n: {m for m in asked(t, known) if m in known and m != n} for n, t in trees.items()}


def test_no_file_reaches_itself():
    assert circles(house()) == []


def test_a_circle_is_found_where_there_is_one():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]


def test_an_import_stands_at_the_head_of_its_file():
    inside = []
    for name, path in modules().items():
        if name in EARLY:
            continue
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and function.name != "ready":
                inside += [
                    f"{name}.{function.name}: {module}"
                    for module in asked(function, {})
                    if module not in LATE and module.split(".")[0] not in LATE
                ]
    assert inside == []
