"""The people who work here, and the roles they have."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Self

from django.contrib.auth.models import AbstractUser, Group, UserManager
from django.db import models
from django.utils import timezone

from apps.offices import totp
from apps.offices.models.office import Office
from ydjy.desk.crypto.fields import SealedTextField


class Role(models.TextChoices):
    """What a person does here. Permissions of each stand in ``apps/offices/roles.py``."""

    CLERK = "clerk", "窗口经办"
    REVIEWER = "reviewer", "复核"
    COUNTY_LEAD = "county_lead", "县区负责人"
    CITY_LEAD = "city_lead", "市级管理员"
    HEAD = "head", "局领导"
    DIRECTORY = "directory", "目录维护"
    OPERATOR = "operator", "IT 运维"
    AUDITOR = "auditor", "审计"


# Only these work on cases; system, directory and audit roles see none (三员分立).
CASE_ROLES = frozenset({Role.CLERK, Role.REVIEWER, Role.COUNTY_LEAD, Role.CITY_LEAD, Role.HEAD})


class StaffQuerySet(models.QuerySet["Staff"]):
    def visible_to(self, staff: Any) -> Self:
        """Colleagues of the person's office and of those below it."""
        path = getattr(staff, "office_path", None)
        return self.filter(office__path__startswith=path) if path else self.none()

    def case_workers(self) -> Self:
        return self.filter(is_active=True, role__in=CASE_ROLES - {Role.HEAD})

    def clerks(self) -> Self:
        """Those to whom lines are handed out by themselves."""
        return self.filter(is_active=True, role=Role.CLERK, office__isnull=False)


class StaffManager(UserManager.from_queryset(StaffQuerySet)):  # type: ignore[misc]
    """Making accounts, and the questions above."""


class Staff(AbstractUser):
    """A member of the staff, with one role in one office. Shown by the Chinese name."""

    name = models.CharField("姓名", max_length=20, blank=True)
    office = models.ForeignKey(
        Office, models.PROTECT, null=True, blank=True, related_name="staff", verbose_name="机构"
    )
    role = models.CharField("岗位", max_length=15, choices=Role, blank=True)
    must_change_password = models.BooleanField("下次登录须改密码", default=False)
    password_until = models.DateTimeField("密码有效到", null=True, blank=True, editable=False)
    second_factor = SealedTextField(verbose_name="动态码密钥")
    second_factor_step = models.BigIntegerField(default=0, editable=False)
    phone = models.CharField("办公电话", max_length=30, blank=True)

    objects = StaffManager()

    class Meta:
        verbose_name = verbose_name_plural = "人员"
        permissions = [("export_staff", "导出人员表")]
        ordering = ["office__order", "username"]

    def __str__(self) -> str:
        return self.name or self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keeps the person in exactly the group of the role: its permissions and no others."""
        super().save(*args, **kwargs)
        only = kwargs.get("update_fields")
        if only is None or "role" in only:
            label = str(Role(self.role).label) if self.role else ""
            self.groups.set([Group.objects.get_or_create(name=label)[0]] if label else [])

    def give_password(self, password: str, now: datetime) -> None:
        """A one-time password from somebody else: to be changed at the first login, for a day."""
        self.set_password(password)
        self.must_change_password, self.password_until = True, now + timedelta(hours=24)

    @property
    def has_second_factor(self) -> bool:
        return bool(self.second_factor)

    def use_code(self, code: str) -> bool:
        """Whether the code is right now; each is good for one login only, also at the same time."""
        secret, last = self.second_factor.reveal(), self.second_factor_step
        step = totp.used_step(secret, code, timezone.now().timestamp(), last)
        if step is None:
            return False
        unused = Staff.objects.filter(pk=self.pk, second_factor_step__lt=step)
        return unused.update(second_factor_step=step) == 1

    def set_second_factor(self, secret: str, code: str) -> bool:
        """Take the secret into use once the person has shown a code of it."""
        step = totp.used_step(secret, code, timezone.now().timestamp(), 0)
        if step is None:
            return False
        self.second_factor, self.second_factor_step = secret, step  # type: ignore[assignment]
        self.save(update_fields=["second_factor", "second_factor_step"])
        return True

    def drop_second_factor(self) -> None:
        """A lost phone: the person sets up a new one at the next login."""
        self.second_factor = ""  # type: ignore[assignment]
        self.save(update_fields=["second_factor"])

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    @cached_property
    def office_path(self) -> str | None:
        return self.office.path if self.office else None

    @cached_property
    def case_path(self) -> str | None:
        """Where this person may see cases; ``None`` for everybody without a case role."""
        return self.office_path if self.role in CASE_ROLES else None

    @property
    def sees_every_receipt(self) -> bool:
        """Of all offices that a file was received, and nothing of what is in it."""
        return self.role == Role.OPERATOR

    def can_take_lines_of(self, office: Office | None) -> bool:
        """Whether this person may be given what belongs to that office: sees it, and works."""
        sees = bool(self.case_path and office and office.path.startswith(self.case_path))
        return sees and self.is_active and self.role != Role.HEAD

    @property
    def municipal(self) -> bool:
        return bool(self.office and self.office.municipal)
