"""The lab: what a comparison says is true, and what becomes of runs."""

import csv
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.factories import make_member
from tests.recommend.teachable import TAUGHT
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import record
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.services import discard
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.engine import evaluate
from zhiyue.product.catalogue.models import Course
from zhiyue.product.learning.services import view_course
from zhiyue.recommend import lab, memory, offline
from zhiyue.recommend.asking import ask_for_run, look_at_slates
from zhiyue.recommend.compared import Cell, Comparison
from zhiyue.recommend.comparing import Tick, compare, offered
from zhiyue.recommend.errors import LabBusy, NotLookedAt, UnknownPolicy, UnknownSplit
from zhiyue.recommend.explaining import explain
from zhiyue.recommend.inputs import academy
from zhiyue.recommend.lab import KEPT_RUNS, runs
from zhiyue.recommend.models import LabRun
from zhiyue.recommend.policies import POLICIES
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db


# What is asked of one person for their slates, and to note the look.
QUERIES = 19


@pytest.fixture
def viewer(operator):
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


def ask(viewer, policies=("popular", "item-neighbours"), split="newest"):
    return ask_for_run(viewer=viewer, policies=policies, split=split)


# --- what a comparison says ---


def test_it_says_what_evaluating_the_same_files_says(town, tmp_path):
    read = academy()
    people, _ = evaluate.with_newest(read.acts, 100)
    left, relevant = evaluate.hide_newest(read.acts, people)
    with (tmp_path / "train.csv").open("w") as out:
        rows = csv.writer(out)
        rows.writerow(["user_id", "item_id", "rating", "time"])
        rows.writerows(
            zip(
                left.user.tolist(), left.item.tolist(), left.weight.tolist(), left.order.tolist(), strict=True
            )
        )
    with (tmp_path / "test.csv").open("w") as out:
        rows = csv.writer(out)
        rows.writerow(["user_id", "item_id"])
        rows.writerows(zip(people.tolist(), relevant.indices.tolist(), strict=True))
    with (tmp_path / "items.csv").open("w") as out:
        rows = csv.writer(out)
        rows.writerow(["item_id", "topic"])
        topics = [read.texts.texts["topic"][item] for item in range(read.acts.items)]
        rows.writerows(enumerate(topics))
    said = offline.evaluate(
        train=tmp_path / "train.csv",
        test=tmp_path / "test.csv",
        items=tmp_path / "items.csv",
        policies=["popular", "item-neighbours"],
        tell=lambda _: None,
    )

    found = compare(read, offered(), policies=["popular", "item-neighbours"], split="newest")

    assert (found.people, found.hidden, found.courses, found.acts) == (40, 40, 16, 120)
    for theirs in said.results:
        ours = found.of(theirs.policy)
        for name, cell in {**theirs.measures, **theirs.beyond_accuracy}.items():
            told = ours.cells[name]
            assert (told.value, told.low, told.high) == pytest.approx(
                (cell.value, cell.low, cell.high), abs=1e-6
            ), name
    best = max(said.results, key=lambda one: one.measures["ndcg@10"].value)
    other = next(one for one in said.results if one is not best)
    apart = other.against_best["ndcg@10"]
    told = found.of(other.policy).above[best.policy]
    assert (told.value, told.low, told.high) == pytest.approx((apart.value, apart.low, apart.high), abs=1e-6)
    assert found.of(best.policy).above[other.policy] == -told


def test_groups_are_told_of_from_thirty_people_on_and_add_up(town):
    found = compare(academy(), offered(), policies=["popular"], split="newest")
    segments = found.of("popular").segments
    # Of forty, ten live in each topic: too few to tell of. Three courses were left of everybody's four.
    assert {(one.of, one.key, one.people) for one in segments} == {
        ("courses", "1-3", 40),
        ("since", "new", 40),
        ("language", "zh-hans", 40),
    }
    assert {one.ndcg for one in segments} == {found.of("popular").cells["ndcg@10"]}


def test_old_hands_and_topics_are_told_apart(courses):
    begin = clock.now() - timedelta(days=50)
    for person in range(64):
        actor = Actor(member_id=make_member(f"p{person}@test.example").pk)
        # The first half came fifty days ago; the odd ones end with poems.
        first = begin if person < 32 else begin + timedelta(days=40)
        taken = (0, 1, 2, 4, 8) if person % 2 else (4, 5, 6, 0, 8)
        for step, place in enumerate(taken):
            moment = first + timedelta(hours=step)
            record("course.enrolled", actor=actor, course_id=courses[place].pk, occurred_at=moment)
    segments = compare(academy(), offered(), policies=["popular"], split="newest").of("popular").segments
    sizes = {(one.of, one.key): one.people for one in segments}
    assert sizes == {
        ("courses", "4-9"): 64,
        ("since", "new"): 32,
        ("since", "longer"): 32,
        ("language", "zh-hans"): 64,
        ("topic", "data"): 32,
        ("topic", "poems"): 32,
    }


def test_new_courses_have_the_share_of_places_that_they_have(town):
    published, now, read = Course.objects.all(), clock.now(), academy()

    def share(new):
        published.update(published_at=now - timedelta(days=31))
        published.filter(pk__in=[course.pk for course in new]).update(published_at=now - timedelta(days=29))
        found = compare(read, offered(), policies=["popular"], split="newest")
        assert found.new_courses == len(new)
        return found.of("popular").cells["new@10"]

    assert share([]) == Cell(0.0, 0.0, 0.0)
    assert share(town) == Cell(1.0, 1.0, 1.0)
    # Each place is some course's: one new course after the other, they have them all.
    assert sum(share([course]).value for course in town) == pytest.approx(1.0)


def test_new_courses_are_looked_for_apart(town):
    now = clock.now()

    def cells(new):
        Course.objects.update(published_at=now - timedelta(days=31))
        Course.objects.filter(pk__in=[course.pk for course in new]).update(published_at=now)
        found = compare(academy(), offered(), policies=["popular"], split="newest")
        hidden_new.append((found.people_of_new, found.people))
        return found.of("popular").cells

    hidden_new: list[tuple[int, int]] = []
    # Where all are new it is the same question as Recall@20; of fewer than thirty people it isn't answered.
    everything = cells(town)
    assert everything["new-recall@20"] == everything["recall@20"]
    assert cells([])["new-recall@20"] is None
    assert cells(town[:1])["new-recall@20"] is None
    (of_all, people), (of_none, _), (of_one, _) = hidden_new
    assert (of_all, of_none) == (people, 0)
    assert 0 < of_one < 30


def test_courses_that_are_not_out_are_neither_asked_for_nor_listed(town):
    before = compare(academy(), offered(), policies=["popular"], split="newest")
    Course.objects.filter(pk=town[3].pk).update(status=Course.Status.WITHDRAWN)
    found = compare(academy(), offered(), policies=["popular", "content"], split="newest")
    assert (before.courses, found.courses) == (16, 15)
    # 30 of the 40 met it; they have three courses left, still enough to hide one of them.
    assert found.people == 40
    assert found.acts == 160 - sum(3 in taken(person) for person in range(40)) - 40


def taken(person):
    """The courses of a member of the town, by number."""
    home = person % 4
    return {4 * home + (person // 4 + step) % 4 for step in range(3)} | {4 * ((home + 1) % 4) + person % 3}


def test_with_days_hidden_new_people_are_measured_too(courses):
    now = clock.now()
    for person in range(70):
        actor = Actor(member_id=make_member(f"p{person}@test.example").pk)
        # Half met something before; half come only within the week that is hidden.
        moments = (20, 3) if person < 35 else (3, 2)
        for step, days_ago in enumerate(moments):
            moment = now - timedelta(days=days_ago)
            record("course.enrolled", actor=actor, course_id=courses[step].pk, occurred_at=moment)
    found = compare(academy(), offered(), policies=["popular", "item-neighbours"], split="last-7")
    assert (found.acts, found.learners, found.people, found.hidden) == (35, 35, 70, 105)
    sizes = {(one.of, one.key): one.people for one in found.of("popular").segments}
    assert sizes[("courses", "0")] == 35
    assert sizes[("courses", "1-3")] == 35
    assert sizes[("topic", "data")] == 35
    assert ("since", "longer") not in sizes


@pytest.mark.parametrize("split", ["newest", "last-7"])
def test_of_too_few_people_nothing_is_compared(courses, split):
    for person in range(29):
        actor = Actor(member_id=make_member(f"p{person}@test.example").pk)
        for step in range(3):
            record(
                "course.enrolled",
                actor=actor,
                course_id=courses[step].pk,
                occurred_at=clock.now() - timedelta(days=9 - 4 * step),
            )
    found = compare(academy(), offered(), policies=["popular"], split=split)
    assert (found.people, found.policies) == (29, ())


def test_whose_times_do_not_tell_what_was_the_newest_is_not_asked_and_counted(town):
    noon = clock.now() - timedelta(days=30)
    for person in range(20):
        actor = Actor(member_id=make_member(f"day{person}@test.example").pk)
        for course in town[:3]:
            record("course.enrolled", actor=actor, course_id=course.pk, occurred_at=noon)
    found = compare(academy(), offered(), policies=["popular"], split="newest")
    assert (found.people, found.untold, found.acts) == (40, 20, 180)
    assert Comparison.from_json(found.to_json()) == found
    # What an earlier version kept doesn't say.
    kept = found.to_json()
    del kept["untold"]
    assert Comparison.from_json(kept).untold == 0
    # Whole days don't ask which of them was the newest.
    assert compare(academy(), offered(), policies=["popular"], split="last-7").untold == 0


def test_an_academy_in_which_nothing_happened_yet_has_nothing_to_learn_from(courses):
    for split in ("newest", "last-28"):
        found = compare(academy(), offered(), policies=["popular"], split=split)
        assert (found.acts, found.people, found.policies) == (0, 0, ())
    for person in range(40):
        record(
            "course.viewed", actor=Actor(member_id=make_member(f"{person}@a.cn").pk), course_id=courses[0].pk
        )
    found = compare(academy(), offered(), policies=["popular"], split="last-7")
    assert (found.acts, found.people, found.policies) == (0, 40, ())


def test_every_policy_can_be_compared_and_what_was_found_can_be_kept(town):
    heard: list[Tick] = []
    found = compare(academy(), offered(), policies=list(POLICIES), split="newest", tell=heard.append)
    assert {one.policy for one in found.policies} | set(found.passed_over) == set(POLICIES)
    assert len(found.policies) >= len(TAUGHT) - 1
    done = [tick.done for tick in heard]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0.0, pytest.approx(1.0))
    assert {tick.policy for tick in heard} == set(POLICIES)
    assert Comparison.from_json(found.to_json()) == found
    LabRun.objects.create(
        policies=["popular"], split="newest", live="hybrid", asked_at=clock.now(), found=found.to_json()
    )
    assert Comparison.from_json(LabRun.objects.get().found) == found


# --- runs ---


def test_a_run_is_carried_out_by_its_job_and_kept_with_who_asked_when_and_on_how_much(town, viewer):
    asked = ask(viewer)
    (waiting,) = runs(viewer)
    assert (waiting.state, waiting.by, waiting.live, waiting.found) == ("waiting", "苏运", "hybrid", None)
    run_due()
    (done,) = runs(viewer)
    assert (done.pk, done.state, done.policies, done.split) == (
        asked.pk,
        "done",
        ("popular", "item-neighbours"),
        "newest",
    )
    assert done.asked_at <= done.finished_at
    assert (done.found.people, done.found.acts) == (40, 120)
    assert {one.policy for one in done.found.policies} == {"popular", "item-neighbours"}
    # Delivered again it changes nothing.
    LabRun.objects.update(found={"kept": True})
    lab.carry_out(asked.pk)
    assert LabRun.objects.get().found == {"kept": True}


def test_progress_is_told_while_it_runs(town, viewer, monkeypatch):
    told = []
    monkeypatch.setattr(lab, "progress", lambda **far: told.append((far["done"], far["total"], far["note"])))
    ask(viewer)
    run_due()
    assert told[0] == (0, 100, "popular")
    assert (50, 100, "item-neighbours") in told
    assert told[-1] == (100, 100, "item-neighbours")
    Job.objects.filter(name="recommend.compare").update(
        state=Job.State.RUNNING,
        claimable_at=clock.now(),
        progress_done=25,
        progress_total=100,
        progress_note="popular",
    )
    LabRun.objects.update(state=LabRun.State.OPEN)
    (run,) = runs(viewer)
    assert (run.state, run.done, run.total, run.policy, run.is_open) == ("running", 25, 100, "popular", True)


def test_a_second_one_at_once_is_refused(town, viewer):
    ask(viewer)
    with pytest.raises(LabBusy):
        ask(viewer)
    assert (LabRun.objects.count(), Job.objects.filter(name="recommend.compare").count()) == (1, 1)
    # Nor by two who ask at the very same moment: the table holds one.
    with pytest.raises(IntegrityError), transaction.atomic():
        LabRun.objects.create(policies=[], split="newest", live="hybrid", asked_at=clock.now())
    run_due()
    ask(viewer)
    assert [run.state for run in runs(viewer)] == ["waiting", "done"]


@pytest.mark.parametrize("how", ["discarded", "dead", "gone"])
def test_a_run_whose_job_will_never_end_it_says_so_and_makes_way(town, viewer, how):
    row = ask(viewer)
    if how == "discarded":
        discard(viewer=viewer, job_id=row.job_id)
    elif how == "dead":
        Job.objects.filter(pk=row.job_id).update(state=Job.State.DEAD, claimable_at=None)
    else:
        Job.objects.all().delete()
    assert [run.state for run in runs(viewer)] == ["broken"]
    ask(viewer)
    assert [run.state for run in runs(viewer)] == ["waiting", "broken"]
    # Put back into the queue, the former job finds its run closed.
    lab.carry_out(row.pk)
    assert LabRun.objects.get(pk=row.pk).found is None


def test_a_run_that_fails_twice_is_broken_off(town, viewer, monkeypatch):
    monkeypatch.setattr(lab, "academy", lambda: 1 / 0)
    ask(viewer)
    run_due()
    assert [run.state for run in runs(viewer)] == ["waiting"]
    Job.objects.filter(name="recommend.compare").update(claimable_at=clock.now())
    run_due()
    assert [run.state for run in runs(viewer)] == ["broken"]


def test_the_last_runs_are_kept(viewer):
    for _ in range(KEPT_RUNS + 2):
        ask(viewer)
        LabRun.objects.update(state=LabRun.State.BROKEN)
    assert LabRun.objects.count() == KEPT_RUNS
    assert len(runs(viewer)) == KEPT_RUNS


def test_what_cannot_be_compared_is_refused_and_nothing_is_written(viewer):
    for policies, split, refusal in (
        ([], "newest", UnknownPolicy),
        (["magic"], "newest", UnknownPolicy),
        (["popular"], "yesterday", UnknownSplit),
    ):
        with pytest.raises(refusal):
            ask(viewer, policies, split)
    assert not LabRun.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize("role", ["", "learner", "creator", "agent"])
def test_others_neither_ask_nor_look(stranger, learner, role):
    viewer = Viewer(user=stranger, visitor=None, roles=frozenset({role} - {""}))
    reader = Actor(member_id=learner.pk)
    for refused in (
        lambda: ask(viewer),
        lambda: runs(viewer),
        lambda: look_at_slates(viewer=viewer, actor=reader, name="小林", policies=["popular"]),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert not LabRun.objects.exists()
    assert not AuditEntry.objects.exists()


# --- one person's slates ---


def test_slates_side_by_side_are_those_of_each_policy_and_looking_is_noted(town, viewer, learner):
    train_all()
    reader = Actor(member_id=learner.pk)
    view_course(actor=reader, course=town[0])
    found = look_at_slates(viewer=viewer, actor=reader, name="小林", policies=list(POLICIES))
    assert found == [explain(reader, policy=policy) for policy in POLICIES]
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.subject_kind, entry.subject_id, entry.subject_name) == (
        "member.slates_seen",
        "member",
        str(learner.pk),
        "小林",
    )


def test_who_looks_at_themselves_is_not_noted(town, viewer, operator):
    look_at_slates(viewer=viewer, actor=Actor(member_id=operator.pk), name="我", policies=["popular"])
    assert not AuditEntry.objects.exists()


def test_who_does_not_consent_to_analysis_is_not_looked_at(town, viewer):
    shy = make_member("shy@test.example", granted=NOTHING)
    with pytest.raises(NotLookedAt):
        look_at_slates(viewer=viewer, actor=Actor(member_id=shy.pk), name="某人", policies=["popular"])
    assert not AuditEntry.objects.exists()


def test_a_look_reads_the_person_once_however_many_policies(
    town, viewer, learner, monkeypatch, django_assert_num_queries
):
    train_all()
    # The newest artefacts were asked for a moment ago, however slow the machine.
    monkeypatch.setattr(memory, "CHECK_SECONDS", 600.0)
    reader = Actor(member_id=learner.pk)
    view_course(actor=reader, course=town[0])
    for policies, queries in ((["hybrid"], QUERIES), (list(TAUGHT), QUERIES + 3)):
        look_at_slates(viewer=viewer, actor=reader, name="小林", policies=policies)
        with django_assert_num_queries(queries):
            look_at_slates(viewer=viewer, actor=reader, name="小林", policies=policies)


def test_intervals_hold_their_values():
    assert -Cell(0.2, 0.1, 0.4) == Cell(-0.2, -0.4, -0.1)
