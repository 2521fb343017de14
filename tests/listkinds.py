"""Which kinds of list the product can receive, read off its source: every ``ListKind(code=…)``."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from ydjy.desk.imports.reference_list import SmallList

ROOT = Path(__file__).parents[1]


def codes() -> set[str]:
    """The code of every kind; the small lists share one call and are found where they stand."""
    found: set[str] = set()
    for path in sorted([*ROOT.glob("apps/**/*.py"), *ROOT.glob("ydjy/**/*.py")]):
        source = path.read_text(encoding="utf-8")
        if "ListKind(" not in source and "SmallList(" not in source:
            continue
        names = vars(import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)))
        found |= {one.code for one in names.values() if isinstance(one, SmallList)}
        for said in _said(ast.parse(source)):
            if isinstance(said, ast.Constant):
                found.add(said.value)
            elif isinstance(said, ast.Name):
                found.add(names[said.id])
    return found


def _said(tree: ast.Module) -> Iterator[ast.expr]:
    """What stands after ``code=``; where that is a parameter, what the callers give for it."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        taken = [one.arg for one in function.args.args]
        for call in _calls(function, "ListKind"):
            code = next(word.value for word in call.keywords if word.arg == "code")
            if isinstance(code, ast.Name) and code.id in taken:
                at = taken.index(code.id)
                yield from (one.args[at] for one in _calls(tree, function.name))
            else:
                yield code


def _calls(tree: ast.AST, name: str) -> list[ast.Call]:
    found = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in found if getattr(call.func, "id", "") == name]
