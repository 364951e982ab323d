"""What people do with courses and with each other: lists, check-ins, questions, threads, votes, ratings."""

from zhiyue.collect.vocabulary.kinds import LEARN_DAYS, SERVER, EventKind, Property, choice, row_id, word
from zhiyue.core.consent.purposes import Purpose


def _act(name: str, meaning: str, *properties: Property) -> EventKind:
    """An act on a course, done through its service."""
    return EventKind(
        name, "interact", meaning, SERVER, about="course", properties=properties, days_kept=LEARN_DAYS
    )


KINDS = (
    _act("course.saved", "A course was put on the person's list."),
    _act("course.unsaved", "A course was taken off the person's list."),
    _act("course.dismissed", "A person said that a course isn't for them: it is suggested to them no more."),
    _act("course.restored", "A course that wasn't for somebody may be suggested to them again."),
    EventKind(
        "interest.chosen",
        "interact",
        "A person said that they care about a topic.",
        SERVER,
        properties=(word("topic", most=50),),
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "interest.corrected",
        "interact",
        "A person asked to be suggested more or less of a topic; `way` “none” takes that back.",
        SERVER,
        properties=(word("topic", most=50), choice("way", "less", "more", "none")),
        days_kept=LEARN_DAYS,
    ),
    _act(
        "course.disregarded", "A person said that what they do with a course is no reason to suggest another."
    ),
    _act("course.regarded", "What somebody does with a course may be a reason for suggestions again."),
    EventKind(
        "checkin.made",
        "interact",
        "A person checked in for the day; `streak` is how many days in a row that makes.",
        SERVER,
        properties=(Property("streak", "int", least=1, most=36_600),),
        days_kept=LEARN_DAYS,
    ),
    _act("question.asked", "A question about a course was asked.", row_id("question")),
    _act("answer.given", "A question was answered.", row_id("question"), row_id("answer")),
    _act("answer.accepted", "An answer was accepted by who had asked.", row_id("question"), row_id("answer")),
    _act("thread.opened", "A thread of a course's forum was opened.", row_id("thread")),
    _act("reply.written", "A reply was written in a thread.", row_id("thread"), row_id("reply")),
    _act(
        "vote.cast",
        "A vote was cast; `way` “none” takes one back.",
        choice("on", "question", "answer", "thread", "reply", "review"),
        row_id("target"),
        choice("way", "up", "down", "none"),
    ),
    EventKind(
        "follow.begun",
        "interact",
        "A person began to follow a teacher, a topic, a thread or another member.",
        SERVER,
        properties=(choice("what", "teacher", "topic", "thread", "member"), row_id("target")),
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "follow.ended",
        "interact",
        "A person follows somebody or something no longer.",
        SERVER,
        properties=(choice("what", "teacher", "topic", "thread", "member"), row_id("target")),
        days_kept=LEARN_DAYS,
    ),
    _act("rating.given", "A course was rated.", Property("stars", "int", least=1, most=5)),
    _act(
        "review.written",
        "A review of a course was written; `letters` is how long it is.",
        Property("stars", "int", least=1, most=5),
        Property("letters", "int", least=1, most=10_000),
    ),
    EventKind(
        "satisfaction.asked",
        "interact",
        "A person was asked how satisfied they are.",
        SERVER,
        properties=(word("survey", most=40), word("place", most=40)),
        serves=Purpose.ANALYTICS,
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "satisfaction.answered",
        "interact",
        "A person said how satisfied they are, from 0 to 10.",
        SERVER,
        properties=(
            word("survey", most=40),
            word("place", most=40),
            Property("score", "int", most=10),
            Property("has_words", "bool", required=False),
        ),
        serves=Purpose.ANALYTICS,
        days_kept=LEARN_DAYS,
    ),
    EventKind(
        "gift.made",
        "interact",
        "A member made a link by which friends read a lesson of theirs.",
        SERVER,
        about="lesson",
        properties=(row_id("gift"),),
    ),
    EventKind(
        "gift.opened",
        "interact",
        "A friend opened a lesson that was given to them.",
        SERVER,
        about="lesson",
        properties=(row_id("gift"),),
    ),
)
