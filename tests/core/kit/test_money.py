import pytest

from zhiyue.core.kit.money import yuan


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "¥0"), (1, "¥0.01"), (1990, "¥19.90"), (19900, "¥199"), (123456700, "¥1,234,567"), (-1, "-¥0.01")],
)
def test_fen_are_written_as_yuan(fen, text):
    assert yuan(fen) == text
