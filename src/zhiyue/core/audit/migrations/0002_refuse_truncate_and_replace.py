from django.db import migrations

from zhiyue.core.audit import triggers


def refuse(apps, schema_editor):
    triggers.install(schema_editor.connection)


class Migration(migrations.Migration):
    """Triggers that came after the first ones; `install` adds those that are missing."""

    dependencies = [
        ("audit", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(refuse, migrations.RunPython.noop, elidable=False),
    ]
