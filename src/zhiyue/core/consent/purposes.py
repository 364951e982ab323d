"""What a person may be asked to consent to, and the version of the words they are asked with."""

from enum import IntFlag


class Purpose(IntFlag):
    """A use of what somebody does. Stored as one number, so a value keeps its meaning for ever."""

    ANALYTICS = 1
    PERSONALISATION = 2
    MESSAGES = 4
    EXPERIMENTS = 8


PURPOSES = tuple(Purpose)
NOTHING = Purpose(0)
EVERYTHING = Purpose.ANALYTICS | Purpose.PERSONALISATION | Purpose.MESSAGES | Purpose.EXPERIMENTS

# Raised with every change of the words that explain the purposes.
VERSION = 3
# Choices made with older words than these no longer hold, and people are asked again: raised where a purpose itself
# changed, not for a better wording.
HOLDS_SINCE_VERSION = 1
# A visitor's choice is asked for again after so long; their key lives no longer either.
VISITOR_HOLDS_DAYS = 365
