"""⑦ What an act did to a member's activity and to the academy's."""

from dataclasses import dataclass

from zhiyue.collect.models import Event
from zhiyue.experience.desk import words
from zhiyue.monitor import selectors as monitor


@dataclass(frozen=True, slots=True)
class Measuring:
    """The member's own activity and the academy's, in points of 100. `digits` is what shows the academy's change."""

    move: monitor.Move
    family: words.Words
    digits: int

    @property
    def own_change(self) -> float:
        return self.move.own_after - self.move.own_before

    @property
    def academy_before(self) -> str:
        return f"{self.move.academy_before:.{self.digits}f}"

    @property
    def academy_after(self) -> str:
        return f"{self.move.academy_after:.{self.digits}f}"

    @property
    def academy_change(self) -> str:
        return f"{self.move.academy_after - self.move.academy_before:+.{self.digits}f}"


def measuring(event: Event) -> Measuring | None:
    """With as many digits as it takes to see the academy move by one person's act: four, or up to six. None for a
    visitor's, and for what may not be counted."""
    move = monitor.move(event)
    if move is None:
        return None
    change = abs(move.academy_after - move.academy_before)
    digits = next((n for n in (4, 5) if change == 0 or change >= 10.0**-n), 6)
    return Measuring(move, words.family(move.family), digits)
