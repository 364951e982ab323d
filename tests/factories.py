"""Plain makers of test data, through the services wherever there is one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID, uuid4

from zhiyue.collect.cleaning import Cleaned
from zhiyue.collect.kinds import Actor, Receipt
from zhiyue.collect.services import judge, keep
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.services import create_member
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, VERSION, Purpose
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, Lesson, Topic
from zhiyue.product.catalogue.services import (
    ChapterDraft,
    CourseDraft,
    LessonDraft,
    put_course,
    put_teacher,
    put_topic,
)
from zhiyue.product.commerce.models import Bundle, BundleCourse, LessonGift, Plan

PASSWORD = "correct horse battery"


def make_member(email: str, name: str = "某人", *, granted: Purpose | None = EVERYTHING) -> User:
    """A member who consents to `granted`; None: who wasn't asked yet."""
    user = create_member(email=email, password=PASSWORD, display_name=name)
    if granted is not None:
        _chose(granted, Choice.Way.SIGN_UP, member_id=user.pk)
    return user


def make_visitor(granted: Purpose = EVERYTHING) -> UUID:
    """A visitor's key, under which somebody consents to `granted`."""
    key = uuid4()
    _chose(granted, Choice.Way.BAR, visitor=key)
    return key


def _chose(granted: Purpose, way: Choice.Way, **whose: object) -> None:
    """So long ago that whatever a test tells of happened since."""
    Choice.objects.create(
        granted=int(granted), version=VERSION, way=way, made_at=clock.now() - timedelta(days=60), **whose
    )


def make_course(
    slug: str,
    *,
    title: str = "",
    topic: str = "data",
    tags: tuple[str, ...] = ("统计",),
    price_fen: int = 0,
    days_ago: int = 30,
    text: str = "平均数会骗人。",
    language: str = "zh-hans",
    edition_of: str = "",
) -> Course:
    """A published course: lessons `one` (free), `two`, `three`, and `four` without a body."""
    put_topic(slug=topic, name=f"主题 {topic}", name_en=f"Topic {topic}", position=1)
    put_teacher(slug="he-mu", name="何牧", headline="统计学教师", bio="")
    lessons = tuple(
        LessonDraft(slug=name, title=f"第 {name} 讲", minutes=5, is_free=name == "one", body=body)
        for name, body in (("one", text), ("two", text), ("three", text), ("four", ""))
    )
    return put_course(
        CourseDraft(
            slug=slug,
            title=title or f"课程 {slug}",
            subtitle="一句话",
            summary="写给看报表的人。",
            outcomes=("看懂数据",),
            topic_slug=topic,
            teacher_slug="he-mu",
            level="beginner",
            keyword="直觉",
            tags=tags,
            price_fen=price_fen,
            list_price_fen=None,
            published_at=clock.now() - timedelta(days=days_ago),
            chapters=(ChapterDraft(title="第一章", lessons=lessons),),
            language=language,
            edition_of=edition_of,
        )
    )


def lesson_of(course: Course, slug: str) -> Lesson:
    return Lesson.objects.select_related("course__teacher").get(course=course, slug=slug)


def receive(
    batch: Sequence[object],
    *,
    actor: Actor,
    user_agent: str,
    sent_at: datetime | None = None,
    refuse: Callable[[Cleaned], str] = lambda _: "",
) -> Receipt:
    """A browser's batch through the log's own door, without the rights that `product.learning` asks for before."""
    return keep(judge(batch, actor=actor, user_agent=user_agent, sent_at=sent_at, refuse=refuse))


def make_lesson_gift(giver: User, course: Course, slug: str = "two", *, friends: int = 3) -> LessonGift:
    """A link as `make_gift` makes it, whatever the giver may."""
    lesson = lesson_of(course, slug)
    ends_at = clock.now() + timedelta(days=7)
    return LessonGift.objects.create(
        giver=giver, lesson=lesson, secret=token_urlsafe(18), friends=friends, ends_at=ends_at
    )


def make_plan(
    name: str = "全站会员",
    *,
    months: int = 1,
    price_fen: int = 3_000,
    topics: Sequence[str] = (),
    **more: Any,
) -> Plan:
    """A plan for sale; without topics it opens everything."""
    known = {"status": Plan.Status.OFFERED, **more}
    made = Plan.objects.create(name=name, months=months, price_fen=price_fen, opens_all=not topics, **known)
    made.topics.set(Topic.objects.filter(slug__in=topics))
    return made


def make_bundle(
    courses: Sequence[Course], *, slug: str = "both", price_fen: int = 5_000, **more: Any
) -> Bundle:
    """A bundle for sale."""
    known = {"title": "两门一起学", "status": Bundle.Status.OFFERED, **more}
    made = Bundle.objects.create(slug=slug, price_fen=price_fen, **known)
    for position, course in enumerate(courses):
        BundleCourse.objects.create(bundle=made, course=course, position=position)
    return made
