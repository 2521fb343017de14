"""Whether the asker has taken note of what became of an export; of the old ones nobody is told."""

from django.db import migrations, models


def old_ones_are_noted(apps, schema_editor):
    exports = apps.get_model("desk", "Export").objects
    exports.filter(state__in=["declined", "stopped"]).update(noted_at=models.F("asked_at"))


class Migration(migrations.Migration):
    dependencies = [("desk", "0003_touched_on")]

    operations = [
        migrations.AddField(
            model_name="export",
            name="noted_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="申请人看过"),
        ),
        migrations.RunPython(old_ones_are_noted, migrations.RunPython.noop),
    ]
