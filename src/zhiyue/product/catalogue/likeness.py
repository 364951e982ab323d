"""Courses that are nearly the same: found, shown, set aside with a reason, written about to who teaches them."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Prefetch, Q
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.selectors import just_noted
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.engine.sameness import alike, shingles
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.catalogue.authoring import require_change
from zhiyue.product.catalogue.editions import families
from zhiyue.product.catalogue.errors import BadFact
from zhiyue.product.catalogue.models import Course, CourseQuerySet, Lesson, Likeness
from zhiyue.product.catalogue.passages import Meeting, meetings, pieces_of
from zhiyue.product.catalogue.selectors import may_change

# From a trial on the demo's courses and planted copies: docs/algorithms/sameness.md.
ALIKE_FROM = 0.25
# A pair set aside comes back when it has grown more alike by so much.
GROWN_BY = 0.1
# Past so many courses shingles are sampled, to keep the job within memory.
WHOLE_UP_TO_COURSES = 200
# So many courses' lessons are in memory at a time.
COURSES_AT_ONCE = 20
LETTER_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Twins:
    """A pair of courses side by side, with what they say in the same words. `percent` is their likeness."""

    likeness: Likeness
    percent: int
    meetings: list[Meeting]

    @property
    def courses(self) -> tuple[Course, Course]:
        return self.likeness.course, self.likeness.other


def find_likenesses() -> int:
    """Compare all courses that have words, drafts too, and keep which are alike. Returns how many pairs are.

    Reading and comparing take seconds and hold no lock; only what changed is written, in one short transaction.
    """
    one_in = 1 + Course.objects.count() // WHOLE_UP_TO_COURSES
    courses = _with_lessons().order_by("pk").iterator(chunk_size=COURSES_AT_ONCE)
    texts = {course.pk: shingles(words_of(course), one_in=one_in) for course in courses}
    numbered = list(texts)
    pairs = alike(list(texts.values()), at_least=ALIKE_FROM)
    found = {(numbered[pair.first], numbered[pair.second]): pair.share for pair in pairs}
    # Editions of one course share names, code and figures on purpose.
    original = families()
    return _keep(
        {
            (one, other): share
            for (one, other), share in found.items()
            if original.get(one, one) != original.get(other, other)
        }
    )


@transaction.atomic
def _keep(found: dict[tuple[int, int], float]) -> int:
    """Make these pairs, and no others, the ones that are known. A course that was removed meanwhile has none."""
    known = {(row.course_id, row.other_id): row for row in Likeness.objects.select_for_update()}
    there = set(
        Course.objects.filter(pk__in={pk for pair in found for pk in pair}).values_list("pk", flat=True)
    )
    found = {pair: share for pair, share in found.items() if there.issuperset(pair)}
    Likeness.objects.filter(pk__in=[row.pk for pair, row in known.items() if pair not in found]).delete()
    now = clock.now()
    for (course_id, other_id), share in found.items():
        row = known.get((course_id, other_id))
        if row is None:
            Likeness.objects.create(course_id=course_id, other_id=other_id, share=share, found_at=now)
        elif row.dismissed_at is None:
            Likeness.objects.filter(pk=row.pk).update(share=share)
        elif share >= row.share + GROWN_BY:
            Likeness.objects.filter(pk=row.pk).update(
                share=share, found_at=now, dismissed_at=None, dismissed_by="", dismissed_why=""
            )
    return len(found)


def twins_from(share: float) -> list[tuple[int, int]]:
    """Pairs of courses of which the shorter stands in the other by at least so much; without pairs set aside."""
    rows = Likeness.objects.filter(share__gte=share, dismissed_at=None).order_by("course_id", "other_id")
    return list(rows.values_list("course_id", "other_id"))


def likenesses_of(viewer: Viewer, course: Course) -> list[tuple[Course | None, int]]:
    """The courses that one is like, with percents, most alike first; without pairs set aside. None stands for one that
    isn't out and isn't the viewer's to change: that it is there is all they learn. Raises NotAllowed."""
    require_change(viewer, course)
    rows = (
        Likeness.objects.filter(Q(course=course) | Q(other=course), dismissed_at=None)
        .select_related("course__teacher", "other__teacher")
        .order_by("-share")
    )
    others = [
        (row.other if row.course_id == course.pk else row.course, round(100 * row.share)) for row in rows
    ]
    return [
        (other if other.is_published or may_change(viewer, other) else None, percent)
        for other, percent in others
    ]


def twins(viewer: Viewer, *, dismissed: bool = False, limit: int = 50) -> list[Twins]:
    """Pairs for operators, most alike first. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_ANY_COURSE)
    rows = Likeness.objects.filter(dismissed_at__isnull=not dismissed).order_by("-share", "pk")[:limit]
    rows = rows.select_related("course__topic", "course__teacher", "other__topic", "other__teacher")
    wanted = {pk for row in rows for pk in (row.course_id, row.other_id)}
    whole = {course.pk: course for course in _with_lessons().filter(pk__in=wanted)}
    return [
        Twins(row, round(100 * row.share), meetings(whole[row.course_id], whole[row.other_id]))
        for row in rows
    ]


@transaction.atomic
def set_aside(*, viewer: Viewer, likeness_id: int, why: str) -> Likeness:
    """Leave a pair as it is, for a reason. Raises NotAllowed, BadFact, Likeness.DoesNotExist."""
    user = require(viewer, Permission.CHANGE_ANY_COURSE)
    why = " ".join(why.split())
    if not 3 <= len(why) <= 300:
        raise BadFact(
            "why", pgettext("catalogue", "Say in 3 to 300 characters why they may stay as they are.")
        )
    row = (
        Likeness.objects.select_for_update(of=("self",)).select_related("course", "other").get(pk=likeness_id)
    )
    row.dismissed_at, row.dismissed_by, row.dismissed_why = clock.now(), user.get_short_name(), why
    row.save(update_fields=["dismissed_at", "dismissed_by", "dismissed_why"])
    name = f"{row.course.title} ~ {row.other.title}"
    note(
        by=user, act="likeness.dismissed", subject=("likeness", row.pk, name), why=why,
        before={"courses": [row.course_id, row.other_id], "share": round(row.share, 3)},
    )  # fmt: skip
    return row


@transaction.atomic
def write_to_teacher(*, viewer: Viewer, likeness_id: int, course_id: int, text: str, link: str) -> str:
    """Mail whoever teaches one course of a pair; `link` leads them to it. The form sent twice mails once. Returns their
    name. Raises NotAllowed, BadFact, Likeness.DoesNotExist."""
    user = require(viewer, Permission.CHANGE_ANY_COURSE)
    pairs = Likeness.objects.select_for_update(of=("self",)).select_related(
        "course__teacher__user", "other__teacher__user"
    )
    row = pairs.get(Q(course=course_id) | Q(other=course_id), pk=likeness_id)
    course, other = (row.course, row.other) if row.course_id == course_id else (row.other, row.course)
    text = text.replace("\r\n", "\n").strip()
    if not 10 <= len(text) <= LETTER_AT_MOST:
        raise BadFact(
            "text",
            pgettext("catalogue", "Write 10 to 1,000 characters: what you found, and what you ask for."),
        )
    if course.teacher.user is None or not course.teacher.user.email:
        raise BadFact("text", pgettext("catalogue", "This teacher has no account with an e-mail address."))
    after = {"teacher": course.teacher.slug, "course": course.title, "body": text}
    if just_noted(by=user, act="likeness.told", subject_id=row.pk, after=after):
        return course.teacher.name
    subject = pgettext("catalogue", "About your course “%(course)s”") % {"course": course.title}
    letter = f"{_said_to_teacher(course, other)}\n\n{text}\n\n{user.get_short_name()}\n{link}\n"
    send_mail(to=course.teacher.user.email, subject=subject, text=letter)
    name = f"{row.course.title} ~ {row.other.title}"
    note(by=user, act="likeness.told", subject=("likeness", row.pk, name), after=after)
    return course.teacher.name


def _said_to_teacher(course: Course, other: Course) -> str:
    """What a course is like, for who teaches it: of a colleague's draft only that it is there."""
    if other.is_published or other.teacher_id == course.teacher_id:
        words = pgettext("catalogue", "It says much in the same words as “%(other)s”.")
        return words % {"other": other.title}
    return pgettext("catalogue", "It says much in the same words as a course here that isn't published.")


def words_of(course: Course) -> str:
    """Everything a course says, its outline and all lessons included, each piece on lines of its own."""
    return "\n\n".join(piece.text for piece in pieces_of(course))


def _with_lessons() -> CourseQuerySet:
    lessons = Prefetch("lessons", queryset=Lesson.objects.offered().order_by("position"))
    return Course.objects.prefetch_related(lessons)
