"""Lists of filings that take longer than a page may: a worker reads and registers them."""

from celery import shared_task

from apps.filings import batches, workbooks
from ydjy.desk import longlists
from ydjy.desk.models import Upload

KEPT = {one.kind: one for one in (batches.KEPT, workbooks.KEPT)}


@shared_task(time_limit=3600)
def go_on_with(upload: int) -> None:
    kind = Upload.objects.values_list("kind", flat=True).get(pk=upload)
    longlists.come(KEPT[kind], upload)
