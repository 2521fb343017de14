"""What an institution is open for and may refer, per day: openings, referral rights, diseases."""

from datetime import date
from typing import Any, Self

from django.db import models

from apps.institutions.models.institution import Institution
from apps.institutions.referral import decision as referral_decision
from apps.institutions.referral import scope as scopes
from apps.offices.models.policy import Dated, DatedQuerySet, Sourced
from ydjy.desk.validators import refuse_circle


class DiseaseGroupQuerySet(models.QuerySet["DiseaseGroup"]):
    def vocabulary(self) -> scopes.Vocabulary:
        """The groups as the scope algebra reads them; the sources' own before any are loaded."""
        rows = list(self.select_related("parent"))
        if not rows:
            return scopes.SOURCE_GROUPS
        return scopes.Vocabulary(
            names=tuple(row.name for row in rows),
            aliases={alias: row.name for row in rows for alias in row.aliases},
            parents={row.name: row.parent.name for row in rows if row.parent},
        )


class DiseaseGroup(models.Model):
    """A group of diseases that a referral scope names (D-I13). Staff may add to them."""

    name = models.CharField("名称", max_length=20, unique=True)
    aliases = models.JSONField("别名", default=list, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="上级"
    )
    order = models.PositiveSmallIntegerField("次序", default=0)

    objects = DiseaseGroupQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "病种类别"
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        refuse_circle(self, "parent")


def _on_some_day_of(one: Any, others: Any) -> Any:
    """The first of ``others`` but itself that holds on some of the same days."""
    if one.valid_to:
        others = others.exclude(valid_from__gt=one.valid_to)
    if one.valid_from:
        others = others.exclude(valid_to__lt=one.valid_from)
    return others.exclude(pk=one.pk).first()


class NetworkOpeningQuerySet(DatedQuerySet):
    def recorded(self, institution: Institution) -> Self:
        return self.filter(institution=institution)


class NetworkOpening(Sourced, Dated):
    """From when to when an institution settles directly, per business and reach (domain 2.4)."""

    class Reach(models.TextChoices):
        IN_PROVINCE = "in_province", "省内异地"
        CROSS_PROVINCE = "cross_province", "跨省异地"

    class Business(models.TextChoices):
        INPATIENT = "inpatient", "住院"
        OUTPATIENT = "outpatient", "普通门诊"
        CHRONIC = "chronic", "门诊慢特病"
        PHARMACY = "pharmacy", "药店购药"

    institution = models.ForeignKey(
        Institution, models.CASCADE, related_name="openings", verbose_name="机构"
    )
    reach = models.CharField("范围", max_length=15, choices=Reach)
    business = models.CharField("业务", max_length=10, choices=Business)

    objects = NetworkOpeningQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "联网开通"
        ordering = ["institution", "reach", "business", "valid_from"]

    def overlapping(self) -> "NetworkOpening | None":
        """Another interval of the same business and reach on some of the same days."""
        others = NetworkOpening.objects.filter(
            institution=self.institution_id, reach=self.reach, business=self.business
        )
        return _on_some_day_of(self, others)

    def __str__(self) -> str:
        since = f"{self.valid_from}起" if self.valid_from else ""
        until = f"，到{self.valid_to}止" if self.valid_to else ""
        return f"{self.get_reach_display()}{self.get_business_display()}{since}{until}"


class ReferralRightQuerySet(DatedQuerySet):
    def in_force(self, day: date) -> Self:
        """Rights of that day, of institutions that are working that day."""
        working = Institution.objects.working(day).filter(pk=models.OuterRef("institution"))
        return self.on(day).filter(models.Exists(working))

    def asked(
        self,
        area: referral_decision.Area,
        groups: frozenset[str],
        day: date,
        county_rule: str,
        *,
        in_catalogue: bool = False,
    ) -> referral_decision.ReferralAnswer[Institution]:
        """Which institutions may refer a person of ``area`` with ``groups`` on ``day``.

        The keys of the answer are institutions (domain 4.4).
        """
        rights = self.in_force(day).select_related("institution")
        return referral_decision.who_refers(
            [
                referral_decision.Right(
                    right.institution,
                    right.scope,
                    frozenset([right.serves] if right.serves else []),
                )
                for right in rights.order_by("institution__weight", "institution__name_key")
            ],
            area,
            groups,
            county_rule=county_rule,
            in_catalogue=in_catalogue,
            vocabulary=DiseaseGroup.objects.vocabulary(),
        )

    def disagreeing(self) -> "list[ReferralRight]":
        """Rights whose machine rule and official wording do not say the same (I2)."""
        return [right for right in self.select_related("institution") if right.inconsistent()]


class ReferralRight(Sourced, Dated):
    """The right to issue referral certificates 转诊转院资格, limited by a scope.

    The structured scope and the document's own wording are both kept; they must say the same.
    """

    class Mode(models.TextChoices):
        ALL = "all", "不限"
        ONLY = "only", "仅限"
        EXCEPT = "except", "不含"
        ONLY_EXCEPT = "only_except", "仅限并排除"
        UNPARSED = "unparsed", "待判断"

    institution = models.ForeignKey(
        Institution, models.CASCADE, related_name="referral_rights", verbose_name="机构"
    )
    mode = models.CharField("范围", max_length=11, choices=Mode)
    include = models.CharField("仅限", max_length=120, blank=True, help_text="用顿号隔开")
    exclude = models.CharField("不含", max_length=120, blank=True, help_text="用顿号隔开")
    wording = models.CharField("文件原文", max_length=200, blank=True)
    serves = models.CharField("服务县（市）", max_length=12, blank=True, help_text="空着是全市")

    objects = ReferralRightQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "转诊资格"
        ordering = ["institution", "valid_from"]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=~models.Q(mode__in=["only", "only_except"]) | ~models.Q(include=""),
                name="referral_only_names_groups",
                violation_error_message="选了“仅限”，请写明是哪些病种。",
            ),
            models.CheckConstraint(
                condition=~models.Q(mode__in=["except", "only_except"]) | ~models.Q(exclude=""),
                name="referral_except_names_groups",
                violation_error_message="选了“不含”，请写明是哪些病种。",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution}（{scopes.describe(self.scope)}）"

    def overlapping(self) -> "ReferralRight | None":
        """Another right of the institution for the same people on some of the same days."""
        others = ReferralRight.objects.filter(institution=self.institution_id, serves=self.serves)
        return _on_some_day_of(self, others)

    @property
    def scope(self) -> scopes.Scope:
        def groups(names: str) -> frozenset[str]:
            return frozenset(name for name in names.split("、") if name)

        return scopes.from_record(
            self.mode, groups(self.include), groups(self.exclude), self.wording
        )

    @scope.setter
    def scope(self, value: scopes.Scope) -> None:
        self.mode, self.wording = value.mode, value.raw
        self.include = "、".join(sorted(value.include))
        self.exclude = "、".join(sorted(value.exclude))

    def inconsistent(self) -> str:
        """Why the structured scope and the wording beside it disagree, a sentence; "" if not."""
        scope, vocabulary = self.scope, DiseaseGroup.objects.vocabulary()
        if scope.mode == "unparsed":
            return f"{scope.problem or '转诊范围还没有整理成规则'}。"
        if self.wording and not scopes.agrees(scope, self.wording, vocabulary):
            chosen = scopes.describe(scope, vocabulary)
            return f"选的是“{chosen}”，和文件原文“{self.wording}”意思不一样，请改成一致。"
        return ""
