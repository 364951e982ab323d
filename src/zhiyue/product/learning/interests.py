"""Writes of interests: the topics a person says they care about."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.product.catalogue.models import Topic
from zhiyue.product.learning.corrections import want_again
from zhiyue.product.learning.models import Interest


@transaction.atomic
def choose_interests(*, actor: Actor, topic_slugs: Collection[str]) -> list[Topic]:
    """Make these the person's interests, and no others; what is no topic is left out. Only new ones are recorded. Who
    wanted less of one of them wants it no longer."""
    if actor.is_nobody:
        return []
    chosen = list(Topic.objects.filter(slug__in=list(topic_slugs)))
    want_again(actor, chosen)
    own = Interest.objects.owned_by(actor)
    own.exclude(topic__in=chosen).delete()
    known = set(own.values_list("topic_id", flat=True))
    for topic in chosen:
        if topic.pk not in known:
            _, is_new = Interest.objects.get_or_make(actor, topic=topic)
            if is_new:
                record("interest.chosen", actor=actor, topic=topic.slug)
    return chosen


@transaction.atomic
def bring_interests(*, user: User, visitor: UUID) -> None:
    """A visitor's interests become the member's; those of both are one."""
    for theirs in Interest.objects.filter(visitor=visitor):
        Interest.objects.get_or_create(
            user=user, topic_id=theirs.topic_id, defaults={"chosen_at": theirs.chosen_at}
        )
    Interest.objects.filter(visitor=visitor).delete()
