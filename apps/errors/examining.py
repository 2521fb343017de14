"""导入体检: what an import would make of a file of any kind, row by row. Stores nothing.

A list of institutions or filings is judged by itself; whether it says anything new is told when it
is received. A small list is also tried against what is stored.
"""

from collections.abc import Callable

from apps.errors import feedback, intake
from apps.errors.tending import SMALL
from apps.filings import workbooks
from apps.institutions import importing
from ydjy.desk import sheets, uploads

Kinds = dict[str, Callable[[], sheets.ListKind]]

_LARGE: Kinds = {
    intake.KIND: intake.list_kind,
    feedback.KIND: feedback.kind,
    importing.KIND: importing.list_kind,
    workbooks.KIND: workbooks.kind,
    workbooks.PLATFORM: workbooks.platform_kind,
}
_SENDERS = {intake.KIND: intake.SENDER}
_SMALL = {one.code: one for one in SMALL}
#: Every list that can be received, by the word that the command and its receipts have for it.
KINDS: Kinds = {**_LARGE, **{code: one.kind for code, one in _SMALL.items()}}


def check(code: str, data: bytes, filename: str) -> sheets.Report:
    """The report on a file that is to be a list of this kind."""
    if code in _SMALL:
        return _SMALL[code].check(data, filename)
    known = uploads.remembered(code, _SENDERS.get(code, ""))
    return sheets.examine(KINDS[code](), data, filename, remembered=known)
