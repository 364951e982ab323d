"""Topics and teachers: made, changed and put in order by operators; a creator writes what is said of themselves."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import pgettext

from zhiyue.core.academy.naming import refuse_claim
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.facts import announce
from zhiyue.product.catalogue.errors import BadFact, SlugTaken
from zhiyue.product.catalogue.facts import TopicRenamed
from zhiyue.product.catalogue.indexing import index_course
from zhiyue.product.catalogue.models import Course, FormerSlug, Teacher, Topic
from zhiyue.product.catalogue.services.addresses import check_slug, free_slug, move_slug
from zhiyue.product.catalogue.services.typed import check_lengths, long_text


@dataclass(frozen=True, slots=True)
class TopicFacts:
    slug: str
    name: str
    name_en: str
    description: str


@dataclass(frozen=True, slots=True)
class TeacherFacts:
    slug: str
    name: str
    headline: str
    bio: str
    user: User | None


@transaction.atomic
def create_topic(*, viewer: Viewer, facts: TopicFacts) -> Topic:
    """A topic at the end of the row. Raises NotAllowed, BadFact, SlugTaken."""
    user = require(viewer, Permission.CHANGE_ANY_COURSE)
    check_slug(facts.slug)
    check_lengths(Topic, _topic_values(facts))
    if Topic.objects.filter(slug=facts.slug).exists():
        raise SlugTaken
    FormerSlug.objects.filter(kind=FormerSlug.Kind.TOPIC, slug=facts.slug).delete()
    last = Topic.objects.aggregate(last=Max("position"))["last"]
    topic = Topic.objects.create(**_topic_values(facts), position=0 if last is None else last + 1)
    note(by=user, act="topic.created", subject=("topic", topic.pk, topic.name), after=_topic_values(facts))
    return topic


@transaction.atomic
def change_topic(*, viewer: Viewer, topic_id: int, facts: TopicFacts) -> Topic:
    """Raises NotAllowed, BadFact, SlugTaken, SlugWasAnothers."""
    user = require(viewer, Permission.CHANGE_ANY_COURSE)
    topic = Topic.objects.select_for_update().get(pk=topic_id)
    before = _topic_values(topic)
    check_lengths(Topic, _topic_values(facts))
    if facts.slug != topic.slug:
        move_slug(
            viewer=viewer, kind=FormerSlug.Kind.TOPIC, course_id=0, of=topic.pk,
            before=topic.slug, after=facts.slug, take_over=False,
        )  # fmt: skip
    after = _topic_values(facts)
    if before == after:
        return topic
    for name, value in after.items():
        setattr(topic, name, value)
    topic.save()
    note(by=user, act="topic.changed", subject=("topic", topic.pk, topic.name), before=before, after=after)
    _index_all(Course.objects.filter(topic=topic).values_list("pk", flat=True))
    if (before["name"], before["name_en"]) != (after["name"], after["name_en"]):
        announce(TopicRenamed(topic.pk))
    return topic


@transaction.atomic
def move_topic(*, viewer: Viewer, topic_id: int, by: int) -> None:
    """One place up (-1) or down (1); at the ends it stays. Raises NotAllowed."""
    user = require(viewer, Permission.CHANGE_ANY_COURSE)
    topics = list(Topic.objects.select_for_update().order_by("position", "pk"))
    place = next((n for n, topic in enumerate(topics) if topic.pk == topic_id), None)
    if place is None:
        raise Topic.DoesNotExist
    if not 0 <= place + by < len(topics):
        return
    topic = topics.pop(place)
    topics.insert(place + by, topic)
    for position, one in enumerate(topics):
        one.position = position
    Topic.objects.bulk_update(topics, ["position"])
    note(
        by=user, act="topic.reordered", subject=("topic", topic.pk, topic.name),
        before={"place": place + 1}, after={"place": place + by + 1},
    )  # fmt: skip


@transaction.atomic
def create_teacher(*, viewer: Viewer, facts: TeacherFacts) -> Teacher:
    """Raises NotAllowed, BadFact, SlugTaken."""
    user = require(viewer, Permission.CHANGE_ANY_COURSE)
    check_slug(facts.slug)
    check_lengths(Teacher, _teacher_values(facts))
    if Teacher.objects.filter(slug=facts.slug).exists():
        raise SlugTaken
    _check_account(facts.user, None)
    FormerSlug.objects.filter(kind=FormerSlug.Kind.TEACHER, slug=facts.slug).delete()
    teacher = Teacher.objects.create(**_teacher_values(facts), user=facts.user)
    note(
        by=user, act="teacher.created", subject=("teacher", teacher.pk, teacher.name),
        after={**_teacher_values(facts), "user": teacher.user_id},
    )  # fmt: skip
    return teacher


@transaction.atomic
def change_teacher(*, viewer: Viewer, teacher_id: int, facts: TeacherFacts) -> Teacher:
    """Raises NotAllowed, BadFact, SlugTaken, SlugWasAnothers."""
    user = require(viewer, Permission.CHANGE_ANY_COURSE)
    return _change_teacher(viewer, user, Teacher.objects.select_for_update().get(pk=teacher_id), facts)


@transaction.atomic
def change_own_teacher(*, viewer: Viewer, name: str, headline: str, bio: str) -> Teacher:
    """What a creator says of themselves. Raises NotAllowed, BadFact."""
    user = require(viewer, Permission.USE_STUDIO)
    teacher = teacher_for(user=user)
    if name != teacher.name:
        _refuse_claim(name, user)
    facts = TeacherFacts(slug=teacher.slug, name=name, headline=headline, bio=bio, user=user)
    return _change_teacher(viewer, user, teacher, facts)


@transaction.atomic
def teacher_for(*, user: User) -> Teacher:
    """The teacher a member is, made at the first call."""
    found = Teacher.objects.filter(user=user).first()
    if found is not None:
        return found
    slug = free_slug(user.display_name, prefix="t", kind=FormerSlug.Kind.TEACHER)[:50]
    teacher = Teacher.objects.create(user=user, slug=slug, name=user.display_name[:40], headline="")
    note(by=user, act="teacher.created", subject=("teacher", teacher.pk, teacher.name), after={"slug": slug})
    return teacher


def _change_teacher(viewer: Viewer, by: User, teacher: Teacher, facts: TeacherFacts) -> Teacher:
    _check_account(facts.user, teacher)
    check_lengths(Teacher, _teacher_values(facts))
    before = {**_teacher_values(teacher), "user": teacher.user_id}
    after = {**_teacher_values(facts), "user": facts.user.pk if facts.user else None}
    if before == after:
        return teacher
    if facts.slug != teacher.slug:
        move_slug(
            viewer=viewer, kind=FormerSlug.Kind.TEACHER, course_id=0, of=teacher.pk,
            before=teacher.slug, after=facts.slug, take_over=False,
        )  # fmt: skip
    for name, value in _teacher_values(facts).items():
        setattr(teacher, name, value)
    teacher.user = facts.user
    teacher.save()
    note(
        by=by,
        act="teacher.changed",
        subject=("teacher", teacher.pk, teacher.name),
        before=before,
        after=after,
    )
    _index_all(Course.objects.filter(teacher=teacher).values_list("pk", flat=True))
    return teacher


def _refuse_claim(name: str, user: User) -> None:
    """Learners read this name beside a course, as if it were the academy's own."""
    try:
        refuse_claim(name, member=user)
    except ValidationError as why:
        raise BadFact("name", why.messages[0]) from why


def _check_account(user: User | None, teacher: Teacher | None) -> None:
    taken = Teacher.objects.filter(user=user).first() if user else None
    if taken is not None and taken != teacher:
        message = pgettext("catalogue", "This account belongs to the teacher “%(name)s” already.")
        raise BadFact("account", message % {"name": taken.name})


def _topic_values(facts: TopicFacts | Topic) -> dict[str, str]:
    return {name: long_text(getattr(facts, name)) for name in ("slug", "name", "name_en", "description")}


def _teacher_values(facts: TeacherFacts | Teacher) -> dict[str, str]:
    return {name: long_text(getattr(facts, name)) for name in ("slug", "name", "headline", "bio")}


def _index_all(course_ids: Iterable[int]) -> None:
    for course_id in course_ids:
        index_course(course_id)
