"""What the bureau calls the files that go back, as dated rows with their source (E7)."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from apps.errors.models import filename_pattern
from apps.errors.models.batch import Batch
from apps.errors.models.return_file import ReturnFile
from apps.offices.models import City
from apps.offices.models.policy import Dated, DatedQuerySet, Sourced
from ydjy.desk.models import Upload
from ydjy.lib import workbook


def must_tell_files_apart(pattern: str) -> None:
    if wrong := filename_pattern.complaint(pattern):
        raise ValidationError(wrong)


class FilenameRuleQuerySet(DatedQuerySet):
    def pattern_on(self, day: Any) -> str:
        """The pattern of that day: of several the one that began last; else the standard one."""
        latest = models.F("valid_from").desc(nulls_last=True)
        row = self.on(day).order_by(latest, "-pk").first()
        return row.pattern if row else filename_pattern.STANDARD


class FilenameRule(Sourced, Dated):
    """How the file that goes back is named 返回表文件名, from a day on."""

    pattern = models.CharField(
        "文件名",
        max_length=80,
        default=filename_pattern.STANDARD,
        validators=[must_tell_files_apart],
        help_text="；".join(f"{{{name}}} {words}" for name, words in filename_pattern.PARTS.items())
        + "。",
    )

    objects = FilenameRuleQuerySet.as_manager()

    class Meta(Dated.Meta):
        abstract = False
        verbose_name = verbose_name_plural = "返回表文件名"
        ordering = ["-valid_from", "-pk"]

    def __str__(self) -> str:
        return self.pattern


def returned_name(
    batch: Batch, upload: Upload, version: int, now: datetime, pattern: str | None = None
) -> str:
    """The name of this version, by the rule of the day, or by a pattern that is being tried."""
    day = timezone.localdate(now)
    if pattern is None:
        pattern = FilenameRule.objects.pattern_on(day)
    earlier = Upload.objects.of(upload.kind, upload.period).filter(
        state=Upload.State.CONFIRMED, pk__lt=upload.pk
    )
    city = City.objects.maybe()
    values = {
        "来件": upload.filename.rsplit(".", 1)[0],
        "序号": str(earlier.count() + 1),
        "城市": city.name if city else "",
        "年": str(batch.iso_year),
        "周": f"{batch.iso_week:02d}",
        "日期": f"{day:%Y%m%d}",
    }
    stem = filename_pattern.filled(pattern, values, version, upload.sha256[:4])
    return f"{stem}.{workbook.returned_format(upload.format)}"


def free_name(batch: Batch, upload: Upload, version: int, now: datetime) -> str:
    """The name by the rule, told apart from every file that went or may go under it: the province
    calls its list the same each week, and the second may not be written over the first."""
    name = returned_name(batch, upload, version, now)
    stem, suffix = name.rsplit(".", 1)
    marks = (f"{batch.iso_year}W{batch.iso_week:02d}", upload.sha256[:8], upload.sha256)
    for mark in marks:
        if not taken(name).exists():
            break
        stem = f"{stem}-{mark}"
        name = f"{stem}.{suffix}"
    return name


def taken(name: str) -> models.QuerySet[ReturnFile]:
    """The returned files of that name; capitals do not tell files apart on the province's side."""
    kept = ReturnFile.objects.exclude(state=ReturnFile.State.DROPPED)
    return kept.filter(filename__iexact=name)
