"""Looking around: pages, courses, shelves, the search, previews and offers."""

from zhiyue.collect.vocabulary.kinds import BROWSE_DAYS, BROWSER, SERVER, EventKind, Property, money, word
from zhiyue.core.consent.purposes import Purpose

MOST_SHOWN = 40
# Also what experiments compare policies by.
_SLATES_SERVE = Purpose.ANALYTICS | Purpose.PERSONALISATION | Purpose.EXPERIMENTS
# Browsers tell the slate as it was signed for them (`collect.slates`), which is longer than its name.
_SLATE = (word("slate", most=600), word("policy", most=60))
# Never believed of browsers: taken from the signature, where it was made for who tells. A choice has the id and the
# business day of the showing it was made from. Where the policy was drawn by lot for the person's day: in which
# contest, and with which chance.
_SHOWING = (
    word("made_on", most=10, required=False),
    word("showing", most=16, required=False),
    Property("contest", "int", least=1, most=2**31 - 1, required=False),
    Property("policy_chance", "number", least=1e-9, most=1, required=False),
)
# The chance with which the policy puts this course there: 1 where it leaves nothing to chance, never 0.
_PROPENSITY = Property("propensity", "number", least=1e-9, most=1, required=False)
_PERCENT = Property("percent", "int", most=100)
_SECONDS = Property("seconds", "int", most=60)

KINDS = (
    EventKind(
        "page.viewed",
        "browse",
        "A page was looked at.",
        BROWSER,
        properties=(word("path", most=300),),
        serves=Purpose.ANALYTICS,
        days_kept=BROWSE_DAYS,
    ),
    EventKind(
        "course.viewed",
        "browse",
        "The page of a course was opened.",
        SERVER,
        about="course",
        days_kept=BROWSE_DAYS,
    ),
    EventKind(
        "slate.shown",
        "browse",
        "A shelf of recommendations came into view; its courses stand in their order.",
        BROWSER,
        properties=(
            *_SLATE,
            *_SHOWING,
            Property("courses", "int_list", least=1, most=MOST_SHOWN),
            Property("propensities", "number_list", least=1e-9, most=1, required=False, along="courses"),
        ),
        serves=_SLATES_SERVE,
        days_kept=BROWSE_DAYS,
    ),
    EventKind(
        "slate.chosen",
        "browse",
        "A recommended course was chosen from a shelf.",
        BROWSER,
        about="course",
        properties=(*_SLATE, *_SHOWING, Property("position", "int", least=1, most=MOST_SHOWN), _PROPENSITY),
        serves=_SLATES_SERVE,
        days_kept=BROWSE_DAYS,
    ),
    EventKind(
        "search.made",
        "browse",
        "Somebody searched the academy; `found` is how much was found, 0 where nothing was.",
        SERVER,
        properties=(word("words", most=60), Property("found", "int", most=100_000)),
        days_kept=BROWSE_DAYS,
    ),
    EventKind(
        "search.chosen",
        "browse",
        "Something found by a search was opened.",
        BROWSER,
        properties=(
            word("words", most=60),
            word("kind", most=12),
            Property("position", "int", least=1, most=500),
        ),
        days_kept=BROWSE_DAYS,
    ),
    EventKind(
        "offer.seen",
        "browse",
        "The price of a course came into view.",
        BROWSER,
        about="course",
        properties=(money("price_fen"), money("list_price_fen", required=False)),
        days_kept=BROWSE_DAYS,
    ),
    EventKind(
        "preview.started",
        "browse",
        "A preview of a lesson was begun.",
        BROWSER,
        about="lesson",
        days_kept=BROWSE_DAYS,
    ),
    EventKind(
        "preview.progressed",
        "browse",
        "Active time in a preview, sent every few seconds while it is in view.",
        BROWSER,
        about="lesson",
        properties=(_PERCENT, _SECONDS),
        days_kept=BROWSE_DAYS,
    ),
    EventKind(
        "preview.ended",
        "browse",
        "A preview was left or came to its end.",
        BROWSER,
        about="lesson",
        properties=(_PERCENT,),
        days_kept=BROWSE_DAYS,
    ),
)
