"""Where the files travel: the partner's folder or server, and each delivery with its proof."""

from typing import Any, Self

from django.conf import settings
from django.db import models

from apps.errors.models.return_file import ReturnFile


class ExchangeSettings(models.Model):
    """How files reach the province 收发设置. One row; no secret is in it: keys are files."""

    class Channel(models.TextChoices):
        MANUAL = "manual", "人工报送"
        FOLDER = "folder", "共享文件夹"
        SFTP = "sftp", "SFTP 服务器"

    channel = models.CharField(
        "返回表怎么送", max_length=10, choices=Channel, default=Channel.MANUAL
    )
    watching = models.BooleanField("自动接收", default=False, help_text="每分钟看一次收件文件夹。")
    folder = models.CharField(
        "文件夹",
        max_length=300,
        blank=True,
        help_text="里面有 in、out、done、bad 四个文件夹；空着就用数据文件夹下的 exchange。",
    )
    host = models.CharField("服务器", max_length=100, blank=True)
    port = models.PositiveIntegerField("端口", default=22)
    username = models.CharField("用户名", max_length=60, blank=True)
    key_file = models.CharField(
        "私钥文件", max_length=300, blank=True, help_text="只写文件的位置，私钥本身不存进数据库。"
    )
    known_hosts = models.CharField(
        "已知主机文件", max_length=300, blank=True, help_text="只连接这个文件里登记过的主机。"
    )
    remote = models.CharField("对方文件夹", max_length=300, blank=True, default=".")
    only = models.BooleanField(default=True, unique=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "收发设置"
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(channel="sftp")
                | (
                    ~models.Q(host="")
                    & ~models.Q(username="")
                    & ~models.Q(key_file="")
                    & ~models.Q(known_hosts="")
                ),
                name="sftp_is_complete",
                violation_error_message="用 SFTP 要写明服务器、用户名、私钥文件和已知主机文件。",
            )
        ]

    def __str__(self) -> str:
        return str(self.get_channel_display())

    @classmethod
    def now(cls) -> "ExchangeSettings":
        """The row, or the defaults: by hand."""
        return cls.objects.first() or cls()


class DispatchQuerySet(models.QuerySet["Dispatch"]):
    def visible_to(self, staff: Any) -> Self:
        return self.filter(file__in=ReturnFile.objects.visible_to(staff))

    def waiting(self) -> Self:
        return self.filter(sent_at__isnull=True)


class Dispatch(models.Model):
    """One delivery of a signed file 发送: planned, tried, arrived. The outbox of the exchange.

    ``lease_until`` says who is at it: a worker that dies loses it within two minutes.
    """

    Channel = ExchangeSettings.Channel

    file = models.ForeignKey(
        ReturnFile, models.PROTECT, related_name="dispatches", verbose_name="返回表"
    )
    channel = models.CharField("渠道", max_length=10, choices=ExchangeSettings.Channel)
    planned_at = models.DateTimeField("提交时间")
    lease = models.CharField(max_length=32, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveIntegerField("试了几次", default=0)
    next_try_at = models.DateTimeField("下次再试", null=True, blank=True)
    problem = models.CharField("没送到的原因", max_length=300, blank=True)
    sent_at = models.DateTimeField("送达时间", null=True, blank=True)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="谁送的",
    )
    late = models.BooleanField("迟报", default=False)
    words = models.CharField("说明", max_length=200, blank=True)

    objects = DispatchQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "发送记录"
        ordering = ["-planned_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["file", "channel"], name="dispatch_once_a_channel")
        ]

    def __str__(self) -> str:
        return f"{self.file}，{self.get_channel_display()}"
