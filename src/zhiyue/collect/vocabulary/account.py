"""Coming in, and what a person chose to consent to."""

from zhiyue.collect.vocabulary.kinds import (
    LEARN_DAYS,
    ORDER_DAYS,
    SERVER,
    SIGN_IN_DAYS,
    EventKind,
    Property,
    choice,
)
from zhiyue.core.consent.purposes import EVERYTHING, Purpose

KINDS = (
    EventKind(
        "member.signed_up",
        "account",
        "A visitor became a member.",
        SERVER,
        is_necessary=True,
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "member.signed_in",
        "account",
        "A member signed in.",
        SERVER,
        is_necessary=True,
        days_kept=SIGN_IN_DAYS,
    ),
    EventKind(
        "consent.chosen",
        "account",
        "A person chose what they consent to; `granted` holds the bits of the purposes.",
        SERVER,
        properties=(
            Property("granted", "int", most=int(EVERYTHING)),
            choice("way", "bar", "settings", "sign_up", "api", "sign_in", "import"),
        ),
        serves=Purpose.ANALYTICS,
        is_necessary=True,
        days_kept=ORDER_DAYS,
    ),
)
