"""What people let the academy do with what they did here: their choice, what is kept of them, and forgetting it."""

from django.db import transaction

from zhiyue.collect.erasing import forget_person, forget_samples
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.audit.services import note
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.consent.selectors import choice_of
from zhiyue.core.consent.services import choose
from zhiyue.core.kit import clock
from zhiyue.product.learning.corrections import forget_unused
from zhiyue.product.learning.places import spend

# Either lets the academy know a member by what they did before they signed in.
JOINING = Purpose.ANALYTICS | Purpose.PERSONALISATION


@transaction.atomic
def choose_consent(*, actor: Actor, granted: Purpose, way: Choice.Way) -> Choice:
    """Keep what a member, or a visitor, consents to from now on. The same again changes nothing. Raises NobodyChose."""
    before = choice_of(member_id=actor.member_id, visitor=actor.visitor)
    choice = choose(member_id=actor.member_id, visitor=actor.visitor, granted=granted, way=way)
    if before is None or choice.pk != before.pk:
        chooser = Actor(member_id=actor.member_id, visitor=actor.visitor, granted=granted)
        record("consent.chosen", actor=chooser, granted=int(granted), way=way.value)
    if Purpose.ANALYTICS not in granted:
        forget_samples(member_id=actor.member_id, visitor=actor.visitor)
    return choice


@transaction.atomic
def delete_history(*, user: User) -> int:
    """Delete all that the event log holds of a member. What they own, how far they read, their list and what they said
    of topics stay: those are the service itself. Returns how many events went."""
    spend(Actor(member_id=user.pk), clock.now())
    forget_unused(Actor(member_id=user.pk))
    gone = forget_person(member_id=user.pk, visitor=None)
    subject = ("member", user.pk, user.display_name)
    note(by=user, act="member.history_deleted", subject=subject, after={"events": gone})
    return gone


@transaction.atomic
def delete_visitors_history(*, actor: Actor) -> int:
    """The same for a visitor, of whose acts no log is kept."""
    spend(Actor(visitor=actor.visitor), clock.now())
    forget_unused(Actor(visitor=actor.visitor))
    return forget_person(member_id=None, visitor=actor.visitor)
