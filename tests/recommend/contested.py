"""People who are shown slates of a contest, choose and take up: told through the log's own doors, on any day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from tests.conftest import BROWSER
from zhiyue.collect.kinds import Actor, Receipt
from zhiyue.collect.models import Event
from zhiyue.collect.services import judge, keep, record
from zhiyue.collect.slates import signed, whose
from zhiyue.core.kit import clock

LISTED = (1, 2, 3)
# Whichever of these is told stood there.
ANY = (*range(1, 200), 10**6)


def tell(actor: Actor, name: str, at: datetime, *, user_agent: str = BROWSER, **more: object) -> Receipt:
    entry = {"id": str(uuid4()), "name": name, "at": at.isoformat(), **more}
    return keep(judge([entry], actor=actor, user_agent=user_agent, received_at=at + timedelta(seconds=1)))


class Slate:
    """A slate that is made for whoever is told to be shown it or to choose from it first, on that day."""

    def __init__(
        self, policy: str, contest: int | None, chance: float, drawn: dict[int, float] | None
    ) -> None:
        self.policy, self._signed, self._drawn = policy, "", drawn or {}
        self._of = {"chances": drawn, "contest": contest, "policy_chance": chance}

    def told(self, actor: Actor, at: datetime, courses: Sequence[int]) -> dict[str, object]:
        """What is told of it; `courses` stand in it if it wasn't told of before."""
        standing = {*ANY, *self._drawn, *courses}
        self._signed = self._signed or signed(
            "for-you", policy=self.policy, made_for=whose(actor), made_on=clock.business_day(at),
            courses=standing, **self._of,
        )  # fmt: skip
        return {"slate": self._signed, "policy": self.policy}


def slate_of(
    policy: str = "hybrid",
    *,
    contest: int | None = None,
    chance: float = 0.5,
    drawn: dict[int, float] | None = None,
) -> Slate:
    return Slate(policy, contest, chance, drawn)


def came(actor: Actor, at: datetime) -> None:
    """A visitor is known by now: they were here the day before, where they weren't before that."""
    morning = clock.day_start(clock.business_day(at))
    if actor.visitor is None or actor.member_id is not None:
        return
    if not Event.objects.filter(visitor=actor.visitor, recorded_at__lt=morning).exists():
        tell(actor, "offer.seen", morning - timedelta(hours=9), course_id=1, properties={"price_fen": 1})


def show(
    actor: Actor, at: datetime, slate: Slate, courses: Sequence[int] = LISTED,
    drawn: dict[int, float] | None = None, *, user_agent: str = BROWSER, fresh: bool = False,
) -> Receipt:  # fmt: skip
    """`fresh`: nobody has seen the visitor before."""
    if not fresh:
        came(actor, at)
    chances = [(drawn or {}).get(course, 1) for course in courses]
    told = {**slate.told(actor, at, courses), "courses": list(courses), "propensities": chances}
    return tell(actor, "slate.shown", at, properties=told, user_agent=user_agent)


def choose(
    actor: Actor, at: datetime, slate: Slate, course: int, propensity: float = 1, *,
    fresh: bool = False, **more: str,
) -> Receipt:  # fmt: skip
    if not fresh:
        came(actor, at)
    told = {**slate.told(actor, at, [course]), "position": 1, "propensity": propensity}
    return tell(actor, "slate.chosen", at, course_id=course, properties=told, **more)


def take_up(actor: Actor, at: datetime, course: int, name: str = "course.enrolled") -> None:
    lesson = {"lesson_id": 10 * course} if name.startswith("lesson.") else {}
    record(name, actor=actor, course_id=course, occurred_at=at, **lesson)
