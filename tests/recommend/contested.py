"""People who are shown slates of a contest, choose and take up: told through the log's own doors, on any day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from tests.conftest import BROWSER
from zhiyue.collect.kinds import Actor, Receipt
from zhiyue.collect.services import judge, keep, record
from zhiyue.collect.slates import signed

LISTED = (1, 2, 3)


def tell(actor: Actor, name: str, at: datetime, *, user_agent: str = BROWSER, **more: object) -> Receipt:
    entry = {"id": str(uuid4()), "name": name, "at": at.isoformat(), **more}
    return keep(judge([entry], actor=actor, user_agent=user_agent, received_at=at + timedelta(seconds=1)))


def slate_of(
    policy: str = "hybrid",
    *,
    contest: int | None = None,
    chance: float = 0.5,
    drawn: dict[int, float] | None = None,
) -> dict[str, object]:
    slate = signed("for-you", policy=policy, chances=drawn, contest=contest, policy_chance=chance)
    return {"slate": slate, "policy": policy}


def show(
    actor: Actor, at: datetime, slate: dict[str, object], courses: Sequence[int] = LISTED,
    drawn: dict[int, float] | None = None,
) -> Receipt:  # fmt: skip
    chances = [(drawn or {}).get(course, 1) for course in courses]
    told = {**slate, "courses": list(courses), "propensities": chances}
    return tell(actor, "slate.shown", at, properties=told)


def choose(
    actor: Actor, at: datetime, slate: dict[str, object], course: int, propensity: float = 1, **more: str
) -> Receipt:
    told = {**slate, "position": 1, "propensity": propensity}
    return tell(actor, "slate.chosen", at, course_id=course, properties=told, **more)


def take_up(actor: Actor, at: datetime, course: int, name: str = "course.enrolled") -> None:
    lesson = {"lesson_id": 10 * course} if name.startswith("lesson.") else {}
    record(name, actor=actor, course_id=course, occurred_at=at, **lesson)
