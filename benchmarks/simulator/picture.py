"""Draws the picture of the simulator's page: three charts, simulated beside real. SVG, so that it needs nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT, LEFT, TOP, GAP = 270, 190, 46, 58, 60
LINES = (("OULAD", "#8a8f98", "6 4"), ("calibrated", "#0f766e", ""), ("academy", "#c2410c", ""))
Points = npt.NDArray[np.float64]


class Presence(Protocol):
    """What a chart shows of people: see `benchmarks.simulator.Presence`."""

    @property
    def weekly(self) -> Points: ...
    @property
    def active_days(self) -> npt.NDArray[np.int64]: ...
    @property
    def gaps(self) -> npt.NDArray[np.int64]: ...


def draw(path: Path, *shown: Presence) -> None:
    charts = (
        ("Share there in each week", "week", [_weekly(one) for one in shown], (0, 32)),
        ("Active days, cumulative share", "days in 33 weeks", [_ecdf(one.active_days, 200) for one in shown], (0, 200)),
        ("Days to the next active day", "days", [_ecdf(one.gaps, 30) for one in shown], (1, 30)),
    )  # fmt: skip
    total = LEFT + len(charts) * (WIDTH + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total} {TOP + HEIGHT + 48}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12" fill="#333">',
        "<title>Simulated members beside OULAD: weekly share, active days, days between</title>",
        f'<rect width="{total}" height="{TOP + HEIGHT + 48}" fill="#fff"/>',
        *_legend(),
    ]
    for n, (title, unit, lines, bounds) in enumerate(charts):
        parts += _chart(LEFT + n * (WIDTH + GAP), title, unit, lines, bounds)
    path.write_text("\n".join([*parts, "</svg>", ""]), encoding="utf-8")


def _weekly(one: Presence) -> tuple[Points, Points]:
    return np.arange(len(one.weekly), dtype=np.float64), one.weekly


def _ecdf(values: npt.NDArray[np.int64], most: int) -> tuple[Points, Points]:
    at = np.arange(0, most + 1, dtype=np.float64)
    return at, np.searchsorted(np.sort(values), at, side="right") / len(values)


def _legend() -> list[str]:
    at = [LEFT + n * 120 for n in range(len(LINES))]
    return [
        f'<line x1="{x}" x2="{x + 26}" y1="16" y2="16" stroke="{colour}" stroke-width="2.5" '
        f'stroke-dasharray="{dash}"/><text x="{x + 34}" y="20">{name}</text>'
        for x, (name, colour, dash) in zip(at, LINES, strict=True)
    ]


def _chart(
    left: int, title: str, unit: str, lines: Sequence[tuple[Points, Points]], bounds: tuple[int, int]
) -> list[str]:
    least, most = bounds
    bottom = TOP + HEIGHT

    def x(value: float) -> float:
        return left + WIDTH * (value - least) / (most - least)

    def y(value: float) -> float:
        return bottom - HEIGHT * value

    parts = [f'<text x="{left}" y="{TOP - 14}" font-size="14" font-weight="600">{title}</text>']
    parts += [
        f'<line x1="{left}" x2="{left + WIDTH}" y1="{y(share):.1f}" y2="{y(share):.1f}" stroke="#e5e7eb"/>'
        f'<text x="{left - 6}" y="{y(share) + 4:.1f}" text-anchor="end" fill="#666">{share:.0%}</text>'
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    parts += [
        f'<text x="{x(value):.1f}" y="{bottom + 18}" text-anchor="middle" fill="#666">{value:.0f}</text>'
        for value in np.linspace(least, most, 5)
    ]
    parts.append(
        f'<text x="{left + WIDTH / 2}" y="{bottom + 36}" text-anchor="middle" fill="#666">{unit}</text>'
    )
    for (_, colour, dash), (across, up) in zip(LINES, lines, strict=True):
        inside = (across >= least) & (across <= most)
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(across[inside], up[inside], strict=True))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"/>'
        )
    return parts
