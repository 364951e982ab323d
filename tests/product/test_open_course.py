"""Staff open a course from the command line."""

import pytest
from django.core.management import CommandError, call_command

from zhiyue.collect.models import Event
from zhiyue.product.commerce.models import Enrolment

pytestmark = pytest.mark.django_db


def test_a_course_is_opened_once(course, learner, capsys):
    call_command("open_course", course.slug, "LEARNER@test.example")
    call_command("open_course", course.slug, learner.email)
    assert capsys.readouterr().out.splitlines() == [
        "learner@test.example: opened",
        "learner@test.example: was open before",
    ]
    assert list(Enrolment.objects.values_list("user_id", "course_id", "source")) == [
        (learner.pk, course.pk, "granted")
    ]
    assert Event.objects.filter(name="course.enrolled").count() == 1


@pytest.mark.parametrize(
    "words", [("nowhere", "learner@test.example"), ("intuition", "learner@test.example", "x@test.example")]
)
def test_an_unknown_course_or_member_opens_nothing(course, learner, words):
    with pytest.raises(CommandError):
        call_command("open_course", *words)
    assert (Enrolment.objects.count(), Event.objects.count()) == (0, 0)
