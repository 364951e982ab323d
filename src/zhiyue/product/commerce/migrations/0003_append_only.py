from django.db import migrations

from zhiyue.product.commerce import triggers


def refuse(apps, schema_editor):
    triggers.install(schema_editor.connection, triggers.FIRST_TABLES)


def allow(apps, schema_editor):
    triggers.remove(schema_editor.connection, triggers.FIRST_TABLES)


class Migration(migrations.Migration):
    """What was written of orders and money stays as it was written."""

    dependencies = [
        ("commerce", "0002_orders"),
    ]

    operations = [
        migrations.RunPython(refuse, allow, elidable=False),
    ]
