"""Writes what simulated people did into the product, by one bulk service of each app. Nothing else here writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import transaction

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import import_history
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.services import import_members
from zhiyue.demo import consents, halfway, roster
from zhiyue.demo.acted import OPENING, Act, acts_of, prices_of, rightful, trial_days
from zhiyue.demo.living import LivedDay
from zhiyue.demo.models import Presence
from zhiyue.demo.ordering import Till
from zhiyue.demo.roster import Figure
from zhiyue.demo.telling import ENDS, Told, events_of
from zhiyue.engine.simulate.kinds import NONE, Acts, Kind
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.imports.past_lending import (
    PastGift,
    PastTrial,
    gift_ids,
    import_gifts,
    import_openings,
    import_trials,
)
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.imports.past_shares import enter_past
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.services import import_enrolments
from zhiyue.product.learning.kinds import PastProgress
from zhiyue.product.learning.services import bring_history, import_progress, import_saved

_AT_THE_TILL = ENDS | {Kind.CHECKOUT}


@dataclass(slots=True)
class _Reading:
    """What one person did in one lesson."""

    percent: int = 0
    finished_at: datetime | None = None
    opened_at: datetime | None = field(default=None)


@transaction.atomic
def write(lived: LivedDay, *, after: datetime | None, until: datetime) -> int:
    """Write what happened after `after` (None: from the day's beginning) and until `until`, as if the pages had been
    used. Who joins in between becomes a member first. Returns how many events were new."""
    figures = _with_members(lived, after, until)
    acts = rightful(list(acts_of(lived, figures, after, until)), lived)
    consents.put_visitors(_came(acts, lived.acts, figures))
    present = {one.actor.member_id for one in acts if one.actor.member_id is not None}
    Presence.objects.bulk_create(
        [Presence(member_id=who, day=lived.day) for who in sorted(present)], ignore_conflicts=True
    )
    prices = prices_of(lived)
    import_enrolments(
        rows=[
            (one.actor.member_id, one.course, one.at)
            for one in acts
            if one.kind == Kind.ENROL and one.actor.member_id and not prices[one.course]
        ],
        source=Enrolment.Source.FREE,
    )
    import_trials(_trials(acts, lived))
    gifts = _put_gifts(acts, lived)
    orders, asked = _orders(acts, lived, prices)
    ordered = import_orders(rows=orders)
    enter_past(ordered.orders)
    import_saved(
        rows=[
            (one.actor.member_id, one.course, one.at)
            for one in acts
            if one.kind == Kind.SAVE and one.actor.member_id
        ]
    )
    progress = _progress(acts, lived.acts)
    keys = {one.member_id: one.visitor for one in figures if one.member_id is not None}
    halfway.remember(progress, keys, day=lived.day)
    import_progress(rows=progress)
    told = Told(prices, asked, gifts)
    written = ordered.events + import_history(events=events_of(acts, lived, told))
    _bring_histories(acts, figures, lived.acts)
    return written


def _trials(acts: Sequence[Act], lived: LivedDay) -> list[PastTrial]:
    return [
        PastTrial(
            one.actor.member_id,
            one.at,
            trial_days(one, lived),
            course_id=one.course or None,
            plan_id=one.plan or None,
        )
        for one in acts
        if one.kind == Kind.TRY and one.actor.member_id is not None
    ]


def _put_gifts(acts: Sequence[Act], lived: LivedDay) -> dict[int, int]:
    """Gifts that were made, and who opened which. The ids of the day's gifts, by their rows."""
    made = [
        PastGift(lived.gifts[one.gift].secret, one.actor.member_id, one.lesson, one.at)
        for one in acts
        if one.kind == Kind.GIVE and one.actor.member_id is not None
    ]
    opened = [one for one in acts if one.kind == Kind.RECEIVE and one.actor.visitor is not None]
    import_gifts(made)
    secrets = {lived.gifts[one.gift].secret: one.gift for one in acts if one.gift != NONE}
    ids = {secrets[secret]: pk for secret, pk in gift_ids(secrets).items()}
    import_openings({(ids[one.gift], one.actor.visitor): one.at for one in opened if one.actor.visitor})
    return ids


def _orders(
    acts: Sequence[Act], lived: LivedDay, prices: Mapping[int, int]
) -> tuple[list[PastOrder], dict[int, int]]:
    """What came to its end, paid at the pretended till or not; and what was asked for at the checkout, by the row."""
    buying = [one for one in acts if one.kind in _AT_THE_TILL and one.actor.member_id is not None]
    till = Till([one.actor.member_id for one in buying if one.actor.member_id is not None], prices)
    wanted = {one.course for one in buying if one.course}
    titles = dict(Course.objects.filter(pk__in=wanted).values_list("pk", "title"))
    orders: list[PastOrder] = []
    asked: dict[int, int] = {}
    for one in buying:
        member = one.actor.member_id or 0
        placed_at = one.at - timedelta(seconds=int(lived.acts.seconds[one.row]))
        if one.plan:
            sold = till.plan(member, one.plan, placed_at)
        elif one.bundle:
            sold = till.bundle(member, one.bundle, placed_at)
        else:
            sold = till.course(member, one.course, placed_at, titles[one.course])
        if one.kind == Kind.CHECKOUT:
            asked[one.row] = sold.total_fen
            continue
        is_paid = one.kind == Kind.PAY
        if is_paid:
            till.pay(member, sold, one.at)
        who = lived.figures[int(lived.acts.person[one.row])].key
        name = uuid5(NAMESPACE_OID, f"order {who} {one.at.isoformat()} {one.course}").hex[:20]
        orders.append(
            PastOrder(
                outside_number=f"demo-{name}",
                member_id=member,
                course_id=one.course or None,
                total_fen=sold.total_fen,
                placed_at=placed_at,
                paid_at=one.at if is_paid else None,
                ended_at=None if is_paid else one.at,
                via=sandbox.NAME,
                sold=sold,
            )
        )
    return orders, asked


def _with_members(lived: LivedDay, after: datetime | None, until: datetime) -> list[Figure]:
    """The day's people, those who join meanwhile as members."""
    figures = list(lived.figures)
    new = [
        n
        for n, figure in enumerate(figures)
        if figure.joined_at is not None
        and figure.member_id is None
        and (after is None or figure.joined_at > after)
        and figure.joined_at <= until
    ]
    if new:
        made = import_members(people=[roster.person(figures[n]) for n in new])
        for n, user in zip(new, made, strict=True):
            figures[n] = replace(figures[n], member_id=user.pk)
        consents.put_members([figures[n] for n in new])
    return figures


def _came(
    acts: Sequence[Act], columns: Acts, figures: Sequence[Figure]
) -> dict[UUID, tuple[Figure, datetime]]:
    """Who looked round without an account, and when they came."""
    came: dict[UUID, tuple[Figure, datetime]] = {}
    for one in acts:
        if one.actor.visitor is not None:
            figure, at = figures[int(columns.person[one.row])], one.at
            earlier = came.get(one.actor.visitor)
            if earlier is None or at < earlier[1]:
                came[one.actor.visitor] = (figure, at)
    return came


def _progress(acts: Sequence[Act], columns: Acts) -> list[PastProgress]:
    """Of each lesson and person the furthest percent, the first finish, the last opening."""
    found: dict[tuple[Actor, int], _Reading] = {}
    for one in acts:
        if not one.lesson or one.kind in OPENING:
            continue
        reading = found.setdefault((one.actor, one.lesson), _Reading())
        reading.percent = max(reading.percent, int(columns.percent[one.row]))
        if one.kind == Kind.OPEN:
            reading.opened_at = one.at
        elif one.kind == Kind.FINISH:
            reading.percent, reading.finished_at = 100, reading.finished_at or one.at
        reading.opened_at = reading.opened_at or one.at
    return [
        PastProgress(actor, lesson, reading.percent, reading.finished_at, reading.opened_at)
        for (actor, lesson), reading in found.items()
        if reading.opened_at is not None
    ]


def _bring_histories(acts: Sequence[Act], figures: Sequence[Figure], columns: Acts) -> None:
    """What somebody did as a visitor becomes theirs at joining."""
    whose = [figures[int(columns.person[one.row])] for one in acts if one.kind == Kind.JOIN]
    users = User.objects.in_bulk([figure.member_id for figure in whose if figure.member_id])
    came = roster.came_before(whose)
    for figure, did in zip(whose, came, strict=True):
        if did and figure.member_id:
            bring_history(user=users[figure.member_id], visitor=figure.visitor)
