"""Slates: reasons, reactions, limits; training and serving of artefacts; the same lists from files."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import translation

from tests.factories import lesson_of, make_course, make_member, make_visitor
from tests.recommend.teachable import TAUGHT
from zhiyue.analyse.selectors import interactions
from zhiyue.analyse.weights import INTEREST
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.services import record
from zhiyue.core.accounts.models import User
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, NOTHING, Purpose
from zhiyue.core.consent.services import choose
from zhiyue.core.jobs.registry import schedules
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course
from zhiyue.product.catalogue.selectors import course_texts
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.services import (
    dismiss_course,
    finish_lesson,
    restore_course,
    save_course,
    view_course,
)
from zhiyue.recommend import memory, offline, tasks
from zhiyue.recommend.kinds import Reason
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.policies import POLICIES
from zhiyue.recommend.selectors import knows, similar, slate
from zhiyue.recommend.services import train, train_all

pytestmark = pytest.mark.django_db


def ids(found):
    return [item.course_id for item in found.items]


def topics_of(found, courses):
    topic = {course.pk: course.topic_id for course in courses}
    return [topic[course_id] for course_id in ids(found)]


# --- reactions ---


def test_three_different_acts_give_three_different_slates_that_name_them(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    data, poems, coffee = town[0], town[4], town[8]
    before = slate(actor, k=6)

    view_course(actor=actor, course=data)
    viewed = slate(actor, k=6)
    finish_lesson(user=None, actor=actor, lesson=lesson_of(poems, "one"))
    finished = slate(actor, k=6)
    save_course(actor=actor, course=coffee)
    saved = slate(actor, k=6)

    assert [item.reason.kind for item in before.items] == ["popular"] * 6
    assert viewed.items[0].reason == Reason("act", event="course.viewed", course_id=data.pk)
    assert finished.items[0].reason == Reason("act", event="lesson.finished", course_id=poems.pk)
    assert saved.items[0].reason == Reason("act", event="course.saved", course_id=coffee.pk)
    assert len({tuple(ids(found)) for found in (before, viewed, finished, saved)}) == 4


def test_a_slate_goes_by_acts_only_while_personalisation_is_granted(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)

    def consents_to(granted):
        choose(member_id=None, visitor=visitor, granted=granted, way=Choice.Way.SETTINGS)

    consents_to(Purpose.ANALYTICS)
    view_course(actor=actor, course=town[0])
    consents_to(EVERYTHING)
    # What was done without it stays out, whatever is granted later.
    assert {item.reason.kind for item in slate(actor).items} == {"popular"}
    view_course(actor=actor, course=town[4])
    assert slate(actor).items[0].reason == Reason("act", event="course.viewed", course_id=town[4].pk)
    consents_to(NOTHING)
    assert {item.reason.kind for item in slate(actor).items} == {"popular"}
    assert not knows(actor)
    consents_to(Purpose.PERSONALISATION)
    assert slate(actor).items[0].reason.course_id == town[4].pk


def test_a_light_act_after_heavy_ones_still_opens_the_slate(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    save_course(actor=actor, course=town[0])
    finish_lesson(user=None, actor=actor, lesson=lesson_of(town[1], "one"))
    view_course(actor=actor, course=town[12])

    assert slate(actor).items[0].reason == Reason("act", event="course.viewed", course_id=town[12].pk)


def test_of_several_acts_on_one_course_the_newest_is_named_unless_it_says_much_less(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    finish_lesson(user=None, actor=actor, lesson=lesson_of(town[0], "one"))
    save_course(actor=actor, course=town[0])
    saved = slate(actor).items[0].reason
    view_course(actor=actor, course=town[0])
    viewed_again = slate(actor).items[0].reason

    assert (saved.event, viewed_again.event) == ("course.saved", "course.saved")


def test_a_slate_can_be_had_as_it_was_before_an_act(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    record("course.viewed", actor=actor, course_id=town[0].pk)
    before = slate(actor)
    event = record("course.saved", actor=actor, course_id=town[8].pk)

    assert slate(actor, until_pk=event.pk - 1) == before
    assert slate(actor, until_pk=event.pk) == slate(actor) != before


def test_what_was_joined_or_finished_later_is_open_in_the_slate_before(town, learner):
    train_all()
    actor = Actor(member_id=learner.pk)
    view_course(actor=actor, course=town[0])
    before = ids(slate(actor))
    joined, read = (next(course for course in town if course.pk == course_id) for course_id in before[:2])
    grant_course(user=learner, course=joined)
    event = Event.objects.get(name="course.enrolled", member=learner)
    grant_course(user=learner, course=read)
    for name in ("one", "two", "three"):
        finish_lesson(user=learner, actor=actor, lesson=lesson_of(read, name))

    assert ids(slate(actor, until_pk=event.pk - 1)) == before
    assert joined.pk not in ids(slate(actor, until_pk=event.pk))
    assert read.pk in ids(slate(actor, until_pk=event.pk))
    assert not {joined.pk, read.pk} & set(ids(slate(actor)))


def test_one_act_and_one_topic_never_fill_the_slate(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    view_course(actor=actor, course=town[0])
    one_act = slate(actor, k=12)
    for course in (town[5], town[10]):
        view_course(actor=actor, course=course)
    three_acts = slate(actor, k=12)

    kinds = [item.reason.kind for item in one_act.items]
    assert kinds == sorted(kinds)
    assert 1 <= kinds.count("act") <= 4
    named = [item.reason.course_id for item in three_acts.items if item.reason.kind == "act"]
    assert max(named.count(course_id) for course_id in named) <= 4
    assert set(named) == {town[0].pk, town[5].pk, town[10].pk}
    for found in (one_act, three_acts):
        assert max(topics_of(found, town).count(topic) for topic in set(topics_of(found, town))) <= 4
        assert [item.position for item in found.items] == list(range(1, 13))
        assert len(set(ids(found))) == 12


def test_a_taken_back_save_is_nobodys_reason(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    for event in ("course.saved", "course.unsaved"):
        record(event, actor=actor, course_id=town[0].pk)

    assert {item.reason.kind for item in slate(actor).items} == {"popular"}


@pytest.mark.parametrize("minutes_ago", [8, 60 * 24 * 2])
def test_taking_a_course_off_the_list_is_as_if_it_had_never_been_on_it(town, visitor, minutes_ago):
    train_all()
    actor, moment = Actor(visitor=visitor), clock.now()

    def act(event, course, ago):
        return record(event, actor=actor, course_id=course.pk, occurred_at=moment - timedelta(minutes=ago))

    first, second = town[0], town[8]
    act("course.viewed", first, minutes_ago)
    act("course.saved", first, minutes_ago - 1)
    act("course.viewed", second, 5)
    saved = slate(actor)
    undone = act("course.unsaved", first, 1)

    found = slate(actor)
    named = [(item.reason.event, item.reason.course_id) for item in found.items if item.reason.kind == "act"]
    assert "course.saved" in [item.reason.event for item in saved.items]
    assert named[0] == ("course.viewed", second.pk)
    assert set(named) == {("course.viewed", second.pk), ("course.viewed", first.pk)}
    assert "course.saved" in [item.reason.event for item in slate(actor, until_pk=undone.pk - 1).items]


def test_what_was_saved_again_is_the_reason_again(town, visitor):
    train_all()
    actor, moment = Actor(visitor=visitor), clock.now()
    for minutes_ago, event in zip((3, 2, 1), ("course.saved", "course.unsaved", "course.saved"), strict=True):
        at = moment - timedelta(minutes=minutes_ago)
        record(event, actor=actor, course_id=town[0].pk, occurred_at=at)

    assert slate(actor).items[0].reason == Reason("act", event="course.saved", course_id=town[0].pk)


def test_a_save_and_its_taking_back_are_told_from_other_acts_by_their_weight():
    """Pairs are found by weight, so no other event may weigh what a save weighs."""
    assert INTEREST["course.unsaved"] == -INTEREST["course.saved"]
    assert [name for name, weight in INTEREST.items() if weight == INTEREST["course.saved"]] == [
        "course.saved"
    ]
    assert [name for name, weight in INTEREST.items() if weight < 0] == ["course.unsaved"]


def test_a_course_met_already_comes_only_where_nothing_else_is_left(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    met = [town[0].pk, town[4].pk]
    for course in (town[0], town[4]):
        view_course(actor=actor, course=course)

    assert not set(met) & set(ids(slate(actor, k=14)))
    whole = slate(actor, k=16)
    assert sorted(ids(whole)[14:]) == met
    assert [item.score for item in whole.items] == sorted((item.score for item in whole.items), reverse=True)


# --- what never appears ---


def test_owned_and_finished_courses_and_an_act_as_its_own_reason_never_appear(town, learner):
    train_all()
    actor = Actor(member_id=learner.pk)
    grant_course(user=learner, course=town[0])
    grant_course(user=learner, course=town[1])
    for name in ("one", "two", "three"):
        finish_lesson(user=learner, actor=actor, lesson=lesson_of(town[1], name))
    view_course(actor=actor, course=town[2])

    found = slate(actor, k=16)

    assert not {town[0].pk, town[1].pk} & set(ids(found))
    assert town[2].pk in ids(found)
    assert all(item.reason.course_id != item.course_id for item in found.items)
    assert len(found.items) == 14


def test_a_withdrawn_course_leaves_the_slates_at_once(town, visitor):
    train_all()
    gone = slate(Actor(visitor=visitor)).items[0].course_id
    type(town[0]).objects.filter(pk=gone).update(status="draft")

    assert gone not in ids(slate(Actor(visitor=visitor), k=16))
    assert gone not in ids(similar(town[5].pk, k=16))


# --- similar, popular, new, cold ---


def test_similar_courses_are_of_its_kind_and_never_itself(town):
    train_all()
    found = similar(town[0].pk, k=3)

    assert town[0].pk not in ids(found)
    assert set(topics_of(found, town)) == {town[0].topic_id}
    assert {item.reason for item in found} == {Reason("similar", course_id=town[0].pk)}


def test_the_popular_slate_counts_who_joined_or_learnt_in_the_week_before_training(courses, learner, visitor):
    looked_at, learnt, long_ago = courses[0], courses[1], courses[2]
    teller = Actor(member_id=make_member("second@test.example").pk)
    for person in (Actor(member_id=learner.pk), teller, Actor(visitor=visitor)):
        record("course.viewed", actor=person, course_id=looked_at.pk)
    for name in ("lesson.opened", "lesson.finished"):
        record(name, actor=Actor(visitor=visitor), course_id=learnt.pk, lesson_id=lesson_of(learnt, "one").pk)
    record("course.enrolled", actor=teller, course_id=learnt.pk)
    eight_days_ago = clock.now() - timedelta(days=8)
    record("course.enrolled", actor=teller, course_id=long_ago.pk, occurred_at=eight_days_ago)
    train_all()

    shown = slate(Actor(visitor=uuid4()), policy="popular")

    learners = {item.course_id: item.reason.learners for item in shown.items}
    assert {item.reason.kind for item in shown.items} == {"popular"}
    assert (learners[looked_at.pk], learners[learnt.pk], learners[long_ago.pk]) == (None, 2, None)
    assert ids(shown)[0] == looked_at.pk


def test_a_count_of_learners_is_not_shown_when_training_stopped_long_ago(courses, learner, visitor):
    record("course.enrolled", actor=Actor(member_id=learner.pk), course_id=courses[0].pk)
    train_all()
    assert slate(Actor(visitor=visitor)).items[0].reason == Reason("popular", learners=1)

    for artefact in Artefact.objects.all():
        path = Path(settings.ZHIYUE_DATA_DIR) / artefact.path
        arrays = dict(np.load(path))
        arrays["counted_at"] -= timedelta(days=2).total_seconds()
        np.savez(path, **arrays)
    Artefact.objects.update(version=Concat("version", Value("-old")), digest="")
    memory.forget()

    assert slate(Actor(visitor=visitor)).items[0].reason == Reason("popular")


def test_a_cold_academy_shows_what_members_own_and_then_the_newest(courses, learner, visitor):
    grant_course(user=learner, course=courses[5])
    fresh = make_course("fresh", topic="data", days_ago=2)

    found = slate(Actor(visitor=visitor), k=3)

    assert found.version == "cold"
    assert ids(found)[:2] == [courses[5].pk, fresh.pk]
    assert [item.reason.kind for item in found.items][:2] == ["popular", "new"]
    assert similar(courses[0].pk).version == "cold"


def test_an_academy_without_courses_has_empty_slates(db, visitor):
    assert slate(Actor(visitor=visitor)).items == ()
    assert similar(7).items == ()
    assert [artefact.policy for artefact in train_all()] == [
        "popular",
        "item-neighbours",
        "user-neighbours",
        "clusters",
        "ease",
        "walks",
        "factors",
        "sequence",
        "similar",
        "hybrid",
        "boosted",
    ]
    memory.forget()
    assert slate(Actor(visitor=visitor)).items == ()


def test_a_course_published_after_training_is_met_without_error(town, visitor):
    train_all()
    young = make_course("young", topic="data", days_ago=0)
    view_course(actor=Actor(visitor=visitor), course=young)

    assert len(slate(Actor(visitor=visitor), k=5).items) == 5
    # Nothing is known yet of what is like it, and popular courses aren't passed off as such.
    assert similar(young.pk, k=4).items == ()


def test_an_unknown_policy_is_refused(courses, visitor):
    with pytest.raises(ValueError, match="There is no policy “magic”"):
        slate(Actor(visitor=visitor), policy="magic")


# --- artefacts ---


def test_training_keeps_the_newest_three_artefacts_of_a_policy(town, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        versions = [train(policy="hybrid").version for _ in range(5)]

    rows = Artefact.objects.newest_first("hybrid")
    assert [row.version for row in rows] == versions[:1:-1]
    folder = Path(settings.ZHIYUE_DATA_DIR) / "artefacts"
    assert sorted(path.name for path in folder.iterdir()) == sorted(Path(row.path).name for row in rows)
    assert (rows[0].interactions, rows[0].items) == (160, 16)


def test_a_row_tells_how_well_the_policy_foretold_hidden_courses(town):
    metrics = train(policy="item-neighbours").metrics

    value, low, high = metrics["hr@10"]
    assert metrics["people"] == 40
    assert low <= value <= high
    assert value > 0.5


def test_an_artefact_is_arrays_only(town):
    path = Path(settings.ZHIYUE_DATA_DIR) / train(policy="hybrid").path

    with np.load(path, allow_pickle=False) as stored:
        assert all(stored[name].dtype != object for name in stored.files)


@pytest.mark.parametrize("left", [b"", b"half a file"])
def test_a_new_artefact_is_served_and_a_broken_one_is_passed_over(town, visitor, left):
    first = train(policy="hybrid")
    assert slate(Actor(visitor=visitor)).version == first.version
    second = train(policy="hybrid")
    assert slate(Actor(visitor=visitor)).version == second.version

    (Path(settings.ZHIYUE_DATA_DIR) / train(policy="hybrid").path).write_bytes(left)
    memory.forget()
    assert slate(Actor(visitor=visitor)).version == second.version


def test_while_one_thread_loads_the_others_serve_what_was_held(town, monkeypatch):
    """The new artefact is a pipe here: whoever loads it waits until somebody writes."""
    monkeypatch.setattr(memory, "CHECK_SECONDS", 60.0)
    first = train(policy="hybrid")
    memory.newest("hybrid")
    path = Path(settings.ZHIYUE_DATA_DIR) / train(policy="hybrid").path
    path.unlink()
    os.mkfifo(path)

    def ask_while_it_loads():
        with path.open("wb"):
            return others.submit(memory.newest, "hybrid").result(timeout=5.0)

    with ThreadPoolExecutor(2) as others:
        asked = others.submit(ask_while_it_loads)
        assert memory.newest("hybrid").version == first.version
        assert asked.result().version == first.version


def test_the_table_is_asked_once_a_second_at_most(town, visitor, django_assert_num_queries):
    train(policy="hybrid")
    memory.newest("hybrid")

    with django_assert_num_queries(0):
        memory.newest("hybrid")
    memory.forget()
    with django_assert_num_queries(1):
        memory.newest("hybrid")


def test_serving_a_visitor_takes_few_queries(town, visitor, django_assert_num_queries):
    train_all()
    actor = Actor(visitor=visitor)
    view_course(actor=actor, course=town[0])
    slate(actor)

    # One of them asks what the visitor consents to, which a page knows already.
    with django_assert_num_queries(7):
        slate(actor)
    with django_assert_num_queries(6):
        slate(replace(actor, granted=EVERYTHING))


# --- not for me ---


def test_what_is_not_for_somebody_is_obeyed_at_once_in_every_policy_and_edition(town, visitor):
    english = make_course("data-0-en", topic="data", language="en", edition_of="data-0")
    train_all()
    actor, other = Actor(visitor=visitor), Actor(visitor=make_visitor())
    dismiss_course(actor=actor, course=english)
    for policy in POLICIES:
        for language in ("zh-hans", "en"):
            with translation.override(language):
                assert not {town[0].pk, english.pk} & set(ids(slate(actor, k=17, policy=policy)))
                assert {town[0].pk, english.pk} & set(ids(slate(other, k=17, policy=policy)))
    restore_course(actor=actor, course=english)
    assert town[0].pk in ids(slate(actor, k=17))


def test_before_it_was_said_it_was_there(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    view_course(actor=actor, course=town[1])
    before = slate(actor, k=6)
    dismiss_course(actor=actor, course=Course.objects.get(pk=before.items[0].course_id))
    newest = Event.objects.latest("pk")
    assert ids(slate(actor, k=6, until_pk=newest.pk - 1)) == ids(before)
    assert ids(slate(actor, k=6, until_pk=newest.pk))[0] != ids(before)[0]


# --- editions ---


def test_of_two_editions_the_one_in_the_readers_language_is_shown(town, visitor):
    english = make_course("data-0-en", topic="data", language="en", edition_of="data-0")
    train_all()
    actor = Actor(visitor=visitor)
    for policy in POLICIES:
        with translation.override("zh-hans"):
            chinese_slate = ids(slate(actor, k=17, policy=policy))
        with translation.override("en"):
            english_slate = ids(slate(actor, k=17, policy=policy))
        assert town[0].pk in chinese_slate and english.pk not in chinese_slate
        assert english.pk in english_slate and town[0].pk not in english_slate
        # What has no edition in the reader's language is shown all the same.
        assert len(chinese_slate) == len(english_slate) == 16


def test_what_was_done_on_any_edition_counts_for_all_of_them(town, visitor):
    english = make_course("data-0-en", topic="data", language="en", edition_of="data-0")
    train_all()
    reader, other = Actor(visitor=visitor), Actor(visitor=make_visitor())
    with translation.override("zh-hans"):
        popular = ids(slate(reader, policy="popular", k=16))
    with translation.override("en"):
        told = ids(slate(reader, policy="popular", k=16))
    # It takes its original's place, though nobody has read it yet.
    assert told == [english.pk if pk == town[0].pk else pk for pk in popular]
    view_course(actor=reader, course=english)
    view_course(actor=other, course=town[0])
    of_reader, of_other = slate(reader, k=8), slate(other, k=8)
    assert ids(of_reader) == ids(of_other)
    assert of_reader.items[0].reason == Reason("act", event="course.viewed", course_id=english.pk)
    train_all()
    assert ids(slate(reader, k=8)) == ids(slate(other, k=8))


def test_a_translation_of_what_is_not_out_stands_for_itself(town, visitor):
    english = make_course("data-0-en", topic="data", language="en", edition_of="data-0")
    Course.objects.filter(pk=town[0].pk).update(status=Course.Status.WITHDRAWN)
    train_all()
    for policy in POLICIES:
        assert english.pk in ids(slate(Actor(visitor=visitor), k=17, policy=policy))


def test_an_edition_that_is_not_out_takes_nobodys_place(town, visitor):
    make_course("data-0-en", topic="data", language="en", edition_of="data-0", days_ago=-1)
    train_all()
    with translation.override("en"):
        assert town[0].pk in ids(slate(Actor(visitor=visitor), k=17))


def test_who_owns_or_looks_at_one_edition_is_not_shown_the_other(town, learner, visitor):
    make_course("data-0-en", topic="data", language="en", edition_of="data-0")
    english = Course.objects.get(slug="data-0-en")
    train_all()
    grant_course(user=learner, course=english)
    owned = ids(slate(Actor(member_id=learner.pk), k=17))
    beside = ids(similar(english.pk, k=17))
    assert beside
    for shown in (owned, beside, ids(similar(town[0].pk, k=17))):
        assert not {town[0].pk, english.pk} & set(shown)


def test_the_job_trains_every_policy_on_a_schedule(town):
    tasks.train()

    assert set(Artefact.objects.values_list("policy", flat=True)) == set(TAUGHT)
    assert [str(kind.timing) for kind in schedules().values() if kind.job is tasks.train] == ["every 10 min"]


# --- the same lists from files ---


def test_batch_gives_members_the_slates_of_their_home_page(town, tmp_path):
    """Every member's acts are on courses that they own, so both leave out the same courses."""
    members = list(User.objects.filter(email__startswith="p").order_by("pk"))
    for member in members:
        for place in interactions().course_id[interactions().actor_key == f"m{member.pk}"]:
            course = next(course for course in town if course.pk == place)
            grant_course(user=member, course=course)
            record(
                "lesson.opened", actor=Actor(member_id=member.pk), course_id=course.pk, lesson_id=1,
                occurred_at=clock.now() - timedelta(minutes=int(member.pk + place) % 50),
            )  # fmt: skip
    train_all()
    acts, texts = interactions(), course_texts()
    pq.write_table(
        pa.table(
            {
                "user_id": acts.actor_key.tolist(),
                "item_id": acts.course_id,
                "rating": acts.weight,
                "time": acts.occurred_at,
            }
        ),
        tmp_path / "acts.parquet",
    )
    columns = ("title", "topic", "text")
    pq.write_table(
        pa.table(
            {
                "item_id": [course.course_id for course in texts],
                **{name: [getattr(course, name) for course in texts] for name in columns},
                "tags": [" ".join(course.tags) for course in texts],
            }
        ).select(["item_id", "title", "topic", "tags", "text"]),
        tmp_path / "items.parquet",
    )
    pq.write_table(pa.table({"user_id": [f"m{member.pk}" for member in members]}), tmp_path / "users.parquet")

    for policy in TAUGHT:
        offline.batch(
            train=tmp_path / "acts.parquet", users=tmp_path / "users.parquet",
            items=tmp_path / "items.parquet", out=tmp_path / "out.parquet", k=8, policy=policy, tell=lambda _: None,
        )  # fmt: skip

        lists = {}
        for row in pq.read_table(tmp_path / "out.parquet").to_pylist():
            lists.setdefault(row["user_id"], []).append(
                (row["item_id"], pytest.approx(row["score"], abs=1e-5))
            )
        for member in members:
            shown = slate(Actor(member_id=member.pk), k=8, policy=policy)
            assert [(item.course_id, item.score) for item in shown.items] == lists[f"m{member.pk}"]


def test_a_new_member_without_acts_gets_the_popular_list(town):
    train_all()
    newcomer = make_member("newcomer@test.example")

    found = slate(Actor(member_id=newcomer.pk), k=4)

    assert [item.reason.kind for item in found.items] == ["popular"] * 4
