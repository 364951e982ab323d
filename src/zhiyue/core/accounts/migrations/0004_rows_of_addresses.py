from django.db import migrations


def add_rows(apps, schema_editor):
    """One EmailAddress for each member with an address; nobody has proved theirs yet."""
    User = apps.get_model("accounts", "User")
    EmailAddress = apps.get_model("account", "EmailAddress")
    there = set(EmailAddress.objects.values_list("user_id", flat=True))
    members = User.objects.filter(email__isnull=False, is_simulated=False).exclude(pk__in=there)
    EmailAddress.objects.bulk_create(
        [
            EmailAddress(user_id=pk, email=email, verified=False, primary=True)
            for pk, email in members.values_list("pk", "email")
        ],
        batch_size=500,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_one_time_codes"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunPython(add_rows, migrations.RunPython.noop)]
