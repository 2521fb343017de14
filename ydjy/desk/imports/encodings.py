"""看得懂吗？ The first lines of a received text file, and another encoding where they are no
words (X2). What cannot be read by the chosen encoding leaves the file as it was."""

from typing import NamedTuple

from ydjy.desk.crypto import vault
from ydjy.desk.exceptions import Refused, must
from ydjy.desk.models import Upload
from ydjy.lib import masking, workbook

LINES, WIDTH, HEAD = 5, 120, 65_536
_SURE = ("utf-8", "utf-8-sig")  # other bytes hardly ever are UTF-8 by chance


class Sample(NamedTuple):
    """The first lines as they were read, by which encoding, and which others there are."""

    lines: list[str]
    encoding: str
    sure: bool
    others: list[tuple[str, str]]


def sample(upload: Upload) -> Sample | None:
    """``None`` for a file that has no encoding."""
    if upload.format not in ("csv", "tsv") or not (upload.encoding and upload.stored):
        return None
    head = vault.get(upload.stored)[:HEAD]
    text = head.decode(upload.encoding, "ignore").lstrip("\ufeff")
    lines = [line for line in text.splitlines() if line.strip()][:LINES]
    known = upload.encoding.removesuffix("-sig")
    return Sample(
        [masking.mask_in_text(line)[:WIDTH] for line in lines],
        workbook.ENCODINGS.get(known, upload.encoding),
        upload.encoding in _SURE,
        [(code, words) for code, words in workbook.ENCODINGS.items() if code != known],
    )


def choose(upload: Upload, encoding: str) -> None:
    """Let the file be read by ``encoding`` from now on; the caller reads it anew."""
    must(upload.stored, "这个来件的原件已经到期删除，请重新导入文件。")
    must(upload.encoding and encoding in workbook.ENCODINGS, "请选择一种文字编码。")
    try:
        workbook.decode(vault.get(upload.stored), encoding)
    except workbook.WorkbookError:
        said = workbook.ENCODINGS[encoding]
        raise Refused(f"按{said}读不出来，请换一种；都看不懂就另存为 .xlsx 再导入。") from None
    upload.encoding = encoding
    upload.save(update_fields=["encoding"])
