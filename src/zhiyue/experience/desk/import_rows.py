"""What a look at an uploaded table shows of its rows: the first good ones as they will be written, and what is
left out as a table to mend and bring in again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest

from django.utils.functional import Promise
from django.utils.translation import pgettext

from zhiyue.core.accounts.columns import MEMBER_COLUMNS, SEPARATOR
from zhiyue.core.accounts.importing import PersonRow, Plan, RowError
from zhiyue.core.accounts.models import UploadedSheet
from zhiyue.core.kit import clock, sheets
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.paying import provider_words
from zhiyue.product.catalogue.importing import COURSE_COLUMNS, CoursePlan
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.imports.order_importing import ORDER_COLUMNS, OrderPlan, OrderRow

ROWS_SHOWN = 8
# Said in the plan as the keys of the errors; here they are the columns of the table.
_OF_PERSON = ("name", "email", "phone", "username", "tags", "courses")
_OF_LESSON = ("course", "chapter", "lesson", "minutes", "free")
_OF_ORDER = ("number", "member", "course", "yuan", "paid_at", "by")


@dataclass(frozen=True, slots=True)
class FirstRows:
    """Rows as they will stand in the academy; `total` is how many there are of them altogether."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: int


def first_rows(plan: Plan | CoursePlan | OrderPlan) -> FirstRows:
    """The first of what an import would write."""
    if isinstance(plan, OrderPlan):
        header = [str(ORDER_COLUMNS[key]) for key in _OF_ORDER]
        return FirstRows(header, [_order(row) for row in plan.fresh[:ROWS_SHOWN]], len(plan.fresh))
    if isinstance(plan, Plan):
        header = [
            *(str(MEMBER_COLUMNS[key]) for key in _OF_PERSON),
            pgettext("import column", "What happens"),
        ]
        people = plan.people[:ROWS_SHOWN]
        named = {name for person in people for name in person.courses}
        titles = dict(Course.objects.filter(slug__in=named).values_list("slug", "title"))
        return FirstRows(header, [_person(person, titles) for person in people], len(plan.people))
    header = [str(COURSE_COLUMNS[key]) for key in _OF_LESSON]
    total = sum(outline.lessons for outline in plan.fresh)
    return FirstRows(header, list(islice(_lessons(plan), ROWS_SHOWN)), total)


def _person(person: PersonRow, titles: Mapping[str, str]) -> list[str]:
    courses = [titles.get(name, name) for name in person.courses]
    marks = [person.name, person.email, person.phone, person.username]
    return [*marks, SEPARATOR.join(person.tags), SEPARATOR.join(courses), _what_happens(person)]


def _what_happens(person: PersonRow) -> str:
    if person.known is None:
        return pgettext("import", "becomes a member")
    if person.tags or person.courses:
        return pgettext("import", "is a member, gets tags and courses")
    return pgettext("import", "is a member, stays as they are")


def _order(row: OrderRow) -> list[str]:
    order = row.order
    paid_at = order.over_at.astimezone(clock.business_zone())
    paid = [yuan(order.total_fen), f"{paid_at:%Y-%m-%d %H:%M}", str(provider_words(order.via))]
    return [order.outside_number, row.member, row.course, *paid]


def _lessons(plan: CoursePlan) -> Iterator[list[str]]:
    yes, no = pgettext("import", "yes"), pgettext("import", "no")
    for outline in plan.fresh:
        for chapter, lessons in outline.chapters.items():
            for lesson in lessons:
                free = yes if lesson.is_free else no
                yield [outline.title, chapter, lesson.title, str(lesson.minutes), free]


def bad_people(sheet: UploadedSheet, plan: Plan) -> tuple[list[str], Iterator[list[str]]]:
    """Header and rows of a table with the bad rows, as they were sent."""
    return _to_mend(sheet, plan.errors, MEMBER_COLUMNS, {error.line: {} for error in plan.errors})


def bad_orders(sheet: UploadedSheet, plan: OrderPlan) -> tuple[list[str], Iterator[list[str]]]:
    """The same of past orders."""
    return _to_mend(sheet, plan.errors, ORDER_COLUMNS, {error.line: {} for error in plan.errors})


def left_out_courses(sheet: UploadedSheet, plan: CoursePlan) -> tuple[list[str], Iterator[list[str]]]:
    """Header and rows of a table with every row of the courses that are left out: their good rows aren't imported
    either. Each names its course and chapter, so that rows can be parted from each other."""
    return _to_mend(sheet, plan.errors, COURSE_COLUMNS, plan.left_out_rows)


def _to_mend(
    sheet: UploadedSheet,
    errors: Sequence[RowError],
    names: Mapping[str, Promise],
    filled: Mapping[int, Mapping[str, str]],
) -> tuple[list[str], Iterator[list[str]]]:
    """The rows of the lines in `filled`, with these cells by the keys of `names`, and after them what to do. Brought in
    again as it is, the two columns more are passed over."""
    read = sheets.read(sheet.text)
    keys = sheets.columns(read, names)
    told: dict[int, list[str]] = {}
    for error in errors:
        column = str(names.get(error.column, ""))
        told.setdefault(error.line, []).append(f"{column}: {error.words}" if column else str(error.words))
    header = [*read.header, pgettext("column", "Line"), pgettext("column", "What to do")]

    def row(line: int, cells: Sequence[str]) -> list[str]:
        of_header = zip_longest(keys, cells[: len(keys)], fillvalue="")
        sent = [filled[line].get(key or "", cell) for key, cell in of_header]
        return [*sent, str(line), " ".join(told.get(line, []))]

    return header, (row(line, cells) for line, cells in read.rows if line in filled)
