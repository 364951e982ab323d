from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("learning", "0002_interests")]

    operations = [
        migrations.AddField(
            model_name="lessonprogress", name="spent_until", field=models.DateTimeField(null=True)
        ),
    ]
