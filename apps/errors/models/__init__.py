"""The week: batches, tickets and what was done to each, and what went back (domain 4.6)."""

from apps.errors.models.archiving import ArchiveEvent, ArchiveRule
from apps.errors.models.batch import Batch, BatchQuerySet, DueEvent
from apps.errors.models.cause import CauseCode, Snippet
from apps.errors.models.delivery import Dispatch, ExchangeSettings
from apps.errors.models.desk_work import BulkAction, Escalation, Notice, Presence, ReminderStep
from apps.errors.models.filename_rule import FilenameRule
from apps.errors.models.heartbeat import Heartbeat
from apps.errors.models.return_file import Feedback, ReturnFile
from apps.errors.models.routing import RouteRule
from apps.errors.models.ticket import SourceLine, Ticket, TicketEvent

__all__ = [
    "ArchiveEvent",
    "ArchiveRule",
    "Batch",
    "BatchQuerySet",
    "BulkAction",
    "CauseCode",
    "Dispatch",
    "DueEvent",
    "Escalation",
    "ExchangeSettings",
    "Feedback",
    "FilenameRule",
    "Heartbeat",
    "Notice",
    "Presence",
    "ReminderStep",
    "ReturnFile",
    "RouteRule",
    "Snippet",
    "SourceLine",
    "Ticket",
    "TicketEvent",
]
