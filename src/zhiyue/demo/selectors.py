"""What others may know of the demo: how far it is, whether its accounts are here, how its members live."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from zhiyue.collect.models import Event
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.kit import clock
from zhiyue.demo.accounts import ACCOUNTS
from zhiyue.demo.errors import NotInProduction
from zhiyue.demo.models import Seeding


@dataclass(frozen=True, slots=True)
class Simulation:
    """How the simulated members live. `is_filled`: the past is written and they live on; before that `done` of
    `total` steps are. `acts_today` counts what they and the visitors did since the business day began."""

    is_filled: bool
    done: int
    total: int
    members: int
    acts_today: int
    lived_until: datetime | None
    paused_at: datetime | None


def refuse_in_production() -> None:
    """Raises NotInProduction."""
    if settings.ZHIYUE_ENVIRONMENT == "production":
        raise NotInProduction


def seeding() -> Seeding | None:
    """The state of the filling; None where no demo was ever begun."""
    return Seeding.objects.first()


def simulation(*, viewer: Viewer) -> Simulation | None:
    """How the members live; None where no demo was ever begun. Raises NotAllowed, NotInProduction."""
    require(viewer, Permission.RUN_JOBS)
    refuse_in_production()
    state = seeding()
    if state is None:
        return None
    return Simulation(
        is_filled=state.finished_at is not None,
        done=state.done,
        total=state.total,
        members=User.objects.filter(is_simulated=True, is_active=True).count(),
        acts_today=Event.objects.filter(day=clock.business_day(), origin="import").count(),
        lived_until=state.lived_until,
        paused_at=state.paused_at,
    )


def demo_accounts_exist() -> bool:
    return User.objects.filter(email__in=[account.email for account in ACCOUNTS]).exists()
