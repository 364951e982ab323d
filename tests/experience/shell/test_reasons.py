"""Reasons name the act they come from."""

import pytest
from django.utils import translation

from zhiyue.experience.shell.reasons import in_words
from zhiyue.recommend.kinds import Reason

TITLES = {7: "统计学的直觉"}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("act", "lesson.finished", 7), "Because you finished a lesson of “统计学的直觉”"),
        (Reason("act", "course.saved", 7), "Because you saved “统计学的直觉”"),
        (Reason("act", "course.viewed", 7), "Because you looked at “统计学的直觉”"),
        (Reason("act", "course.enrolled", 7), "Because you joined “统计学的直觉”"),
        (Reason("act", "lesson.opened", 7), "Because you are reading “统计学的直觉”"),
        (Reason("similar", course_id=7), "Close to “统计学的直觉”"),
        (Reason("interest", topic="写作表达", topic_en="Writing"), "Because you care about “Writing”"),
        (Reason("interest", topic="写作表达", topic_en=""), "Because you care about “写作表达”"),
        (
            Reason("people", "course.viewed", 7, 1204),
            "1,204 people whose interests are like yours learn it or looked at it",
        ),
        (
            Reason("people", "course.viewed", 7),
            "People whose interests are like yours learn it or looked at it",
        ),
        (Reason("prerequisite", course_id=7), "Better before “统计学的直觉”"),
        (Reason("exploration"), "New here, shown to find out whom it suits"),
        (Reason("pinned"), "The academy's choice"),
        (Reason("new"), "New this week"),
        (Reason("popular", learners=1204), "1,204 people learning this week"),
        (Reason("popular", learners=1), "1 person learning this week"),
        (Reason("popular"), "A good place to begin"),
        (Reason("act", "course.saved", 8), "A good place to begin"),
    ],
)
def test_a_reason_names_its_act(reason, words):
    with translation.override("en"):
        assert in_words(reason, TITLES) == words


@pytest.mark.parametrize("kind", ["act", "similar", "prerequisite"])
def test_in_chinese_every_reason_names_a_course_in_the_marks_of_titles(kind):
    with translation.override("zh-hans"):
        assert "《统计学的直觉》" in in_words(Reason(kind, "course.viewed", 7), TITLES)
