"""What `zhiyue import events` says of files: which it takes, and what became of the rows."""

import json
from io import StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_course, make_member
from zhiyue.collect.models import Event, HistoryImport
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def run(file: Path) -> str:
    out = StringIO()
    call_command("import", "events", str(file), stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.parametrize("name", ["past.xlsx", "past.csv.gz", "past"])
def test_a_file_of_another_ending_is_refused_and_nothing_is_kept_of_it(tmp_path, name):
    file = tmp_path / name
    file.write_text("mail,act\n", encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        run(file)
    assert str(refused.value) == (
        f"{name} isn't a file that can be read: its name ends with none of .csv, .tsv, .parquet, .jsonl, .json."
    )
    assert not HistoryImport.objects.exists()


def test_rows_that_are_there_or_stand_twice_in_the_file_are_called_so(tmp_path):
    make_member("a@test.example")
    make_course("intuition")
    statement = {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:a@test.example"},
        "verb": {"id": "http://id.tincanapi.com/verb/viewed"},
        "object": {"id": "https://elsewhere.example/courses/intuition"},
        "timestamp": clock.now().isoformat(),
    }
    file = tmp_path / "PAST.JSONL"
    file.write_text(f"{json.dumps(statement)}\n" * 2, encoding="utf-8")
    assert "2 rows: 1 new, 1 already there or twice in the file, " in run(file)
    assert Event.objects.count() == 1
