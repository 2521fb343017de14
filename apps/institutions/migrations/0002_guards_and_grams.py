"""What Django's schema cannot say: openings do not overlap, and bigrams have their index."""

from django.db import migrations

FTS = "institutions_grams"
ENTRY = "institutions_searchentry"
OPENING = "institutions_networkopening"
SAYS = "这家机构的同一业务、同一范围，在这些日子里已经有一条开通记录，请先改好那一条的失效日期。"

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
"""

_OVERLAP = f"""
CREATE TRIGGER opening_overlaps_{{event}} BEFORE {{event}} ON {OPENING}
WHEN EXISTS (SELECT 1 FROM {OPENING} AS other
  WHERE other.institution_id = NEW.institution_id AND other.id IS NOT NEW.id
    AND other.reach = NEW.reach AND other.business = NEW.business
    AND coalesce(other.valid_from, '0000') <= coalesce(NEW.valid_to, '9999')
    AND coalesce(NEW.valid_from, '0000') <= coalesce(other.valid_to, '9999'))
BEGIN SELECT RAISE(ABORT, '{SAYS}'); END
"""
_TAKE_OUT = f"INSERT INTO {FTS}({FTS}, rowid, grams) VALUES ('delete', OLD.institution_id, OLD.grams);"
_PUT_IN = f"INSERT INTO {FTS}(rowid, grams) VALUES (NEW.institution_id, NEW.grams);"

# A later migration that rebuilds one of these two tables on SQLite drops their triggers and must
# make them again; tests/institutions/test_records.py and test_search.py notice.
SQLITE = [
    _OVERLAP.format(event="INSERT"),
    _OVERLAP.format(event="UPDATE"),
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
]
POSTGRES_BACK = f"""
DROP INDEX {ENTRY}_grams;
ALTER TABLE {OPENING} DROP CONSTRAINT opening_overlaps;
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
