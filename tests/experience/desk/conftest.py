"""The operator's browser, in English; and for following a click, a small academy that has learnt something."""

from collections.abc import Callable, Iterator
from html import unescape
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import translation

from tests.conftest import BROWSER
from tests.factories import make_course, make_member, receive
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, Quarantined
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course
from zhiyue.recommend.services import train_all

Read = Callable[..., str]


@pytest.fixture
def desk(signed_in: Callable[[User], Client], operator: User) -> Client:
    client = signed_in(operator)
    client.cookies["zy_language"] = "en"
    return client


@pytest.fixture
def read(desk: Client) -> Read:
    """A page of the desk as its reader sees it: apostrophes and quotation marks as such."""

    def page(address: str, **asked: object) -> str:
        return unescape(desk.get(address, asked).content.decode())

    return page


@pytest.fixture
def academy(db: None) -> list[Course]:
    """Two topics of four courses each, and models trained on a few members' acts."""
    courses = [
        make_course(
            f"{topic}-{number}", title=f"{topic} {number}", topic=topic, tags=(topic,), text=f"{topic} text"
        )
        for topic in ("data", "poems")
        for number in range(4)
    ]
    for person in range(6):
        actor = Actor(member_id=make_member(f"p{person}@test.example").pk)
        for step in range(3):
            record("course.viewed", actor=actor, course_id=courses[4 * (person % 2) + step].pk)
    # All at one moment: what is learnt mustn't hang on how long a busy machine took between two of them.
    Event.objects.update(occurred_at=clock.now())
    train_all()
    return courses


@pytest.fixture
def reader(learner: User) -> Actor:
    return Actor(member_id=learner.pk)


@pytest.fixture
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def refuse() -> Callable[..., Quarantined | None]:
    """Sends what isn't clean; the newest entry in quarantine."""

    def send(actor: Actor, *entries: dict[str, object], user_agent: str = BROWSER) -> Quarantined | None:
        told = [{"id": str(uuid4()), "at": clock.now().isoformat()} | entry for entry in entries]
        receive(told, actor=actor, user_agent=user_agent)
        return Quarantined.objects.order_by("pk").last()

    return send
