"""Why a card did not go through, and the words that are used for it."""

from django.core.exceptions import ValidationError
from django.db import models


class CauseCode(models.Model):
    """A cause 原因分类: why a card did not go through. The first four are D-E03–D-E06.

    The diagnosis names those that we deliver by their code; the bureau words them, and adds its
    own below our headings.
    """

    code = models.SlugField("代号", unique=True)
    label = models.CharField("原因", max_length=40)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="大类"
    )
    template = models.CharField("处理结果范文", max_length=200, blank=True)
    note = models.CharField("怎么查、怎么办", max_length=300, blank=True)
    facts = models.CharField("资料编号", max_length=40, blank=True, editable=False)
    order = models.PositiveSmallIntegerField("次序", default=0)
    active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "原因分类"
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        """Two causes of one name could not be told apart where one is chosen."""
        same = CauseCode.objects.filter(label=self.label, active=True).exclude(pk=self.pk)
        if self.pk is None and same.exists():
            raise ValidationError({"label": "已经有一个在用的原因叫这个名称，请换一个说法。"})


class Snippet(models.Model):
    """A further text for a cause 处理结果范文; the cause's own template is the first of them.

    May hold {姓名} {机构} {日期} {就医地}, which are filled in for the ticket.
    """

    cause = models.ForeignKey(
        CauseCode, models.CASCADE, related_name="snippets", verbose_name="原因"
    )
    words = models.CharField("范文", max_length=200)
    order = models.PositiveSmallIntegerField("次序", default=0)
    active = models.BooleanField("在用", default=True)

    class Meta:
        verbose_name = verbose_name_plural = "处理结果范文"
        ordering = ["cause__order", "order", "pk"]

    def __str__(self) -> str:
        return self.words[:20]
