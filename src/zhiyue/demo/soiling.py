"""What a browser's door gets besides honest events, as the simulator invents it: it goes through the real door, so that
the quarantine of the demo has something to show."""

from datetime import date, datetime, timedelta

from zhiyue.collect.kinds import Actor
from zhiyue.collect.quarantine import DAYS
from zhiyue.collect.services import judge, keep
from zhiyue.core.consent.purposes import EVERYTHING
from zhiyue.core.consent.selectors import granted_to_many
from zhiyue.core.consent.services import import_choices
from zhiyue.core.kit import clock
from zhiyue.engine.simulate.dirt import RawBatch, dirt
from zhiyue.engine.simulate.parameters import ACADEMY

BATCHES_A_DAY = 24.0


def soil(day: date, *, after: datetime | None, until: datetime) -> int:
    """Let in what came after `after` and until `until` on `day`. Returns how many batches that were. Days of which the
    quarantine remembers nothing any more stay clean."""
    if day <= clock.days_before(clock.business_day(), DAYS):
        return 0
    start = clock.day_start(day)
    came = [
        batch
        for batch in dirt(ACADEMY, day_start=start, day=day.toordinal(), batches=BATCHES_A_DAY)
        if (start if after is None else after) < batch.received_at <= until
    ]
    _let_them_choose(came)
    for batch in came:
        actor = Actor(visitor=batch.visitor, granted=EVERYTHING)
        judged = judge(batch.events, actor=actor, user_agent=batch.user_agent, received_at=batch.received_at)
        keep(judged)
    return len(came)


def _let_them_choose(came: list[RawBatch]) -> None:
    """Who sends it has consented to everything: of others nothing would be kept to look at."""
    moments = {batch.visitor: batch.received_at - timedelta(seconds=1) for batch in came}
    _, known = granted_to_many(visitors=moments)
    import_choices(
        rows=[(None, key, EVERYTHING, moment) for key, moment in moments.items() if key not in known]
    )
