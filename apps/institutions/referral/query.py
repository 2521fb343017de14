"""The question that staff, citizens and the command all ask: who may refer me?"""

from collections.abc import Iterable
from datetime import date

from apps.institutions.models import DiseaseGroup, Institution, ReferralRight
from apps.institutions.referral import decision as referral_decision
from apps.offices.models import City, Office
from ydjy.desk.exceptions import Refused
from ydjy.lib import divisions


def area_of(text: str, city: City) -> referral_decision.Area:
    """The insured area meant by a code or a name; ``Refused`` if it is none of this city's.

    Our own offices come first: 滨海新区 has an office and no code of its own (trap 8).
    """
    office = (
        Office.objects.exclude(area="").filter(area=text).first()
        or Office.objects.exclude(area="").filter(area_name=text).first()
    )
    if office is not None and not office.municipal:
        place = divisions.get(office.area)
        return referral_decision.Area(
            office.area, office.area_name or office.name, bool(place and _is_county(place))
        )
    found = [d for d in _candidates(text, city) if divisions.contains(city.area, d.code)]
    if len(found) != 1:
        raise Refused(
            f"“{text}”不是{city.name}的县区。请写县区名或 6 位代码，例如 义县 或 210727。"
        )
    return referral_decision.Area(found[0].code, found[0].name, _is_county(found[0]))


def areas() -> list[tuple[str, str]]:
    """(code, name) of every place of this city that people are insured in, zones of our own too."""
    city = City.objects.maybe()
    if city is None:
        return []
    codes = [f"{city.area[:4]}{n:02d}" for n in range(1, 100)]
    known = {d.code: d.name for code in codes if (d := divisions.get(code)) and d.in_force}
    for office in Office.objects.exclude(area="").order_by("order"):
        if not office.municipal:
            known.setdefault(office.area, office.area_name or office.name)
    return list(known.items())


def _candidates(text: str, city: City) -> list[divisions.Division]:
    if text.isdecimal():
        found = divisions.get(text)
        return [found] if found else []
    return divisions.find(text, within=city.area)


def _is_county(place: divisions.Division) -> bool:
    """县 and 县级市 have their own hospital; districts are the city's."""
    return place.level == 3 and not place.name.endswith("区")


def ask(
    area: str, groups: Iterable[str], day: date, *, in_catalogue: bool = False
) -> tuple[referral_decision.Area, referral_decision.ReferralAnswer[Institution]]:
    """The area as understood, and which institutions may refer these groups on that day.

    ``in_catalogue``: the disease is of the referral catalogue, which needs no certificate (D-F19).
    ``Refused`` for an area or a group that does not exist, naming what there is.
    """
    city = City.objects.maybe()
    if city is None:
        raise Refused("还没有载入本市资料。请先运行 load_policy。")
    place = area_of(area, city)
    vocabulary = DiseaseGroup.objects.vocabulary()
    known = []
    for group in groups:
        name = vocabulary.find(group)
        if name is None:
            raise Refused(f"没有“{group}”这一类病。可以写：{'、'.join(vocabulary.names)}。")
        known.append(name)
    answer = ReferralRight.objects.asked(
        place, frozenset(known), day, city.county_rule, in_catalogue=in_catalogue
    )
    return place, answer
