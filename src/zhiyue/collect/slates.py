"""What a shelf is told under, signed where it is shown: a browser makes up neither its policy, nor which courses stood
there and with which chance, nor which showing of it this was, on which day and to whom."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from math import isclose
from secrets import token_urlsafe
from typing import cast

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
# Of each byte of an id seven bits count; the eighth says that more follow.
_MORE = 0x80


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
    courses: Collection[int],
    chances: Mapping[int, float] | None = None,
    contest: int | None = None,
    policy_chance: float = 1.0,
    made_for: str = "",
    made_on: date | None = None,
) -> str:
    """The slate as pages and the API hand it out: each time is a showing of its own, under an id of its own.

    `courses`: the ids of those that stand there. `chances` are the propensities by course id; what isn't named stands
    there for certain. Slates name one. `contest`, `policy_chance`: in which contest of policies this one was drawn, and
    with which chance. `made_for`: as `whose` says it, "" where it is the same for everybody; `made_on`: the business
    day, today's if not given.
    """
    uncertain = {str(course_id): chance for course_id, chance in (chances or {}).items() if chance != 1}
    drawn = [] if contest is None else [contest, policy_chance]
    showing = [(made_on or clock.business_day()).isoformat(), token_urlsafe(_NONCE_BYTES), *drawn]
    told = [slate, policy, uncertain, [made_for, *showing], _packed(courses)]
    return signing.Signer(salt=_SALT).sign_object(told, compress=True)


def proved(cleaned: Cleaned, actor: Actor) -> Cleaned:
    """A browser's event; where it is about a slate, with the bare name of that, and with what was signed of it whatever
    the browser says: the chances of its courses, and which showing this was. Of the latter nothing where the slate was
    made for somebody else than who tells of it, as for a visitor who has signed in since, or before slates named their
    courses. Raises NotInVocabulary where the slate wasn't signed here, or was with another policy, other courses or
    other chances."""
    if cleaned.kind.name not in (SHOWN, CHOSEN):
        return cleaned
    told = cleaned.properties
    try:
        found = signing.Signer(salt=_SALT).unsign_object(str(told["slate"]))
    except signing.BadSignature:
        raise NotInVocabulary(FORGED, "The slate isn't one that was handed out here.") from None
    slate, policy, uncertain, *showings = found
    if told["policy"] != policy:
        raise NotInVocabulary(FORGED, "The slate was made by another policy.")
    chances = {course_id: uncertain.get(str(course_id), 1) for course_id in _courses(cleaned)}
    if not all(isclose(chance, chances[course_id]) for course_id, chance in _chances(cleaned)):
        raise NotInVocabulary(FORGED, "The policy put these courses there with other chances.")
    told = {name: value for name, value in told.items() if name not in OF_SHOWING} | _signed(cleaned, chances)
    # Pages that were open before an upgrade prove no showing: they name none, or no courses.
    match showings:
        case [[made_for, *showing], str(packed)]:
            if not chances.keys() <= set(_unpacked(packed)):
                raise NotInVocabulary(FORGED, "The course didn't stand on this slate.")
            if made_for in ("", whose(actor)):
                told |= dict(zip(OF_SHOWING, showing, strict=False))
    return cleaned._replace(properties={**told, "slate": slate})


def _courses(cleaned: Cleaned) -> list[int]:
    """The courses that the event says stood there."""
    if cleaned.kind.name == CHOSEN:
        return [cast(int, cleaned.course_id)]
    return cast(list[int], cleaned.properties["courses"])


def _chances(cleaned: Cleaned) -> list[tuple[int, float]]:
    """The courses with the propensities that were told, as far as they were."""
    told: Mapping[str, object] = cleaned.properties
    if cleaned.kind.name == CHOSEN:
        found = [told["propensity"]] if "propensity" in told else []
    else:
        found = cast(list[object], told.get("propensities", []))
    return list(zip(_courses(cleaned), cast(list[float], found), strict=False))


def _signed(cleaned: Cleaned, chances: Mapping[int, float]) -> dict[str, object]:
    """The propensities as they were signed: told as they were, and where anything was left to chance."""
    if not _chances(cleaned) and all(chance == 1 for chance in chances.values()):
        return {}
    listed = [chances[course_id] for course_id in _courses(cleaned)]
    return {"propensity": listed[0]} if cleaned.kind.name == CHOSEN else {"propensities": listed}


def _packed(courses: Collection[int]) -> str:
    """Ids as the steps from each to the next larger one, a byte for seven bits: forty of a million take 120 letters."""
    written, before = bytearray(), 0
    for course_id in sorted(set(courses)):
        step, before = course_id - before, course_id
        while step >= _MORE:
            written.append(step % _MORE | _MORE)
            step //= _MORE
        written.append(step)
    return urlsafe_b64encode(written).decode().rstrip("=")


def _unpacked(packed: str) -> Iterator[int]:
    course_id = step = shift = 0
    for byte in urlsafe_b64decode(packed + "=" * (-len(packed) % 4)):
        step |= (byte % _MORE) << shift
        shift += 7
        if byte < _MORE:
            course_id += step
            yield course_id
            step = shift = 0
