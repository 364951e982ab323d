"""What a shelf is told under, signed where it is shown: a browser makes up neither its policy nor a course's chance to
stand there, nor which showing of it this was, on which day and to whom."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import date
from math import isclose
from secrets import token_urlsafe

from django.core import signing
from django.utils.crypto import salted_hmac

from zhiyue.collect.cleaning import Cleaned
from zhiyue.collect.errors import NotInVocabulary
from zhiyue.collect.kinds import Actor
from zhiyue.core.kit import clock

FORGED = "forged_slate"
SHOWN, CHOSEN = "slate.shown", "slate.chosen"
# What the signature says of a showing, in its order; the last two where its policy was drawn in a contest.
OF_SHOWING = ("made_on", "showing", "contest", "policy_chance")
_SALT = "zhiyue.collect.slates"
_NONCE_BYTES = 9
_WHOSE_BYTES = 9


def whose(actor: Actor) -> str:
    """For whom a slate is signed: a member or a visitor, under a key that only the academy can make; "" for nobody."""
    if actor.is_nobody:
        return ""
    keyed = salted_hmac(f"{_SALT}.whose", actor.key, algorithm="sha256").digest()
    return urlsafe_b64encode(keyed[:_WHOSE_BYTES]).decode()


def signed(
    slate: str,
    *,
    policy: str,
    chances: Mapping[int, float] | None = None,
    contest: int | None = None,
    policy_chance: float = 1.0,
    made_for: str = "",
    made_on: date | None = None,
) -> str:
    """The slate as pages and the API hand it out: each time is a showing of its own, under an id of its own.

    `chances` are the propensities by course id; what isn't named stands there for certain. Slates name one; about ten
    fit. `contest`, `policy_chance`: in which contest of policies this one was drawn, and with which chance.
    `made_for`: as `whose` says it, "" where it is the same for everybody; `made_on`: the business day, today's if not
    given.
    """
    uncertain = {str(course_id): chance for course_id, chance in (chances or {}).items() if chance != 1}
    drawn = [] if contest is None else [contest, policy_chance]
    showing = [(made_on or clock.business_day()).isoformat(), token_urlsafe(_NONCE_BYTES), *drawn]
    return signing.Signer(salt=_SALT).sign_object([slate, policy, uncertain, [made_for, *showing]])


def proved(cleaned: Cleaned, actor: Actor) -> Cleaned:
    """A browser's event; where it is about a slate, with the bare name of that, and with what was signed of the showing
    whatever the browser says of it: nothing where it was made for somebody else than who tells of it, as for a visitor
    who has signed in since. Raises NotInVocabulary where the slate wasn't signed here, or was with another
    policy or other chances."""
    if cleaned.kind.name not in (SHOWN, CHOSEN):
        return cleaned
    told = cleaned.properties
    try:
        slate, policy, uncertain, *showings = signing.Signer(salt=_SALT).unsign_object(str(told["slate"]))
    except signing.BadSignature:
        raise NotInVocabulary(FORGED, "The slate isn't one that was handed out here.") from None
    if told["policy"] != policy:
        raise NotInVocabulary(FORGED, "The slate was made by another policy.")
    if not all(isclose(chance, uncertain.get(str(course_id), 1)) for course_id, chance in _chances(cleaned)):
        raise NotInVocabulary(FORGED, "The policy put these courses there with other chances.")
    told = {name: value for name, value in told.items() if name not in OF_SHOWING}
    # Pages that were open before an upgrade name no showing, or not whose it is.
    for made_for, *showing in (one for one in showings[:1] if isinstance(one, list)):
        if made_for in ("", whose(actor)):
            told |= dict(zip(OF_SHOWING, showing, strict=False))
    return cleaned._replace(properties={**told, "slate": slate})


def _chances(cleaned: Cleaned) -> list[tuple[object, float]]:
    """The course ids with the propensities that were told, as far as they were."""
    told: Mapping[str, object] = cleaned.properties
    if cleaned.kind.name == CHOSEN:
        return [] if told.get("propensity") is None else [(cleaned.course_id, told["propensity"])]  # type: ignore[list-item]
    return list(zip(told["courses"], told.get("propensities") or (), strict=False))  # type: ignore[call-overload]
