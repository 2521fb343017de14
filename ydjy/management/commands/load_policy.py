"""``load_policy <city>``: the city's rules, offices and institutions from its policy files."""

from pathlib import Path
from typing import Any

from django.apps import apps
from django.core.management.base import CommandParser
from django.db import transaction
from django.db.models import ProtectedError

from apps.errors.models import Ticket
from apps.filings import policy_loader as filings
from apps.filings.models import Filing
from apps.institutions import policy_loader as institutions
from apps.offices import policy_loader as offices
from apps.offices.models import City
from apps.offices.policy_loader import Counts
from ydjy.desk.commands import DeskCommand
from ydjy.desk.exceptions import Refused
from ydjy.lib import policyfile

APPS = (("offices", offices), ("institutions", institutions), ("filings", filings))


class Command(DeskCommand):
    help = "装入一个统筹区的政策：机构、电话、定点机构、备案规则、办事知识。可以重复运行。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("city", help="统筹区的代号，例如 jinzhou")

    def run(self, *, city: str, **options: Any) -> None:
        try:
            counts = load_city(city)
        except policyfile.PolicyError as problem:
            raise Refused(str(problem)) from None
        answer = {"city": city, "loaded": dict(counts.loaded), "unchanged": counts.unchanged}
        self.say(answer, _sentence(counts), **options)


@transaction.atomic
def load_city(city: str) -> Counts:
    """Load what is missing of a city's policy, all or nothing. Raises PolicyError.

    Another city takes the place of the one loaded before only while there are no cases.
    """
    if city not in cities():
        raise policyfile.PolicyError(
            f"没有“{city}”的政策文件，可以装入的是：{'、'.join(cities())}。"
        )
    _make_room(city)
    counts = Counts()
    for label, module in APPS:
        name = f"apps/{label}/data/{city}.toml"
        counts += module.load(city, policyfile.read(_folder(label) / f"{city}.toml", name))
    return counts


def cities() -> list[str]:
    """The cities that have policy files."""
    return sorted(path.stem for path in _folder("offices").glob("*.toml"))


def _folder(label: str) -> Path:
    return Path(apps.get_app_config(label).path) / "data"


def _make_room(city: str) -> None:
    old = City.objects.maybe()
    if old is None or old.code == city:
        return
    if Filing.objects.exists() or Ticket.objects.exists():
        raise policyfile.PolicyError(
            f"这里装的是{old.name}的政策，已经有备案或报错工单，不能换成别的统筹区。"
            "要给另一个统筹区用，请另建一套，用另一个数据文件夹。"
        )
    try:
        for _, module in reversed(APPS):
            module.remove()
    except ProtectedError:
        raise policyfile.PolicyError(
            f"这里装的是{old.name}的政策，已经有人员账号或来件用到它，不能换成别的统筹区。"
            "要给另一个统筹区用，请另建一套，用另一个数据文件夹。"
        ) from None


def _sentence(counts: Counts) -> str:
    made = counts.loaded.total()
    if not made:
        return f"没有变化：政策文件里的 {counts.unchanged} 行以前都装过。工作人员改过的内容没有动。"
    kept = f"，以前装过的 {counts.unchanged} 行没有动" if counts.unchanged else ""
    return f"装入 {made} 行{kept}。"
