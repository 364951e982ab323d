"""The demo's sign-ins. Their password is known to everybody, so production refuses a database that holds them."""

from dataclasses import dataclass

PASSWORD = "zhiyue-demo"  # noqa: S105 - meant to be known


@dataclass(frozen=True, slots=True)
class DemoAccount:
    role: str
    email: str
    name: str


ACCOUNTS = (
    DemoAccount("learner", "learner@example.com", "林小满"),
    DemoAccount("creator", "creator@example.com", "何牧"),
    DemoAccount("operator", "operator@example.com", "苏运"),
    DemoAccount("agent", "agent@example.com", "方知"),
    DemoAccount("owner", "owner@example.com", "程致远"),
)
CREATOR_TEACHES = "he-mu"
