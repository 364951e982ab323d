"""How much each event is worth: for interest in a course, and for activity. An analyst tunes it here."""

from zhiyue.engine.activity import Definition

HALF_LIFE_DAYS = 30.0
"""After so many days an act says half as much about a person's interest."""

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
"""Interest in the act's course, dimensionless; a course's sum below zero counts as zero."""

ACTIVITY_POINTS: dict[str, float] = {
    "page.viewed": 0.2,
    "slate.chosen": 0.5,
    "course.viewed": 1.0,
    "course.saved": 2.0,
    "course.enrolled": 10.0,
    "lesson.opened": 1.0,
    "lesson.finished": 3.0,
}
"""Points an event earns its member in the family that the vocabulary gives it."""

ACTIVITY_POINTS_PER_MINUTE: dict[str, float] = {"lesson.progressed": 0.5}
"""Points a minute of active time: how long, not only how often."""

ACTIVITY = Definition(
    version="1",
    shares={"browse": 0.2, "buy": 0.2, "learn": 0.4, "interact": 0.2},
    scales={"browse": 10.0, "buy": 10.0, "learn": 20.0, "interact": 6.0},
)
