"""Each colour an academy may choose can be read, in light and dark."""

import re
from pathlib import Path

import pytest

from zhiyue.core.academy.models import Accent

FRONTEND = Path(__file__).resolve().parents[3] / "frontend" / "src"
TOKENS = (FRONTEND / "tokens.css").read_text("utf-8")
ACCENTS = (FRONTEND / "accents.css").read_text("utf-8")
WRITTEN = {
    name: TOKENS
    if name == Accent.TEAL
    else ACCENTS.partition(f'[data-accent="{name}"] {{')[2].partition("}")[0]
    for name in Accent.values
}


def colours(css: str, token: str) -> tuple[str, str]:
    """A token in light and in dark."""
    found = re.search(rf"--{token}: light-dark\((#[0-9a-f]{{6}}), (#[0-9a-f]{{6}})\);", css)
    assert found, f"--{token} isn't written"
    return found[1], found[2]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_reckoned_as_the_standard_does():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", Accent.values)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_accent_is_readable(name, theme):
    accent, strong, on, soft = (
        colours(WRITTEN[name], token)[theme]
        for token in ("accent", "accent-strong", "on-accent", "accent-soft")
    )
    pairs = [(on, accent), (on, strong), (accent, soft), (colours(TOKENS, "ink")[theme], soft)]
    pairs += [(accent, colours(TOKENS, under)[theme]) for under in ("paper", "surface", "sunken")]
    assert [pair for pair in pairs if contrast(*pair) < 4.5] == []


def test_no_colour_is_drawn_that_nobody_can_choose():
    drawn = re.findall(r'\[data-accent="(\w+)"\]', ACCENTS)
    assert sorted([*drawn, "teal"]) == sorted(Accent.values)
