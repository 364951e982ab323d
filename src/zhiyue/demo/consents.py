"""What simulated people choose when they are asked for consent: fixed for each, like their nature."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from zhiyue.core.consent.purposes import EVERYTHING, NOTHING, Purpose
from zhiyue.core.consent.selectors import granted_to_many
from zhiyue.core.consent.services import import_choices
from zhiyue.demo.roster import Figure
from zhiyue.engine.simulate import chance

_ANALYTICS_AND_PERSONAL = Purpose.ANALYTICS | Purpose.PERSONALISATION
# What people choose where both answers take one tap, up to which share of them; None goes by without choosing. The
# shares are our guess: who signs up has decided to stay, who passes by mostly hasn't.
_MEMBERS: Sequence[tuple[float, Purpose | None]] = (
    (0.80, EVERYTHING),
    (0.88, _ANALYTICS_AND_PERSONAL),
    (0.92, Purpose.ANALYTICS),
    (1.0, NOTHING),
)
_VISITORS: Sequence[tuple[float, Purpose | None]] = (
    (0.52, EVERYTHING),
    (0.62, _ANALYTICS_AND_PERSONAL),
    (0.85, NOTHING),
    (1.0, None),
)


def granted_by(figure: Figure) -> Purpose | None:
    """What this person chooses; None where they never do."""
    drawn = chance.key("consent", figure.key) / 2**64
    table = _VISITORS if figure.joined_at is None else _MEMBERS
    return next(granted for share, granted in table if drawn <= share)


def put_members(joined: Sequence[Figure]) -> None:
    """New members choose as they join."""
    import_choices(
        rows=[
            (figure.member_id, None, granted, figure.joined_at)
            for figure in joined
            if figure.joined_at is not None and (granted := granted_by(figure)) is not None
        ]
    )


def put_visitors(came: dict[UUID, tuple[Figure, datetime]]) -> None:
    """Visitors choose as they come, at the moment given, once."""
    _, known = granted_to_many(visitors=came)
    import_choices(
        rows=[
            (None, key, granted, at)
            for key, (figure, at) in came.items()
            if key not in known and (granted := granted_by(figure)) is not None
        ]
    )
