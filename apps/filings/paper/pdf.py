"""The same page as a PDF, where the extra «pdf» is installed (WeasyPrint; needs Pango).

It asks the network for nothing: the one style sheet is read from the installed files. Every
document is let go at once, because the library keeps fonts and layout until collected.
"""

import gc
import subprocess
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from apps.filings.models.related import PrintOut
from apps.filings.paper import printing
from ydjy.desk.exceptions import Refused

MISSING = "这台服务器没有装 PDF 组件，请用浏览器的打印，选“另存为 PDF”。"
NO_FONT = "这台服务器没有中文字体，PDF 会是空格子。请装上思源宋体或仿宋后再试。"


def has_chinese_font() -> bool:
    try:
        listed = subprocess.run(
            ["fc-list", ":lang=zh", "family"],  # noqa: S607 - found by PATH on every system
            capture_output=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return bool(listed.stdout.strip())


def render(paper: PrintOut) -> bytes:
    """The bytes of the PDF; ``Refused`` without the library or a Chinese font."""
    try:
        import weasyprint
    except (ImportError, OSError) as missing:
        raise Refused(MISSING) from missing
    if not has_chinese_font():
        raise Refused(NO_FONT)
    html = render_to_string(printing.SHEET, printing.context(paper) | {"pdf": True})
    style = finders.find("ydjy/print.css")
    try:
        document = weasyprint.HTML(string=html, url_fetcher=_refuse)
        made: Any = document.write_pdf(stylesheets=[weasyprint.CSS(filename=style)])
        return bytes(made)
    finally:
        gc.collect()


def _refuse(url: str, *args: Any, **kwargs: Any) -> Any:
    raise ValueError(f"a print page asks for nothing: {url}")
