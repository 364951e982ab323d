"""Writes of learning. Each checks the right to the lesson itself; pages needn't."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import join_visitor, record
from zhiyue.core.academy.services import accept_agreements
from zhiyue.core.accounts import codes
from zhiyue.core.accounts.elsewhere import connect
from zhiyue.core.accounts.models import OneTimeCode, User
from zhiyue.core.accounts.services import create_member, create_proved_member
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.consent.selectors import choice_of
from zhiyue.core.consent.services import bring
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.errors import NotOffered
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.consumption import open_for
from zhiyue.product.commerce.lending.gifts import bring_gifts
from zhiyue.product.commerce.selectors import Access, may_open
from zhiyue.product.learning.corrections import bring_corrections
from zhiyue.product.learning.errors import LessonClosed
from zhiyue.product.learning.interests import bring_interests
from zhiyue.product.learning.kinds import PastProgress
from zhiyue.product.learning.models import DismissedCourse, LessonProgress, SavedCourse
from zhiyue.product.learning.places import FINISHED_PERCENT
from zhiyue.product.learning.privacy import JOINING


@transaction.atomic
def open_lesson(*, user: User | None, actor: Actor, lesson: Lesson) -> Access:
    """Open a lesson: the right to it is checked and told, and that it was used; the act recorded, the place kept.
    Raises LessonClosed."""
    access = _let_in(open_for(user, lesson, visitor=actor.visitor))
    if actor.is_nobody:
        return access
    progress, is_new = LessonProgress.objects.get_or_make(actor, lesson_id=lesson.pk)
    if not is_new:
        progress.opened_at = clock.now()
        progress.save(update_fields=["opened_at"])
    if is_new:
        record("lesson.started", actor=actor, course_id=lesson.course_id, lesson_id=lesson.pk)
    record("lesson.opened", actor=actor, course_id=lesson.course_id, lesson_id=lesson.pk)
    return access


def look_at_lesson(*, user: User | None, actor: Actor, lesson: Lesson) -> Access:
    """The right to a lesson of whoever gets nothing of it by this: nothing is noted. Raises LessonClosed."""
    return _let_in(may_open(user, lesson, visitor=actor.visitor))


@transaction.atomic
def finish_lesson(*, user: User | None, actor: Actor, lesson: Lesson) -> bool:
    """Mark a lesson finished. False where it was finished before (and nothing is recorded). Raises LessonClosed."""
    _let_in(may_open(user, lesson, visitor=actor.visitor))
    if actor.is_nobody:
        return False
    progress, _ = LessonProgress.objects.get_or_make(actor, lesson_id=lesson.pk)
    fresh = LessonProgress.objects.filter(pk=progress.pk, finished_at=None).update(
        finished_at=clock.now(), percent=FINISHED_PERCENT
    )
    if fresh:
        record("lesson.finished", actor=actor, course_id=lesson.course_id, lesson_id=lesson.pk)
    return bool(fresh)


@transaction.atomic
def view_course(*, actor: Actor, course: Course) -> None:
    """The page of a course was opened. Of one that isn't out nothing is recorded: who looks writes it, or owns it."""
    if not course.is_published:
        return
    record("course.viewed", actor=actor, course_id=course.pk)


@transaction.atomic
def save_course(*, actor: Actor, course: Course) -> bool:
    """Put a course on the person's list. False where it was there. Raises NotOffered."""
    return _mark(SavedCourse, "course.saved", actor, course)


@transaction.atomic
def unsave_course(*, actor: Actor, course: Course) -> bool:
    """Take a course off the person's list. False where it was not there."""
    return _unmark(SavedCourse, "course.unsaved", actor, course)


@transaction.atomic
def dismiss_course(*, actor: Actor, course: Course) -> bool:
    """Suggest a course to the person no more, in no edition. False where that was said before. Raises NotOffered."""
    return _mark(DismissedCourse, "course.dismissed", actor, course)


@transaction.atomic
def restore_course(*, actor: Actor, course: Course) -> bool:
    """Let it be suggested again. False where it was."""
    return _unmark(DismissedCourse, "course.restored", actor, course)


def _mark(kind: type[SavedCourse | DismissedCourse], event: str, actor: Actor, course: Course) -> bool:
    if not course.is_published:
        raise NotOffered
    if actor.is_nobody:
        return False
    _, is_new = kind.objects.get_or_make(actor, course=course)
    if is_new:
        record(event, actor=actor, course_id=course.pk)
    return is_new


def _unmark(kind: type[SavedCourse | DismissedCourse], event: str, actor: Actor, course: Course) -> bool:
    deleted, _ = kind.objects.owned_by(actor).filter(course=course).delete()
    if deleted:
        record(event, actor=actor, course_id=course.pk)
    return bool(deleted)


@transaction.atomic
def sign_up(
    *, email: str, password: str, display_name: str, visitor: UUID | None, agreement_ids: Iterable[int] = ()
) -> User:
    """A visitor becomes a member, keeps what they did, and has accepted these agreements. Raises EmailTaken,
    NoSuchAgreement, ValidationError."""
    user = create_member(email=email, password=password, display_name=display_name)
    _welcome(user, visitor, agreement_ids)
    return user


@transaction.atomic
def sign_up_by_code(
    *,
    code: OneTimeCode,
    display_name: str,
    password_hash: str,
    visitor: UUID | None,
    agreement_ids: Iterable[int] = (),
) -> User:
    """The same for somebody whose address or phone a code has proved, which is used up. Raises CodeOver, EmailTaken,
    PhoneTaken, NoSuchAgreement."""
    codes.spend(code=code)
    is_mail = "@" in code.to
    user = create_proved_member(
        display_name=display_name,
        password_hash=password_hash,
        email=code.to if is_mail else "",
        phone="" if is_mail else code.to,
    )
    _welcome(user, visitor, agreement_ids)
    return user


@transaction.atomic
def sign_up_from_elsewhere(
    *,
    account: SocialAccount,
    site: str,
    email: str,
    username: str,
    display_name: str,
    visitor: UUID | None,
    agreement_ids: Iterable[int] = (),
) -> User:
    """The same for somebody whom another site knows, with an address that it vouches for, if any; no password is set.
    Raises ConnectedElsewhere, EmailTaken, UsernameTaken, NoSuchAgreement."""
    user = create_proved_member(display_name=display_name, email=email, username=username)
    connect(account=account, user=user, site=site)
    _welcome(user, visitor, agreement_ids)
    return user


def _welcome(user: User, visitor: UUID | None, agreement_ids: Iterable[int]) -> None:
    accept_agreements(user=user, agreement_ids=agreement_ids)
    record("member.signed_up", actor=Actor(member_id=user.pk, visitor=visitor))
    if visitor:
        bring_history(user=user, visitor=visitor)


@transaction.atomic
def note_sign_in(*, user: User, visitor: UUID | None) -> None:
    """A member signed in: what they did as a visitor becomes theirs."""
    record("member.signed_in", actor=Actor(member_id=user.pk, visitor=visitor))
    if visitor:
        bring_history(user=user, visitor=visitor)


@transaction.atomic
def bring_history(*, user: User, visitor: UUID) -> None:
    """Move a visitor's list, interests with their corrections, gifts and progress to the member; where both have some,
    the further one stays. A choice of consent moves where the member has none, and the visitor's events where the
    member consents to be known by them."""
    brought = choice_of(member_id=user.pk, visitor=None) is None
    choice = bring(visitor=visitor, member_id=user.pk)
    if brought and choice is not None:
        chooser = Actor(member_id=user.pk, granted=Purpose(choice.granted))
        record("consent.chosen", actor=chooser, granted=choice.granted, way=choice.way)
    if choice is not None and Purpose(choice.granted) & JOINING:
        join_visitor(visitor=visitor, member_id=user.pk)
    bring_interests(user=user, visitor=visitor)
    bring_corrections(user=user, visitor=visitor)
    bring_gifts(user=user, visitor=visitor)
    for saved in SavedCourse.objects.filter(visitor=visitor):
        SavedCourse.objects.get_or_create(
            user=user, course_id=saved.course_id, defaults={"saved_at": saved.saved_at}
        )
    for dismissed in DismissedCourse.objects.filter(visitor=visitor):
        DismissedCourse.objects.get_or_create(
            user=user, course_id=dismissed.course_id, defaults={"dismissed_at": dismissed.dismissed_at}
        )
    for theirs in LessonProgress.objects.filter(visitor=visitor):
        _merge_progress(user, theirs)
    SavedCourse.objects.filter(visitor=visitor).delete()
    DismissedCourse.objects.filter(visitor=visitor).delete()
    LessonProgress.objects.filter(visitor=visitor).delete()


@transaction.atomic
def import_progress(*, rows: Iterable[PastProgress]) -> None:
    """Bring past progress of members and visitors in, in bulk; a person and lesson once.

    Where there is progress already the further percent, the earlier finish and the later opening stay.
    """
    wanted = {(row.actor.member_id, row.actor.visitor, row.lesson_id): row for row in rows}
    touched = []
    for row in _progress_of(wanted):
        newer = wanted.pop((row.user_id, row.visitor, row.lesson_id), None)
        if newer is not None:
            row.percent = max(row.percent, newer.percent)
            row.finished_at = row.finished_at or newer.finished_at
            row.opened_at = max(row.opened_at, newer.opened_at)
            touched.append(row)
    LessonProgress.objects.bulk_update(touched, ["percent", "finished_at", "opened_at"], batch_size=200)
    LessonProgress.objects.bulk_create(
        [
            LessonProgress(
                user_id=user,
                visitor=visitor,
                lesson_id=lesson,
                percent=row.percent,
                finished_at=row.finished_at,
                opened_at=row.opened_at,
            )
            for (user, visitor, lesson), row in wanted.items()
        ],
        batch_size=500,
    )


def _progress_of(wanted: Iterable[tuple[int | None, UUID | None, int]]) -> list[LessonProgress]:
    """The rows there are of these people and lessons, and some besides."""
    people, lessons = {(user, visitor) for user, visitor, _ in wanted}, {lesson for *_, lesson in wanted}
    users = [user for user, _ in people if user is not None]
    visitors = [visitor for _, visitor in people if visitor is not None]
    known = LessonProgress.objects.filter(lesson_id__in=lessons)
    return [*known.filter(user_id__in=users), *known.filter(visitor__in=visitors)]


@transaction.atomic
def import_saved(*, rows: Iterable[tuple[int, int, datetime]]) -> None:
    """Add past saved courses in bulk: (member id, course id, when)."""
    SavedCourse.objects.bulk_create(
        [SavedCourse(user_id=user, course_id=course, saved_at=when) for user, course, when in rows],
        batch_size=500,
        ignore_conflicts=True,
    )


def _let_in(access: Access) -> Access:
    if not access.open:
        raise LessonClosed(access, pgettext("lesson", "This lesson isn't open to you yet."))
    return access


def _merge_progress(user: User, theirs: LessonProgress) -> None:
    own, is_new = LessonProgress.objects.get_or_create(
        user=user,
        lesson_id=theirs.lesson_id,
        defaults={
            "percent": theirs.percent,
            "finished_at": theirs.finished_at,
            "opened_at": theirs.opened_at,
            "spent_until": theirs.spent_until,
        },
    )
    if not is_new:
        own.percent = max(own.percent, theirs.percent)
        own.finished_at = own.finished_at or theirs.finished_at
        own.opened_at = max(own.opened_at, theirs.opened_at)
        own.spent_until = max(filter(None, (own.spent_until, theirs.spent_until)), default=None)
        own.save(update_fields=["percent", "finished_at", "opened_at", "spent_until"])
