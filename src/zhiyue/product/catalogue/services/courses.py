"""Making a course and changing what stands on its page."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.audit.selectors import just_noted
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.product.catalogue import pictures
from zhiyue.product.catalogue.authoring import may_change_all, require_author, require_change
from zhiyue.product.catalogue.errors import (
    BadFact,
    ChangedMeanwhile,
    NotAnEdition,
    NotNow,
    PrerequisiteCircle,
)
from zhiyue.product.catalogue.indexing import index_course
from zhiyue.product.catalogue.models import Course, FormerSlug, Teacher, Topic
from zhiyue.product.catalogue.services.addresses import free_slug, move_slug
from zhiyue.product.catalogue.services.editions import (
    check_edition,
    check_language_of_original,
    check_may_name,
)
from zhiyue.product.catalogue.services.shelving import teacher_for
from zhiyue.product.catalogue.services.typed import check_lengths, course_title, first_words, long_text
from zhiyue.product.catalogue.tasks import compare_courses
from zhiyue.product.catalogue.telling import tell_changed

WORDS_AT_MOST = 12
OUTCOMES_AT_MOST = 12
# ¥1,000,000: more is a slip of the finger.
PRICE_AT_MOST_FEN = 100_000_000


@dataclass(frozen=True, slots=True)
class CourseFacts:
    """Everything on a course's page that isn't its outline. Prices in fen."""

    title: str
    subtitle: str
    summary: str
    outcomes: tuple[str, ...]
    topic: Topic
    teacher: Teacher
    form: str
    level: str
    language: str
    keyword: str
    tags: tuple[str, ...]
    skills: tuple[str, ...]
    prerequisites: tuple[Course, ...]
    price_fen: int
    list_price_fen: int | None
    price_decided: bool
    seo_title: str = ""
    seo_description: str = ""
    edition_of: Course | None = None


def facts_of(course: Course) -> CourseFacts:
    """A course's facts as they stand, for whoever changes only some of them."""
    plain = set(CourseFacts.__dataclass_fields__) - {"outcomes", "tags", "skills", "prerequisites"}
    return CourseFacts(
        **{name: getattr(course, name) for name in plain},
        outcomes=tuple(course.outcomes),
        tags=tuple(course.tags),
        skills=tuple(course.skills),
        prerequisites=tuple(course.prerequisites.all()),
    )


@transaction.atomic
def create_course(*, viewer: Viewer, title: str, topic: Topic, form: str = Course.Form.COURSE) -> Course:
    """Begin a draft, taught by whoever begins it; the form sent twice begins one. Raises NotAllowed, AgreementsPending,
    BadFact."""
    user = User.objects.select_for_update().get(pk=require_author(viewer).pk)
    title = course_title(title)
    after = {"title": title, "topic": topic.slug, "form": str(form)}
    if again := just_noted(by=user, act="course.created", after=after):
        made = Course.objects.filter(pk=again.subject_id, status=Course.Status.DRAFT).first()
        if made is not None:
            return made
    course = Course.objects.create(
        slug=free_slug(title, prefix="c", kind=FormerSlug.Kind.COURSE),
        form=form,
        title=title,
        topic=topic,
        teacher=teacher_for(user=user),
        keyword=first_words(title),
        price_decided=False,
    )
    note(by=user, act="course.created", subject=_subject(course), after=after)
    index_course(course.pk)
    return course


@transaction.atomic
def change_course(*, viewer: Viewer, course_id: int, facts: CourseFacts, seen_at: datetime) -> Course:
    """Save what was typed, unless somebody saved since `seen_at`.

    Raises NotAllowed, ChangedMeanwhile, BadFact, PrerequisiteCircle, NotAnEdition."""
    course, original = _locked_with(course_id, facts.edition_of)
    user = require_change(viewer, course)
    if course.updated_at != seen_at:
        raise ChangedMeanwhile(course)
    facts = _checked(facts)
    if facts.teacher != course.teacher and not may_change_all(viewer):
        raise BadFact("teacher", pgettext("catalogue", "Only an operator gives a course to another teacher."))
    _check_circle(course, facts.prerequisites)
    _check_editions(viewer, course, original, facts.language)
    before = _plain(course, course.prerequisites.values_list("slug", flat=True))
    for name in CourseFacts.__dataclass_fields__:
        if name != "prerequisites":
            value = getattr(facts, name)
            setattr(course, name, list(value) if isinstance(value, tuple) else value)
    course.prerequisites.set(facts.prerequisites)
    after = _plain(course, [one.slug for one in facts.prerequisites])
    changed = {name for name in after if before[name] != after[name]}
    if changed:
        course.updated_at = clock.now()
        course.save()
        note(
            by=user, act="course.changed", subject=_subject(course),
            before={name: before[name] for name in sorted(changed)},
            after={name: after[name] for name in sorted(changed)},
        )  # fmt: skip
        index_course(course.pk)
        if "edition_of" in changed:
            enqueue(compare_courses, key="compare")
        tell_changed(course)
    return course


@transaction.atomic
def move_course(*, viewer: Viewer, course_id: int, slug: str, take_over: bool = False) -> Course:
    """Give a course another address; the old one leads here. `take_over`: also where old links of another course that
    `viewer` may change used it. Raises NotAllowed, BadFact, SlugTaken, SlugWasAnothers."""
    course = _locked(course_id)
    user = require_change(viewer, course)
    before = course.slug
    if slug == before:
        return course
    move_slug(
        viewer=viewer, kind=FormerSlug.Kind.COURSE, course_id=0, of=course.pk,
        before=before, after=slug, take_over=take_over,
    )  # fmt: skip
    course.slug = slug
    course.updated_at = clock.now()
    course.save(update_fields=["slug", "updated_at"])
    note(by=user, act="course.moved", subject=_subject(course), before={"slug": before}, after={"slug": slug})
    index_course(course.pk)
    return course


@transaction.atomic
def put_keyword(*, viewer: Viewer, course_id: int, keyword: str) -> Course:
    """The word on the drawn cover. Raises NotAllowed, BadFact."""
    course = _locked(course_id)
    user = require_change(viewer, course)
    keyword = " ".join(keyword.split())
    if not 1 <= len(keyword) <= 12:
        raise BadFact("keyword", pgettext("catalogue", "The word on the cover has 1 to 12 characters."))
    before, course.keyword = course.keyword, keyword
    if before != keyword:
        course.save(update_fields=["keyword"])
        after = {"keyword": keyword}
        note(by=user, act="course.changed", subject=_subject(course), before={"keyword": before}, after=after)
        index_course(course.pk)
        tell_changed(course)
    return course


def put_picture(*, viewer: Viewer, course_id: int, content: bytes) -> Course:
    """Give a course a cover of its own, made anew from what was uploaded. Raises NotAllowed, BadFact."""
    require_change(viewer, Course.objects.select_related("teacher").get(pk=course_id))
    # Outside of any transaction: nobody else's write waits until 40 million pixels are read and the storage has them.
    made = pictures.cut(content, width=pictures.COVER_WIDTH, height=pictures.COVER_HEIGHT)
    return _put_picture(viewer, course_id, pictures.keep(made))


@transaction.atomic
def _put_picture(viewer: Viewer, course_id: int, name: str) -> Course:
    course = _locked(course_id)
    user = require_change(viewer, course)
    before = course.picture
    course.picture = name
    course.save(update_fields=["picture"])
    note(
        by=user,
        act="course.pictured",
        subject=_subject(course),
        before={"picture": before},
        after={"picture": course.picture},
    )
    return course


@transaction.atomic
def remove_picture(*, viewer: Viewer, course_id: int) -> Course:
    """Go back to the drawn cover. Raises NotAllowed."""
    course = _locked(course_id)
    user = require_change(viewer, course)
    before, course.picture = course.picture, ""
    if before:
        course.save(update_fields=["picture"])
        note(
            by=user,
            act="course.pictured",
            subject=_subject(course),
            before={"picture": before},
            after={"picture": ""},
        )
    return course


@transaction.atomic
def remove_course(*, viewer: Viewer, course_id: int) -> None:
    """Throw a draft away. What was ever out can only be withdrawn. Raises NotAllowed, NotNow."""
    course = _locked(course_id)
    user = require_change(viewer, course)
    if course.was_ever_out or course.status == Course.Status.PUBLISHED:
        raise NotNow(
            pgettext("catalogue", "Learners may know this course. Withdraw it instead of deleting it.")
        )
    subject = _subject(course)
    counts = {"title": course.title, "slug": course.slug, "lessons": course.lessons.count()}
    try:
        course.delete()
    except ProtectedError as why:
        raise NotNow(pgettext("catalogue", "Somebody owns this course already, so it stays.")) from why
    note(by=user, act="course.removed", subject=subject, before=counts)
    index_course(course_id)


def _locked(course_id: int) -> Course:
    # Only the course: what it points at may be changed by others meanwhile.
    return Course.objects.select_for_update(of=("self",)).select_related("teacher", "topic").get(pk=course_id)


def _locked_with(course_id: int, original: Course | None) -> tuple[Course, Course | None]:
    """A course and the one it is to be an edition of, locked in one order whoever names whom. Raises NotAnEdition."""
    if original is None or original.pk == course_id:
        return _locked(course_id), original
    ids = sorted((course_id, original.pk))
    rows = Course.objects.select_for_update(of=("self",)).select_related("teacher", "topic").order_by("pk")
    found = {course.pk: course for course in rows.filter(pk__in=ids)}
    if course_id not in found:
        raise Course.DoesNotExist
    if original.pk not in found:
        raise NotAnEdition(pgettext("catalogue", "This course is gone. Choose another, or none."))
    return found[course_id], found[original.pk]


def _check_editions(viewer: Viewer, course: Course, original: Course | None, language: str) -> None:
    if original is not None:
        if original.pk != course.edition_of_id:
            check_may_name(viewer, original)
        check_edition(course.pk, original, language)
    elif language != course.language:
        check_language_of_original(course.pk, language)


def _subject(course: Course) -> tuple[str, int, str]:
    return "course", course.pk, course.title


def _checked(facts: CourseFacts) -> CourseFacts:
    if facts.price_fen > PRICE_AT_MOST_FEN:
        raise BadFact("price", pgettext("catalogue", "This price is too high. Is a decimal point missing?"))
    if facts.list_price_fen is not None and facts.list_price_fen <= facts.price_fen:
        raise BadFact(
            "list_price", pgettext("catalogue", "The crossed-out price must be higher than the price.")
        )
    facts = replace(facts, summary=long_text(facts.summary))
    typed = ("subtitle", "summary", "keyword", "seo_title", "seo_description")
    check_lengths(Course, {name: getattr(facts, name) for name in typed})
    return replace(
        facts,
        title=course_title(facts.title),
        keyword=facts.keyword.strip() or first_words(course_title(facts.title)),
        outcomes=_list("outcomes", facts.outcomes, each=80, most=OUTCOMES_AT_MOST),
        tags=_list("tags", facts.tags, each=20, most=WORDS_AT_MOST),
        skills=_list("skills", facts.skills, each=20, most=WORDS_AT_MOST),
    )


def _list(field: str, words: Iterable[str], *, each: int, most: int) -> tuple[str, ...]:
    """Without blanks and repetitions, in the order given. Raises BadFact."""
    found = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
    long = next((word for word in found if len(word) > each), None)
    if long is not None:
        message = pgettext("catalogue", "“%(word)s” is too long: %(each)s characters at most.")
        raise BadFact(field, message % {"word": long[:30] + "…", "each": each})
    if len(found) > most:
        raise BadFact(field, pgettext("catalogue", "These are too many: %(most)s at most.") % {"most": most})
    return found


def _check_circle(course: Course, prerequisites: Iterable[Course]) -> None:
    """Nothing may come before itself, over however many steps."""
    asked = defaultdict(list)
    for before, after in Course.prerequisites.through.objects.values_list("to_course_id", "from_course_id"):
        if after != course.pk:
            asked[after].append(before)
    for first in prerequisites:
        waiting, seen = deque([first.pk]), {first.pk}
        while waiting:
            at = waiting.popleft()
            if at == course.pk:
                raise PrerequisiteCircle(first.title)
            fresh = [pk for pk in asked[at] if pk not in seen]
            seen.update(fresh)
            waiting.extend(fresh)


def _plain(course: Course, prerequisites: Iterable[str]) -> dict[str, Any]:
    """Facts as the audit log keeps them."""
    plain: dict[str, Any] = {
        name: getattr(course, name)
        for name in CourseFacts.__dataclass_fields__
        if name not in {"topic", "teacher", "prerequisites", "edition_of"}
    }
    return {
        **plain,
        "topic": course.topic.slug,
        "teacher": course.teacher.slug,
        "prerequisites": sorted(prerequisites),
        "edition_of": course.edition_of.slug if course.edition_of else "",
    }
