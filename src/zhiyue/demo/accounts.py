"""The demo's sign-ins. Their password is known to everybody, so production refuses a database that holds them."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

PASSWORD = "zhiyue-demo"  # noqa: S105 - meant to be known


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """`sees`: what there is to be seen as this one and no other."""

    role: str
    email: str
    name: str
    sees: Promise | None = None


ACCOUNTS = (
    DemoAccount("learner", "learner@example.com", "林小满"),
    DemoAccount("learner", "reader@example.com", "沈知秋", pgettext_lazy("demo", "taste turned")),
    DemoAccount("creator", "creator@example.com", "何牧"),
    DemoAccount("operator", "operator@example.com", "苏运"),
    DemoAccount("agent", "agent@example.com", "方知"),
    DemoAccount("owner", "owner@example.com", "程致远"),
)
TURNED = "reader@example.com"
CREATOR_TEACHES = "he-mu"
