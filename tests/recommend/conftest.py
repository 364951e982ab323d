"""A small town: four topics with four courses each, and members who keep to two of the topics."""

from datetime import timedelta

import pytest

from tests.factories import make_course, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course

TOPICS = ("data", "poems", "coffee", "money")


@pytest.fixture
def courses(db: None) -> list[Course]:
    """data-0 … data-3, poems-0 …, in this order; nothing new."""
    return [
        make_course(
            f"{topic}-{number}",
            title=f"{topic} 第 {number} 课",
            topic=topic,
            tags=(topic, f"{topic}-{number % 2}"),
            days_ago=30 + number,
            text=f"{topic} {topic}-{number % 2} 的文字。",
        )
        for topic in TOPICS
        for number in range(4)
    ]


@pytest.fixture
def town(courses: list[Course]) -> list[Course]:
    """Forty members; each took three courses of one topic and one of the next, in an order of their own."""
    begin = clock.now() - timedelta(days=20)
    for person in range(40):
        member = make_member(f"p{person}@test.example", f"居民{person}")
        home = person % 4
        taken = [4 * home + (person // 4 + step) % 4 for step in range(3)] + [
            4 * ((home + 1) % 4) + person % 3
        ]
        for step, place in enumerate(taken):
            moment = begin + timedelta(hours=9 * person + step)
            actor = Actor(member_id=member.pk)
            record("course.enrolled", actor=actor, course_id=courses[place].pk, occurred_at=moment)
    return courses


@pytest.fixture
def faithful(courses: list[Course]) -> list[Course]:
    """Forty members who keep to one topic each, of which each took three courses: the third is easily foretold."""
    begin = clock.now() - timedelta(days=20)
    for person in range(40):
        actor = Actor(member_id=make_member(f"p{person}@test.example").pk)
        for step in range(3):
            place = 4 * (person % 4) + (person // 4 + step) % 4
            moment = begin + timedelta(hours=9 * person + step)
            record("course.enrolled", actor=actor, course_id=courses[place].pk, occurred_at=moment)
    return courses
