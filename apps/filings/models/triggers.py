# ruff: noqa: S608 - names of our own table and states, never a value
"""What the database itself refuses of filings, whatever code writes (domain 4.5).

Three rules: no step that :data:`steps.STEPS` does not know; never two long-term filings of one
person and insurance in force at the same time; nobody decides on what they wrote themselves since
it was last approved, by the events that stand beside the row. They are put in place after every
migration, like those of the change log; SQLite's table rebuild drops them.
"""

from typing import Any

from django.db import connections

from apps.filings.models.transitions import KEEPS, REVIEWING, STEPS

TABLE, EVENTS = "filings_filing", "filings_filingevent"
STEP = "备案不能从这个状态变到那个状态，请用页面上的按钮办理。"
SECOND = "自己登记或办过的备案要由另一个人审核。"
ALONE = "同一时间只能有一个长期备案，请先变更或撤销原来的。"


def allowed() -> list[tuple[str, str]]:
    """Every pair of states between which some verb leads."""
    pairs = {
        (str(start), str(to))
        for starts, ends in STEPS.values()
        for start in starts
        for to in ends
        if to != KEEPS
    }
    return sorted(pairs)


def _steps() -> str:
    known = " OR ".join(
        f"(OLD.status = '{start}' AND NEW.status = '{to}')" for start, to in allowed()
    )
    return f"OLD.status <> NEW.status AND NOT ({known})"


_OTHER = (
    f'EXISTS (SELECT 1 FROM "{TABLE}" f WHERE f.cert_index = NEW.cert_index'
    " AND f.status = 'approved' AND f.insutype = NEW.insutype AND f.exclusive AND f.id <> NEW.id"
    " AND f.start_on <= COALESCE(NEW.end_on, '9999-12-31')"
    " AND NEW.start_on <= COALESCE(f.end_on, '9999-12-31'))"
)
_CLAIMS = "NEW.status = 'approved' AND NEW.exclusive AND NEW.cert_index <> ''"
_DECIDED = (
    "NEW.decided_by_id IS NOT NULL AND ((OLD.status <> NEW.status"
    " AND NEW.status IN ('approved', 'rejected', 'revoked'))"
    " OR OLD.decided_by_id IS DISTINCT FROM NEW.decided_by_id)"
)
_WROTE = (
    f'EXISTS (SELECT 1 FROM "{EVENTS}" e WHERE e.filing_id = NEW.id AND e.by_id = NEW.decided_by_id'
    f" AND e.verb NOT IN ({', '.join(repr(verb) for verb in sorted(REVIEWING))})"
    f' AND NOT EXISTS (SELECT 1 FROM "{EVENTS}" a WHERE a.filing_id = NEW.id AND a.id >= e.id'
    " AND a.after = 'approved' AND a.before <> 'approved'))"
)


def _sqlite() -> list[tuple[str, str]]:
    found = [
        (
            f"ydjy_filing_step_{TABLE}",
            f'CREATE TRIGGER "ydjy_filing_step_{TABLE}" BEFORE UPDATE OF status ON "{TABLE}"'
            f" FOR EACH ROW WHEN {_steps()} BEGIN SELECT RAISE(ABORT, '{STEP}'); END",
        )
    ]
    decided = _DECIDED.replace("IS DISTINCT FROM", "IS NOT")
    found.append(
        (
            f"ydjy_filing_second_{TABLE}",
            f'CREATE TRIGGER "ydjy_filing_second_{TABLE}" BEFORE UPDATE ON "{TABLE}"'
            f" FOR EACH ROW WHEN {decided} AND {_WROTE}"
            f" BEGIN SELECT RAISE(ABORT, '{SECOND}'); END",
        )
    )
    for operation in ("INSERT", "UPDATE"):
        name = f"ydjy_filing_alone_{TABLE}_{operation.lower()}"
        found.append(
            (
                name,
                f'CREATE TRIGGER "{name}" BEFORE {operation} ON "{TABLE}" FOR EACH ROW'
                f" WHEN {_CLAIMS} AND {_OTHER.replace('f.id <> NEW.id', 'f.id IS NOT NEW.id')}"
                f" BEGIN SELECT RAISE(ABORT, '{ALONE}'); END",
            )
        )
    return found


def _postgres() -> list[str]:
    """The lock makes two approvals of one person wait for each other; what the first committed is
    seen by the second, because every statement of the function looks anew."""
    return [
        f"""
CREATE OR REPLACE FUNCTION ydjy_filing_guard() RETURNS trigger LANGUAGE plpgsql AS $ydjy$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF {_steps()} THEN
      RAISE EXCEPTION '{STEP}' USING ERRCODE = 'check_violation';
    END IF;
    IF {_DECIDED} THEN
      IF {_WROTE} THEN
        RAISE EXCEPTION '{SECOND}' USING ERRCODE = 'check_violation';
      END IF;
    END IF;
  END IF;
  IF {_CLAIMS} THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.cert_index || NEW.insutype, 0));
    IF {_OTHER} THEN
      RAISE EXCEPTION '{ALONE}' USING ERRCODE = 'exclusion_violation';
    END IF;
  END IF;
  RETURN NEW;
END $ydjy$""",
        f'CREATE OR REPLACE TRIGGER "ydjy_filing_guard_{TABLE}" BEFORE INSERT OR UPDATE'
        f' ON "{TABLE}" FOR EACH ROW EXECUTE FUNCTION ydjy_filing_guard()',
    ]


def install(*, using: str = "default", **kwargs: Any) -> None:
    """Puts the triggers in place, as often as it is called."""
    backend = connections[using]
    if TABLE not in backend.introspection.table_names():
        return
    with backend.cursor() as cursor:
        if backend.vendor == "postgresql":
            for statement in _postgres():
                cursor.execute(statement)
            return
        for name, statement in _sqlite():
            cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"')
            cursor.execute(statement)
