"""What others may know of the demo: how far it is, and whether its accounts are here."""

from zhiyue.core.accounts.models import User
from zhiyue.demo.accounts import ACCOUNTS
from zhiyue.demo.models import Seeding


def seeding() -> Seeding | None:
    """The state of the filling; None where no demo was ever begun."""
    return Seeding.objects.first()


def demo_accounts_exist() -> bool:
    return User.objects.filter(email__in=[account.email for account in ACCOUNTS]).exists()
