"""One verb for many tickets, each with its event: beside the stock admin action, which saves row by
row and writes the admin's log, and beside one UPDATE without any event."""

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from apps.errors.models import Batch, CauseCode, Ticket, TicketEvent
from apps.errors.models.transitions import Status
from apps.errors.tickets import bulk
from apps.offices.models import Office, Role, Staff
from bench.__main__ import median, table
from bench.weekly import prepare
from ydjy.desk import bulk_insert as rows


class _Undo(Exception):
    """Ends a run without keeping what it wrote."""


def run(tickets: int = 10_000) -> None:
    prepare()
    batch = Batch.objects.of_week(2026, 45)  # a week of its own, whatever part ran before
    city = Office.objects.get(parent=None, handles_cases=True)
    lead = Staff.objects.create_user("bench", name="某某", role=Role.CITY_LEAD, office=city)
    fill(batch, city, tickets)
    card = CauseCode.objects.get(code="card")
    everything = Ticket.objects.filter(batch=batch)

    def ours() -> None:
        action = bulk.run(bulk.begin(everything, "take", by=lead))
        assert action.changed == tickets

    def answered() -> None:
        words = {"cause": card.pk, "result": "请换卡。"}
        assert bulk.run(bulk.begin(everything, "answer", by=lead, **words)).changed == tickets

    def stock() -> None:
        kind = ContentType.objects.get_for_model(Ticket).pk
        for ticket in everything:
            ticket.status, ticket.assignee = Status.WORKING, lead
            ticket.save()
            LogEntry.objects.create(
                user_id=lead.pk, content_type_id=kind, object_id=str(ticket.pk),
                object_repr=str(ticket), action_flag=CHANGE, change_message="assigned",
            )  # fmt: skip

    def one_update() -> None:
        everything.update(status=Status.WORKING, assignee=lead)

    table(
        f"a verb for {tickets} tickets",
        [
            ("the stock action: save and log, row by row", median(lambda: undone(stock))),
            ("ours: write the result, an event each", median(lambda: undone(answered))),
            ("ours: take, an event each", median(lambda: undone(ours))),
            ("the database alone: one UPDATE, no event", median(lambda: undone(one_update))),
        ],
    )


def undone(work: object) -> None:
    try:
        with transaction.atomic():
            work()  # type: ignore[operator]
            raise _Undo
    except _Undo:
        pass


def fill(batch: Batch, office: Office, tickets: int) -> None:
    prefix = f"{batch.iso_year}W{batch.iso_week:02d}"
    made = [
        Ticket(
            number=f"{prefix}-{n:05d}", batch=batch, office=office, reported_on=batch.monday,
            name="某某", err_msg="未查到备案", fingerprint=f"{n:032d}",
        )
        for n in range(tickets)
    ]  # fmt: skip
    with transaction.atomic():
        rows.insert(made)
    assert not TicketEvent.objects.filter(ticket__batch=batch).exists()
