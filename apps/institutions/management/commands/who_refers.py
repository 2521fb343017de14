"""Which hospitals may issue a referral certificate, as the page 哪家医院能开转诊 answers it."""

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from apps.institutions.referral.query import ask
from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused


class Command(DeskCommand):
    help = "查询某地参保人看某类病，可以由哪些医院开转诊证明"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "questions",
            nargs="+",
            metavar="AREA:GROUP[,GROUP…]",
            help="参保地（代码或县区名）和病种类别，例如 义县:传染病 或 210702:儿科,结核病",
        )

    def run(self, *, questions: list[str], **options: Any) -> None:
        today = timezone.localdate()
        for question in questions:
            area, separator, names = question.partition(":")
            if not separator:
                raise Refused(f"“{question}”少了冒号。请写成 义县:传染病 这样。")
            groups = [name.strip() for name in names.replace("，", ",").split(",") if name.strip()]
            place, answer = ask(area.strip(), groups, today)
            record = {
                "area": place.name,
                "groups": groups,
                "yes": [institution.name for institution in answer.yes],
                "ask": [institution.name for institution, _ in answer.ask],
                "fallback": answer.fallback,
                "note": answer.note,
            }
            hospitals = "、".join(record["yes"]) or "没有"
            self.say(
                record, f"{place.name} {'、'.join(groups)}：{hospitals}。{answer.note}", **options
            )
