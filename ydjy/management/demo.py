"""An invented bureau to try the product with: staff, hospitals, filings and this week's workbook.

Every identity number has the serial 000, which no person has. The workbook is made for the ISO
week of ``today`` in the layout of the province's own, and its lines fail for different reasons
that the invented filings and openings explain.
"""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO

from django.db import transaction

from apps.errors.intake import receive as intake_receive
from apps.errors.intake.columns import COLUMNS
from apps.filings.models import Filing, Variant
from apps.institutions.models import Institution, NetworkOpening
from apps.offices.models import Channel, Office, Role, Staff
from ydjy.lib import idnumbers, workbook


@dataclass(frozen=True)
class Account:
    """One demo account and its one-time password, shown once and stored only as a hash."""

    username: str
    name: str
    role: str
    office: str
    password: str


# username, name, role, office code (None: the city's own)
_STAFF = (
    ("liumin", "刘敏", Role.CITY_LEAD, None),
    ("sunxiaoli", "孙晓丽", Role.CLERK, None),
    ("zhouqiang", "周强", Role.REVIEWER, None),
    ("hejuan", "何娟", Role.HEAD, None),
    ("yixian", "赵阳", Role.CLERK, "210727"),
    ("heishan", "王磊", Role.CLERK, "210726"),
    ("beizhen", "郭静", Role.CLERK, "210782"),
    ("linghai", "林丽", Role.CLERK, "210781"),
    ("binhai", "马艳", Role.CLERK, "滨海新区"),
    ("yixian_lead", "陈超", Role.COUNTY_LEAD, "210727"),
    ("liulongtai", "徐英", Role.CLERK, "liulongtai"),
    ("mulu", "胡洋", Role.DIRECTORY, None),
    ("yunwei", "吴桂", Role.OPERATOR, None),
    ("shenji", "罗伟", Role.AUDITOR, None),
)
_NAMES = "甲乙丙丁戊己庚辛壬癸"
_COUNTIES = ("210702", "210703", "210711", "210726", "210727", "210781", "210782")
# code, name, place, openings as (reach, business) — nothing said is «not opened»
_HOSPITALS = (
    ("H21010200001", "沈阳市第1测试医院", "210100", "沈阳市"),
    ("H11010100002", "北京市第2测试医院", "110000", "北京市"),
    ("H31010100003", "上海市第3测试医院", "310000", "上海市"),
    ("H21020200004", "大连市第4测试医院", "210200", "大连市"),
    ("H12010100005", "天津市第5测试医院", "120000", "天津市"),
)
# business types in the order of the lines: med_type, infno, message
_LINES = (
    ("21", "2401", "未查询到有效的异地就医备案信息"),
    ("21", "2401", "未查询到有效的异地就医备案信息"),
    ("21", "2401", "未查询到有效的异地就医备案信息"),
    ("21", "2401", "未查询到有效的异地就医备案信息"),
    ("21", "2304", "结算超时，参保地无返回"),
    ("14", "2207", "门诊慢特病资格未查询到"),
    ("11", "2207", "读卡失败：卡识别码校验不通过"),
    ("21", "2305", "结算撤销失败，存在单边账"),
)


@transaction.atomic
def build(today: date) -> list[Account]:
    """The whole demo, once: a bureau that has staff already is left as it is."""
    if Staff.objects.exists():
        return []
    _township()
    accounts = [_account(*row) for row in _STAFF]
    _hospitals(today)
    clerk = Staff.objects.get(username="sunxiaoli")
    reviewer = Staff.objects.get(username="zhouqiang")
    _filings(today, clerk, reviewer)
    lead = Staff.objects.get(username="liumin")
    name = f"{today:%Y%m%d}异地联网报错-锦州.xlsx"
    upload = intake_receive.receive(sample_workbook(today), name, by=lead)
    intake_receive.confirm(upload, by=lead)
    return accounts


def _office(code: str | None) -> Office:
    if code is None:
        return Office.objects.get(parent=None, handles_cases=True)
    return (
        Office.objects.filter(code=code).first()
        or Office.objects.filter(area=code, handles_cases=True).first()
        or Office.objects.get(area_name=code, handles_cases=True)
    )


def _township() -> None:
    """One invented township window, so that the third level of the tree can be tried."""
    county = _office("210727")
    Office.objects.create(
        code="liulongtai",
        name="义县刘龙台镇医保窗口（演示）",
        level=Office.Level.TOWNSHIP,
        parent=county,
        area_name="刘龙台镇",
        order=county.order,
        published=False,
    )


def _account(username: str, name: str, role: Role, office: str | None) -> Account:
    password = secrets.token_urlsafe(9)
    person = Staff(
        username=username,
        name=name,
        role=role,
        office=_office(office),
        is_staff=True,
        must_change_password=True,
        phone="0416-8000000",
    )
    person.set_password(password)
    person.save()
    return Account(username, name, str(role.label), str(person.office), password)


def _hospitals(today: date) -> None:
    opened = date(today.year - 2, 1, 1)
    for code, name, area, county in _HOSPITALS:
        hospital = Institution.objects.create(
            national_code=code, name=name, area=area, county=county, published=False
        )
        reach = "in_province" if area.startswith("21") else "cross_province"
        closed = name.startswith("天津")
        for business in NetworkOpening.Business.values:
            NetworkOpening.objects.create(
                institution=hospital,
                reach=reach,
                business=business,
                valid_from=opened,
                valid_to=date(today.year - 1, 12, 31) if closed else None,
            )


def identity_number(county: str, number: int) -> str:
    """An identity number that nobody has: serial 000, a birthday before 1945."""
    first17 = f"{county}{1920 + number % 25}{number % 12 + 1:02d}{number % 27 + 1:02d}000"
    return first17 + idnumbers.check_digit(first17)


def _person(number: int) -> tuple[str, str, str]:
    """(name, county code, identity number) of the invented person of this number."""
    county = _COUNTIES[number % len(_COUNTIES)]
    return f"测试{_NAMES[number % len(_NAMES)]}", county, identity_number(county, number)


# The person's filing by the number of the line: none, elsewhere, not uploaded, in order
_FILED = ("", "elsewhere", "not_uploaded", "", "good", "good", "", "good")


def _filings(today: date, clerk: Staff, reviewer: Staff) -> None:
    """Filings that explain the lines: some people have none, some filed for another place."""
    variant = Variant.objects.filter(category__code="long-term-resident").first()
    variant = variant or Variant.objects.order_by("pk")[0]
    window = Channel.objects.filter(kind=Channel.Kind.WINDOW)[0]
    for number in range(24):
        how = _FILED[number % len(_FILED)]
        if not how:
            continue
        hospital = _HOSPITALS[number % len(_HOSPITALS)]
        destination = "460000" if how == "elsewhere" else hospital[2]
        name, county, identity = _person(number)
        filing = Filing.objects.create(
            office=Office.objects.for_area(county),
            variant=variant,
            channel=window,
            name=name,
            cert_no=identity,
            insutype="310",
            insured_area=county,
            destination=destination,
            start_on=today - timedelta(days=200 + number),
            created_by=clerk,
        )
        filing.submit(by=clerk)
        filing.approve(by=reviewer)
        if how != "not_uploaded":
            filing.mark_uploaded(by=clerk)


_HEADERS = {key: names[0] for key, names in COLUMNS.items()} | {
    "reported_on": "报错时间",
    "insured_area": "参保地区划",
    "care_area": "就医地区划",
}
_KEYS = (
    "seq province_no reported_on insured_area care_area care_place inst_code inst_name name "
    "cert_type cert_no psn_no insutype med_type infno mdtrt_id setl_id msgid err_msg amount "
    "in_hospital contact phone remark"
).split()


def sample_workbook(today: date, lines: int = 24) -> bytes:
    """This week's workbook as the province would send it: ``lines`` rows, text cells."""
    monday = today - timedelta(days=today.weekday())
    rows = [_row(monday, number) for number in range(lines)]
    target = BytesIO()
    header = [_HEADERS[key] for key in _KEYS]
    workbook.write(target, [workbook.SheetOut(name="报错明细", header=header, rows=rows)])
    return target.getvalue()


def _row(monday: date, number: int) -> list[str]:
    med_type, infno, message = _LINES[number % len(_LINES)]
    code, hospital, area, place = _HOSPITALS[number % len(_HOSPITALS)]
    name, county, identity = _person(number)
    day = monday - timedelta(days=7 - number % 5)
    values = {
        "seq": str(number + 1),
        "province_no": f"YS{monday:%Y%m%d}-{number + 1:04d}",  # 演示: never a real one
        "reported_on": f"{day} {9 + number % 8:02d}:{number % 60:02d}:00",
        "insured_area": county,
        "care_area": area,
        "care_place": place,
        "inst_code": code,
        "inst_name": hospital,
        "name": name,
        "cert_type": "居民身份证",
        "cert_no": identity,
        "psn_no": f"2107{number + 1:026d}",
        "insutype": "310" if number % 2 else "390",
        "med_type": med_type,
        "infno": infno,
        "mdtrt_id": f"M{number + 1:08d}",
        "msgid": f"{code}{monday:%Y%m%d}{number + 1:010d}",
        "err_msg": message,
        "amount": f"{1234.5 + 87.31 * number:.2f}",
        "in_hospital": "是" if number % 3 == 0 else "否",
        "contact": f"经办{number % 3}",
        "phone": f"0416-80000{number:02d}",
    }
    return [values.get(key, "") for key in _KEYS]
