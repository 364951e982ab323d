"""Whose an event is decides which of two partial indexes holds it; questions must say so in the same words."""

from uuid import uuid4

import pytest
from django.db import connection

from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.selectors import by, last_seen
from zhiyue.core.accounts.models import User

pytestmark = pytest.mark.django_db


def plan(rows):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # A table of no rows is read whole otherwise.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    return rows.explain()


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (lambda: by(Actor(member_id=1)), "event_by_member"),
        (lambda: Event.objects.filter(member__in=[1, 2, 3]), "event_by_member"),
        (lambda: User.objects.annotate(seen=last_seen()), "event_by_member"),
        (lambda: by(Actor(visitor=uuid4())), "event_by_visitor"),
        (lambda: Event.objects.filter(visitor__in=[uuid4(), uuid4()]), "event_by_visitor"),
    ],
)
def test_people_s_events_are_found_by_their_index(rows, index):
    assert index in plan(rows())
