"""Members brought in from a table, with tags and courses: the look at it beforehand, and the import in steps."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.core.accounts import importing
from zhiyue.core.accounts.importing import PersonRow, Plan, RowError
from zhiyue.core.accounts.models import UploadedSheet, User
from zhiyue.core.accounts.services import create_member
from zhiyue.core.accounts.staff import put_tag
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.sheets import listed, torn_names
from zhiyue.facilities.notices.services import send_mail
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.imports import table_imports
from zhiyue.product.commerce.services import grant_course


def plan_members(text: str) -> Plan:
    """What importing this table would do. Raises UnreadableSheet."""
    return _planned(text)[0]


def _planned(text: str) -> tuple[Plan, Mapping[str, list[Course]]]:
    """The plan, and the courses by the names that its rows may give them."""
    plan = importing.plan(text)
    courses = courses_by_name() if any(person.courses_cell for person in plan.people) else {}
    torn = torn_names(courses)
    for person in plan.people:
        person.courses = listed(person.courses_cell, torn)
    plan.refuse(
        [
            RowError(person.line, "courses", course_words(courses.get(name, [])), name)
            for person in plan.people
            for name in person.courses
            if len(courses.get(name, [])) != 1
        ]
    )
    return plan, courses


def import_sheet(*, sheet_id: int) -> None:
    """Import the good rows of an upload, a few hundred at a time. Broken off, it goes on behind the last step that was
    done, so nobody is made, tagged or written to twice. Raises NoSuchSheet."""
    begun = table_imports.begun(sheet_id)
    if begun is None:
        return
    sheet, by = begun
    plan, named = _planned(sheet.text)
    courses = {name: found[0] for name, found in named.items() if len(found) == 1}
    for people in table_imports.steps(sheet, plan.people):
        _step(sheet, by, people, courses)
    table_imports.finish(sheet, by, left_out=len({error.line for error in plan.errors}))


@transaction.atomic
def _step(sheet: UploadedSheet, by: User, people: Sequence[PersonRow], courses: Mapping[str, Course]) -> None:
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
            grant_course(user=member, course=courses[name], by=by, why=table_imports.why_of(sheet))
            for name in person.courses
        )
    for tag, members in tagged.items():
        put_tag(by=by, members=members, tag=tag)
    table_imports.count_step(sheet, by, people, **counts)


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


def courses_by_name() -> dict[str, list[Course]]:
    """Courses by title and by address. Drafts belong to nobody yet."""
    found: dict[str, list[Course]] = {}
    for course in Course.objects.exclude(status=Course.Status.DRAFT):
        for name in {course.title, course.slug}:
            found.setdefault(name, []).append(course)
    return found


def course_words(found: list[Course]) -> str:
    if found:
        return pgettext("import", "Several courses have this title. Write the course's address instead.")
    return pgettext("import", "There is no such course, or it is a draft. Write its title or its address.")
