"""The people and rows of every story told in the tests. Invented, all of them.

The city has two counties, 义县 and 黑山县, and a township below 义县. Each office has one filing
and one ticket, whose words are found nowhere else: ``canary("义县")``.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.utils import timezone

from apps.errors.models import Batch, CauseCode, ReturnFile, Ticket
from apps.filings.models import Category, Filing, Inbound, Variant
from apps.institutions.models import Institution
from apps.offices.models import Channel, City, Duty, Office, Role, Staff
from apps.offices.sync import sync_roles
from ydjy.desk.admin.person_search import CERT_INDEX
from ydjy.desk.crypto.fields import blind_index
from ydjy.desk.models import Export, Upload
from ydjy.lib import idnumbers, pinyin

PASSWORD = "Correct-Horse-9"
HASHED = make_password(PASSWORD)
PLACES = {
    "city": ("市医保中心", "210700", Office.Level.CITY, None),
    "yixian": ("义县医保中心", "210727", Office.Level.COUNTY, "city"),
    "heishan": ("黑山县医保中心", "210726", Office.Level.COUNTY, "city"),
    "township": ("高台子镇窗口", "210727", Office.Level.TOWNSHIP, "yixian"),
}
# key: (name, role, office). 刘敏 leads the city; the county clerks must not see each other's rows.
PEOPLE = {
    "lead": ("刘敏", Role.CITY_LEAD, "city"),
    "yixian": ("王芳", Role.CLERK, "yixian"),
    "heishan": ("李强", Role.CLERK, "heishan"),
    "township": ("赵丽", Role.CLERK, "township"),
    "reviewer": ("孙伟", Role.REVIEWER, "yixian"),
    "county_lead": ("周涛", Role.COUNTY_LEAD, "yixian"),
    "head": ("郑局", Role.HEAD, "city"),
    "directory": ("吴静", Role.DIRECTORY, "city"),
    "operator": ("冯工", Role.OPERATOR, "city"),
    "auditor": ("陈审", Role.AUDITOR, "city"),
    "root": ("超级", "", "city"),  # a superuser without a role
    "nobody": ("无岗", "", "city"),  # staff of the admin, but with no role at all
}


def number(order: int, area: str = "210727") -> str:
    """A valid identity number of nobody: ``order`` 0 to 999."""
    first = f"{area}19600101{order:03d}"
    return first + idnumbers.check_digit(first)


def canary(place: str) -> str:
    """A word that stands in the rows of one office only."""
    return {
        "city": "欧阳市鸣",
        "yixian": "司马义鸣",
        "heishan": "诸葛黑鸣",
        "township": "慕容镇鸣",
    }[place]


@dataclass
class Cast:
    """``cast.yixian`` is the person, ``cast.office["yixian"]`` the office."""

    office: dict[str, Office] = field(default_factory=dict)
    staff: dict[str, Staff] = field(default_factory=dict)

    def __getattr__(self, key: str) -> Staff:
        try:
            return self.__dict__["staff"][key]
        except KeyError:
            raise AttributeError(key) from None


def hire() -> Cast:
    """The city, its offices and everybody in them, with the permissions of their roles.

    Where a city's policy is loaded they work beside its offices, whose codes stay its own."""
    cast = Cast()
    beside = "cast-" if City.objects.exists() else ""
    if not beside:
        City.objects.create(
            code="test", name="测试市", area="210700", area_code="0416", weekly_exchange=True
        )
    _found(cast, beside)
    _employ(cast)
    return cast


# All at once: two thousand tests hire them, and one by one they take longer than most of what is
# tested. ``Office.save``, ``Staff.save`` and ``sync_roles`` have tests of their own.


def _found(cast: Cast, beside: str) -> None:
    cast.office = {
        key: Office(
            code=beside + key, name=name, level=level, area=area, order=order, handles_cases=True
        )
        for order, (key, (name, area, level, _)) in enumerate(PLACES.items())
    }
    Office.objects.bulk_create(cast.office.values())
    for key, (*_, above) in PLACES.items():
        office = cast.office[key]
        office.parent = cast.office.get(above or "")
        office.path = f"{office.parent.path if office.parent else '/'}{office.pk}/"
    Office.objects.bulk_update(cast.office.values(), ["parent", "path"])


def _employ(cast: Cast) -> None:
    if not Group.objects.exists():
        sync_roles()  # kept between tests, see conftest
    group_of = {group.name: group.pk for group in Group.objects.all()}
    cast.staff = {
        key: Staff(
            username=key, password=HASHED, name=name, role=role, office=cast.office[place],
            is_staff=True, is_superuser=key == "root",
        )
        for key, (name, role, place) in PEOPLE.items()
    }  # fmt: skip
    Staff.objects.bulk_create(cast.staff.values())
    Staff.groups.through.objects.bulk_create(
        Staff.groups.through(staff_id=person.pk, group_id=group_of[Role(person.role).label])
        for person in cast.staff.values()
        if person.role
    )


# Rows ------------------------------------------------------------------------------------------


def variant() -> Variant:
    category, _ = Category.objects.get_or_create(
        code="long", defaults={"name": "异地长期居住人员", "group": Category.Group.LONG_TERM}
    )
    return Variant.objects.get_or_create(code="long", category=category)[0]


def channel() -> Channel:
    return Channel.objects.get_or_create(
        code="window", defaults={"name": "窗口", "kind": Channel.Kind.WINDOW}
    )[0]


def filing(cast: Cast, place: str = "yixian", **more: Any) -> Filing:
    order = list(PLACES).index(place)
    values = {
        "office": cast.office[place],
        "variant": variant(),
        "channel": channel(),
        "name": canary(place),
        "cert_no": number(order),
        "insutype": "310",
        "insured_area": "210727",
        "destination": "310000",
        "start_on": date(2026, 11, 1),
        "created_by": cast.lead,
        **more,
    }
    return Filing.objects.create(**values)


def inbound(cast: Cast, place: str = "yixian", **more: Any) -> Inbound:
    values = {
        "office": cast.office[place],
        "name": canary(place),
        "cert_no": number(list(PLACES).index(place)),
        "insutype": "310",
        "insured_area": "310000",
        "group": Category.Group.LONG_TERM,
        "agency": f"{canary(place)}医保中心",
        "agency_phone": "021-12393",
        "start_on": date(2026, 11, 1),
        "created_by": cast.lead,
        **more,
    }
    return Inbound.objects.create(**values)


def batch() -> Batch:
    return Batch.objects.get_or_create(
        iso_year=2026,
        iso_week=47,
        defaults={"intake_on": date(2026, 11, 16), "due_at": timezone.now() + timedelta(days=3)},
    )[0]


def ticket(cast: Cast, place: str = "yixian", **more: Any) -> Ticket:
    order = list(PLACES).index(place)
    person = more.pop("cert_no", number(order))
    name = more.pop("name", canary(place))
    values = {
        "number": f"2026W47-{order + 1:03d}",
        "batch": batch(),
        "office": cast.office[place],
        "reported_on": date(2026, 11, 16),
        "name": name,
        "name_initials": pinyin.initials(name, person=True),
        "cert_no": person,
        "cert_index": blind_index(CERT_INDEX, person),
        "err_msg": f"{canary(place)}未查到备案",
        "inst_name": f"{canary(place)}医院",
        "fingerprint": f"{order:032d}",
        **more,
    }
    return Ticket.objects.create(**values)


def upload(cast: Cast, place: str = "city", **more: Any) -> Upload:
    values = {
        "kind": "weekly",
        "period": "2026-W47",
        "filename": f"{canary(place)}.xlsx",
        "format": "xlsx",
        "sha256": f"{list(PLACES).index(place):064d}",
        "size": 1,
        "stored": "weekly/0",
        "office_path": cast.office[place].path,
        "received_at": timezone.now(),
        **more,
    }
    return Upload.objects.create(**values)


def export(cast: Cast, place: str = "city") -> Export:
    return Export.objects.create(
        table="errors.ticket", query="tab=all", form="xlsx", rows=1, full=True,
        reason=canary(place), office_path=cast.office[place].path,
        asked_by=Staff.objects.filter(office=cast.office[place]).first(),
        asked_at=timezone.now(), expires_at=timezone.now(), state=Export.State.WAITING,
    )  # fmt: skip


def return_file(cast: Cast, place: str = "city") -> ReturnFile:
    return ReturnFile.objects.create(
        batch=batch(), upload=upload(cast, place), version=1, filename=f"返回{canary(place)}.xlsx",
        sha256="0" * 64, stored="returns/0", rows=1, answered=1, unfinished=0,
        made_at=timezone.now(),
    )  # fmt: skip


def colleague(cast: Cast, place: str) -> Staff:
    return Staff.objects.create_user(f"x-{place}", name=canary(place), office=cast.office[place])


def duty(cast: Cast, place: str) -> Duty:
    person = Staff.objects.filter(office=cast.office[place]).first() or colleague(cast, place)
    return Duty.objects.create(
        office=cast.office[place],
        kind=Duty.Kind.DUTY,
        person=person,
        note=canary(place),
        valid_from=date(2026, 11, 16),
        valid_to=date(2026, 11, 20),
    )


def institution(name: str = "中心医院") -> Institution:
    return Institution.objects.create(name=name)


def cause() -> CauseCode:
    return CauseCode.objects.get_or_create(code="not_filed", defaults={"label": "未备案"})[0]
