"""What the pages that bring tables in say, by the kind of table: members, outlines of courses, past orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts.columns import MEMBER_COLUMNS
from zhiyue.core.accounts.importing import Plan
from zhiyue.core.accounts.models import UploadedSheet
from zhiyue.core.kit.money import yuan
from zhiyue.product.catalogue.importing import COURSE_COLUMNS, CoursePlan
from zhiyue.product.commerce.imports.order_importing import ORDER_COLUMNS, OrderPlan

Words = str | Promise
AnyPlan = Plan | CoursePlan | OrderPlan
MEMBERS, COURSES, ORDERS = UploadedSheet.Kind.MEMBERS, UploadedSheet.Kind.COURSES, UploadedSheet.Kind.ORDERS
_OF_MEMBERS = ("name", "email", "phone", "username", "tags", "courses")


@dataclass(frozen=True, slots=True)
class Said:
    """The words of one kind. `tab` is its place in the desk's navigation; `list_url` the page of what it brings in, and
    `list_words` how to get there; `example` a row of the template, whose columns are `columns`; `before` stands above
    the button that begins the import."""

    title: Words
    lead: Words
    tab: str
    columns: Mapping[str, Words]
    hints: Sequence[Words]
    example: Sequence[Words]
    before: Words
    errors_words: Words
    list_url: str = ""
    back_words: Words = ""
    list_words: Words = ""


SAID: Mapping[str, Said] = {
    MEMBERS: Said(
        title=pgettext_lazy("desk", "Import members"),
        lead=pgettext_lazy(
            "import",
            "From a table, as CSV. You see first what would happen; nothing is written before you say so.",
        ),
        tab="members",
        columns={key: MEMBER_COLUMNS[key] for key in _OF_MEMBERS},
        hints=(
            pgettext_lazy(
                "import", "Each row needs an e-mail, a phone or a user name, and somebody new a name."
            ),
            pgettext_lazy(
                "import",
                "Several tags or courses stand in one cell, parted by semicolons. Courses by title or address.",
            ),
            pgettext_lazy(
                "import", "Who is a member already gets tags and courses; nothing else of theirs changes."
            ),
            pgettext_lazy("import", "Roles are never imported."),
        ),
        example=(
            pgettext_lazy("import example", "Xiao Lin"),
            "xiaolin@example.com",
            "13800138000",
            "xiaolin",
            "",
            "",
        ),
        before=pgettext_lazy(
            "import",
            "Every row without an error is imported; rows with errors are left out. Should the import break off, it "
            "goes on by itself and makes nobody twice.",
        ),
        errors_words=pgettext_lazy("import", "These rows as CSV"),
        list_url="desk:members",
        back_words=pgettext_lazy("member", "All members"),
        list_words=pgettext_lazy("import", "To the members"),
    ),
    COURSES: Said(
        title=pgettext_lazy("desk", "Import courses"),
        lead=pgettext_lazy(
            "import",
            "Outlines from a table, as CSV: one row a lesson. They become drafts; you see first what would happen.",
        ),
        tab="import_courses",
        columns=COURSE_COLUMNS,
        hints=(
            pgettext_lazy("import", "An empty course or chapter is that of the row above."),
            pgettext_lazy(
                "import", "Name the topic in one row of each course; without a teacher, the course is yours."
            ),
            pgettext_lazy("import", "A course whose title exists is left as it is."),
        ),
        example=(
            pgettext_lazy("import example", "Statistics for readers of reports"),
            "",
            "",
            pgettext_lazy("import example", "Averages"),
            pgettext_lazy("import example", "Why an average deceives"),
            "8",
            pgettext_lazy("import example", "yes"),
            "",
        ),
        before=pgettext_lazy(
            "import",
            "Every course without an error becomes a draft, all of them or none; courses with errors are left out "
            "whole.",
        ),
        errors_words=pgettext_lazy("import", "The courses left out as CSV"),
    ),
    ORDERS: Said(
        title=pgettext_lazy("desk", "Import past orders"),
        lead=pgettext_lazy(
            "import",
            "What was bought before the academy came here, as CSV. Who paid for a course finds it open; you see first "
            "what would happen.",
        ),
        tab="orders",
        columns=ORDER_COLUMNS,
        hints=(
            pgettext_lazy(
                "import",
                "One row an order of one course. The order number is the one it had there: brought in again, it stays "
                "one order.",
            ),
            pgettext_lazy(
                "import",
                "Members by e-mail, phone or user name, and courses by title or address: bring both in first.",
            ),
            pgettext_lazy(
                "import",
                "Yuan exact to the fen: 199 or 199.50. Times like 2024-03-05 14:30, by the academy's clock; one of the "
                "two will do.",
            ),
            pgettext_lazy("import", "Paid by WeChat, Alipay, Stripe, offline or other; empty means offline."),
            pgettext_lazy(
                "import",
                "In the books the money stands as received before they began. Nobody is written to.",
            ),
        ),
        example=(
            "A-2024-0001",
            "xiaolin@example.com",
            pgettext_lazy("import example", "Statistics for readers of reports"),
            "199.00",
            "2024-03-05 14:28",
            "2024-03-05 14:30",
            pgettext_lazy("import example", "WeChat"),
        ),
        before=pgettext_lazy(
            "import",
            "Every row without an error is imported; rows with errors are left out. Should the import break off, it "
            "goes on by itself and brings no order in twice.",
        ),
        errors_words=pgettext_lazy("import", "These rows as CSV"),
        list_url="desk:orders",
        back_words=pgettext_lazy("orders", "All orders"),
        list_words=pgettext_lazy("import", "To the orders"),
    ),
}


def to_come(plan: AnyPlan) -> list[tuple[str, str]]:
    """What an import would do, in figures with their names."""
    if isinstance(plan, Plan):
        return [
            (pgettext("import", "New members"), intcomma(plan.fresh)),
            (pgettext("import", "Members already"), intcomma(plan.known)),
        ]
    if isinstance(plan, CoursePlan):
        return [
            (pgettext("import", "New drafts"), intcomma(len(plan.fresh))),
            (pgettext("import", "Courses left out for errors"), intcomma(len(plan.left_out))),
        ]
    return [
        (pgettext("import", "New orders"), intcomma(len(plan.fresh))),
        (pgettext("import", "Paid altogether"), yuan(plan.total_fen)),
        (pgettext("import", "There before"), intcomma(plan.known)),
    ]


def came_of(kind: str, result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What became of an import, in figures with their names."""

    def count(name: str) -> str:
        return str(intcomma(result.get(name, 0)))

    named = {
        MEMBERS: [
            (pgettext("import", "New members"), count("made")),
            (pgettext("import", "Members already"), count("known")),
            (pgettext("import", "Courses opened"), count("courses_opened")),
        ],
        COURSES: [
            (pgettext("import", "New drafts"), count("courses")),
            (pgettext("import", "Lessons"), count("lessons")),
            (pgettext("import", "There before"), count("known")),
        ],
        ORDERS: [
            (pgettext("import", "New orders"), count("made")),
            (pgettext("import", "Paid altogether"), yuan(result.get("total_fen", 0))),
            (pgettext("import", "There before"), count("known")),
        ],
    }
    return [*named[UploadedSheet.Kind(kind)], (pgettext("import", "Left out"), count("left_out"))]
