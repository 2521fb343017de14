"""What a clerk fills in: the answer to a ticket, the file on Monday, the unanswered on Friday."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from apps.errors.models import CauseCode, Ticket
from apps.errors.models.transitions import RESULT_LIMIT
from apps.offices.models import Staff
from ydjy.desk.free_text import NoNumbers


def one_line_end(text: str) -> str:
    """A browser sends two signs for each new line; counted and sent on is one."""
    return text.replace("\r\n", "\n")


def colleagues(staff: Any) -> QuerySet[Staff]:
    """To whom this person may give tickets: case workers of the own office and those below."""
    below = Staff.objects.case_workers().filter(office__path__startswith=staff.case_path or "-")
    return below.select_related("office")


def who_could_take(ticket: Ticket, staff: Any) -> QuerySet[Staff]:
    """Whom this person may ask to take the ticket: everybody at its office or above who works on
    cases. They see it already, so nobody learns of it by being asked."""
    path = ticket.office.path
    above = [path[: i + 1] for i, sign in enumerate(path) if sign == "/"]
    people = Staff.objects.case_workers().filter(office__path__in=above).exclude(pk=staff.pk)
    return people.select_related("office")


class WorkForm(NoNumbers, forms.Form):
    """The right half of a ticket's page. It never names a state: its buttons call the verbs."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    cause = forms.ModelChoiceField(
        CauseCode.objects.filter(active=True), label="原因", required=False, empty_label="请选择"
    )
    result = forms.CharField(
        label="返回给省里的处理结果",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "data-limit": RESULT_LIMIT}),
        help_text=f"省里的表最多 {RESULT_LIMIT} 个字，不要写证件号码。",
    )
    note = forms.CharField(
        label="内部备注",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="只有我们看得到，不会返回给省里。",
    )
    waiting_for = forms.CharField(label="等谁回复", required=False, max_length=60)
    words = forms.CharField(label="说明", required=False, max_length=300)
    refer_to = forms.CharField(label="上报给谁", required=False, max_length=60)
    refer_number = forms.CharField(label="文号或编号", required=False, max_length=60)
    until = forms.DateField(
        label="预计哪天办结",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "日期认不出来，请写成 2026-11-27 的样子。"},
    )
    merge_into = forms.CharField(label="合并到哪个工单", required=False, max_length=20)
    lines = forms.MultipleChoiceField(label="拆出哪几行", required=False)
    colleague = forms.ModelChoiceField(
        Staff.objects.none(), label="请谁接手", required=False, empty_label="请选择"
    )
    assignee = forms.ModelChoiceField(
        Staff.objects.none(), label="分派给", required=False, empty_label="请选择"
    )

    def __init__(self, ticket: Ticket, staff: Any, data: QueryDict | None = None):
        super().__init__(
            data,
            label_suffix="",
            initial={
                "version": ticket.version,
                "cause": ticket.cause_id,
                "result": ticket.result,
                "note": ticket.note,
                "waiting_for": ticket.waiting_for,
            },
        )
        self.ticket, self.staff = ticket, staff
        keys = ticket.lines.order_by("pk").values_list("pk", flat=True)
        self.fields["lines"].choices = [(pk, pk) for pk in keys]  # type: ignore[attr-defined]
        self.fields["colleague"].queryset = who_could_take(ticket, staff)  # type: ignore[attr-defined]
        if staff.has_perm("errors.assign_ticket"):
            self.fields["assignee"].queryset = colleagues(staff)  # type: ignore[attr-defined]
        else:
            del self.fields["assignee"]

    @property
    def kept(self) -> dict[str, Any]:
        """What every step keeps with it, so that nothing typed is lost, and the version seen."""
        return {
            "cause": self.cleaned_data["cause"],
            "result": one_line_end(self.cleaned_data["result"]).strip(),
            "note": self.cleaned_data["note"].strip(),
            "expected": self.cleaned_data["version"],
        }

    def differs_from(self, row: Ticket) -> list[tuple[str, str]]:
        """Label and text of what the newer row says otherwise than this form."""
        theirs = {
            "cause": str(row.cause or ""),
            "result": row.result,
            "note": row.note,
            "waiting_for": row.waiting_for,
        }
        mine = {
            "cause": str(self.cleaned_data["cause"] or ""),
            **{name: self.cleaned_data[name].strip() for name in ("result", "note", "waiting_for")},
        }
        return [
            (str(self.fields[name].label), text or "（空着）")
            for name, text in theirs.items()
            if text != mine[name]
        ]

    def again(self, **changed: object) -> "WorkForm":
        """The same form with what was typed, some fields set anew."""
        data = self.data.copy()
        for name, value in changed.items():
            data[name] = "" if value is None else str(value)
        return WorkForm(self.ticket, self.staff, data)


class FileForm(NoNumbers, forms.Form):
    """Step one of the import: the province's workbook as it was received."""

    file = forms.FileField(
        label="省里下发的报错表",
        help_text="Excel 工作簿（.xlsx、.xls）或 .csv，不用改动。同一个文件重复选也不会重复导入。",
        error_messages={"required": "请选择文件。", "empty": "这个文件是空的，请重新选择。"},
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.csv,.tsv"}),
    )
    sender = forms.CharField(
        label="来文单位",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"list": "senders"}),
        help_text="不填就是省医保中心。列名按来文单位记住，下次不用再对应。",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, label_suffix="", **kwargs)


class UnfinishedForm(NoNumbers, forms.Form):
    """Friday: what goes into the lines that have no result yet."""

    reason = forms.CharField(label="没有办结的原因", max_length=80)
    until = forms.DateField(
        label="预计哪天办结",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "日期认不出来，请写成 2026-11-27 的样子。"},
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, label_suffix="", **kwargs)
        for field in self.fields.values():
            field.error_messages.setdefault("required", "")
            field.error_messages["required"] = f"请填写{field.label}。"

    @property
    def sentence(self) -> str:
        until = self.cleaned_data["until"]
        reason = self.cleaned_data["reason"].strip("。；， ")
        return f"{reason}，预计{until.month}月{until.day}日办结。"
