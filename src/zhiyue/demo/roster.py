"""Who the simulated people are in the product: members, those who will join, visitors, each with their key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import numpy as np

from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.demo.people import DOMAIN, name_of
from zhiyue.engine.simulate import arrivals, chance
from zhiyue.engine.simulate.kinds import DAY_SECONDS
from zhiyue.engine.simulate.parameters import ACADEMY, Parameters


@dataclass(frozen=True, slots=True)
class Figure:
    """One simulated person. `member_id` is None for a visitor and for who hasn't joined; `joined_at` for visitors."""

    key: int
    member_id: int | None = None
    email: str = ""
    joined_at: datetime | None = None

    @property
    def visitor(self) -> UUID:
        """The pseudonymous key under which they look round without an account."""
        return UUID(int=self.key << 64 | chance.key("visitor", self.key), version=4)

    @property
    def joined_days(self) -> float:
        """The moment of joining as the model counts: days by the wall clock of the business zone."""
        return float("inf") if self.joined_at is None else wall_days(self.joined_at)


def wall_days(moment: datetime) -> float:
    """A moment as the model counts: days by the wall clock of the business zone."""
    local = moment.astimezone(clock.business_zone())
    seconds = (local.hour * 60 + local.minute) * 60 + local.second + local.microsecond / 1e6
    return local.toordinal() + seconds / DAY_SECONDS


def members() -> list[Figure]:
    """The simulated members there are. One who is banned does nothing."""
    rows = User.objects.filter(is_simulated=True, is_active=True).order_by("pk")
    return [
        Figure(chance.key(email), pk, email or "", joined_at)
        for pk, email, joined_at in rows.values_list("pk", "email", "joined_at")
    ]


def to_join(
    parameters: Parameters, *, size: int, since: date, day: date, known: Sequence[Figure]
) -> list[Figure]:
    """Those who join an academy of `size` on `day` or soon after and aren't here yet; nobody joins before `since`."""
    here = {figure.email for figure in known}
    found = []
    for ahead in range(arrivals.LOOKED_ROUND_DAYS + 1):
        joins = day + timedelta(days=ahead)
        if joins < since:
            continue
        seconds = arrivals.joiners(parameters, members=size, day=joins.toordinal())
        for number, second in enumerate(seconds.tolist()):
            email = f"m{joins:%Y%m%d}-{number:03d}@{DOMAIN}"
            if email not in here:
                moment = clock.day_start(joins) + timedelta(seconds=second)
                found.append(Figure(chance.key(email), None, email, moment))
    return found


def visitors(parameters: Parameters, *, size: int, day: date) -> list[Figure]:
    keys = arrivals.visitors(parameters, members=size, day=day.toordinal())
    return [Figure(key) for key in keys.tolist()]


def person(figure: Figure) -> tuple[str, str, datetime]:
    """What `import_members` asks for."""
    if figure.joined_at is None:
        raise ValueError("A visitor has no account.")
    return figure.email, name_of(figure.email), figure.joined_at


def keys(figures: Sequence[Figure]) -> chance.Keys:
    return np.array([figure.key for figure in figures], dtype=np.uint64)


def came_before(figures: Sequence[Figure]) -> list[bool]:
    """Whether each looked round as a visitor before joining."""
    return [bool(did) for did in arrivals.came_before(ACADEMY, keys(figures))]
