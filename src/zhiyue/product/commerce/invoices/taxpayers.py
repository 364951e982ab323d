"""Numbers of taxpayers (纳税人识别号). Companies have a unified social credit code (统一社会信用代码, GB 32100-2015) of
18 signs with a check sign; numbers of former kinds, of 15 or 20, still stand on some papers and have none that
holds."""

import re
import unicodedata

from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.errors import Unfit

# The signs of the standard in the order of their worth: without I, O, S, V and Z, which look like digits or letters.
_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = [3**place % 31 for place in range(17)]
_FORMER = re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{20}")
_LENGTH = 18


def taxpayer(typed: str) -> str:
    """A number as it is kept: capitals, without spaces and strokes. Raises Unfit, and says what is wrong with it."""
    plain = unicodedata.normalize("NFKC", typed).upper()
    number = re.sub(r"[\s\-–—]", "", plain)
    if _FORMER.fullmatch(number):
        return number
    if len(number) != _LENGTH:
        raise Unfit(
            pgettext_lazy(
                "tax number",
                "A tax number has 18 signs (older ones 15 or 20); this one has %(n)s. Copy it from the business "
                "licence.",
            )
            % {"n": len(number)}
        )
    strange = sorted(set(number) - set(_SIGNS))
    if strange:
        raise Unfit(
            pgettext_lazy(
                "tax number",
                "“%(sign)s” stands in no tax number of 18 signs: they have digits, and letters without I, O, S, V and "
                "Z. Look whether it is a 1, 0, 5 or 2.",
            )
            % {"sign": strange[0]}
        )
    if number[-1] != check_sign(number[:-1]):
        raise Unfit(
            pgettext_lazy(
                "tax number",
                "This tax number has a slip in it: its last sign doesn't fit the rest. Compare it with the business "
                "licence.",
            )
        )
    return number


def check_sign(body: str) -> str:
    """The last sign of a code, from the 17 before it."""
    total = sum(weight * _SIGNS.index(sign) for weight, sign in zip(_WEIGHTS, body, strict=True))
    return _SIGNS[-total % 31]
