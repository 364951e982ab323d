"""What can be told. The rooms above put their topics here when Django starts: `topic("order.paid", "An order …")`."""

import re
from collections.abc import Mapping

from django.utils.functional import Promise

# What staff try an endpoint with. It goes to whom it is sent, and nobody subscribes to it.
TRIAL = "webhook.trial"
LONGEST = 60
_NAME = re.compile(r"[a-z_]+\.[a-z_]+")

_topics: dict[str, Promise] = {}


class UnknownTopicError(Exception):
    """Nobody has put such a topic here."""


def topic(name: str, words: Promise) -> str:
    """Make known that `name` is told, and in words for people when."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise ValueError(f"A topic is called like “order.paid”, not “{name}”.")
    if name in _topics or name == TRIAL:
        raise ValueError(f"Two topics are called “{name}”; give one of them another name.")
    _topics[name] = words
    return name


def topics() -> Mapping[str, Promise]:
    """Every topic with its words, in the order in which they were put here."""
    return _topics
