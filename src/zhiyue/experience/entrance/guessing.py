"""What keeps strangers from trying passwords and codes one after the other, and from sending messages at the
academy's cost. Whether one is right, `accounts` knows."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import pgettext_lazy
from limits import RateLimitItemPerDay, RateLimitItemPerHour, RateLimitItemPerMinute

from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.phones import tidy_phone
from zhiyue.core.accounts.ways import member_named
from zhiyue.experience.entrance.known import browser_known_to
from zhiyue.experience.shell.limits import Allowance, address_of, spend

_FAILURES_OF_ONE_ACCOUNT = RateLimitItemPerMinute(10, 5)
_FAILURES_OF_ONE_ADDRESS = RateLimitItemPerMinute(30, 5)
_FAILURES_EVERYWHERE = RateLimitItemPerHour(50)
_SIGN_UPS_OF_ONE_ADDRESS = RateLimitItemPerHour(20)
_CODES = (RateLimitItemPerMinute(1), RateLimitItemPerHour(5), RateLimitItemPerDay(10))
_CODES_OF_ONE_ADDRESS = RateLimitItemPerHour(20)
_DIGITS_OF_ONE_ADDRESS = RateLimitItemPerMinute(60, 10)
_USE_A_CODE = pgettext_lazy(
    "limits", "Too many wrong passwords for this account. Sign in with a code, or try again in an hour."
)


def count_sign_in(request: HttpRequest, name: str) -> list[Allowance]:
    """Count a try before the password is looked at, or many sent at once would all pass. Raises TooMany.

    Give back what is returned where the password was right: only failures count. A browser in which the member signed
    in before has an allowance of its own; for all others together an account has one too, past which codes still open.
    """
    address = address_of(request)
    member = member_named(name)
    account = f"member {member.pk}" if member else f"name {name.strip().casefold()}"
    if known := browser_known_to(request, member):
        own = [Allowance(_FAILURES_OF_ONE_ACCOUNT, "sign-in-known", f"{known} {account}")]
        spend(own)
        return own
    near = [
        Allowance(_FAILURES_OF_ONE_ACCOUNT, "sign-in", f"{address} {account}"),
        Allowance(_FAILURES_OF_ONE_ADDRESS, "sign-in", address),
    ]
    everywhere = [Allowance(_FAILURES_EVERYWHERE, "sign-in", account)]
    spend(near)
    spend(everywhere, _USE_A_CODE)
    return near + everywhere


def count_sign_up(request: HttpRequest) -> None:
    """Count a try to make an account against the address. Raises TooMany."""
    spend([Allowance(_SIGN_UPS_OF_ONE_ADDRESS, "sign-up", address_of(request))])


def count_code(request: HttpRequest, to: str, member: User | None) -> None:
    """Count a message with a code: for the phone or mailbox, for the address that asks, and for all SMS together.
    Raises TooMany. The member's own browsers have an allowance that strangers can't use up."""
    known = browser_known_to(request, member)
    whom = f"{known} {to}" if known else to
    allowances = [Allowance(limit, "code", whom) for limit in _CODES]
    if not known:
        allowances.append(Allowance(_CODES_OF_ONE_ADDRESS, "code", address_of(request)))
    if tidy_phone(to):
        allowances.append(Allowance(RateLimitItemPerHour(settings.ZHIYUE_SMS_PER_HOUR), "sms", "all"))
    spend(allowances)


def count_digits(request: HttpRequest) -> None:
    """Count digits typed by one address, whichever code they are for. Raises TooMany."""
    spend([Allowance(_DIGITS_OF_ONE_ADDRESS, "digits", address_of(request))])
