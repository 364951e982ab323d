"""Planted drift in a line of text."""

from datetime import date

import pytest

from zhiyue.engine.simulate.parameters import Turn, Wave
from zhiyue.engine.simulate.planting import EXAMPLE, planted

AUGUST, SEPTEMBER = date(2026, 8, 1).toordinal(), date(2026, 9, 1).toordinal()


def test_the_example_is_read_as_it_is_meant():
    assert planted(EXAMPLE) == (
        (Wave(AUGUST, "ai", 2.0), Wave(AUGUST, "life", -1.0, share=0.4)),
        (Turn(SEPTEMBER, 0.1),),
    )
    assert planted("") == planted(" , ") == ((), ())
    assert planted("machine-learning-0.5@2026-08-01")[0] == (Wave(AUGUST, "machine-learning", -0.5),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ai", "“ai” can't be read"),
        ("ai@2026-08-01", "can't be read"),
        ("turn+2@2026-08-01", "can't be read"),
        ("ai+2@2026-08-01, ai+x@2026-08-01", "“ai\\+x@2026-08-01” can't be read"),
        ("ai+2@2026-13-01", "“ai\\+2@2026-13-01”: month must be in 1..12"),
        ("turn@2026-08-01/101%", "a share of the people lies in 0..1, not 1.01"),
    ],
)
def test_what_cant_be_read_is_named(text, said):
    with pytest.raises(ValueError, match=said):
        planted(text)
