"""本周无报错: the province sent nothing, a person says so, and that is the week's return."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.errors.models import Batch
from ydjy.desk.exceptions import must
from ydjy.desk.models import Upload


@transaction.atomic
def declare(batch: Batch, *, by: Any) -> Batch:
    """The nil return. Refused when something came; saying it twice changes nothing. A list that
    comes later all the same is received as ever, and the week is open again."""
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if batch.nil:
        return batch
    came = Upload.objects.of("weekly", batch.week).filter(state__in=Upload.LIVE)
    must(not came.exists(), f"{batch.week} 收到过报错表，不能确认“本周无报错”。")
    now = timezone.now()
    must(timezone.localdate(now) >= batch.intake_on, "还没到接收日，过几天再确认。")
    batch.nil, batch.received_at, batch.returned_at = True, now, now
    batch.save(update_fields=["nil", "received_at", "returned_at"])
    return batch
