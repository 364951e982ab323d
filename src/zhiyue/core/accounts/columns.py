"""The columns of a table of members, as files name them in either language."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

# Parts several tags, courses or roles in one cell.
SEPARATOR = "; "

MEMBER_COLUMNS: Mapping[str, Promise] = {
    "name": pgettext_lazy("member column", "Name"),
    "email": pgettext_lazy("member column", "E-mail"),
    "phone": pgettext_lazy("member column", "Phone"),
    "username": pgettext_lazy("member column", "User name"),
    "tags": pgettext_lazy("member column", "Tags"),
    "courses": pgettext_lazy("member column", "Courses"),
    "roles": pgettext_lazy("member column", "Roles"),
    "joined": pgettext_lazy("member column", "Joined"),
    "seen": pgettext_lazy("member column", "Last seen"),
    "state": pgettext_lazy("member column", "State"),
}
