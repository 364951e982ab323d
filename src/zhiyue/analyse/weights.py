"""How much each event says about a person's interest in a course. An analyst tunes it here."""

HALF_LIFE_DAYS = 30.0
"""After so many days an act counts half."""

INTEREST: dict[str, float] = {
    "course.viewed": 1.0,
    "slate.chosen": 0.5,
    "lesson.opened": 1.5,
    "lesson.progressed": 0.2,
    "lesson.finished": 4.0,
    "course.saved": 3.0,
    "course.unsaved": -3.0,
    "course.enrolled": 6.0,
}
"""Weight per act, dimensionless; a course's sum below zero counts as zero."""
