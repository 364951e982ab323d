"""What keeps strangers from trying passwords and codes one after the other, and from sending messages at the
academy's cost. Whether one is right, `accounts` knows.

Of what all may do together to one account or mailbox, nobody elsewhere can take the share of whoever asks here.
Strangers are counted by the name they typed, as it is kept, never by whose it is: else the limit would tell.
"""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import pgettext_lazy
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour, RateLimitItemPerMinute

from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.phones import tidy_phone
from zhiyue.core.accounts.ways import member_named, tidy_mark
from zhiyue.experience.shell.known import browser_known_to
from zhiyue.experience.shell.limits import Allowance, TooMany, address_of, network_of, spend

_FAILURES_OF_ONE_ACCOUNT = RateLimitItemPerMinute(10, 5)
_FAILURES_OF_ONE_ADDRESS = RateLimitItemPerMinute(30, 5)
_FAILURES_KEPT_FOR_EACH = RateLimitItemPerDay(5)
_FAILURES_EVERYWHERE = RateLimitItemPerHour(50)
_SIGN_UPS_OF_ONE_ADDRESS = RateLimitItemPerHour(20)
_ONE_CODE = RateLimitItemPerMinute(1)
SECONDS_BETWEEN_CODES = _ONE_CODE.get_expiry()
_CODES = (_ONE_CODE, RateLimitItemPerHour(5))
# To one mailbox or phone in a day: asked for by one network or the member, and by all strangers together.
_MAILS, _MAILS_EVERYWHERE = RateLimitItemPerDay(10), RateLimitItemPerDay(40)
_SMS, _SMS_EVERYWHERE = RateLimitItemPerDay(5), RateLimitItemPerDay(20)
# For a new password by a user name, on top of what its member's mailbox or phone gets.
_BY_NAME, _BY_NAME_EVERYWHERE = RateLimitItemPerDay(5), RateLimitItemPerDay(20)
_CODES_OF_ONE_ADDRESS = RateLimitItemPerHour(20)
_DIGITS_OF_ONE_ADDRESS = RateLimitItemPerMinute(60, 10)
_USE_A_CODE = pgettext_lazy(
    "limits", "Too many wrong passwords for this account. Sign in with a code, or try again in an hour."
)
_CODES_USED_UP = pgettext_lazy(
    "limits",
    "Too many codes were asked for there today. Sign in with a password, or in a browser you used before.",
)


def count_sign_in(request: HttpRequest, name: str) -> list[Allowance]:
    """Count a try before the password is looked at, or many sent at once would all pass. Raises TooMany.

    Give back what is returned where the password was right: only failures count. A browser in which the member signed
    in before has an allowance of its own. From elsewhere the first tries of each network are its own too; what goes
    beyond them is counted for all networks together, and past that codes still open.
    """
    address = address_of(request)
    member = member_named(name)
    known = browser_known_to(request, member)
    if known and member:
        own = [Allowance(_FAILURES_OF_ONE_ACCOUNT, "sign-in-known", f"{known} member {member.pk}")]
        spend(own)
        return own
    account = f"name {tidy_mark(name)}"
    near = [
        Allowance(_FAILURES_OF_ONE_ACCOUNT, "sign-in", f"{address} {account}"),
        Allowance(_FAILURES_OF_ONE_ADDRESS, "sign-in", address),
    ]
    kept = Allowance(_FAILURES_KEPT_FOR_EACH, "sign-in-kept", f"{network_of(request)} {account}")
    everywhere = Allowance(_FAILURES_EVERYWHERE, "sign-in", account, _USE_A_CODE)
    spend(near)
    return [*near, _first_with_room(kept, everywhere)]


def _first_with_room(kept: Allowance, everywhere: Allowance) -> Allowance:
    """Count against what is kept for this network or, once that is used up, against what all share. Raises TooMany."""
    try:
        spend([kept])
    except TooMany:
        spend([everywhere])
        return everywhere
    return kept


def count_sign_up(request: HttpRequest) -> None:
    """Count a try to make an account against the address. Raises TooMany."""
    spend([Allowance(_SIGN_UPS_OF_ONE_ADDRESS, "sign-up", address_of(request))])


def count_code(request: HttpRequest, to: str, member: User | None) -> None:
    """Count a message with a code. Raises TooMany.

    Members who ask for one to their own address or phone, in a browser they used before, have an allowance that nobody
    else spends. All others have one for each network, a fourth of what one mailbox or phone gets from all of them at
    most: that bounds how often digits can be guessed, and how many messages somebody is bothered with.
    """
    is_phone = bool(tidy_phone(to))
    in_a_day, everywhere = _in_a_day(to)
    own = _is_own(request, to, member)
    whom = f"member {member.pk} {to}" if own and member else f"{network_of(request)} {to}"
    allowances = [Allowance(limit, "code", whom) for limit in (*_CODES, in_a_day)]
    if not own:
        allowances += [
            Allowance(_CODES_OF_ONE_ADDRESS, "code", address_of(request)),
            Allowance(everywhere, "code-everywhere", to, _CODES_USED_UP),
        ]
    if is_phone:
        allowances += _of_all_sms(for_strangers=not own)
    spend(allowances)


def count_reset(request: HttpRequest, named: str, to: str, member: User | None) -> bool:
    """Count a code to `to` for a new password of whoever is called `named`. Raises TooMany where that name was asked
    for too often: for names that nobody has, just the same.

    False where no more can be sent to where the name leads. No page may show that, as it would tell whose name it is.
    """
    if named == to or _is_own(request, to, member):
        count_code(request, to, member)
        return True
    count_code(request, named, None)
    try:
        spend(_of_all_sms(for_strangers=True) if tidy_phone(to) else [])
    except TooMany:
        return False
    return True


def _in_a_day(to: str) -> tuple[RateLimitItem, RateLimitItem]:
    if tidy_phone(to):
        return _SMS, _SMS_EVERYWHERE
    return (_MAILS, _MAILS_EVERYWHERE) if "@" in to else (_BY_NAME, _BY_NAME_EVERYWHERE)


def _is_own(request: HttpRequest, to: str, member: User | None) -> bool:
    """Does a member ask for what goes to themselves, in a browser they used before?"""
    return (
        member is not None and to in (member.email, member.phone) and bool(browser_known_to(request, member))
    )


def _of_all_sms(*, for_strangers: bool) -> list[Allowance]:
    """What an attack may cost in an hour. A fifth is left for members in browsers they used before."""
    in_an_hour = settings.ZHIYUE_SMS_PER_HOUR
    found = [Allowance(RateLimitItemPerHour(in_an_hour), "sms", "all")]
    if for_strangers:
        found.append(Allowance(RateLimitItemPerHour(max(1, in_an_hour * 4 // 5)), "sms", "strangers"))
    return found


def count_digits(request: HttpRequest) -> None:
    """Count digits typed by one address, whichever code they are for. Raises TooMany."""
    spend([Allowance(_DIGITS_OF_ONE_ADDRESS, "digits", address_of(request))])
