"""What a file is, by its content; its name is never believed.

What is no table is refused with the way to mend it (features.md X3, reliability.md 3.1).
"""

from __future__ import annotations

from typing import Literal

from ydjy.lib.workbook.book import WorkbookError

Content = Literal["zip", "ole", "text"]

SAVE_AS = "请用 Excel 或 WPS 打开后“另存为”.xlsx 再上传。"
VERY_OLD = f"这是很旧的 Excel 格式（97 版以前），读不了，{SAVE_AS}"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_FOREIGN = (
    (b"%PDF-", " PDF 文件"),
    (b"\x89PNG", "图片"),
    (b"\xff\xd8\xff", "图片"),
    (b"GIF8", "图片"),
    (b"BM", "图片"),
    (b"II*\x00", "图片"),
    (b"MM\x00*", "图片"),
    (b"Rar!", " RAR 压缩包"),
    (b"7z\xbc\xaf", " 7z 压缩包"),
    (b"\x1f\x8b", " GZIP 压缩包"),
    (b"BZh9", " BZIP2 压缩包"),
    (b"\xfd7zXZ", " XZ 压缩包"),
    (b"{\\rtf", " RTF 文档"),
    (b"MZ", "程序"),
    (b"\x7fELF", "程序"),
    (b"SQLite format 3", "数据库"),
)
_OLD_EXCEL = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08")
_HTML = ("<html", "<!doctype html", "<table", "<meta", "<head", "<body", "<style", "<div", "<tr")


def sniff(data: bytes) -> Content:
    """Whether the bytes are a zip package, an OLE file or text; WorkbookError for all else."""
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise WorkbookError("文件是空的，没有任何内容，请检查后重新上传。")
    if data.startswith(_ZIP):
        return "zip"
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return "ole"
    if data[4:8] == b"ftyp" or data[8:12] == b"WEBP":  # what telephones photograph with
        raise WorkbookError("这是图片，不是表格，请上传 Excel（.xlsx、.xls）或 CSV 文件。")
    for mark, name in _FOREIGN:
        if data.startswith(mark) and _is_really(mark, data):
            raise WorkbookError(f"这是{name}，不是表格，请上传 Excel（.xlsx、.xls）或 CSV 文件。")
    if data.startswith(_OLD_EXCEL):
        raise WorkbookError(VERY_OLD)
    _refuse_markup(data)
    return "text"


def _is_really(mark: bytes, data: bytes) -> bool:
    # Letters are also how an ordinary csv may begin; what these begin has zero bytes soon.
    return not mark.isalpha() or b"\x00" in data[:64]


def _refuse_markup(data: bytes) -> None:
    head = data[:4096]
    if head.startswith(_UTF16_MARKS):
        start = head.decode("utf-16", "ignore")
    else:
        start = head.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    start = start.lstrip().lower()
    if start.startswith("mime-version:") or "content-type: multipart/related" in start:
        raise WorkbookError(f"这是网页归档（MHTML）存成的表格，不是真正的 Excel 文件，{SAVE_AS}")
    if start.startswith("<?xml") and "urn:schemas-microsoft-com:office:spreadsheet" in start:
        raise WorkbookError(f"这是“XML 表格 2003”格式，不是真正的 Excel 文件，{SAVE_AS}")
    if start.startswith(_HTML) or (start.startswith("<") and "<html" in start):
        raise WorkbookError(f"这是网页（HTML）存成的表格，不是真正的 Excel 文件，{SAVE_AS}")
    if start.startswith(("<?xml", "<!doctype", "<!--")):
        raise WorkbookError(f"这是 XML 文件，不是表格，{SAVE_AS}")
