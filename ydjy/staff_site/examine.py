"""导入体检: what an import would make of a file of any kind, row by row. Stores nothing.

A list of institutions or filings is judged by itself; whether it says anything new is told when it
is received. A small list is also tried against what is stored.
"""

from collections.abc import Callable

from apps.errors.exchange import feedback
from apps.errors.intake import receive as intake_receive
from apps.filings.imports import columns as imports_columns
from apps.institutions.imports import workflow
from ydjy.desk.imports import kinds as imports_kinds
from ydjy.desk.imports import uploads
from ydjy.staff_site.list_kinds import SMALL

Kinds = dict[str, Callable[[], imports_kinds.ListKind]]

_LARGE: Kinds = {
    intake_receive.KIND: intake_receive.list_kind,
    feedback.KIND: feedback.kind,
    workflow.KIND: workflow.list_kind,
    imports_columns.KIND: imports_columns.kind,
    imports_columns.PLATFORM: imports_columns.platform_kind,
}
_SENDERS = {intake_receive.KIND: intake_receive.SENDER}
_SMALL = {one.code: one for one in SMALL}
#: Every list that can be received, by the word that the command and its receipts have for it.
KINDS: Kinds = {**_LARGE, **{code: one.kind for code, one in _SMALL.items()}}


def check(code: str, data: bytes, filename: str) -> imports_kinds.Report:
    """The report on a file that is to be a list of this kind."""
    if code in _SMALL:
        return _SMALL[code].check(data, filename)
    known = uploads.remembered(code, _SENDERS.get(code, ""))
    return imports_kinds.examine(KINDS[code](), data, filename, remembered=known)
