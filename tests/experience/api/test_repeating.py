"""Asking twice: idempotency keys, and the answers that are kept for them."""

from threading import Barrier, Thread

import pytest
from django.db import connection
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from tests.factories import make_course
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event, Quarantined
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.kit import clock
from zhiyue.experience.api import repeating
from zhiyue.experience.api.models import KeptAnswer
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.learning.models import SavedCourse
from zhiyue.product.learning.services import save_course

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


def test_a_request_that_lost_its_key_to_a_later_one_does_nothing(learner, course, program):
    @repeating.repeatable
    def slow(view, request):
        KeptAnswer.objects.all().delete()
        save_course(actor=Actor(member_id=learner.pk), course=course)
        return Response({}, status=201)

    asked = APIRequestFactory().post("/api/v1/slow", {}, format="json", headers={"idempotency-key": "k1"})
    asked.viewer = Viewer(user=learner, visitor=None)
    with pytest.raises(repeating.StillRunning):
        slow(None, Request(asked))
    assert (SavedCourse.objects.count(), KeptAnswer.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_once_with_one_key_one_is_done(learner, program):
    make_course("free")
    clients = [program(learner) for _ in range(4)]
    barrier, answers = Barrier(4), []

    def ask(client) -> None:
        barrier.wait(timeout=20)
        try:
            answers.append(join(client, "free", "k1"))
        finally:
            connection.close()

    threads = [Thread(target=ask, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    told = [(answer.status_code, answer.headers.get("Idempotency-Replayed")) for answer in answers]
    assert (len(told), told.count((201, None))) == (4, 1)
    assert {*told} <= {(201, None), (201, "true"), (409, None)}
    assert Event.objects.filter(name="course.enrolled").count() == 1


def test_events_sent_again_with_their_key_are_answered_again(learner, stranger, program):
    batch = {"events": [{"name": "nothing.such"}]}

    def tell(client, events=batch):
        return client.post("/api/v1/events", events, "application/json", headers={"idempotency-key": "k1"})

    client = program(learner)
    first, again = tell(client), tell(client)
    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
    assert tell(client, {"events": [{}]}).json()["code"] == "key_reused"
    assert "Idempotency-Replayed" not in tell(program(stranger))
    assert Quarantined.objects.count() == 2


def test_a_key_is_of_one_address(learner, program):
    make_course("free")
    client = program(learner)
    join(client, "free", "k1")
    told = client.post(
        "/api/v1/events", {"events": [{}]}, "application/json", headers={"idempotency-key": "k1"}
    )
    assert (told.status_code, "Idempotency-Replayed" in told) == (202, False)


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


def test_a_key_older_than_a_day_is_a_new_one_even_before_the_sweep(learner, program):
    make_course("free"), make_course("other")
    client = program(learner)
    join(client, "free", "k1")
    KeptAnswer.objects.update(made_at=clock.now() - repeating.KEEP * 1.01)
    assert join(client, "other", "k1").status_code == 201
    assert [kept.body["course"] for kept in KeptAnswer.objects.all()] == ["other"]


def test_answers_are_forgotten_after_a_day(learner, program):
    make_course("free")
    client = program(learner)
    join(client, "free", "k1")
    repeating.forget_answers()
    assert KeptAnswer.objects.count() == 1
    KeptAnswer.objects.update(made_at=clock.now() - repeating.KEEP * 1.01)
    repeating.forget_answers()
    assert not KeptAnswer.objects.exists()
