"""Our own AdminSite in the place of Django's, and the one place where an upper room registers.

A lower room never asks an upper one. What it needs from above (which lists are tended, what work
a person has open, what else is known of a person) is handed down here, once, when everything is
loaded.
"""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "ydjy.staff_site.admin_site.DeskSite"

    def ready(self) -> None:
        super().ready()
        from apps.errors.tickets import hand_on as tickets
        from apps.filings.review import hand_on as filings
        from apps.filings.review import timeline
        from apps.offices import open_work
        from ydjy.desk.imports import cleanup
        from ydjy.staff_site import list_kinds, person_timeline

        cleanup.register(list_kinds.KEPT)
        open_work.register(tickets.WORK)
        open_work.register(filings.WORK)
        timeline.also(person_timeline.tickets)
