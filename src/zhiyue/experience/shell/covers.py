"""Course covers drawn as SVG: palette by topic, motif by course, and neighbours differ.

Only drawing is kept here; which courses stand beside each other is the shelf's business (`cards`).
"""

import random
from collections.abc import Callable, Sequence
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from functools import cache
from math import dist, pi, sin
from zlib import crc32

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from zhiyue.experience.shell.pictures import address_of

WIDTH, HEIGHT = 320, 200
_TEXT_LEFT, _TEXT_BASE, _TEXT_ROOM = 20, 176, 168


@dataclass(frozen=True, slots=True)
class Palette:
    """Two grounds dark enough for white text, and three colours to draw with."""

    ground: str
    deep: str
    mid: str
    light: str
    spark: str


PALETTES = (
    Palette("#11464a", "#1b6365", "#3f9b93", "#9fd6c8", "#f2dfb4"),  # lagoon
    Palette("#28315f", "#3a4788", "#6677c4", "#b3bff0", "#f4d9a8"),  # indigo
    Palette("#74301d", "#95452b", "#cf7a50", "#f0b48c", "#f9e4c4"),  # brick
    Palette("#234a2d", "#356539", "#6b9f62", "#b4d3a4", "#f3e5b8"),  # forest
    Palette("#4b2551", "#6a3771", "#a26aa8", "#dab0dc", "#f7ddc2"),  # plum
    Palette("#674a10", "#84611a", "#c2953a", "#ebc97f", "#fcf1d4"),  # ochre
    Palette("#2b3947", "#42566a", "#7590a8", "#b6cadb", "#f3ddb8"),  # slate
    Palette("#792944", "#963c59", "#cd7089", "#f1b1bf", "#fbe6d2"),  # rose
    Palette("#0f3b5d", "#1b567f", "#4c90c0", "#a5d0ec", "#f7e5bf"),  # sea
    Palette("#45461d", "#5f612a", "#98984a", "#d2d195", "#f8efd0"),  # moss
    Palette("#3b2c6c", "#53418f", "#8672c8", "#c4b6f1", "#f5e0c0"),  # violet
    Palette("#553222", "#734733", "#ae7a5c", "#dfb696", "#f8e8d2"),  # bark
)

# Subjects most academies have get a colour each, so that they never meet by chance.
_KNOWN = {
    "data": 0, "product": 2, "programming": 8, "ai": 10, "business": 6, "finance": 5,
    "psychology": 4, "writing": 7, "humanities": 11, "art": 9, "life": 3, "design": 1,
}  # fmt: skip

# What a topic's colour may become, so that a row of one topic isn't one colour: degrees on the wheel, share of their
# lightness that the grounds keep (white words stand on them), and whether the two change places.
_TINTS = ((0, 1.0, False), (12, 0.9, True), (-18, 0.95, False), (-5, 1.0, True))

# Palettes that differ by less look alike beside each other, whichever topics they belong to.
_APART = 80.0

Draw = Callable[[random.Random, Palette], str]


@cache
def palette_of(topic: str, tint: int = 0) -> Palette:
    """The colours of a topic, in one of its tints."""
    own = PALETTES[_KNOWN.get(topic, crc32(topic.encode()) % len(PALETTES))]
    degrees, light, is_turned = _TINTS[tint]
    ground, deep = (own.deep, own.ground) if is_turned else (own.ground, own.deep)
    return Palette(
        _turned(ground, degrees, light),
        _turned(deep, degrees, light),
        _turned(own.mid, degrees),
        _turned(own.light, degrees),
        own.spark,
    )


def _turned(colour: str, degrees: int, light: float = 1.0) -> str:
    red, green, blue = (part / 255 for part in _parts(colour))
    hue, lightness, saturation = rgb_to_hls(red, green, blue)
    parts = hls_to_rgb((hue + degrees / 360) % 1, lightness * light, saturation)
    return "#" + "".join(f"{round(part * 255):02x}" for part in parts)


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def motif_of(slug: str, variant: int = 0) -> int:
    """Number of the motif a course wears; the next variant wears another."""
    return (crc32(slug.encode()) + variant) % len(MOTIFS)


def tint_of(slug: str) -> int:
    """Which tint of its topic a course wears by itself."""
    return crc32(slug[::-1].encode()) % len(_TINTS)


@dataclass(frozen=True, slots=True)
class Wear:
    """How a course is dressed in one place: motif moved on by `variant`, and tint (None: its own)."""

    variant: int = 0
    tint: int | None = None


def dress(courses: Sequence[tuple[str, str]]) -> list[Wear]:
    """For courses (slug, topic) standing in this order: none looks like one beside it, or near above it."""
    worn: list[Wear] = []
    motifs: list[int] = []
    colours: list[Palette] = []
    for place, (slug, topic) in enumerate(courses):
        near = [place - back for back in (1, 2, 4) if back <= place]
        tint = _tint_beside([colours[at] for at in near], slug, topic)
        variant = next(v for v in range(len(MOTIFS)) if motif_of(slug, v) not in [motifs[at] for at in near])
        worn.append(Wear(variant=variant, tint=tint))
        motifs.append(motif_of(slug, variant))
        colours.append(palette_of(topic, tint))
    return worn


def _tint_beside(near: Sequence[Palette], slug: str, topic: str) -> int:
    """The course's own tint where it is far enough from those near it, else the tint that is farthest.

    Three are near at most and four are the tints, so it is none of theirs.
    """
    own = tint_of(slug)
    tints = [own, *(tint for tint in range(len(_TINTS)) if tint != own)]
    room = {tint: min((distance(palette_of(topic, tint), p) for p in near), default=_APART) for tint in tints}
    return own if room[own] >= _APART else max(tints, key=lambda tint: room[tint])


def distance(one: Palette, other: Palette) -> float:
    """How unlike two palettes look: of grounds and middle colours together, 0 to 883."""
    pairs = ((one.ground, other.ground), (one.mid, other.mid))
    return sum(dist(_parts(a), _parts(b)) for a, b in pairs)


def draw(*, slug: str, topic: str, keyword: str, wear: Wear | None = None, picture: str = "") -> SafeString:
    """The cover as inline SVG, or the `picture` that was uploaded. Decoration only: the title beside it says all."""
    if picture:
        return format_html(
            '<img class="cover" src="{}" alt="" width="{}" height="{}" loading="lazy" decoding="async">',
            address_of(picture), WIDTH, HEIGHT,
        )  # fmt: skip
    palette, shapes = drawn(slug=slug, topic=topic, wear=wear or Wear())
    return format_html(
        '<svg class="cover" viewBox="0 0 {} {}" preserveAspectRatio="xMinYMid slice" aria-hidden="true">'
        '<path fill="{}" d="M0 0h{}v{}H0z"/>{}<text x="{}" y="{}" fill="#fff" font-size="{}">{}</text></svg>',
        WIDTH, HEIGHT, palette.ground, WIDTH, HEIGHT, mark_safe(shapes),  # noqa: S308 - drawn from numbers alone
        _TEXT_LEFT, _TEXT_BASE, text_size(keyword), keyword,
    )  # fmt: skip


def drawn(*, slug: str, topic: str, wear: Wear) -> tuple[Palette, str]:
    """The colours and shapes of a cover, for whoever paints them elsewhere."""
    palette = palette_of(topic, tint_of(slug) if wear.tint is None else wear.tint)
    chance = random.Random(crc32(slug.encode()))  # noqa: S311 - the same course always looks the same
    return palette, MOTIFS[motif_of(slug, wear.variant)](chance, palette)


def text_size(keyword: str) -> int:
    """As large as fits the left part that a square crop keeps; a Latin letter is about half as wide."""
    ems = sum(0.58 if letter.isascii() else 1.0 for letter in keyword)
    return min(46, int(_TEXT_ROOM / max(ems, 1.0)))


def _rings(chance: random.Random, p: Palette) -> str:
    x, y = chance.randint(190, 236), chance.randint(56, 84)
    colours = [p.spark, p.light, p.mid, p.mid, p.deep, p.deep, p.deep]
    return "".join(
        f'<circle cx="{x}" cy="{y}" r="{14 + 21 * i}" fill="none" stroke="{c}" stroke-width="9"/>'
        for i, c in enumerate(colours)
    )


def _bars(chance: random.Random, p: Palette) -> str:
    parts = []
    for i in range(9):
        high = 34 + 11 * i + chance.randint(-18, 18)
        colour = (p.mid, p.light, p.deep)[i % 3] if i != 6 else p.spark
        base = 128 if i < 5 else HEIGHT
        parts.append(
            f'<rect x="{112 + 24 * i}" y="{base - high}" width="15" height="{high}" rx="3" fill="{colour}"/>'
        )
    return "".join(parts)


def _hills(chance: random.Random, p: Palette) -> str:
    lift = chance.randint(-12, 12)
    return (
        f'<circle cx="{chance.randint(170, 250)}" cy="{54 + lift}" r="27" fill="{p.spark}"/>'
        f'<path fill="{p.light}" d="M96 {128 + lift}Q190 {40 + lift} 330 112V200H96z"/>'
        f'<path fill="{p.mid}" d="M150 200Q220 {70 - lift} 330 {92 + lift}V200z"/>'
        f'<path fill="{p.deep}" d="M-10 {132 + lift}Q110 {84 - lift} 230 200H-10z"/>'
    )


def _dots(chance: random.Random, p: Palette) -> str:
    parts = []
    for row in range(5):
        for column in range(9):
            if row > 2 and column < 5:
                continue
            size = round(3 + 7 * abs(sin(row * 0.9 + column * 0.6 + chance.random())), 1)
            colour = p.spark if chance.random() < 0.08 else chance.choice([p.mid, p.light, p.mid])
            parts.append(f'<circle cx="{76 + 28 * column}" cy="{28 + 34 * row}" r="{size}" fill="{colour}"/>')
    return "".join(parts)


def _tiles(chance: random.Random, p: Palette) -> str:
    turns = (
        "M{x} {y}h50a50 50 0 0 1-50 50z", "M{r} {y}v50a50 50 0 0 1-50-50z",
        "M{r} {b}h-50a50 50 0 0 1 50-50z", "M{x} {b}v-50a50 50 0 0 1 50 50z",
    )  # fmt: skip
    parts = []
    for row in range(4):
        for column in range(5):
            if row > 1 and column < 3:
                continue
            x, y = 70 + 50 * column, 50 * row
            colour = chance.choice([p.deep, p.mid, p.light, p.mid, p.spark])
            shape = chance.choice(turns).format(x=x, y=y, r=x + 50, b=y + 50)
            parts.append(f'<path fill="{colour}" d="{shape}"/>')
    return "".join(parts)


def _threads(chance: random.Random, p: Palette) -> str:
    parts = []
    shift = chance.random() * pi
    for i in range(9):
        points = " ".join(
            f"{x},{round(22 + 11 * i + 17 * sin(x / 46 + shift + i * 0.24) * (0.4 + x / 400))}"
            for x in range(0, 331, 15)
        )
        colour = p.spark if i == 4 else (p.mid, p.light, p.deep)[i % 3]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="4"/>')
    return "".join(parts)


def _steps(chance: random.Random, p: Palette) -> str:
    first = chance.randint(96, 116)
    parts = [f'<circle cx="{first + 168}" cy="34" r="17" fill="{p.spark}"/>']
    for i, colour in enumerate((p.deep, p.mid, p.light, p.mid, p.deep)):
        x, y = first + 46 * i, 122 - 24 * i if i < 4 else 64
        parts.append(f'<path fill="{colour}" d="M{x} {y}h46v{(134 - y) if i < 2 else (200 - y)}h-46z"/>')
    return "".join(parts)


def _leaves(chance: random.Random, p: Palette) -> str:
    leaf = "M0 0Q30-46 0-112Q-30-46 0 0z"
    parts = []
    for i in range(7):
        turn = -100 + 33 * i + chance.randint(-7, 7)
        colour = (p.mid, p.light, p.deep, p.spark, p.mid, p.light, p.deep)[i]
        parts.append(f'<path fill="{colour}" transform="translate(212 124) rotate({turn})" d="{leaf}"/>')
    return "".join(parts)


def _net(chance: random.Random, p: Palette) -> str:
    colours = (p.light, p.mid, p.light, p.spark)
    points = [
        (84 + 44 * (i % 6) + chance.randint(-13, 13), 30 + 46 * (i // 6) + chance.randint(-12, 12))
        for i in range(18)
    ]
    points = [(x, y) for x, y in points if y < 110 or x > 200]
    lines = "".join(
        f"M{a[0]} {a[1]}L{b[0]} {b[1]}"
        for i, a in enumerate(points)
        for b in points[i + 1 :]
        if (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 < 3400
    )
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="{chance.randint(5, 10)}" fill="{chance.choice(colours)}"/>'
        for x, y in points
    )
    return f'<path d="{lines}" stroke="{p.mid}" stroke-width="2.5" fill="none"/>{dots}'


def _arches(chance: random.Random, p: Palette) -> str:
    parts = []
    for i, colour in enumerate(chance.sample([p.deep, p.mid, p.light], 3)):
        x, r = 96 + 74 * i, 37
        base = 128 if i == 0 else HEIGHT
        top = 64 + chance.randint(-14, 14) + 8 * i
        parts.append(f'<path fill="{colour}" d="M{x} {base}V{top}a{r} {r} 0 0 1 {2 * r} 0V{base}z"/>')
        parts.append(f'<circle cx="{x + r}" cy="{top}" r="15" fill="{p.spark if i == 1 else p.ground}"/>')
    return "".join(parts)


MOTIFS: tuple[Draw, ...] = (_rings, _bars, _hills, _dots, _tiles, _threads, _steps, _leaves, _net, _arches)
