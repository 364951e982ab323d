"""Phone numbers, kept as E.164 (`+8613800138000`). Pure; whose a number is, `ways` knows."""

import re

_WRITTEN_BETWEEN = re.compile(r"[\s().\-\u2010-\u2015]+")
_MAINLAND = re.compile(r"(?:\+|00)?(?:86)?(1[3-9][0-9]{9})")
_ELSEWHERE = re.compile(r"(?:\+|00)([1-9][0-9]{7,14})")


def tidy_phone(typed: str) -> str:
    """`typed` as E.164; "" where it is no phone number. Without a prefix it is one of the mainland.

    `138 0013 8000`, `+86-138-0013-8000` and `008613800138000` are the same number.
    """
    digits = _WRITTEN_BETWEEN.sub("", typed.strip())
    # Full-width digits, as some input methods write them.
    digits = digits.translate({0xFF10 + n: str(n) for n in range(10)} | {0xFF0B: "+"})
    if not digits.isascii():
        return ""
    if mainland := _MAINLAND.fullmatch(digits):
        return f"+86{mainland[1]}"
    elsewhere = _ELSEWHERE.fullmatch(digits)
    return f"+{elsewhere[1]}" if elsewhere and not elsewhere[1].startswith("86") else ""


def veiled_phone(phone: str) -> str:
    """For pages: enough to know one's own number by."""
    return f"{phone[:-8]}****{phone[-4:]}"


def said_phone(phone: str) -> str:
    """A number, veiled or whole, as people here say it: `138 0013 8000`. One of elsewhere stays as it is kept."""
    if not phone.startswith("+86") or len(phone) != 14:
        return phone
    return f"{phone[3:6]} {phone[6:10]} {phone[10:]}"
