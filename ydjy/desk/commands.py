"""Commands that operators script: one line for people, or one JSON object a line."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from ydjy.desk import readiness
from ydjy.desk.audit.change_log import as_actor
from ydjy.desk.exceptions import Refused
from ydjy.desk.imports.kinds import Report


class DeskCommand(BaseCommand):
    """Adds ``--json`` and turns a refusal into its sentence on stderr and exit status 1. On a
    database that is not this program's it does nothing."""

    requires_migrations_checks = False
    wants_tables = True

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="每行输出一个 JSON 对象")
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Nothing but ``--json`` unless the command says more."""

    def handle(self, *args: Any, **options: Any) -> None:
        if self.wants_tables and (said := readiness.complaint()):
            raise CommandError(said)
        name = self.__module__.rsplit(".", 1)[-1]
        try:
            with as_actor(f"command:{name}"):
                self.run(**options)
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        except OperationalError as error:
            raise CommandError(readiness.AWAY) from error

    def run(self, **options: Any) -> None:
        raise NotImplementedError

    def say(self, record: dict[str, Any], words: str, **options: Any) -> None:
        """The record as JSON with ``--json``, otherwise ``words``."""
        as_json = options.get("json")
        self.stdout.write(json.dumps(record, ensure_ascii=False) if as_json else words)


def read_bytes(file: str) -> bytes:
    """The file's bytes, or ``Refused`` with what the operator should check."""
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Refused(f"打不开文件 {file}。请检查文件名和权限。") from error


def report_in_words(report: Report) -> str:
    """The report for a terminal: the summary, then every row that did not simply go in."""
    lines = [f"{report.filename}：{report.message}"]
    lines += [f"  {row.where}：{row.message}" for row in report.rows if row.message]
    if report.unmapped:
        lines.append(f"  没有用到的列：{'、'.join(report.unmapped)}。")
    return "\n".join(lines)
