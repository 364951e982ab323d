"""What names may look like: those that are shown, and those one signs in by. How long they may be, the table says."""

import re
from itertools import groupby
from unicodedata import category, combining, normalize

from django.core.exceptions import ValidationError
from django.utils.translation import pgettext_lazy

# No "@", and a letter first: no user name is an address or a phone.
_USERNAME = re.compile(r"[a-z][a-z0-9._-]{1,29}")
_JOINER = "\u200d"
_VARIATION = "\ufe0f"
# Letters, digits, signs and punctuation by their category, drawn as nothing all the same.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Marks on one letter. Vietnamese and Hebrew stack two; letters hung below others in Tibetan, and vowels in Burmese, are
# marks too, but have their own place.
_STACKED_MARKS, _MARKS = 2, 4


def tidy_username(typed: str) -> str:
    """As it is kept, whoever writes it: one can't sign in by capitals, nor take another's name by them."""
    return typed.strip().lower()


def fit_username(typed: str) -> str:
    """A new user name as it is kept. Raises ValidationError where it isn't one."""
    username = tidy_username(typed)
    if not _USERNAME.fullmatch(username):
        raise ValidationError(
            pgettext_lazy(
                "user name",
                "Use 2 to 30 letters, digits, dots, dashes or underscores, beginning with a letter.",
            ),
            code="shape",
        )
    return username


def tidy_name(typed: str) -> str:
    """`typed` without needless white space. Raises ValidationError for signs that can't be seen, or nothing else; and
    for letters under more marks than any language writes.

    Such signs make two names look alike, turn the text around a name about, or cover the lines above and below.
    """
    name = " ".join(typed.split())
    without = _without_emoji_joiners(name)
    if any(category(sign) in {"Cc", "Cf", "Cs"} for sign in without):
        raise ValidationError(
            pgettext_lazy(
                "sign up", "There are invisible signs in it. Type the name rather than pasting it."
            ),
            code="invisible",
        )
    if name and not any(_is_seen(sign) for sign in without):
        raise ValidationError(
            pgettext_lazy("sign up", "Nothing of it can be seen. Use at least one letter, digit or sign."),
            code="unseen",
        )
    if _has_piled_marks(name):
        raise ValidationError(
            pgettext_lazy("sign up", "There are too many marks on one letter. Leave some of them out."),
            code="piled",
        )
    return name


def _is_seen(sign: str) -> bool:
    return category(sign)[0] in "LNPS" and sign not in _BLANK


def _has_piled_marks(name: str) -> bool:
    runs = groupby(normalize("NFC", name), key=lambda sign: category(sign) in {"Mn", "Me"})
    for marks in (list(run) for is_mark, run in runs if is_mark):
        stacked = sum(combining(sign) > 0 or category(sign) == "Me" for sign in marks)
        if stacked > _STACKED_MARKS or len(marks) > _MARKS:
            return True
    return False


def _without_emoji_joiners(name: str) -> str:
    """A family is several people joined into one picture: only there the joiner is left out of account."""
    drawn = name.replace(_VARIATION, "")
    kept = drawn[:1]
    for before, here, after in zip(drawn, drawn[1:], drawn[2:] + " ", strict=False):
        if not (here == _JOINER and _is_picture(before) and _is_picture(after)):
            kept += here
    return kept


def _is_picture(sign: str) -> bool:
    # Sk: the tones of skin.
    return category(sign) == "So" or (category(sign) == "Sk" and sign >= "\U0001f3fb")
