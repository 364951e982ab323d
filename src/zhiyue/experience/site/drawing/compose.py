"""What stands on a picture for sharing: the course's own motif, its words, and for the poster a code to scan."""

from collections.abc import Sequence
from dataclasses import dataclass

import segno

from zhiyue.experience.shell import covers

CARD = (1200, 630)
POSTER = (1080, 1440)
_PAPER, _INK, _FAINT = "#faf8f4", "#1c2631", "#636c76"
_TWO_LINES = 2


@dataclass(frozen=True, slots=True)
class Shared:
    """The words of a picture. `address` is what the code leads to."""

    slug: str
    topic_slug: str
    topic: str
    keyword: str
    title: str
    subtitle: str
    teacher: str
    academy: str
    address: str
    call: str


@dataclass(frozen=True, slots=True)
class Text:
    """One line of words: `y` is its baseline."""

    words: str
    x: int
    y: int
    size: int
    colour: str


@dataclass(frozen=True, slots=True)
class Motif:
    """The shapes of a cover (320 × 200), moved and scaled."""

    shapes: str
    x: int
    y: int
    scale: float


@dataclass(frozen=True, slots=True)
class Box:
    x: int
    y: int
    width: int
    height: int
    colour: str


@dataclass(frozen=True, slots=True)
class Fade(Box):
    """A box that is whole at its left edge and gone at its right one."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Painted in this order: ground, motifs, boxes, texts."""

    size: tuple[int, int]
    ground: str
    motifs: Sequence[Motif]
    boxes: Sequence[Box]
    texts: Sequence[Text]


def card(shared: Shared) -> Picture:
    """1200 × 630, as chat windows and feeds show a link."""
    palette, shapes = _motif(shared)
    lines = wrap(shared.title, 60, 520)
    top = 318 if len(lines) == 1 else 276
    texts = [Text(shared.topic, 80, 120, 32, palette.light)]
    texts += [Text(line, 80, top + 82 * n, 60, "#ffffff") for n, line in enumerate(lines)]
    under = top + 82 * (len(lines) - 1) + 68
    texts += [
        Text(line, 80, under + 46 * n, 32, palette.light)
        for n, line in enumerate(wrap(shared.subtitle, 32, 520))
    ]
    texts.append(Text(f"{shared.teacher} · {shared.academy}", 80, 556, 32, "#ffffff"))
    return Picture(CARD, palette.ground, [Motif(shapes, 360, 80, 2.75)], _veil(palette), texts)


def plain(shared: Shared) -> Picture:
    """The card without a word, for a machine without a font that can write them."""
    palette, shapes = _motif(shared)
    return Picture(CARD, palette.ground, [Motif(shapes, 60, -30, 3.5)], [], [])


def poster(shared: Shared) -> Picture:
    """1080 × 1440 for a phone's album: cover above, words and code below."""
    palette, shapes = _motif(shared)
    lines = wrap(shared.title, 76, 920)
    boxes = [Box(0, 640, 1080, 800, _PAPER)]
    texts = [Text(shared.keyword, 80, 580, round(3.375 * covers.text_size(shared.keyword)), "#ffffff")]
    texts += [Text(shared.topic, 80, 752, 38, palette.ground)]
    texts += [Text(line, 80, 868 + 100 * n, 76, _INK) for n, line in enumerate(lines)]
    under = 868 + 100 * (len(lines) - 1) + 84
    texts += [
        Text(line, 80, under + 56 * n, 40, _FAINT) for n, line in enumerate(wrap(shared.subtitle, 40, 920))
    ]
    code = _code(shared.address, 740, 1130, 270)
    texts += [
        Text(shared.teacher, 80, 1226, 42, _INK),
        Text(shared.academy, 80, 1286, 36, _FAINT),
        Text(shared.call, 80, 1362, 36, palette.ground),
    ]
    return Picture(POSTER, palette.ground, [Motif(shapes, 0, -18, 3.375)], [*boxes, *code], texts)


def wrap(words: str, size: int, width: int) -> list[str]:
    """At most two lines; a Latin letter is about half as wide as a Chinese one. What is too much ends in “…”."""
    lines = [""]
    for word in _pieces(words):
        if _ems(lines[-1] + word) * size > width and lines[-1]:
            if len(lines) == _TWO_LINES:
                kept = lines[-1]
                while kept and _ems(kept + "…") * size > width:
                    kept = kept[:-1]
                lines[-1] = kept.rstrip() + "…"
                return lines
            lines.append(word.lstrip())
        else:
            lines[-1] += word
    return [line.strip() for line in lines if line.strip()]


def _pieces(words: str) -> list[str]:
    """What a line may break between: each Chinese sign by itself with the stop that follows it, Latin words whole."""
    pieces: list[str] = []
    for sign in words:
        joins = pieces and (
            sign in "，。：；、！？）」》" or (sign.isascii() and sign != " " and pieces[-1][-1].isascii())
        )
        if joins:
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces


def _ems(words: str) -> float:
    return sum(0.56 if sign.isascii() else 1.0 for sign in words)


def _motif(shared: Shared) -> tuple[covers.Palette, str]:
    """As on the course's own page."""
    return covers.drawn(slug=shared.slug, topic=shared.topic_slug, wear=covers.Wear())


def _veil(palette: covers.Palette) -> list[Box]:
    """What lies below the words, so that no shape runs through them, and none ends in a straight cut."""
    return [Box(0, 0, 600, CARD[1], palette.ground), Fade(600, 0, 300, CARD[1], palette.ground)]


def _code(address: str, x: int, y: int, width: int) -> list[Box]:
    """The address as a QR code on white, drawn in whole pixels."""
    rows = [bytes(row) for row in segno.make(address, error="m", micro=False).matrix]
    quiet = 2
    step = max(1, width // (len(rows) + 2 * quiet))
    side = step * (len(rows) + 2 * quiet)
    boxes = [Box(x, y, side, side, "#ffffff")]
    for row, cells in enumerate(rows):
        boxes += [
            Box(x + step * (column + quiet), y + step * (row + quiet), step, step, _INK)
            for column, dark in enumerate(cells)
            if dark
        ]
    return boxes
