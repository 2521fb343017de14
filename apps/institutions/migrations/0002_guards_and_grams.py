"""What Django's schema cannot say: openings and rights do not overlap, bigrams have an index."""

from django.db import migrations

FTS = "institutions_grams"
ENTRY = "institutions_searchentry"
OPENING = "institutions_networkopening"
RIGHT = "institutions_referralright"
SAYS = "这家机构的同一业务、同一范围，在这些日子里已经有一条开通记录，请先改好那一条的失效日期。"
RIGHT_SAYS = "这家机构在这些日子里已经有一条转诊资格，请先改好那一条的失效日期。"
_WHOSE = "institution_id * 4294967296 + hashtext(serves)::bigint + 2147483648"

POSTGRES = f"""
CREATE INDEX {ENTRY}_grams ON {ENTRY} USING gin (grams);
ALTER TABLE {OPENING} ADD CONSTRAINT opening_overlaps EXCLUDE USING gist (
  int8range(institution_id * 8
    + CASE reach WHEN 'in_province' THEN 0 ELSE 4 END
    + CASE business WHEN 'inpatient' THEN 0 WHEN 'outpatient' THEN 1 WHEN 'chronic' THEN 2 ELSE 3 END,
    institution_id * 8
    + CASE reach WHEN 'in_province' THEN 0 ELSE 4 END
    + CASE business WHEN 'inpatient' THEN 0 WHEN 'outpatient' THEN 1 WHEN 'chronic' THEN 2 ELSE 3 END,
    '[]') WITH &&,
  daterange(valid_from, valid_to, '[]') WITH &&);
ALTER TABLE {RIGHT} ADD CONSTRAINT right_overlaps EXCLUDE USING gist (
  int8range({_WHOSE}, {_WHOSE}, '[]') WITH &&, daterange(valid_from, valid_to, '[]') WITH &&);
"""

_OVERLAP = """
CREATE TRIGGER {name}_overlaps_{event} BEFORE {event} ON {table}
WHEN EXISTS (SELECT 1 FROM {table} AS other
  WHERE other.institution_id = NEW.institution_id AND other.id IS NOT NEW.id AND {same}
    AND coalesce(other.valid_from, '0000') <= coalesce(NEW.valid_to, '9999')
    AND coalesce(NEW.valid_from, '0000') <= coalesce(other.valid_to, '9999'))
BEGIN SELECT RAISE(ABORT, '{says}'); END
"""
_OF_OPENING = {
    "name": "opening",
    "table": OPENING,
    "same": "other.reach = NEW.reach AND other.business = NEW.business",
    "says": SAYS,
}
_OF_RIGHT = {
    "name": "right",
    "table": RIGHT,
    "same": "other.serves = NEW.serves",
    "says": RIGHT_SAYS,
}
_TAKE_OUT = f"INSERT INTO {FTS}({FTS}, rowid, grams) VALUES ('delete', OLD.institution_id, OLD.grams);"
_PUT_IN = f"INSERT INTO {FTS}(rowid, grams) VALUES (NEW.institution_id, NEW.grams);"

# A later migration that rebuilds one of these tables on SQLite drops their triggers and must
# make them again; tests/institutions/test_records.py and test_search.py notice.
SQLITE = [
    *(_OVERLAP.format(event=e, **of) for of in (_OF_OPENING, _OF_RIGHT) for e in ("INSERT", "UPDATE")),
    f"CREATE VIRTUAL TABLE {FTS} USING fts5(grams, content='{ENTRY}',"
    " content_rowid='institution_id', tokenize='ascii', detail=none, columnsize=0)",
    f"CREATE TRIGGER {ENTRY}_added AFTER INSERT ON {ENTRY} BEGIN {_PUT_IN} END",
    f"CREATE TRIGGER {ENTRY}_gone AFTER DELETE ON {ENTRY} BEGIN {_TAKE_OUT} END",
    f"CREATE TRIGGER {ENTRY}_changed AFTER UPDATE ON {ENTRY} BEGIN {_TAKE_OUT} {_PUT_IN} END",
]
SQLITE_BACK = [
    f"DROP TRIGGER {ENTRY}_added",
    f"DROP TRIGGER {ENTRY}_gone",
    f"DROP TRIGGER {ENTRY}_changed",
    f"DROP TABLE {FTS}",
    "DROP TRIGGER opening_overlaps_INSERT",
    "DROP TRIGGER opening_overlaps_UPDATE",
    "DROP TRIGGER right_overlaps_INSERT",
    "DROP TRIGGER right_overlaps_UPDATE",
]
POSTGRES_BACK = f"""
DROP INDEX {ENTRY}_grams;
ALTER TABLE {OPENING} DROP CONSTRAINT opening_overlaps;
ALTER TABLE {RIGHT} DROP CONSTRAINT right_overlaps;
"""


def forwards(apps, schema_editor):
    _run(schema_editor, SQLITE, POSTGRES)


def backwards(apps, schema_editor):
    _run(schema_editor, SQLITE_BACK, POSTGRES_BACK)


def _run(schema_editor, sqlite, postgres):
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor == "postgresql":
            cursor.execute(postgres)
        else:
            for statement in sqlite:
                cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("institutions", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
