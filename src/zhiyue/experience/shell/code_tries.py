"""How often one person and one address may try codes of coupons and courses. What a code opens, `commerce` knows."""

from collections.abc import Iterator
from contextlib import contextmanager

from limits import RateLimitItemPerHour

from zhiyue.core.accounts.models import User
from zhiyue.experience.shell.limits import Allowance, address_of, give_back, spend
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.commerce.errors import UnknownCode

_OF_ONE_PERSON = RateLimitItemPerHour(10)
_OF_ONE_ADDRESS = RateLimitItemPerHour(40)


@contextmanager
def counted_try(request: PageRequest, user: User) -> Iterator[None]:
    """Count a code before it is looked at, or many sent at once would all pass. One that exists isn't counted, whatever
    is said of it: only guesses are. Raises TooMany."""
    tries = [
        Allowance(_OF_ONE_PERSON, "code-tried", f"member {user.pk}"),
        Allowance(_OF_ONE_ADDRESS, "code-tried", address_of(request)),
    ]
    spend(tries)
    try:
        yield
    except UnknownCode:
        raise
    except Exception:
        give_back(tries)
        raise
    give_back(tries)
