"""Policy files: commented TOML, one per app and city, read strictly.

A bureau's people edit these files before their first start, so everything that is not understood
stops the loading with one Chinese sentence that names the file, the table and the row.
Plain values, no Django. Source: architecture.md 1.6.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FACT = re.compile(r"D-[FIOEX][0-9]{2}")


class PolicyError(ValueError):
    """A policy file cannot be loaded. The text is the sentence to show."""


@dataclass(frozen=True)
class Row:
    """One row of a table: ``number`` counts from 1 within its table, ``values`` are as written."""

    file: str
    table: str
    number: int
    values: Mapping[str, Any]

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    @property
    def place(self) -> str:
        named = self.values.get("code") or self.values.get("material")
        return f"{self.file} 的 [[{self.table}]] 第 {self.number} 行" + (
            f"（{named}）" if named else ""
        )

    def error(self, words: str) -> PolicyError:
        return PolicyError(f"{self.place}：{words}")

    def check(self, needed: str, allowed: str = "") -> None:
        """Refuse unknown and missing keys; both lists are words parted by blanks."""
        must, may = needed.split(), allowed.split()
        if unknown := [key for key in self.values if key not in must and key not in may]:
            raise self.error(f"不认识“{'”“'.join(unknown)}”，可以写的是：{'、'.join(must + may)}。")
        if missing := [key for key in must if self.values.get(key) in (None, "", [])]:
            raise self.error(f"没有写“{'”“'.join(missing)}”，请补上。")

    def pick(self, names: str) -> dict[str, Any]:
        """The keys of this list that the row has."""
        return {name: self.values[name] for name in names.split() if name in self.values}

    def facts(self, key: str = "facts") -> str:
        """The fact numbers of the row, parted by blanks."""
        numbers = self.values.get(key, [])
        if wrong := [n for n in numbers if not isinstance(n, str) or not _FACT.fullmatch(n)]:
            raise self.error(f"资料编号“{wrong[0]}”不对，要写成“D-F01”这样。")
        return " ".join(numbers)

    def below(self, key: str) -> "list[Row]":
        """The rows of a table inside this row, such as ``[[category.variant]]``."""
        return list(_rows(self.file, f"{self.table}.{key}", self.values.get(key, [])))


@dataclass(frozen=True)
class Tables:
    """One policy file: its name for messages and its tables."""

    file: str
    tables: Mapping[str, Any]

    def check(self, allowed: Iterable[str]) -> None:
        names = list(allowed)
        if unknown := [name for name in self.tables if name not in names]:
            raise PolicyError(
                f"{self.file} 里有不认识的表“{'”“'.join(unknown)}”，"
                f"可以写的是：{'、'.join(names)}。"
            )

    def of(self, table: str) -> list[Row]:
        """The rows of ``[[table]]``, or the single row of ``[table]``."""
        found = self.tables.get(table, [])
        return list(_rows(self.file, table, [found] if isinstance(found, dict) else found))


def _rows(file: str, table: str, found: Any) -> Iterator[Row]:
    if not isinstance(found, list) or not all(isinstance(values, dict) for values in found):
        raise PolicyError(f"{file} 的“{table}”要写成 [[{table}]] 这样的表。")
    for number, values in enumerate(found, start=1):
        yield Row(file, table, number, values)


def read(path: Path, name: str) -> Tables:
    """Read a file; ``name`` is how sentences call it. Raises PolicyError where TOML does not."""
    try:
        return Tables(name, tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise PolicyError(f"找不到政策文件 {name}。") from None
    except UnicodeDecodeError:
        raise PolicyError(f"{name} 不是 UTF-8 编码，请另存为 UTF-8 再试。") from None
    except tomllib.TOMLDecodeError as problem:
        where = re.search(r"line (\d+), column (\d+)", str(problem))
        spot = f"第 {where[1]} 行第 {where[2]} 个字附近" if where else "结尾"
        raise PolicyError(f"{name} 写法不对，在{spot}。请检查引号、括号和等号。") from None
