"""Turns of a conversation with support. What was said is not in the log: the conversation itself keeps it."""

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


def _turn(name: str, meaning: str, *properties: Property) -> EventKind:
    return EventKind(
        name,
        "support",
        meaning,
        SERVER,
        properties=(row_id("conversation"), *properties),
        serves=Purpose.ANALYTICS,
        days_kept=TALK_DAYS,
    )


_WHO = choice("who", "bot", "agent")

KINDS = (
    _turn("support.opened", "A conversation with support was opened."),
    _turn("support.asked", "A person wrote to support.", Property("letters", "int", least=1, most=10_000)),
    _turn(
        "support.answered",
        "Support answered; `skill` is what the bot answered by, `sureness` how sure it was.",
        _WHO,
        word("skill", most=40, required=False),
        Property("sureness", "number", most=1, required=False),
        Property("waited_seconds", "number", most=10**7, required=False),
    ),
    _turn("support.handed_over", "A conversation went from the bot to an agent.", word("reason", most=40)),
    _turn("support.closed", "A conversation was closed.", Property("is_solved", "bool", required=False)),
)
