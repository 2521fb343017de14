"""Photographs and scans beside the materials: taken in, shown, and marked 作废."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from apps.filings.models import Filing
from apps.filings.models import attachment as models_attachment
from apps.filings.models.attachment import Attachment
from ydjy.desk.admin.modeladmin import admin_verb
from ydjy.desk.exceptions import must
from ydjy.desk.responses import as_file, as_picture
from ydjy.lib.whole_numbers import whole_number

CHANGE, DECIDE = "filings.change_filing", "filings.decide_filing"
FIELD = "f-"  # of the registration: one choice of a file beside each material


@admin_verb(CHANGE)
def attach(self: Any, request: HttpRequest, obj: Filing) -> str:
    """From the camera of a telephone or as a chosen file: several at once of one material."""
    material = request.POST.get("material", "")
    files = [*request.FILES.getlist("photo"), *request.FILES.getlist("file")]
    must(files, "还没有选照片或文件，请拍照或选择后再点“上传”。")
    for file in files:
        models_attachment.attach(obj, material, file.read(), by=request.user)
    return f"“{models_attachment.asked(obj)[material]}”收到 {len(files)} 个文件。"


@admin_verb((CHANGE, DECIDE), methods=("GET",))
def attachment(self: Any, request: HttpRequest, obj: Filing) -> HttpResponse:
    """One picture as it came; a PDF is handed out as a file, no page of ours opens it."""
    found = _of(request.GET, obj)
    data = models_attachment.opened(found, by=request.user)
    if found.kind.media.startswith("image/"):
        return as_picture(found.filename, data, found.kind.media)
    return as_file(found.filename, data)


@admin_verb(CHANGE)
def void_attachment(self: Any, request: HttpRequest, obj: Filing) -> str:
    found = _of(request.POST, obj)
    models_attachment.void(found, by=request.user, reason=request.POST.get("reason", "").strip())
    return "已作废，原来的照片还留着备查。"


def _of(asked: Any, filing: Filing) -> Attachment:
    """One of this filing's own: which filing it is, the scope has decided."""
    found = filing.attachments.filter(pk=whole_number(asked.get("one"))).first()
    if found is None:
        raise Http404
    return found


def shown(filing: Filing) -> dict[str, Any]:
    """For the page of a filing: what is there, and what may still be photographed."""
    return {
        "attachments": list(filing.attachments.select_related("added_by", "voided_by")),
        "photographed": list(models_attachment.asked(filing).items()),
        "takes_photos": models_attachment.takes(filing),
        "photo_types": ",".join(kind.media for kind in models_attachment.KINDS),
    }


def chosen(request: HttpRequest) -> list[tuple[str, Any]]:
    """What was chosen beside the materials of a registration: (material, file)."""
    return [
        (name.removeprefix(FIELD), file)
        for name in request.FILES
        if name.startswith(FIELD)
        for file in request.FILES.getlist(name)
    ]
