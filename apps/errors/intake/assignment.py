"""Who gets a line by itself: a clerk of its office who is here that day; where all of them are
away, one of their B 角; where nobody is, the line waits and says so.
"""

from collections.abc import Iterable
from datetime import date

from django.db.models import Count

from apps.errors.models import Ticket
from apps.errors.models.transitions import Status
from apps.offices.models import Office, Staff
from apps.offices.models.duty import Duty


class Roster:
    """Those who can take lines on one day."""

    def __init__(self, day: date) -> None:
        away = Duty.objects.deputies(day)
        self.absent: dict[int, list[Staff]] = {}  # office → the B 角 of those who are not here
        self._here: dict[int, list[Staff]] = {}
        for clerk in Staff.objects.clerks().select_related("office"):
            if clerk.pk not in away:
                self._here.setdefault(clerk.office_id, []).append(clerk)
                continue
            deputies = self.absent.setdefault(clerk.office_id, [])
            if away[clerk.pk].pk not in away and away[clerk.pk].can_take_lines_of(clerk.office):
                deputies.append(away[clerk.pk])

    def of(self, office: int) -> list[Staff]:
        return self._here.get(office) or self.absent.get(office, [])

    def complaint(self, office: Office) -> str:
        """Why nobody gets this office's lines; blank where somebody does."""
        if self.of(office.pk):
            return ""
        if office.pk in self.absent:
            return f"{office}的经办人和他们的B角今天都不在岗"
        return f"{office}还没有窗口经办的人"


def hand_out(tickets: Iterable[Ticket], roster: Roster) -> dict[int, Staff]:
    """Each line to whom of its office has the fewest. Returns those who got some, by key."""
    tickets = list(tickets)
    everybody = {
        person.pk: person for key in {t.office_id for t in tickets} for person in roster.of(key)
    }
    mine = Ticket.objects.open().filter(assignee__in=everybody).order_by()
    load = dict.fromkeys(everybody, 0) | dict(mine.values_list("assignee").annotate(Count("pk")))
    for ticket in tickets:
        if candidates := roster.of(ticket.office_id):
            fewest = min((person.pk for person in candidates), key=lambda pk: (load[pk], pk))
            load[fewest] += 1
            ticket.assignee_id, ticket.status = fewest, Status.WORKING
    return everybody
