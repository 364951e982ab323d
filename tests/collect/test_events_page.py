"""The page about events shows the table as it is."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from zhiyue.collect import cleaning, quarantine
from zhiyue.collect.vocabulary import KINDS
from zhiyue.experience.desk import words
from zhiyue.product.learning import receiving, replaying

PAGE = (Path(__file__).resolve().parents[2] / "docs/events.md").read_text(encoding="utf-8")


def test_the_page_ends_with_the_table_that_the_command_prints():
    said = StringIO()
    call_command("events", stdout=said)
    assert PAGE.endswith(f"not properties.\n\n{said.getvalue()}")
    assert all(f"| `{name}` |" in said.getvalue() for name in KINDS)


@pytest.mark.parametrize("days", sorted({kind.days_kept for kind in KINDS.values()}))
def test_every_length_of_keeping_has_its_reason(days):
    assert f"\n| {days} | " in PAGE


def test_the_figures_of_the_page_are_those_of_the_code():
    text = " ".join(PAGE.split())
    assert f"at most {cleaning.SHIFT_BOUND.total_seconds() / 3600:g} hours off" in text
    assert f"more than {cleaning.ON_THE_WAY.seconds} seconds" in text
    assert (
        f"more than {cleaning.FUTURE_BOUND.seconds // 60} minutes ahead or {cleaning.PAST_BOUND.days} days"
        in text
    )
    assert f"{receiving.FASTEST} times faster" in text
    assert f"{quarantine.SAMPLE} entries a day" in text
    assert f"for {quarantine.DAYS} days" in text
    assert f"more than {replaying.AT_ONCE} entries are a job's work" in text


def test_every_reason_of_the_page_has_its_words_on_the_desk():
    for reason in words._QUARANTINE:
        assert f"`{reason}`" in PAGE
