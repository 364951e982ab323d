"""A mapping says what is meant, or every mistake in it."""

from pathlib import Path

import pytest

from zhiyue.collect.errors import BadMapping
from zhiyue.collect.importing.mapping import parse_mapping, read_mapping
from zhiyue.core.consent.purposes import Purpose

FILE = Path("past.csv")

WHOLE = """
[person]
column = "mail"
[when]
column = "time"
zone = "Asia/Shanghai"
[event]
column = "act"
names = { look = "course.viewed" }
[course]
column = "course"
names = { AAA = "intuition" }
[properties]
percent = "progress"
[consent]
stated = ["analytics"]
"""


def mistakes(text, file=FILE):
    with pytest.raises(BadMapping) as refusal:
        parse_mapping(text, file=file)
    return refusal.value.mistakes


def test_a_whole_mapping_is_read():
    mapping = parse_mapping(WHOLE, file=FILE)
    assert mapping.columns == ["mail", "time", "act", "course", "progress"]
    assert (mapping.form, mapping.person_by, mapping.stated) == ("csv", "email", Purpose.ANALYTICS)
    assert mapping.course.names == {"AAA": "intuition"}


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.csv", "csv"), ("a.tsv", "csv"), ("a.parquet", "parquet"), ("a.jsonl", "xapi"), ("a.txt", "csv")],
)
def test_the_form_is_told_by_the_ending(name, form):
    assert parse_mapping(WHOLE, file=Path(name)).form == form


@pytest.mark.parametrize(
    ("content", "told", "encoding"),
    [
        ("人员\n".encode(), "", "utf-8-sig"),
        ("人员\n".encode("gb18030"), "", "gb18030"),
        ("人员\n".encode("gb18030"), 'encoding = "big5"', "big5"),
        ("é\n".encode("latin-1"), "", "utf-8-sig"),
    ],
)
def test_the_encoding_is_that_of_the_file_unless_it_is_told(tmp_path, content, told, encoding):
    file = tmp_path / "past.csv"
    file.write_bytes(content)
    assert parse_mapping(f"{WHOLE}[file]\n{told}\n", file=file).encoding == encoding


def test_statements_need_no_mapping():
    assert parse_mapping("", file=Path("a.jsonl")).columns == []


def test_every_mistake_is_named_at_once():
    assert mistakes(
        """
        [people]
        [person]
        colum = "mail"
        by = "shoe size"
        [when]
        zone = "Moon/Crater"
        [event]
        column = "act"
        names = { look = "course.eaten", click = "course.viewed" }
        [properties]
        colour = "c"
        [consent]
        stated = ["everything"]
        """
    ) == (
        "[people] is unknown; there are: file, person, when, event, course, lesson, id, properties, consent.",
        "[person] has no “colum”.",
        "[person] by must be one of: email, phone, username, id; not “shoe size”.",
        "[when] zone must be one such as Asia/Shanghai, not “Moon/Crater”.",
        "[properties] “colour” is a property of no event.",
        "[consent] stated holds purposes (analytics, personalisation, messages, experiments), not “everything”.",
        "[person] column is missing: which column says who acted?",
        "[when] column is missing: which column says when?",
        "“course.eaten” is not in the table of events.",
    )


@pytest.mark.parametrize("text", ["person = [", "person = 3", '[event]\nname = "a"\ncolumn = "b"'])
def test_what_is_no_mapping_says_so(text):
    assert mistakes(text)


def test_a_mapping_that_is_not_there_says_so(tmp_path):
    with pytest.raises(BadMapping, match="can't be read"):
        read_mapping(tmp_path / "none.toml", file=FILE)
