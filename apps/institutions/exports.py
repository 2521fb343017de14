"""Our own list as a file that can be corrected and received again: without changes it says
nothing new (X19)."""

from datetime import date

from apps.institutions.imports import columns as imports_columns
from apps.institutions.models import DiseaseGroup, Institution
from apps.institutions.referral import scope as scopes
from ydjy.desk.exports.files import Column

PREFETCH = ("referral_rights", "suspensions")


def columns(day: date) -> tuple[Column, ...]:
    """The institutions as they stand on ``day``; a blank cell is «nothing known»."""
    vocabulary = DiseaseGroup.objects.vocabulary()

    def scope(one: Institution) -> str:
        rights = [r for r in one.referral_rights.all() if r.holds_on(day)]
        return scopes.describe(rights[0].scope, vocabulary) if len(rights) == 1 else ""

    def status(one: Institution) -> str:
        state = one.state_on(day)
        return state if state in (imports_columns.SUSPENDED, imports_columns.ENDED) else ""

    said = {
        "name": "name",
        "code": "national_code",
        "county": "county",
        "grade": "level",
        "kind": lambda one: one.get_kind_display(),
        "ownership": "ownership",
        "scope": scope,
        "phone": "phone",
        "address": "address",
        "status": status,
        "valid_from": "valid_from",
        "remark": "remark",
    }
    return tuple(Column(imports_columns.COLUMNS[key][0], of) for key, of in said.items())
