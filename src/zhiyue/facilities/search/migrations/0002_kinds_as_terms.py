from django.db import migrations

from zhiyue.facilities.search import triggers


def put_kinds(apps, schema_editor):
    triggers.put_kinds_into_the_index(schema_editor.connection)


class Migration(migrations.Migration):

    dependencies = [
        ("search", "0001_documents_and_synonyms"),
    ]

    operations = [
        migrations.RunPython(put_kinds, migrations.RunPython.noop),
    ]
