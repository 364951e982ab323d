"""Members brought in from a table, with tags and courses: the look at it beforehand, and the import in steps."""

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.core.accounts import importing, uploads
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.importing import PersonRow, Plan, RowError
from zhiyue.core.accounts.models import MemberTag, UploadedSheet, User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.services import create_member
from zhiyue.core.audit.services import note
from zhiyue.core.jobs.services import progress
from zhiyue.core.kit.errors import Refused
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.services import grant_course

STEP = 200


def plan_members(text: str) -> Plan:
    """What importing this table would do. Raises UnreadableSheet."""
    plan = importing.plan(text)
    courses = _courses(plan.people)
    plan.refuse(
        [
            RowError(person.line, "courses", _course_words(courses.get(name, [])), name)
            for person in plan.people
            for name in person.courses
            if len(courses.get(name, [])) != 1
        ]
    )
    return plan


def import_sheet(*, sheet_id: int) -> None:
    """Import the good rows of an upload, a few hundred at a time. Broken off, it goes on behind the last step that was
    done, so nobody is made, tagged or written to twice."""
    sheet = UploadedSheet.objects.select_related("by").filter(pk=sheet_id, finished_at=None).first()
    if sheet is None:
        return
    try:
        by = require(uploads.uploader(sheet), Permission.CHANGE_MEMBERS)
    except NotAllowed:
        uploads.finish(sheet)
        return
    plan = plan_members(sheet.text)
    courses = {name: found[0] for name, found in _courses(plan.people).items() if len(found) == 1}
    done_to = sheet.result.get("line", 0)
    left = [person for person in plan.people if person.line > done_to]
    for start in range(0, len(left), STEP):
        _step(sheet, left[start : start + STEP], courses)
        progress(done=min(start + STEP, len(left)), total=len(left))
    _finish(sheet, by, left_out=len({error.line for error in plan.errors}))


@transaction.atomic
def _step(sheet: UploadedSheet, people: list[PersonRow], courses: Mapping[str, Course]) -> None:
    counts = dict.fromkeys(("made", "known", "left_out", "courses_opened"), 0)
    known = User.objects.in_bulk([person.known for person in people if person.known])
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
        tags = [MemberTag(user=member, name=tag) for tag in person.tags]
        MemberTag.objects.bulk_create(tags, ignore_conflicts=True)
        counts["courses_opened"] += sum(
            grant_course(user=member, course=courses[name]) for name in person.courses
        )
    uploads.count(sheet, last_line=people[-1].line, **counts)


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
    after = {name: n for name, n in sheet.result.items() if name != "line"}
    note(
        by=by,
        act="members.imported",
        subject=("import", sheet.pk, sheet.name),
        after={"file": sheet.name, **after},
    )
    uploads.finish(sheet)


def _courses(people: Iterable[PersonRow]) -> dict[str, list[Course]]:
    """Courses by the names that rows give them: title or address. Drafts belong to nobody yet."""
    named = {name for person in people for name in person.courses}
    if not named:
        return {}
    found: dict[str, list[Course]] = {}
    for course in Course.objects.exclude(status=Course.Status.DRAFT):
        for name in {course.title, course.slug} & named:
            found.setdefault(name, []).append(course)
    return found


def _course_words(found: list[Course]) -> str:
    if found:
        return pgettext("import", "Several courses have this title. Write the course's address instead.")
    return pgettext("import", "There is no such course, or it is a draft. Write its title or its address.")
