from typing import Any

from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    """Days that were counted before: with the chances that the contest remembers, of older ones the oldest of them."""
    for contest in apps.get_model("zhiyue_recommend", "Contest").objects.all():
        decided = sorted(contest.chances)
        for row in contest.days.all():
            begun = [day for day in decided if day <= row.day.isoformat()] or decided[:1]
            row.chance = contest.chances[begun[-1]].get(row.policy, 1.0) if begun else 1.0
            row.save(update_fields=["chance"])


class Migration(migrations.Migration):

    dependencies = [
        ('zhiyue_recommend', '0006_new_courses'),
    ]

    operations = [
        migrations.AddField(
            model_name='armday',
            name='chance',
            field=models.FloatField(default=1.0),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='armday',
            constraint=models.CheckConstraint(condition=models.Q(('chance__gt', 0), ('chance__lte', 1)), name='arm_drawn_by_a_chance'),
        ),
    ]
