"""What keeps strangers from trying passwords one after the other. Whether one is right, `accounts` knows."""

from django.http import HttpRequest
from limits import RateLimitItemPerHour, RateLimitItemPerMinute

from zhiyue.experience.shell.limits import Allowance, address_of, spend

_FAILURES_OF_ONE_ACCOUNT = RateLimitItemPerMinute(10, 5)
_FAILURES_OF_ONE_ADDRESS = RateLimitItemPerMinute(30, 5)
_SIGN_UPS_OF_ONE_ADDRESS = RateLimitItemPerHour(20)


def count_sign_in(request: HttpRequest, email: str) -> list[Allowance]:
    """Count a try before the password is looked at, or many sent at once would all pass. Raises TooMany.

    Give back what is returned where the password was right: only failures count. An account is counted together with
    the address, so that nobody can lock others out of theirs from elsewhere.
    """
    address = address_of(request)
    account = f"{address} {email.strip().casefold()}"
    allowances = [
        Allowance(_FAILURES_OF_ONE_ACCOUNT, "sign-in", account),
        Allowance(_FAILURES_OF_ONE_ADDRESS, "sign-in", address),
    ]
    spend(allowances)
    return allowances


def count_sign_up(request: HttpRequest) -> None:
    """Count a try to make an account against the address. Raises TooMany."""
    spend([Allowance(_SIGN_UPS_OF_ONE_ADDRESS, "sign-up", address_of(request))])
