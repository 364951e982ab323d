"""The event log as xAPI statements, for a learning record store or another academy."""

import hmac
import json
from collections.abc import Iterator
from datetime import date
from hashlib import sha256

from django.conf import settings

from zhiyue.collect.models import Event
from zhiyue.collect.xapi import VERBS, Subject, to_statement
from zhiyue.core.accounts.models import User
from zhiyue.core.consent.purposes import Purpose
from zhiyue.product.catalogue.models import Course, Lesson


def statements(*, base: str, since: date | None, until: date | None, named: bool) -> Iterator[str]:
    """A line of JSON for each event of the business days from `since` to `until` that may be analysed, oldest first.

    People appear under a pseudonym that only this academy can make, with `named` by their address, phone or user name;
    visitors always under a pseudonym. `base` is the academy's address, without a slash at its end.
    """
    courses = dict(Course.objects.values_list("pk", "slug"))
    lessons = dict(Lesson.objects.values_list("pk", "slug"))
    people = {pk: next(filter(None, names)) for pk, *names in _names()} if named else {}
    events = Event.objects.serving(Purpose.ANALYTICS).order_by("pk")
    if since:
        events = events.filter(day__gte=since)
    if until:
        events = events.filter(day__lte=until)
    # A kind that has left the table of events has no verb any more.
    for event in events.filter(name__in=list(VERBS)).iterator(chunk_size=2000):
        about = Subject(courses.get(event.course_id or 0, ""), lessons.get(event.lesson_id or 0, ""))
        statement = to_statement(
            event_id=event.event_id,
            name=event.name,
            person=people.get(event.member_id or 0) or _pseudonym(event),
            about=about,
            properties=event.properties,
            occurred_at=event.occurred_at,
            base=base,
        )
        yield json.dumps(statement, ensure_ascii=False)


def _names() -> Iterator[tuple[int, str | None, str | None, str | None]]:
    yield from User.objects.values_list("pk", "email", "phone", "username").iterator()


def _pseudonym(event: Event) -> str:
    who = f"m{event.member_id}" if event.member_id is not None else f"v{event.visitor}"
    return hmac.new(settings.SECRET_KEY.encode(), f"xapi {who}".encode(), sha256).hexdigest()[:20]
