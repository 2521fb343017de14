"""Who stands in for whom, and who is on duty: dated rows of the staff, never public (O9)."""

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from apps.offices.models.office import Office
from apps.offices.models.policy import Dated, DatedQuerySet


class DutyQuerySet(DatedQuerySet):
    def visible_to(self, staff: Any) -> Self:
        """The duties of the person's own office and of those below it."""
        path = getattr(staff, "office_path", None)
        return self.filter(office__path__startswith=path) if path else self.none()

    def today(self, day: date) -> Self:
        """Who is on duty and who is away, with the people of it."""
        return self.on(day).select_related("office", "person", "deputy").order_by("office", "-kind")

    def away(self, day: date) -> Self:
        """The absences of that day: the only answer to «who is away»."""
        return self.on(day).filter(kind=Duty.Kind.AWAY).order_by("pk")

    def acting_for(self, person: Any, day: date) -> list[int]:
        """Whose work is this person's that day: the own, and that of those for whom they stand in
        as B 角."""
        away = self.away(day).filter(deputy=person)
        return [person.pk, *away.order_by("person").values_list("person", flat=True)]

    def deputies(self, day: date) -> dict[int, Any]:
        """Everybody who is away that day, by key, with the B 角."""
        rows = self.away(day).select_related("deputy__office")
        return {row.person_id: row.deputy for row in reversed(rows)}

    def deputy_of(self, person: Any, day: date) -> Any | None:
        """The B 角 of a person who is away that day; ``None`` where the person is here."""
        found = self.away(day).filter(person=person).select_related("deputy").first()
        return found.deputy if found else None


class Duty(Dated):
    """Somebody's duty 值班, or absence with the colleague who takes over (B 角)."""

    class Kind(models.TextChoices):
        DUTY = "duty", "值班"
        AWAY = "away", "不在岗，由B角代办"

    office = models.ForeignKey(Office, models.PROTECT, related_name="+", verbose_name="机构")
    kind = models.CharField("安排", max_length=4, choices=Kind)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="人员"
    )
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="B角",
    )
    note = models.CharField("说明", max_length=60, blank=True)

    objects = DutyQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "值班和B角"
        ordering = ["-valid_from", "office"]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(valid_from__isnull=False, valid_to__isnull=False),
                name="duty_has_days",
                violation_error_message="请写明从哪天到哪天。",
            ),
            models.CheckConstraint(
                condition=~models.Q(kind="away") | models.Q(deputy__isnull=False),
                name="absence_has_a_deputy",
                violation_error_message="不在岗要写明B角是谁。",
            ),
            models.CheckConstraint(
                condition=models.Q(deputy__isnull=True) | ~models.Q(deputy=models.F("person")),
                name="deputy_is_another",
                violation_error_message="B角要选另一个人。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.valid_from}到{self.valid_to} {self.get_kind_display()}"

    @property
    def in_words(self) -> str:
        """王芳值班（义县）; 李强不在岗，找孙伟（黑山县）."""
        where = f"（{self.office}）"
        if self.kind == self.Kind.DUTY:
            return f"{self.person}值班{where}"
        return f"{self.person}不在岗，找{self.deputy}{where}"

    def clean(self) -> None:
        """A deputy who is away too, or who cannot see the work, would leave nobody."""
        if self.kind != self.Kind.AWAY or not (self.deputy_id and self.person_id):
            return
        sees_all = self.person.case_path is None or self.deputy.can_take_lines_of(self._office)
        if not sees_all:
            raise ValidationError(
                {
                    "deputy": f"{self.deputy}看不到{self._office}的工单，不能做{self.person}的B角。"
                    "请选本机构或上级机构办理报错的人。"
                }
            )
        if not self.valid_from:
            return
        if self._absences().filter(person=self.deputy_id).exists():
            raise ValidationError({"deputy": "这位同事那几天也不在岗，请换一位。"})
        if other := self._absences().filter(deputy=self.person_id).first():
            raise ValidationError(
                {
                    "person": f"{self.person}那几天是{other.person}的B角，"
                    f"请先给{other.person}换一位。"
                }
            )

    @property
    def _office(self) -> Office:
        """Whose work the deputy takes over: that of the person's own office."""
        return self.person.office or self.office

    def _absences(self) -> DutyQuerySet:
        """Other absences that share a day with this one."""
        return Duty.objects.filter(
            kind=self.Kind.AWAY,
            valid_from__lte=self.valid_to or self.valid_from,
            valid_to__gte=self.valid_from,
        ).exclude(pk=self.pk)
