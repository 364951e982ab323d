from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0006_user_names_in_small_letters"),
    ]

    operations = [
        migrations.AlterField(
            model_name="uploadedsheet",
            name="kind",
            field=models.CharField(
                choices=[("members", "Members"), ("courses", "Courses"), ("orders", "Orders")], max_length=8
            ),
        ),
    ]
