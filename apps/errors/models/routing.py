"""Which office answers for which insured area, as dated rows (feature E15)."""

from django.db import models

from apps.offices.models import Office
from apps.offices.models.policy import Dated, DatedQuerySet


class RouteRule(Dated):
    """An exception to «the office of the insured area» 分派规则: the first that fits, decides."""

    area = models.CharField(
        "参保区划", max_length=12, blank=True, help_text="代码或代码的开头，例如 210727。"
    )
    place = models.CharField("参保地写的字", max_length=40, blank=True)
    office = models.ForeignKey(Office, models.PROTECT, related_name="+", verbose_name="承办机构")
    reason = models.CharField("说明", max_length=60)
    order = models.PositiveSmallIntegerField("次序", default=0)

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "分派规则"
        ordering = ["order", "pk"]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(area="") | ~models.Q(place=""),
                name="route_says_what",
                violation_error_message="请写参保区划，或写参保地的字。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area or self.place} → {self.office}"

    def fits(self, area: str, place: str) -> bool:
        return (not self.area or area.startswith(self.area)) and (
            not self.place or self.place in place
        )
