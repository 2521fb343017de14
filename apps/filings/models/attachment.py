"""照片和扫描件: what was photographed of a material, kept byte for byte as it came (F3, S15).

The bytes lie sealed beside the database, like received files. They are never decoded: what they are
is read from their first bytes, and a browser is told to run nothing of them. A picture is evidence;
it is not taken away but marked 作废, with who and why.
"""

from hashlib import sha256
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from apps.filings.models.transitions import KEEPS, TRANSITIONS
from apps.filings.rules.application import COPY, LATER
from ydjy.desk.audit import access_log
from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.querysets import OfficeScopedQuerySet

STORE = "papers"
LIMIT = 10 * 1024 * 1024  # bytes of one picture: a phone's photograph has 3 to 6 MB
MANY = 40  # of one filing
PROMISE, OTHER = "promise", "other"  # what is no material of the rules and still photographed
BESIDE = {PROMISE: "签好的个人承诺书", OTHER: "其他材料"}
_ORPHAN = 3600  # seconds after which bytes without a row are those of a crash


class Kind(NamedTuple):
    """A kind of picture: its ending, what a browser is told, and how it begins and goes on."""

    ending: str
    media: str
    words: str
    begins: bytes
    holds: bytes


KINDS = (
    Kind("jpg", "image/jpeg", "照片", b"\xff\xd8\xff", b""),
    Kind("png", "image/png", "图片", b"\x89PNG\r\n\x1a\n", b"IHDR"),
    Kind("pdf", "application/pdf", "PDF", b"%PDF-", b""),
)
_HEIC = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc")


def kind_of(data: bytes) -> Kind:
    """What the bytes are, whatever the file is called; ``Refused`` for anything else."""
    for kind in KINDS:
        if data.startswith(kind.begins) and kind.holds in data[:64]:
            return kind
    if data[4:12] in _HEIC:
        raise Refused("这是苹果手机的 HEIC 照片，请在“设置—相机—格式”里选“兼容性最佳”后重拍。")
    raise Refused("只收 JPG、PNG 照片和 PDF 文件，请重新拍照或另存后再传。")


class AttachmentQuerySet(OfficeScopedQuerySet):
    office_path = "filing__office__path"

    def valid(self) -> "AttachmentQuerySet":
        return self.filter(voided_at=None)


class Attachment(models.Model):
    """One photograph or scan of one material of a filing."""

    filing = models.ForeignKey(
        "filings.Filing", models.PROTECT, related_name="attachments", verbose_name="备案"
    )
    material = models.CharField("哪一项材料", max_length=80)
    words = models.CharField("材料", max_length=200)
    ending = models.CharField("格式", max_length=4)
    size = models.PositiveIntegerField("字节数")
    sha256 = models.CharField("文件指纹", max_length=64)
    stored = models.CharField("存放处", max_length=80, editable=False)
    added_at = models.DateTimeField("上传时间", default=timezone.now)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="上传人"
    )
    voided_at = models.DateTimeField("作废时间", null=True, editable=False)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="作废人",
        editable=False,
    )
    voided_why = models.CharField("为什么作废", max_length=200, blank=True, editable=False)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "材料照片"
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["filing", "material", "sha256"],
                condition=models.Q(voided_at=None),
                name="attachment_once",
                violation_error_message="这个文件已经传过。",
            ),
            models.CheckConstraint(
                condition=models.Q(ending__in=[kind.ending for kind in KINDS]),
                name="attachment_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"材料照片 {self.pk}"

    @property
    def kind(self) -> Kind:
        return next(kind for kind in KINDS if kind.ending == self.ending)

    @property
    def filename(self) -> str:
        """For the person who keeps it: no name and no number of anybody."""
        return f"{self.filing.number}-{self.pk}.{self.ending}"


def asked(filing: Any) -> dict[str, str]:
    """What may be photographed of this filing: key and words."""
    rules = filing.rulebook
    found = {row.key: row.words for row in rules.materials if not row.auto_generated}
    if rules.commitment_allowed:
        found[PROMISE] = BESIDE[PROMISE]
    return found | {OTHER: BESIDE[OTHER]}


@transaction.atomic
def attach(filing: Any, material: str, data: bytes, *, by: Any) -> Attachment:
    """Keep the picture. A paper that had not come, or was 容缺, has come as a copy by it."""
    words = asked(filing).get(material)
    must(words, "这个备案没有这一项材料，请重新选。")
    must(data, "这个文件是空的，请重新拍照或选择。")
    must(
        len(data) <= LIMIT,
        f"文件有 {len(data) / 1048576:.1f} MB，最多 {LIMIT // 1048576} MB，请把照片改小后再传。",
    )
    kind, digest = kind_of(data), sha256(data).hexdigest()
    row = type(filing).objects.select_for_update(of=("self",)).get(pk=filing.pk)
    there = row.attachments.valid()
    must(not there.filter(material=material, sha256=digest).exists(), "这个文件已经传过。")
    must(there.count() < MANY, f"一个备案最多 {MANY} 个照片和文件，请先把没用的作废。")
    stored = vault.put(STORE, data)
    try:
        made = row.attachments.create(
            material=material, words=words, ending=kind.ending, size=len(data),
            sha256=digest, stored=stored, added_by=by,
        )  # fmt: skip
        row._step("attach", KEEPS, by, f"{words}（{kind.words}）", changes=_come(row, material))
    except BaseException:
        vault.drop(stored)
        raise
    for name in ("handed", "lacking_due_on", "version", "touched_at"):
        setattr(filing, name, getattr(row, name))
    return made


def _come(row: Any, material: str) -> dict[str, Any]:
    """What the picture changes of the filing: 没交 and 容缺 become 复印件, 承诺 stays 承诺."""
    if material in BESIDE or row.handed.get(material, LATER) not in (LATER, ""):
        return {}
    handed = {**row.handed, material: COPY}
    found: dict[str, Any] = {"handed": handed}
    if row.lacking_due_on and LATER not in handed.values():
        found["lacking_due_on"] = None
    return found


@transaction.atomic
def void(attachment: Attachment, *, by: Any, reason: str) -> None:
    """The wrong picture: it stays, and says that it is not the one."""
    must(reason, "请写明为什么作废。")
    must(attachment.voided_at is None, "这个已经作废。")
    attachment.voided_at, attachment.voided_by = timezone.now(), by
    attachment.voided_why = reason[:200]
    attachment.save(update_fields=["voided_at", "voided_by", "voided_why"])
    words = f"{attachment.words}：{reason}"
    attachment.filing._step("void_attachment", KEEPS, by, words)


def opened(attachment: Attachment, *, by: Any) -> bytes:
    """The bytes as they came, to somebody who may see the filing; written down each time."""
    data = vault.get(attachment.stored)
    must(
        sha256(data).hexdigest() == attachment.sha256,
        "这个文件和上传时不一样了，请告诉运维人员。",
    )
    access_log.record(by, attachment.filing, f"材料照片：{attachment.words}"[:60])
    return data


def takes(filing: Any) -> bool:
    return filing.status in TRANSITIONS["attach"]


def sweep() -> int:
    """Remove kept bytes that no row knows (a crash between the two); returns how many."""
    return vault.drop_unknown(
        STORE, lambda: Attachment.objects.values_list("stored", flat=True), older_than=_ORPHAN
    )
