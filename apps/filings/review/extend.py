"""延期: long-term filings that run out, asked for once more with the papers that were handed in.

An extension is a 变更 that begins today and ends later; it waits for the second person like any
other, and the old filing stays in force until then. One for a stay or for some months is not
extended: it is a new application.
"""

from datetime import date
from typing import Any

from django.db import transaction

from apps.filings.models import Filing
from ydjy.desk.exceptions import must


@transaction.atomic
def extend(
    filing: Filing, *, until: date | None, by: Any, reason: str, expected: int | None = None
) -> Filing:
    """Hands in the filing that goes on until that day, or without end; ``Refused`` by the rules."""
    must(filing.exclusive, "只有长期备案可以延期，临时外出、转诊和急诊请重新登记。")
    must(filing.end_on, "这个备案没有结束日期，不用延期。")
    must(until is None or until > filing.end_on, "新的结束日期要晚于原来的结束日期。")
    draft = filing.change(by=by, reason=reason, expected=expected)
    draft.end_on, draft.open_ended = until, until is None
    draft.save()
    draft.submit(by=by)
    return draft
