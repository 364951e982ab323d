"""Staff open a course from the command line."""

import pytest
from django.core.management import CommandError, call_command

from zhiyue.collect.models import Event
from zhiyue.core.audit.models import AuditEntry
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import Enrolment

pytestmark = pytest.mark.django_db


def test_a_course_is_opened_once(course, learner, capsys):
    call_command("open_course", course.slug, "LEARNER@test.example", "--why", "转账已到")
    call_command("open_course", course.slug, learner.email, "--why", "再来一次")
    assert capsys.readouterr().out.splitlines() == [
        "learner@test.example: opened",
        "learner@test.example: was open before",
    ]
    assert list(Enrolment.objects.values_list("user_id", "course_id", "source")) == [
        (learner.pk, course.pk, "granted")
    ]
    assert Event.objects.filter(name="course.enrolled").count() == 1
    noted = AuditEntry.objects.get()
    assert (noted.act, noted.by_id, noted.by_name, noted.why) == (
        "course.granted",
        None,
        "console",
        "转账已到",
    )
    assert (noted.subject_id, noted.after) == (
        str(learner.pk),
        {"course": course.title, "course_id": course.pk},
    )


def test_a_draft_is_opened_for_nobody(course, learner):
    Course.objects.update(status=Course.Status.DRAFT)
    with pytest.raises(CommandError, match="is a draft"):
        call_command("open_course", course.slug, learner.email, "--why", "转账")
    assert (Enrolment.objects.count(), Event.objects.count(), AuditEntry.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize(
    "words",
    [
        ("nowhere", "learner@test.example", "--why", "转账"),
        ("intuition", "learner@test.example", "x@test.example", "--why", "转账"),
        ("intuition", "learner@test.example", "--why", " "),
        ("intuition", "learner@test.example"),
    ],
)
def test_an_unknown_course_or_member_or_no_reason_opens_nothing(course, learner, words):
    with pytest.raises(CommandError):
        call_command("open_course", *words)
    assert (Enrolment.objects.count(), Event.objects.count(), AuditEntry.objects.count()) == (0, 0, 0)
