"""The one screen of a registration: only the fields of the chosen kind, everything typed kept.

The form never needs a script: every button posts it whole, and the page comes back with more filled
in (the cleaned number, the place found by initials, the hospitals that may write the certificate).
"""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils import timezone

from apps.filings.models import Filing
from apps.filings.models.catalogue import PersonStatus, Variant
from apps.filings.rules import judge as rules_judge
from apps.filings.rules import plausible
from apps.filings.rules.ruleset import MaterialRow, Rules
from apps.institutions.models import DiseaseGroup
from apps.offices.models import Channel, City, Office
from ydjy.desk.free_text import SEALED, NoNumbers
from ydjy.lib import cell_parsers, divisions, idnumbers

DOCUMENTS = (
    "居民身份证",
    "港澳台居民居住证",
    "外国人永久居留身份证",
    "港澳居民来往内地通行证",
    "台湾居民来往大陆通行证",
    "护照",
    "军官证",
    "其他",
)
_BY_NUMBER = {  # what a number of 18 says by itself
    idnumbers.Kind.RESIDENT: DOCUMENTS[0],
    idnumbers.Kind.HMT_RESIDENT: DOCUMENTS[1],
    idnumbers.Kind.FOREIGNER: DOCUMENTS[2],
}
PLACES_SHOWN = 40
_YEAR = "年份不对，请核对这个日期。"
HANDED = [
    ("", "没交"),
    (rules_judge.ORIGINAL, "原件"),
    (rules_judge.COPY, "复印件"),
]
PERSON = (
    *("cert_type", "cert_no", "name", "insutype", "person_status", "born", "insured_area"),
    *("phone", "psn_no"),
)
AGENT = ("agent_person", "agent_relation", "agent_phone", "agent_document")
OWED = ("lacking_due_on", "commitment_signed_on", "commitment_due_on")


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs: Any):
        super().__init__(format="%Y-%m-%d", **kwargs)


def text(label: str, length: int = 60, **more: Any) -> forms.CharField:
    more.setdefault("required", False)
    return forms.CharField(label=label, max_length=length, **more)


def day(label: str, **more: Any) -> forms.DateField:
    """A date of this century or the last: any other year is a slip."""
    more.setdefault("required", False)
    first = MinValueValidator(date(1900, 1, 1), _YEAR)
    last = MaxValueValidator(date(2100, 12, 31), _YEAR)
    return forms.DateField(label=label, widget=DayInput(), validators=[first, last], **more)


def choice(label: str, choices: list[tuple[str, str]], blank: str = "请选择") -> forms.ChoiceField:
    """A choice is made by a person: nothing is chosen to begin with."""
    return forms.ChoiceField(label=label, choices=[("", blank), *choices])


def row(label: str, model: type[Any]) -> forms.ModelChoiceField:
    empty = model.objects.none()
    return forms.ModelChoiceField(label=label, queryset=empty, empty_label="请选择")


def areas() -> list[tuple[str, str]]:
    """The city's counties and districts, and the local areas that only an office knows (trap 8)."""
    city = City.objects.maybe()
    if city is None:
        return []
    found = {}
    for number in range(1, 100):
        place = divisions.get(f"{city.area[:4]}{number:02d}")
        if place and place.in_force and place.level == 3 and "本级" not in place.kind:
            found[place.code] = place.name
    local = Office.objects.exclude(area="").filter(handles_cases=True, parent__isnull=False)
    for office in local.exclude(area_name=""):
        found.setdefault(office.area, office.area_name)
    found.setdefault(city.area, f"{city.name}本级")
    return sorted(found.items())


class RegisterForm(NoNumbers, forms.Form):
    """``rules`` decide which fields there are. What was posted is given as a copy: it is put right
    where an answer no longer fits the words beside it."""

    cert_type = forms.ChoiceField(
        label="证件类型", required=False, choices=[("", "看号码"), *((d, d) for d in DOCUMENTS)]
    )
    cert_no = text("证件号码", 40, required=True, help_text="怎么写都行，空格和全角会自动去掉")
    name = text("姓名", 50, required=True)
    insutype = choice("险种", list(rules_judge.INSURANCE_WORDS.items()))
    person_status = forms.ChoiceField(
        label="人员状态", choices=[("", "没有选"), *PersonStatus.choices], required=False
    )
    born = day("出生日期", help_text="证件号码里看得出的不用填")
    insured_area = choice("参保地", [])
    phone = text("联系电话", 30)
    psn_no = text("人员编号", 30)
    variant, channel = row("备案类别", Variant), row("渠道", Channel)
    office = row("受理机构", Office)
    place = text("就医地", 40, help_text="城市的名字或拼音首字母，例如 bj、沈阳")
    destination = forms.ChoiceField(label="是哪一个", required=False)
    residence = text("居外地址", 120)
    start_on = day("开始日期", required=True)
    end_on = day("结束日期")
    open_ended = forms.BooleanField(label="长期有效", required=False)
    admission_on = day("入院日期", help_text="已经住院的填")
    discharge_on = day("出院日期")
    settled = forms.BooleanField(label="已经结算过", required=False)
    posting_months = forms.IntegerField(
        label="派驻几个月", required=False, min_value=1, max_value=9999
    )
    relation = text("随谁居住", 20)
    relative = text("他（她）的姓名", 50)
    relative_document = text("他（她）的证件号码", 40)
    guardian_number = text("监护人的备案编号", 20)
    guardian_insured_there = forms.BooleanField(label="监护人在就医地参加职工医保", required=False)
    groups = forms.MultipleChoiceField(
        label="病种类别", required=False, widget=forms.CheckboxSelectMultiple
    )
    diagnosis = text("诊断", 100)
    institution = text("开证明的医院", 20)
    institution_name = text("不在上面的医院", 80, help_text="写医院名字，看它为什么不能开")
    issuer_confirmed = text("向谁核实的", 100)
    certificate_no = text("转诊证明编号", 40)
    certificate_on = day("转诊证明日期")
    lacking_due_on = day("容缺补齐日期")
    commitment_signed_on = day("承诺书签字日期")
    commitment_due_on = day("承诺补齐日期")
    excuse_eligibility = text("人员范围的特殊情况", 100)
    excuse_channel = text("渠道的特殊情况", 100)
    excuse_plausible = text("日期或数字的特殊情况", 100)
    agent_person = text("代办人姓名", 50)
    agent_relation = text("与参保人的关系", 20)
    agent_phone = text("代办人电话", 30)
    agent_document = text("代办人证件号码", 40)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, staff: Any, rules: Rules | None = None, **kwargs: Any):
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.rules = rules
        self.identity: idnumbers.IdNumber | None = None
        self._offer(staff)
        for row in rules.materials if rules else ():
            if not row.auto_generated:
                self.fields[f"m-{row.key}"] = self._handed(row)
        wanted = self._wanted()
        for name in [n for n in self.fields if n not in wanted and not n.startswith("m-")]:
            del self.fields[name]
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("autocomplete", "off")
            if name in AGENT and name != "agent_relation":
                field.widget.attrs |= SEALED

    def _offer(self, staff: Any) -> None:
        today = timezone.localdate()
        self.fields["insured_area"].choices = [("", "请选择"), *areas()]
        self.fields["variant"].queryset = (
            Variant.objects.for_filing(today)
            .filter(category__active=True)
            .order_by("category__order", "pk")
        )
        self.fields["channel"].queryset = Channel.objects.filter(available=True)
        offices = Office.objects.visible_to(staff).filter(handles_cases=True)
        mine = Office.objects.filter(pk=staff.office_id)
        self.fields["office"].queryset = (offices | mine).order_by("path")
        self.fields["groups"].choices = [
            (group.name, group.name) for group in DiseaseGroup.objects.all()
        ]
        places = self._places()
        self.more_places = max(0, len(places) - PLACES_SHOWN)
        places = places[:PLACES_SHOWN]
        self.fields["destination"].choices = [("", "请选是哪一个"), *places] if places else []
        if self.is_bound and self.data.get("destination") not in dict(places):
            self.data["destination"] = ""  # chosen for other words than those that stand there now

    def _handed(self, row: MaterialRow) -> forms.ChoiceField:
        choices = [*HANDED]
        if self.rules and self.rules.commitment_allowed and row.waivable:
            choices.append((rules_judge.PROMISE, "承诺"))
        choices.append((rules_judge.LATER, "容缺后补"))
        return forms.ChoiceField(
            label=row.words, choices=choices, required=False, widget=forms.RadioSelect
        )

    def _wanted(self) -> set[str]:
        """The fields of the chosen kind, and no others."""
        always = {*PERSON, "variant", "office", "version", "place", "destination"}
        rules = self.rules
        if rules is None:
            return always
        excuses = {"excuse_eligibility", "excuse_plausible"}
        if rules.channel_override:
            excuses.add("excuse_channel")
        return always | rules.asked | excuses | set(AGENT)

    # Reading what was typed --------------------------------------------------------------------

    def _typed_place(self) -> str:
        return str(self.data.get("place") or self.initial.get("place") or "").strip()

    def _places(self) -> list[tuple[str, str]]:
        """What the words or initials can mean, at the level of a filing. A county or district is
        filed at its city: 海淀区 is 北京市, and 鼓楼区 may be any of several."""
        typed = self._typed_place()
        found = divisions.search(typed, 1000, filing_only=True) if typed else []
        labels = {place.code: divisions.full_name(place.code) for place in found}
        for place in divisions.find(typed) if typed else ():
            try:
                above = divisions.filing_level(place.code)
            except ValueError:
                continue
            labels.setdefault(above.code, f"{divisions.full_name(above.code)}（{place.name}）")
        return list(labels.items())

    @property
    def named_place(self) -> str:
        """The code of the one place that is called exactly as it was typed; blank if a person has
        to choose."""
        named = divisions.find(self._typed_place())
        if len(named) != 1:
            return ""
        try:
            return divisions.filing_level(named[0].code).code
        except ValueError:
            return ""

    def clean_cert_no(self) -> str:
        kind = self.cleaned_data.get("cert_type", "")
        try:
            document = idnumbers.parse_document(kind, self.cleaned_data["cert_no"])
        except idnumbers.IdNumberError as wrong:
            raise ValidationError(str(wrong)) from wrong
        says = _BY_NUMBER.get(document.kind, "")
        if not kind and not says:
            raise ValidationError("从号码看不出是什么证件，请选证件类型。")
        if says and kind in _BY_NUMBER.values() and kind != says:
            raise ValidationError(f"这个号码是{says}的，不是{kind}的，请改选证件类型。")
        self.cleaned_data["cert_type"] = kind or says
        self.identity = document.identity
        return document.number

    def _clean_phone(self, name: str) -> str:
        city = City.objects.maybe()
        try:
            number = (
                cell_parsers.phone(self.cleaned_data[name], city.area_code if city else None) or ""
            )
        except cell_parsers.Unsure as wrong:
            raise ValidationError(f"{wrong}。") from wrong
        if words := plausible.phone_problem(number):
            raise ValidationError(words)
        return number

    def _clean_document(self, name: str) -> str:
        typed: str = self.cleaned_data[name]
        if words := plausible.document_problem(typed):
            raise ValidationError(words)
        return idnumbers.parse_document("", typed).number if typed else ""

    def clean_phone(self) -> str:
        return self._clean_phone("phone")

    def clean_agent_phone(self) -> str:
        return self._clean_phone("agent_phone")

    def clean_agent_document(self) -> str:
        return self._clean_document("agent_document")

    def clean_relative_document(self) -> str:
        return self._clean_document("relative_document")

    def clean_guardian_number(self) -> Filing | None:
        number = self.cleaned_data["guardian_number"].strip()
        if not number:
            return None
        found = Filing.objects.filter(number=number).select_related("variant__category").first()
        if found is None:
            raise forms.ValidationError("没有这个备案编号，请对照监护人的备案表。")
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("destination"):
            cleaned["destination"] = self.named_place
        if not cleaned["destination"] and "place" not in self.errors:
            if self.fields["destination"].choices:
                self.add_error("destination", "请选是哪一个。")
            else:
                said = "没有找到这个地方，请写城市的名字。"
                self.add_error("place", said if cleaned.get("place") else "请写就医地。")
        if any(cleaned.get(name) for name in AGENT) and not cleaned.get("agent_person"):
            self.add_error("agent_person", "填了代办人的其他内容，请填代办人姓名。")
        return cleaned

    def refuse(self, problem: ValidationError) -> None:
        """What a constraint of the table says, at the field that it names by its code."""
        for error in problem.error_dict.get(NON_FIELD_ERRORS, ()):
            self.add_error(error.code if error.code in self.fields else None, error.message)

    def set_focus(self) -> None:
        """The cursor stands in the first field that is wrong, else in the first that is empty."""
        shown = [name for name, field in self.fields.items() if not field.widget.is_hidden]
        wrong = [name for name in shown if name in self.errors]
        empty = [name for name in shown if self.fields[name].required and not self[name].value()]
        first = next(iter(wrong or empty or shown), "")
        if first == "destination" and not self.fields[first].choices:
            first = "place"
        self.fields[first].widget.attrs["autofocus"] = True

    def material_fields(self) -> list[tuple[list[Any], bool]]:
        """The material groups as (bound fields, any one is enough)."""
        groups = self.rules.groups.values() if self.rules else ()
        return [([self[f"m-{row.key}"] for row in group], len(group) > 1) for group in groups]

    @property
    def handed(self) -> dict[str, str]:
        return {
            name[2:]: how
            for name, how in self.cleaned_data.items()
            if name.startswith("m-") and how
        }

    def age_words(self, today: date) -> str:
        """女，66 周岁, and what was put right in the number."""
        if self.identity is None:
            return ""
        said = "；".join(self.identity.warnings)
        about = f"{self.identity.sex}，{self.identity.age_on(today)} 周岁"
        return about + (f"（{said}）" if said else "")


def propose_start(typed: QueryDict) -> None:
    """Who is in hospital already starts with the admission: today is only what was proposed."""
    try:
        came = RegisterForm.base_fields["admission_on"].clean(typed.get("admission_on"))
    except ValidationError:
        return
    today = timezone.localdate()
    if came and came < today and typed.get("start_on", "") in ("", str(today)):
        typed["start_on"] = str(came)


def blank_of(name: str) -> Any:
    """What stands in a column that the kind does not ask for."""
    column = Filing._meta.get_field(name)
    if column.null:
        return None
    return column.default if isinstance(column.default, bool) else ""
