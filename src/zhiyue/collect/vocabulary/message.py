"""Messages that the academy sends of itself, and what becomes of them."""

from zhiyue.collect.vocabulary.kinds import (
    SERVER,
    TALK_DAYS,
    EventKind,
    Property,
    choice,
    row_id,
    word,
)
from zhiyue.core.consent.purposes import Purpose

_MESSAGE = (
    row_id("message"),
    word("campaign", most=40),
    choice("channel", "mail", "sms", "site", "push"),
)


def _step(name: str, meaning: str, *more: Property, is_necessary: bool = False) -> EventKind:
    return EventKind(
        name,
        "message",
        meaning,
        SERVER,
        properties=(*_MESSAGE, *more),
        serves=Purpose.MESSAGES,
        is_necessary=is_necessary,
        days_kept=TALK_DAYS,
    )


KINDS = (
    _step("message.sent", "A message was sent to a person."),
    _step("message.opened", "A message was opened."),
    _step("message.acted", "A person did what a message invited to.", word("act", most=40)),
    # Kept always: that somebody wants no more of them must not be forgotten with their consent.
    _step("message.stopped", "A person stopped messages like this one.", is_necessary=True),
)
