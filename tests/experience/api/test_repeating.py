"""Asking twice: idempotency keys, and the answers that are kept for them."""

import pytest

from tests.factories import make_course
from zhiyue.collect.models import Event
from zhiyue.core.kit import clock
from zhiyue.experience.api import repeating
from zhiyue.experience.api.models import KeptAnswer
from zhiyue.product.commerce.models import Enrolment

pytestmark = pytest.mark.django_db


def join(client, slug, key):
    return client.post(
        "/api/v1/me/courses", {"course": slug}, "application/json", headers={"idempotency-key": key}
    )


def test_a_request_sent_again_is_answered_again_and_not_done_twice(learner, program):
    make_course("free")
    client = program(learner)
    first, again = join(client, "free", "k1"), join(client, "free", "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
    assert Event.objects.filter(name="course.enrolled").count() == 1


def test_a_key_used_for_something_else_is_refused(learner, program):
    make_course("free"), make_course("other")
    client = program(learner)
    join(client, "free", "k1")
    answer = join(client, "other", "k1")
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert Enrolment.objects.count() == 1


def test_keys_belong_to_their_member(learner, stranger, program):
    make_course("free")
    assert [join(program(user), "free", "k1").status_code for user in (learner, stranger)] == [201, 201]


def test_a_first_request_that_still_runs_is_waited_for(learner, program):
    make_course("free")
    client = program(learner)
    join(client, "free", "k1")
    KeptAnswer.objects.update(status=None, body=None)
    answer = join(client, "free", "k1")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (409, "in_progress", "1")
    # One that broke off a minute ago is done anew.
    KeptAnswer.objects.update(made_at=clock.now() - 2 * repeating._LONGEST_RUN)
    assert join(client, "free", "k1").status_code == 200


def test_what_was_refused_may_be_tried_again_with_its_key(learner, course, program):
    client = program(learner)
    assert join(client, "intuition", "k1").status_code == 402
    assert not KeptAnswer.objects.exists()
    course.price_fen = 0
    course.save()
    assert join(client, "intuition", "k1").status_code == 201


def test_a_key_that_is_none_is_named(learner, program):
    answer = join(program(learner), "free", "x" * 256)
    assert [one["header"] for one in answer.json()["errors"]] == ["Idempotency-Key"]


def test_answers_are_forgotten_after_a_day(learner, program):
    make_course("free")
    client = program(learner)
    join(client, "free", "k1")
    repeating.forget_answers()
    assert KeptAnswer.objects.count() == 1
    KeptAnswer.objects.update(made_at=clock.now() - repeating.KEEP * 1.01)
    repeating.forget_answers()
    assert not KeptAnswer.objects.exists()
