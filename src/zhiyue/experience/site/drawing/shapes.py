"""The few SVG shapes that covers are made of, as points a painter can fill.

Knows circle, rect, polyline and path with M L H V Q A Z, absolute and relative; arcs are circular, as ours are.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import acos, atan2, copysign, cos, hypot, pi, radians, sin, sqrt
from xml.etree import ElementTree

Point = tuple[float, float]
_TOKEN = re.compile(r"[A-Za-z]|-?\d+(?:\.\d+)?")
_STEPS = 36
_NUMBERS = {"m": 2, "l": 2, "h": 1, "v": 1, "q": 4, "a": 7, "z": 0}


@dataclass(frozen=True, slots=True)
class Shape:
    """One outline, filled, or drawn as a line of `width` where `is_line`."""

    points: list[Point]
    colour: str
    is_line: bool = False
    width: float = 0


def read(markup: str) -> Iterator[Shape]:
    """The shapes of SVG elements side by side, in their order."""
    # Only ever drawn by `shell.covers` out of numbers.
    for element in ElementTree.fromstring(f"<g>{markup}</g>"):  # noqa: S314
        yield from _read(element.tag, element.attrib)


def _read(tag: str, given: Mapping[str, str]) -> Iterator[Shape]:
    fill, stroke = given.get("fill", "none"), given.get("stroke", "")
    width = float(given.get("stroke-width", 1))
    for points in _outlines(tag, given):
        if fill != "none":
            yield Shape(points, fill)
        if stroke:
            yield Shape(points, stroke, is_line=True, width=width)


def _outlines(tag: str, given: Mapping[str, str]) -> list[list[Point]]:
    match tag:
        case "circle":
            x, y, r = (float(given[key]) for key in ("cx", "cy", "r"))
            return [[(x + r * cos(i * pi / 36), y + r * sin(i * pi / 36)) for i in range(73)]]
        case "rect":
            x, y, w, h = (float(given[key]) for key in ("x", "y", "width", "height"))
            return [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)]]
        case "polyline":
            numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", given["points"])]
            return [list(zip(numbers[::2], numbers[1::2], strict=True))]
        case "path":
            moved = _transform(given.get("transform", ""))
            return [[moved(point) for point in outline] for outline in _path(given["d"])]
    raise ValueError(f"Covers have no <{tag}>.")


class _transform:  # noqa: N801 - used as a function
    """`translate(x y) rotate(degrees)`: turned first, then moved."""

    def __init__(self, words: str) -> None:
        numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", words)] or [0.0, 0.0, 0.0]
        self.x, self.y, self.angle = numbers[0], numbers[1], radians(numbers[2])

    def __call__(self, point: Point) -> Point:
        x, y = point
        c, s = cos(self.angle), sin(self.angle)
        return (self.x + x * c - y * s, self.y + x * s + y * c)


def _path(d: str) -> list[list[Point]]:
    tokens = _TOKEN.findall(d)
    outlines: list[list[Point]] = []
    command, place = "", 0
    while place < len(tokens):
        if tokens[place].isalpha():
            command, place = tokens[place], place + 1
        n = _NUMBERS[command.lower()]
        numbers = [float(token) for token in tokens[place : place + n]]
        place += n
        here = outlines[-1][-1] if outlines else (0.0, 0.0)
        origin = here if command.islower() else (0.0, 0.0)
        if command in "Mm":
            outlines.append([(origin[0] + numbers[0], origin[1] + numbers[1])])
        elif command in "Zz":
            outlines[-1].append(outlines[-1][0])
        else:
            outlines[-1] += _stretch(command.lower(), numbers, here, origin)
    return outlines


def _stretch(command: str, numbers: list[float], here: Point, origin: Point) -> list[Point]:
    """The points of one stretch of a path, without where it begins."""
    if command == "h":
        return [(origin[0] + numbers[0], here[1])]
    if command == "v":
        return [(here[0], origin[1] + numbers[0])]
    end = (origin[0] + numbers[-2], origin[1] + numbers[-1])
    if command == "q":
        bend = (origin[0] + numbers[0], origin[1] + numbers[1])
        steps = [i / _STEPS for i in range(1, _STEPS + 1)]
        return [
            (
                (1 - t) ** 2 * here[0] + 2 * t * (1 - t) * bend[0] + t * t * end[0],
                (1 - t) ** 2 * here[1] + 2 * t * (1 - t) * bend[1] + t * t * end[1],
            )
            for t in steps
        ]
    if command == "a":
        return _arc(here, end, numbers[0], clockwise=numbers[4] == 1)
    return [end]


def _arc(start: Point, end: Point, radius: float, *, clockwise: bool) -> list[Point]:
    """The smaller circular arc between two points (y grows downwards, as on a screen)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    chord = hypot(dx, dy)
    radius = max(radius, chord / 2)
    high = sqrt(max(0.0, radius * radius - chord * chord / 4))
    side = copysign(1.0, 1.0 if clockwise else -1.0)
    centre = (
        (start[0] + end[0]) / 2 - side * high * dy / chord,
        (start[1] + end[1]) / 2 + side * high * dx / chord,
    )
    begin = atan2(start[1] - centre[1], start[0] - centre[0])
    turn = side * acos(max(-1.0, min(1.0, 1 - chord * chord / (2 * radius * radius))))
    return [
        (
            centre[0] + radius * cos(begin + turn * i / _STEPS),
            centre[1] + radius * sin(begin + turn * i / _STEPS),
        )
        for i in range(1, _STEPS + 1)
    ]
