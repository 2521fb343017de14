"""A ticket 报错工单, the received lines that it answers, and what was done to it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from apps.errors.models.batch import Batch
from apps.errors.models.cause import CauseCode
from apps.errors.models.collaboration import SharedVerbs
from apps.errors.models.transitions import Status, TicketManager, TicketQuerySet, TicketVerbs
from apps.filings.models import Filing
from apps.institutions.models import Institution
from apps.offices.models import Office
from ydjy.desk.crypto.fields import SealedTextField
from ydjy.desk.models import StagedRow
from ydjy.lib.text import for_reading

# Keys of which most tickets have none.
_MOSTLY_BLANK = (
    *("answered_by", "carried_from", "cause", "filing"),
    *("merged_into", "offered_to", "split_from"),
)


def _of_the_few(name: str) -> models.Index:
    """An index of the tickets that have one: the others, all when they come in, cost nothing."""
    having = models.Q(**{f"{name}__isnull": False})
    return models.Index(fields=[name], condition=having, name=f"ticket_{name}_some")


class Ticket(SharedVerbs, TicketVerbs, models.Model):
    """One line of the province's list 报错工单: a settlement that failed somewhere else.

    The columns are the line as read; the line as it came is in its staged rows. Names are
    searchable text, numbers of persons are sealed. Codes are text: 0012 and 1E10 are codes.
    """

    Status = Status

    class Source(models.TextChoices):
        """Where it came from 来源 (E6)."""

        PROVINCE = "province", "省里下发"
        PHONE = "phone", "电话"
        GROUP = "group", "工作群"
        PAPER = "paper", "纸质"

    number = models.CharField("编号", max_length=14, unique=True)
    batch = models.ForeignKey(
        Batch,
        models.PROTECT,
        related_name="tickets",
        db_index=False,  # the index with the status answers for it
        verbose_name="批次",
    )
    office = models.ForeignKey(Office, models.PROTECT, related_name="+", verbose_name="承办机构")
    routed = models.CharField("分给这里的原因", max_length=120, blank=True)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.NEW)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="tickets",
        db_index=False,  # the index with the status answers for it
        verbose_name="经办人",
    )
    offered_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="offered",
        db_index=False,
        verbose_name="等谁接手",
    )
    source = models.CharField("来源", max_length=10, choices=Source, default=Source.PROVINCE)
    # What the province says
    seq = models.CharField("序号", max_length=20, blank=True)
    province_no = models.CharField("省问题编号", max_length=60, blank=True, db_index=True)
    reported_on = models.DateField("报错日期")
    reported_at = models.DateTimeField("报错时间", null=True, blank=True)
    insured_area = models.CharField("参保地区划", max_length=12, blank=True)
    insured_place = models.CharField("参保地", max_length=40, blank=True)
    care_area = models.CharField("就医地区划", max_length=12, blank=True)
    care_place = models.CharField("就医地", max_length=40, blank=True)
    inst_code = models.CharField("机构编码", max_length=30, blank=True)
    inst_name = models.CharField("医疗机构", max_length=80, blank=True, db_index=True)
    institution = models.ForeignKey(
        Institution,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="定点机构",
    )
    name = models.CharField("姓名", max_length=50, db_index=True)
    name_initials = models.CharField(max_length=50, editable=False, db_index=True)
    cert_type = models.CharField("证件类型", max_length=30, blank=True)
    cert_no = SealedTextField(verbose_name="证件号码")
    cert_index = models.CharField(max_length=32, editable=False)
    psn_no = SealedTextField(verbose_name="人员编号")
    insutype = models.CharField("险种", max_length=20, blank=True)
    med_type = models.CharField("医疗类别", max_length=20, blank=True)
    txn_type = models.CharField("交易类型", max_length=40, blank=True)
    infno = models.CharField("交易编号", max_length=20, blank=True)
    mdtrt_id = models.CharField("就诊ID", max_length=40, blank=True)
    setl_id = models.CharField("结算ID", max_length=40, blank=True)
    msgid = models.CharField("报文ID", max_length=60, blank=True)
    err_code = models.CharField("报错代码", max_length=30, blank=True, db_index=True)
    err_msg = models.CharField("报错信息", max_length=500)
    amount = models.DecimalField("涉及金额", max_digits=14, decimal_places=2, null=True, blank=True)
    in_hospital = models.BooleanField("在院", null=True, blank=True)
    contact = models.CharField("联系人", max_length=30, blank=True)
    phone = SealedTextField(verbose_name="联系电话")
    remark = models.CharField("省里的备注", max_length=300, blank=True)
    fingerprint = models.CharField(max_length=32, editable=False)
    # Of the line and its week: the same line of a week cannot become two tickets.
    source_key = models.CharField(max_length=32, editable=False, blank=True)
    # What we found and answer
    proposed_cause = models.ForeignKey(
        CauseCode, models.PROTECT, null=True, related_name="+", verbose_name="系统判断"
    )
    diagnosis = models.JSONField("判断依据", default=dict, editable=False)
    cause = models.ForeignKey(
        CauseCode,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="原因",
    )
    result = models.TextField("返回给省里的处理结果", max_length=500, blank=True)
    note = models.TextField("内部备注", max_length=1000, blank=True)
    waiting_for = models.CharField("等谁回复", max_length=60, blank=True)
    filing = models.ForeignKey(
        Filing,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="相关备案",
    )
    carried_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="上次报错",
    )
    times = models.PositiveSmallIntegerField("第几次报错", default=1)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged",
        db_index=False,
        verbose_name="合并到",
    )
    split_from = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name="从哪里拆出来",
    )
    unfinished_reason = models.CharField("未办结的原因", max_length=120, blank=True)
    expected_on = models.DateField("预计办结日期", null=True, blank=True)
    diagnosed_at = models.DateTimeField("判断时间", null=True, editable=False)
    created_at = models.DateTimeField("导入时间", default=timezone.now, editable=False)
    touched_at = models.DateTimeField("最后办理", default=timezone.now, editable=False)
    answered_at = models.DateTimeField("办结时间", null=True, editable=False)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name="办结人",
        editable=False,
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = TicketManager.from_queryset(TicketQuerySet)()
    # The withdrawn ones too, whose numbers are not given again.
    everything = models.Manager()  # noqa: DJ012 - it is a manager

    class Meta:
        verbose_name = verbose_name_plural = "报错工单"
        ordering = ["number"]
        permissions = [
            ("work_ticket", "办理报错"),
            ("assign_ticket", "分派报错"),
            ("reveal_ticket", "查看完整证件号码"),
            ("export_ticket", "导出报错"),
        ]
        indexes = [
            models.Index(fields=["batch", "status"], name="ticket_batch_status"),
            models.Index(fields=["status", "number"], name="ticket_status_number"),
            models.Index(fields=["cert_index"], name="ticket_person"),
            models.Index(fields=["fingerprint"], name="ticket_same_again"),
            *map(_of_the_few, _MOSTLY_BLANK),
            models.Index(fields=["assignee", "status"], name="ticket_assignee_status"),
            models.Index(fields=["inst_code", "err_code"], name="ticket_same_error"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=[s.value for s in Status]), name="ticket_status_known"
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["answered", "returned"])
                | (~models.Q(result="") & models.Q(answered_at__isnull=False)),
                name="ticket_answered_has_result",
                violation_error_message="已有结果的工单要写明处理结果。",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="waiting") | ~models.Q(waiting_for=""),
                name="ticket_waiting_for_somebody",
                violation_error_message="等回复的工单要写明等谁。",
            ),
            models.CheckConstraint(
                condition=models.Q(status="merged", merged_into__isnull=False)
                | (~models.Q(status="merged") & models.Q(merged_into__isnull=True)),
                name="ticket_merged_into_another",
            ),
            models.CheckConstraint(
                condition=models.Q(offered_to__isnull=True) | models.Q(assignee__isnull=False),
                name="ticket_offered_has_owner",
                violation_error_message="转交中的工单要有经办人。",
            ),
            models.UniqueConstraint(
                fields=["source_key"],
                condition=~models.Q(source_key="") & ~models.Q(status="withdrawn"),
                name="ticket_once_for_a_line",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def message(self) -> str:
        """The province's message as people read it."""
        return for_reading(self.err_msg)


class SourceLine(models.Model):
    """The line of a received file that a ticket answers. Several lines may share one ticket
    (duplicates, merges); every one of them is answered in the file that goes back."""

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="lines", verbose_name="工单")
    staged = models.OneToOneField(
        StagedRow, models.PROTECT, related_name="+", verbose_name="来件的行"
    )
    # Whose line it was before a merge: the way back.
    home = models.ForeignKey(
        Ticket, models.PROTECT, null=True, related_name="+", verbose_name="合并前的工单"
    )

    class Meta:
        verbose_name = verbose_name_plural = "省里原文"

    def __str__(self) -> str:
        return f"来件第 {self.staged_id} 行"

    @property
    def answering(self) -> Ticket:
        """Whose words this line gets. A line that the province lists again after its ticket was
        merged stands at the merged one, which has no words of its own."""
        return self.ticket.merged_into or self.ticket


class TicketEvent(models.Model):
    """One step in a ticket's life. Written with the change, never edited or deleted."""

    class Verb(models.TextChoices):
        RECEIVE = "receive", "导入"
        ASSIGN = "assign", "分派"
        TAKE = "take", "领办"
        WAIT = "wait", "等回复"
        REFER_UP = "refer_up", "上报"
        ANSWER = "answer", "写明结果"
        REOPEN = "reopen", "重新办理"
        RETURN = "return", "返回省里"
        NOTE = "note", "改备注"
        OFFER = "offer", "请人接手"
        ACCEPT = "accept", "接手"
        DECLINE = "decline", "不接手"
        POSTPONE = "postpone", "写明未办结"
        CARRY = "carry", "转到下周"
        HEAR = "hear", "收到答复"
        REJECT = "reject", "省里退回"
        CONFIRM = "confirm", "省里认可"
        MERGE = "merge", "合并"
        SPLIT = "split", "拆开"
        DIVIDE = "divide", "拆出"
        CAUSE = "cause", "写原因"
        DIAGNOSE = "diagnose", "重新判断"
        CORRECT = "correct", "按更正的来件改"
        WITHDRAW = "withdraw", "撤销导入"

    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="events", verbose_name="工单")
    at = models.DateTimeField("时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="谁"
    )
    verb = models.CharField("动作", max_length=10, choices=Verb)
    before = models.CharField("原状态", max_length=10, choices=Status, blank=True)
    after = models.CharField("新状态", max_length=10, choices=Status)
    words = models.CharField("说明", max_length=300, blank=True)
    bulk = models.ForeignKey(
        "errors.BulkAction",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="events",
        verbose_name="批量办理",
    )

    class Meta:
        verbose_name = verbose_name_plural = "经过"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.get_verb_display()
