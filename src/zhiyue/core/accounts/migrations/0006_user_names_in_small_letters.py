from collections import defaultdict

from django.db import migrations, models
from django.db.models.functions import Lower

LONGEST = 30


def write_small(apps, schema_editor):
    """User names in small letters. Of those that differ only by capitals the oldest member, who alone could sign in by
    it, keeps the name; the others get a number behind theirs."""
    User = apps.get_model("accounts", "User")
    alike = defaultdict(list)
    for pk, name in User.objects.exclude(username=None).order_by("pk").values_list("pk", "username"):
        alike[name.lower()].append((pk, name))
    taken = set(alike)
    for small, ((first, written), *others) in alike.items():
        for pk, _ in others:
            name = _free(small, taken)
            taken.add(name)
            User.objects.filter(pk=pk).update(username=name)
        if written != small:
            User.objects.filter(pk=first).update(username=small)


def _free(small, taken):
    number = 2
    while (name := f"{small[: LONGEST - len(f'-{number}')]}-{number}") in taken:
        number += 1
    return name


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_uploaded_sheets")]
    operations = [
        migrations.RunPython(write_small, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(Lower("username"), name="user_name_once_whatever_its_case"),
        ),
    ]
