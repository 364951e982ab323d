from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("commerce", "0008_reminders"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="outside_number",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("outside_number", ""), _negated=True),
                fields=("outside_number",),
                name="outside_number_once",
            ),
        ),
    ]
