"""What a shelf is told under, signed where it is shown: a browser makes up neither its policy nor a course's chance to
stand there."""

from collections.abc import Mapping
from math import isclose

from django.core import signing

from zhiyue.collect.cleaning import Cleaned
from zhiyue.collect.errors import NotInVocabulary

FORGED = "forged_slate"
SHOWN, CHOSEN = "slate.shown", "slate.chosen"
_SALT = "zhiyue.collect.slates"


def signed(slate: str, *, policy: str, chances: Mapping[int, float] | None = None) -> str:
    """The slate as pages and the API hand it out, always the same for the same one.

    `chances` are the propensities by course id; what isn't named stands there for certain. About ten may be named.
    """
    uncertain = {str(course_id): chance for course_id, chance in (chances or {}).items() if chance != 1}
    return signing.Signer(salt=_SALT).sign_object([slate, policy, uncertain])


def proved(cleaned: Cleaned) -> Cleaned:
    """A browser's event, with the bare name of the slate where it is about one. Raises NotInVocabulary where the slate
    wasn't signed here, or was with another policy or other chances."""
    if cleaned.kind.name not in (SHOWN, CHOSEN):
        return cleaned
    told = cleaned.properties
    try:
        slate, policy, uncertain = signing.Signer(salt=_SALT).unsign_object(str(told["slate"]))
    except signing.BadSignature:
        raise NotInVocabulary(FORGED, "The slate isn't one that was handed out here.") from None
    if told["policy"] != policy:
        raise NotInVocabulary(FORGED, "The slate was made by another policy.")
    if not all(isclose(chance, uncertain.get(str(course_id), 1)) for course_id, chance in _chances(cleaned)):
        raise NotInVocabulary(FORGED, "The policy put these courses there with other chances.")
    return cleaned._replace(properties={**told, "slate": slate})


def _chances(cleaned: Cleaned) -> list[tuple[object, float]]:
    """The course ids with the propensities that were told, as far as they were."""
    told: Mapping[str, object] = cleaned.properties
    if cleaned.kind.name == CHOSEN:
        return [] if told.get("propensity") is None else [(cleaned.course_id, told["propensity"])]  # type: ignore[list-item]
    return list(zip(told["courses"], told.get("propensities") or (), strict=False))  # type: ignore[call-overload]
