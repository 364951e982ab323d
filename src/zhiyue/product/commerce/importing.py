"""Members brought in from a table, with tags and courses: the look at it beforehand, and the import in steps."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models import Q
from django.utils.translation import pgettext

from zhiyue.core.accounts import importing, uploads
from zhiyue.core.accounts.errors import NoSuchSheet, NotAllowed, SecondFactorRequired
from zhiyue.core.accounts.importing import PersonRow, Plan, RowError
from zhiyue.core.accounts.models import UploadedSheet, User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.second_factor import viewer_of
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.services import create_member
from zhiyue.core.accounts.staff import put_tag
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.services import progress
from zhiyue.core.kit import clock
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.sheets import listed, torn_names
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.services import grant_course

STEP = 200
# Why an import that began may end early; see `UploadedSheet.result`.
NOT_ALLOWED, DISCARDED, GIVEN_UP = "not_allowed", "discarded", "given_up"


def plan_members(text: str) -> Plan:
    """What importing this table would do. Raises UnreadableSheet."""
    return _planned(text)[0]


def _planned(text: str) -> tuple[Plan, Mapping[str, list[Course]]]:
    """The plan, and the courses by the names that its rows may give them."""
    plan = importing.plan(text)
    courses = _courses_by_name() if any(person.courses_cell for person in plan.people) else {}
    torn = torn_names(courses)
    for person in plan.people:
        person.courses = listed(person.courses_cell, torn)
    plan.refuse(
        [
            RowError(person.line, "courses", _course_words(courses.get(name, [])), name)
            for person in plan.people
            for name in person.courses
            if len(courses.get(name, [])) != 1
        ]
    )
    return plan, courses


def import_sheet(*, sheet_id: int) -> None:
    """Import the good rows of an upload, a few hundred at a time. Broken off, it goes on behind the last step that was
    done, so nobody is made, tagged or written to twice. Raises NoSuchSheet."""
    sheet = UploadedSheet.objects.select_related("by").filter(pk=sheet_id).first()
    if sheet is None:
        raise NoSuchSheet
    if sheet.finished_at is not None:
        return
    try:
        by = require(viewer_of(sheet.by), Permission.CHANGE_MEMBERS)
    except (NotAllowed, SecondFactorRequired):
        end_import(sheet, NOT_ALLOWED)
        return
    plan, named = _planned(sheet.text)
    courses = {name: found[0] for name, found in named.items() if len(found) == 1}
    done_to = sheet.result.get("line", 0)
    left = [person for person in plan.people if person.line > done_to]
    for start in range(0, len(left), STEP):
        _step(sheet, by, left[start : start + STEP], courses)
        progress(done=min(start + STEP, len(left)), total=len(left))
    _finish(sheet, by, left_out=len({error.line for error in plan.errors}))


@transaction.atomic
def end_import(sheet: UploadedSheet, reason: str) -> None:
    """An import that began goes no further, for one of these reasons; the log and its page say so."""
    uploads.end(sheet, reason)
    _note(sheet, sheet.by, "members.import_ended", _so_far(sheet))


def end_stuck_imports() -> int:
    """An import whose job staff discarded will never go on, and one that was given up has a day to be run again: after
    that their tables aren't needed. How many ended."""
    begun = UploadedSheet.objects.select_related("by").filter(
        kind=UploadedSheet.Kind.MEMBERS, started_at__isnull=False, finished_at=None
    )
    # A job that was done leaves its table finished, so one that is gone was discarded before.
    kept = Job.objects.exclude(state=Job.State.DISCARDED)
    given_up = Q(state=Job.State.DEAD, finished_at__lt=clock.now() - uploads.KEPT)
    ended = 0
    for sheet in begun:
        job = kept.filter(pk=sheet.job_id or 0)
        if not job.exists() or job.filter(given_up).exists():
            end_import(sheet, GIVEN_UP if job.exists() else DISCARDED)
            ended += 1
    return ended


@transaction.atomic
def _step(sheet: UploadedSheet, by: User, people: list[PersonRow], courses: Mapping[str, Course]) -> None:
    counts = dict.fromkeys(("made", "known", "left_out", "courses_opened"), 0)
    known = User.objects.in_bulk([person.known for person in people if person.known])
    tagged: dict[str, list[User]] = {}
    for person in people:
        member = known.get(person.known or 0)
        counts["known" if member else "made"] += 1
        if member is None:
            try:
                member = _make(person, sheet.options)
            except Refused:
                # Somebody signed up by the same mark since the rows were looked at.
                counts["made"] -= 1
                counts["left_out"] += 1
                continue
        for tag in person.tags:
            tagged.setdefault(tag, []).append(member)
        counts["courses_opened"] += sum(
            grant_course(user=member, course=courses[name], by=by, why=_why(sheet)) for name in person.courses
        )
    for tag, members in tagged.items():
        put_tag(by=by, members=members, tag=tag)
    uploads.count(sheet, last_line=people[-1].line, **counts)
    lines = f"{people[0].line}–{people[-1].line}"
    _note(sheet, by, "members.imported", {"lines": lines, **counts})


def _make(person: PersonRow, options: Mapping[str, str]) -> User:
    member = create_member(
        display_name=person.name,
        password=None,
        email=person.email,
        phone=person.phone,
        username=person.username,
    )
    if person.email and options.get("text"):
        text = options["text"].replace("{name}", person.name)
        send_mail(to=person.email, subject=options["subject"], text=text)
    return member


@transaction.atomic
def _finish(sheet: UploadedSheet, by: User, *, left_out: int) -> None:
    uploads.count(sheet, last_line=sheet.result.get("line", 0), left_out=left_out)
    _note(sheet, by, "members.import_finished", _so_far(sheet))
    uploads.finish(sheet)


def _note(sheet: UploadedSheet, by: User, act: str, after: Mapping[str, object]) -> None:
    subject = ("import", sheet.pk, sheet.name)
    note(by=by, act=act, subject=subject, after={"file": sheet.name, **after}, why=_why(sheet))


def _so_far(sheet: UploadedSheet) -> dict[str, object]:
    return {name: value for name, value in sheet.result.items() if name != "line"}


def _why(sheet: UploadedSheet) -> str:
    return str(sheet.options.get("why", ""))


def _courses_by_name() -> dict[str, list[Course]]:
    """Courses by title and by address. Drafts belong to nobody yet."""
    found: dict[str, list[Course]] = {}
    for course in Course.objects.exclude(status=Course.Status.DRAFT):
        for name in {course.title, course.slug}:
            found.setdefault(name, []).append(course)
    return found


def _course_words(found: list[Course]) -> str:
    if found:
        return pgettext("import", "Several courses have this title. Write the course's address instead.")
    return pgettext("import", "There is no such course, or it is a draft. Write its title or its address.")
