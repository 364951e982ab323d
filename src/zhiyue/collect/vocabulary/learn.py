"""Learning: lessons and live sessions."""

from zhiyue.collect.vocabulary.kinds import BROWSER, LEARN_DAYS, SERVER, EventKind, Property, row_id
from zhiyue.core.consent.purposes import Purpose

KINDS = (
    EventKind(
        "lesson.opened",
        "learn",
        "A lesson was opened by somebody who may read it.",
        SERVER,
        about="lesson",
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "lesson.started",
        "learn",
        "A person opened a lesson for the first time.",
        SERVER,
        about="lesson",
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "lesson.progressed",
        "learn",
        "Active reading time, sent every few seconds while the lesson is in view.",
        BROWSER,
        about="lesson",
        properties=(Property("percent", "int", most=100), Property("seconds", "int", most=60)),
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "lesson.finished", "learn", "A lesson was finished.", SERVER, about="lesson", days_kept=LEARN_DAYS
    ),
    EventKind(
        "live.joined",
        "learn",
        "A person came into a live session.",
        SERVER,
        about="course",
        properties=(row_id("session"),),
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "live.left",
        "learn",
        "A person left a live session, after so many seconds in it.",
        SERVER,
        about="course",
        properties=(row_id("session"), Property("seconds", "int", most=86_400)),
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "live.hand_raised",
        "learn",
        "A person raised their hand in a live session.",
        SERVER,
        about="course",
        properties=(row_id("session"),),
        serves=Purpose.ANALYTICS,
        days_kept=LEARN_DAYS,
    ),
)
