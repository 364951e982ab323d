"""The list of members as an address asks for it: read from the query, found, in order, by pages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import F, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.collect.selectors import last_seen, seen_since
from zhiyue.core.accounts import directory
from zhiyue.core.accounts.directory import MemberRow, Wanted
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import Role, User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit import clock
from zhiyue.experience.desk.typed import DayField, WordedForm
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.selectors import owns

PAGE_SIZE = 50

Choices = list[tuple[str, str | Promise]]
_ANY: Choices = [("", pgettext_lazy("member filter", "Any"))]
SEEN: Choices = [
    ("7", pgettext_lazy("member filter", "In the last 7 days")),
    ("30", pgettext_lazy("member filter", "In the last 30 days")),
    ("-30", pgettext_lazy("member filter", "Not for 30 days")),
    ("-90", pgettext_lazy("member filter", "Not for 90 days")),
]
SORTS: Choices = [
    ("-joined", pgettext_lazy("member sort", "Newest first")),
    ("joined", pgettext_lazy("member sort", "Oldest first")),
    ("name", pgettext_lazy("member sort", "By name")),
]
_BY_SEEN: Choices = [("-seen", pgettext_lazy("member sort", "Last seen first"))]


def day_field(label: str | Promise) -> DayField:
    return DayField(label=label, required=False)


class FindForm(WordedForm):
    """The filters of the list. What can't be understood narrows nothing and says so."""

    q = forms.CharField(
        label=pgettext_lazy("member filter", "Name, e-mail, phone or user name"),
        required=False,
        max_length=80,
    )
    role = forms.ChoiceField(label=pgettext_lazy("member filter", "Role"), required=False)
    tag = forms.ChoiceField(label=pgettext_lazy("member filter", "Tag"), required=False)
    state = forms.ChoiceField(label=pgettext_lazy("member filter", "State"), required=False)
    course = forms.ChoiceField(label=pgettext_lazy("member filter", "Owns the course"), required=False)
    seen = forms.ChoiceField(label=pgettext_lazy("member filter", "Seen"), required=False)
    joined_from = day_field(pgettext_lazy("member filter", "Joined from"))
    joined_to = day_field(pgettext_lazy("member filter", "Joined until"))
    sort = forms.ChoiceField(label=pgettext_lazy("member filter", "Order"), required=False)

    def __init__(self, asked: QueryDict, viewer: Viewer) -> None:
        super().__init__(asked)
        tags: Choices = [(name, f"{name} ({n})") for name, n in directory.tags_in_use(viewer)]
        courses = Course.objects.order_by("title").values_list("pk", "title")
        sees_activity = viewer.may(Permission.SEE_ACTIVITY)
        self._choose("role", _ANY + [(role.value, role.label) for role in Role])
        self._choose("tag", _ANY + tags)
        self._choose("state", _ANY + list(directory.STATES.items()))
        self._choose("course", _ANY + [(str(pk), title) for pk, title in courses])
        self._choose("seen", _ANY + SEEN)
        self._choose("sort", SORTS + (_BY_SEEN if sees_activity else []))
        if not sees_activity:
            del self.fields["seen"]

    def _choose(self, name: str, choices: Choices) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    @property
    def narrows(self) -> bool:
        return any(value for name, value in self.cleaned_data.items() if name not in ("q", "sort"))


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of the list. `seen` is None for who never did anything, and for who may not know."""

    member: MemberRow
    seen: datetime | None


def found(viewer: Viewer, form: FindForm) -> QuerySet[User]:
    """The members whom a form describes, in its order. Raises NotAllowed."""
    form.is_valid()
    asked = form.cleaned_data
    members = directory.found(
        viewer,
        Wanted(
            words=asked.get("q", ""),
            role=asked.get("role", ""),
            tag=asked.get("tag", ""),
            state=asked.get("state", ""),
            joined_from=asked.get("joined_from"),
            joined_to=asked.get("joined_to"),
        ),
    )
    if asked.get("course"):
        members = members.filter(owns(int(asked["course"])))
    if asked.get("seen"):
        days = int(asked["seen"])
        recent = seen_since(clock.now() - timedelta(days=abs(days)))
        members = members.filter(recent if days > 0 else ~recent)
    return _SORTED[asked.get("sort") or "-joined"](members)


def page_of(viewer: Viewer, members: QuerySet[User], number: str) -> tuple[Page[User], list[Listed]]:
    """One page of them; a number that isn't one is the nearest. Last seen only for who may see activity."""
    if viewer.may(Permission.SEE_ACTIVITY):
        members = members.annotate(seen=last_seen())
    page = Paginator(members, PAGE_SIZE).get_page(number)
    shown = list(page.object_list)
    rows = directory.rows(viewer, shown)
    return page, [Listed(row, getattr(member, "seen", None)) for row, member in zip(rows, shown, strict=True)]


_SORTED: dict[str, Callable[[QuerySet[User]], QuerySet[User]]] = {
    "-joined": lambda members: members.order_by("-joined_at", "-pk"),
    "joined": lambda members: members.order_by("joined_at", "pk"),
    "name": lambda members: members.order_by("display_name", "pk"),
    "-seen": lambda members: members.annotate(seen=last_seen()).order_by(
        F("seen").desc(nulls_last=True), "-pk"
    ),
}
