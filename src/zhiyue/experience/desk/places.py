"""The desk's pages as its navigation knows them, in groups. Only what opens to the viewer is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission


@dataclass(frozen=True, slots=True)
class Place:
    """One page of the navigation. A view says which one it is on as `tab`. `is_here`: some installations lack it."""

    tab: str
    name: Promise
    icon: str
    permission: Permission
    is_here: Callable[[], bool] = lambda: True

    @property
    def url(self) -> str:
        return reverse(f"desk:{self.tab}")


@dataclass(frozen=True, slots=True)
class Group:
    name: Promise
    places: tuple[Place, ...]

    @property
    def url(self) -> str:
        return self.places[0].url

    @property
    def label(self) -> Promise:
        """A group of one page needs no name of its own."""
        return self.name if len(self.places) > 1 else self.places[0].name

    def holds(self, tab: str) -> bool:
        return any(place.tab == tab for place in self.places)


# The order of a group is that of the desk; the tabs of a phone take the first page of each group.
GROUPS: tuple[Group, ...] = (
    Group(
        pgettext_lazy("desk navigation", "Insight"),
        (
            Place(
                "activity", pgettext_lazy("desk navigation", "Activity"), "activity", Permission.SEE_ACTIVITY
            ),
            Place("taste", pgettext_lazy("desk navigation", "Taste"), "flame", Permission.SEE_ACTIVITY),
            Place(
                "follow",
                pgettext_lazy("desk navigation", "Follow one click"),
                "mouse-pointer-click",
                Permission.SEE_ACTIVITY,
            ),
            Place(
                "lab",
                pgettext_lazy("desk navigation", "Recommendation lab"),
                "scale",
                Permission.SEE_ACTIVITY,
            ),
            Place(
                "searches", pgettext_lazy("desk navigation", "Searches"), "search", Permission.SEE_ACTIVITY
            ),
        ),
    ),
    Group(
        pgettext_lazy("desk navigation", "Data"),
        (
            Place(
                "collecting",
                pgettext_lazy("desk navigation", "Collecting"),
                "inbox",
                Permission.SEE_ACTIVITY,
            ),
            Place(
                "quarantine",
                pgettext_lazy("desk navigation", "Quarantine"),
                "hourglass",
                Permission.SEE_ACTIVITY,
            ),
        ),
    ),
    Group(
        pgettext_lazy("desk navigation", "People"),
        (
            Place("members", pgettext_lazy("desk navigation", "Members"), "users", Permission.SEE_MEMBERS),
            Place("staff", pgettext_lazy("desk navigation", "Staff"), "shield", Permission.CHANGE_STAFF),
        ),
    ),
    Group(
        pgettext_lazy("desk navigation", "Sales"),
        (
            Place("sales", pgettext_lazy("desk page", "Sales"), "table-2", Permission.SEE_ORDERS),
            Place("orders", pgettext_lazy("desk navigation", "Orders"), "receipt", Permission.SEE_ORDERS),
            Place("refunds", pgettext_lazy("desk navigation", "Refunds"), "history", Permission.SEE_ORDERS),
            Place("coupons", pgettext_lazy("desk navigation", "Coupons"), "tag", Permission.CHANGE_SALES),
            Place(
                "flash", pgettext_lazy("desk navigation", "Flash prices"), "flame", Permission.CHANGE_SALES
            ),
            Place(
                "redeem",
                pgettext_lazy("desk navigation", "Redeem codes"),
                "key-round",
                Permission.CHANGE_SALES,
            ),
            Place("terms", pgettext_lazy("desk navigation", "Trials"), "hourglass", Permission.CHANGE_SALES),
            Place("bundles", pgettext_lazy("desk navigation", "Bundles"), "library", Permission.CHANGE_SALES),
            Place("plans", pgettext_lazy("desk navigation", "Memberships"), "users", Permission.CHANGE_SALES),
        ),
    ),
    Group(
        pgettext_lazy("desk navigation", "Money"),
        (
            Place(
                "reconciliation",
                pgettext_lazy("desk navigation", "Reconciliation"),
                "scale",
                Permission.SEE_BOOKS,
            ),
            Place(
                "settlements", pgettext_lazy("desk navigation", "Paid in"), "download", Permission.SEE_BOOKS
            ),
            Place("books", pgettext_lazy("desk navigation", "Books"), "book-open", Permission.SEE_BOOKS),
            Place("invoices", pgettext_lazy("desk navigation", "Invoices"), "pencil", Permission.SEE_ORDERS),
            Place(
                "payouts",
                pgettext_lazy("desk navigation", "Payouts"),
                "graduation-cap",
                Permission.PAY_TEACHERS,
            ),
        ),
    ),
    Group(
        pgettext_lazy("desk navigation", "Content"),
        (
            Place(
                "sameness",
                pgettext_lazy("desk navigation", "Similar courses"),
                "copy",
                Permission.CHANGE_ANY_COURSE,
            ),
            Place(
                "rules",
                pgettext_lazy("desk navigation", "Recommendation rules"),
                "sliders",
                Permission.CHANGE_ANY_COURSE,
            ),
            Place(
                "import_courses",
                pgettext_lazy("desk navigation", "Import courses"),
                "upload",
                Permission.CHANGE_ANY_COURSE,
            ),
        ),
    ),
    Group(
        pgettext_lazy("desk navigation", "Running"),
        (
            Place("jobs", pgettext_lazy("desk navigation", "Jobs"), "list-checks", Permission.RUN_JOBS),
            Place("webhooks", pgettext_lazy("desk navigation", "Webhooks"), "share", Permission.RUN_WEBHOOKS),
            Place("audit", pgettext_lazy("desk navigation", "Audit log"), "history", Permission.SEE_AUDIT),
            Place("setup", pgettext_lazy("desk navigation", "Set up"), "sliders", Permission.SET_UP_ACADEMY),
        ),
    ),
)


# Pages that the wiring puts beside the desk's own, by the page they follow: see `config.simulation`.
_beside: dict[str, Place] = {}


def put_beside(tab: str, place: Place) -> None:
    """Show a page that isn't kept here after the page `tab` of the desk."""
    _beside[tab] = place


def open_groups(viewer: Viewer) -> list[Group]:
    """The groups with what opens to `viewer`; those of which nothing opens are left out."""
    opened = (
        Group(
            group.name,
            tuple(
                place for place in _with_neighbours(group) if viewer.may(place.permission) and place.is_here()
            ),
        )
        for group in GROUPS
    )
    return [group for group in opened if group.places]


def _with_neighbours(group: Group) -> list[Place]:
    return [place for own in group.places for place in (own, _beside.get(own.tab)) if place is not None]


def phone_tabs(groups: Sequence[Group], most: int = 4) -> list[Place]:
    """What stands in a phone's tab bar: the first page of each group, then second pages while there is room."""
    depth = max((len(group.places) for group in groups), default=0)
    in_turn = [group.places[n] for n in range(depth) for group in groups if n < len(group.places)]
    return in_turn[:most]
