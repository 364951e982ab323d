"""A changed catalogue reaches the recommenders by facts, without a training."""

from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
from django.conf import settings
from django.db import connection, transaction

from tests.factories import lesson_of, make_course, put_teacher
from tests.recommend.teachable import TAUGHT
from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.engine.recommenders import content
from zhiyue.product.catalogue import services as catalogue
from zhiyue.product.catalogue.models import Course, Likeness, Teacher, Topic
from zhiyue.product.catalogue.services.shelving import TopicFacts
from zhiyue.product.learning.services import finish_lesson, save_course
from zhiyue.recommend import artefacts, memory, services, tasks
from zhiyue.recommend.inputs import catalogue as read_catalogue
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.policies import CONTENT, POLICIES
from zhiyue.recommend.selectors import similar, slate
from zhiyue.recommend.services import take_in, train, train_all

pytestmark = pytest.mark.django_db


def ids(found):
    return [item.course_id for item in found.items]


def settle():
    """As if the seconds in which facts are gathered had passed."""
    run_due()
    Job.objects.filter(name="recommend.take_in", state=Job.State.WAITING).update(claimable_at=clock.now())
    run_due()


def poems(slug: str, **words) -> Course:
    return make_course(slug, topic="poems", tags=("poems", "poems-0"), text="poems poems-0 的文字。", **words)


@pytest.fixture
def trained(town):
    """The town, its facts told and its policies trained."""
    train_all()
    settle()
    Job.objects.all().delete()
    return town


def test_a_course_published_after_the_training_reaches_those_it_suits(trained, visitor):
    actor = Actor(visitor=visitor)
    finish_lesson(user=None, actor=actor, lesson=lesson_of(trained[4], "one"))
    save_course(actor=actor, course=trained[6])
    trained_on = Artefact.objects.newest_first("hybrid").first().interactions
    new = poems("poems-new", days_ago=0)
    assert new.pk not in ids(slate(actor, policy="content"))
    assert new.pk not in ids(similar(trained[4].pk, k=12))
    settle()
    assert new.pk in ids(slate(actor, policy="content"))
    assert new.pk in ids(similar(trained[4].pk, k=12))
    assert trained[4].pk in ids(similar(new.pk, k=12))
    # No act was read again: those of the training still count.
    newest = Artefact.objects.newest_first("hybrid").first()
    assert newest.interactions == trained_on
    assert newest.items == len(trained) + 1


def test_what_is_taken_in_is_what_training_would_have_made_of_the_texts(trained):
    # Its number is the highest, but that of a draft published late may lie anywhere.
    Course.objects.filter(pk=trained[7].pk).update(status="withdrawn")
    train_all()
    Course.objects.filter(pk=trained[7].pk).update(status="published")
    poems("poems-new")
    assert not take_in()
    followed = memory.newest("content")
    train(policy="content")
    fitted = memory.newest("content")
    assert followed.course_ids.tolist() == fitted.course_ids.tolist()
    assert np.array_equal(followed.pipeline.model.similar.toarray(), fitted.pipeline.model.similar.toarray())
    former, later = followed.pipeline.traits.to_arrays(), fitted.pipeline.traits.to_arrays()
    assert {name: array.tolist() for name, array in former.items()} == {
        name: array.tolist() for name, array in later.items()
    }
    assert followed.pipeline.popular.score.tolist() == fitted.pipeline.popular.score.tolist()
    assert followed.learners.tolist() == fitted.learners.tolist()
    assert followed.wording == fitted.wording == read_catalogue(fitted.course_ids).wording


def test_what_is_made_of_acts_stays_as_it_was(trained):
    before = memory.newest("item-neighbours")
    poems("poems-new")
    take_in()
    after = memory.newest("item-neighbours")
    assert len(after.course_ids) == len(before.course_ids) + 1
    old = len(before.course_ids)
    assert np.array_equal(
        after.pipeline.model.similar.toarray()[:old, :old], before.pipeline.model.similar.toarray()
    )
    assert after.counted_at == before.counted_at


def test_many_facts_make_one_job(trained):
    for number in range(5):
        poems(f"new-{number}")
    run_due()
    jobs = Job.objects.filter(name="recommend.take_in")
    assert jobs.count() == 1
    assert 0 < (jobs.get().claimable_at - clock.now()).total_seconds() <= 5


def test_nothing_is_kept_where_nothing_changed(trained):
    before = list(Artefact.objects.values_list("pk", flat=True))
    assert not take_in()
    assert list(Artefact.objects.values_list("pk", flat=True)) == before


def test_a_changed_text_changes_only_what_is_made_of_texts(trained, operator):
    viewer = Viewer(user=operator, visitor=None, roles=roles_of(operator))
    topic = Topic.objects.get(slug="coffee")
    before = {name: memory.newest(name).artefact_id for name in TAUGHT}
    facts = TopicFacts(slug="coffee", name="poems", name_en=topic.name_en, description="")
    catalogue.change_topic(viewer=viewer, topic_id=topic.pk, facts=facts)
    settle()
    memory.forget()
    changed = {name for name in TAUGHT if memory.newest(name).artefact_id != before[name]}
    assert changed == {"content", "hybrid", "boosted", "similar"}


@pytest.mark.parametrize("change", ["level", "prerequisite", "twins"])
def test_what_lists_are_reranked_by_reaches_policies_made_of_acts_at_once(trained, change):
    first, later = trained[0], trained[1]
    before = {name: memory.newest(name).artefact_id for name in TAUGHT}
    if change == "level":
        Course.objects.filter(pk=later.pk).update(level="advanced")
    elif change == "prerequisite":
        later.prerequisites.add(first)
    else:
        Likeness.objects.create(course=first, other=later, share=0.9, found_at=clock.now())

    assert not take_in()

    memory.forget()
    changed = {name for name in TAUGHT if memory.newest(name).artefact_id != before[name]}
    assert {name for name in TAUGHT if POLICIES[name].is_varied} == changed
    traits = memory.newest("walks").pipeline.traits
    codes = [int(np.searchsorted(memory.newest("walks").course_ids, course.pk)) for course in (first, later)]
    if change == "level":
        assert traits.level[codes[1]] == 2
    elif change == "prerequisite":
        assert traits.needs == {codes[1]: (codes[0],)}
    else:
        assert traits.twins[codes[0]] == traits.twins[codes[1]] != -1
    # Once is enough.
    kept = Artefact.objects.count()
    assert not take_in()
    assert Artefact.objects.count() == kept


def test_a_withdrawn_course_is_in_no_slate_from_the_same_moment(trained, visitor, operator):
    viewer = Viewer(user=operator, visitor=None, roles=roles_of(operator))
    actor = Actor(visitor=visitor)
    save_course(actor=actor, course=trained[4])
    gone = ids(slate(actor))[0]
    catalogue.withdraw(viewer=viewer, course_id=gone)
    assert gone not in ids(slate(actor))
    assert gone not in ids(similar(trained[4].pk, k=12))
    settle()
    assert gone not in ids(slate(actor))


def test_before_the_first_training_nothing_is_taken_in(courses):
    settle()
    assert not Artefact.objects.exists()


def test_a_training_that_read_before_a_publication_is_brought_up_to_date(trained):
    """The training began before, ended after, and so wrote over what had been taken in."""
    tasks.train()
    job = Job.objects.get(name="recommend.take_in")
    poems("poems-new")
    assert job.state == Job.State.WAITING
    run_due()
    memory.forget()
    assert len(memory.newest("hybrid").course_ids) == len(trained) + 1


def test_a_training_that_ends_while_a_catalogue_is_written_goes_on_serving(trained, visitor, monkeypatch):
    """The file of what was taken in is there, its row not yet: a row written now would put the older acts back."""
    write, trainings = artefacts.keep, []

    def slowly(name, arrays):
        kept = write(name, arrays)
        if name.startswith("content-") and not trainings:
            trainings.append(None)
            trainings[0] = train(policy="content")
        return kept

    poems("poems-new")
    monkeypatch.setattr(artefacts, "keep", slowly)

    assert take_in()

    assert Artefact.objects.newest_first("content").first() == trainings[0]
    held = memory.newest("content")
    assert (held.artefact_id, held.counted_at) == (trainings[0].pk, trainings[0].measured_at)
    rows = Artefact.objects.filter(policy="content").values_list("path", flat=True)
    lying = (Path(settings.ZHIYUE_DATA_DIR) / "artefacts").glob("content-*")
    assert {path.name for path in lying} == {Path(row).name for row in rows}
    # The training read the new course, and nothing is left to do.
    assert not take_in()


def test_however_often_the_catalogue_changes_the_trainings_before_are_kept(
    courses, visitor, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        first, second, third = (train(policy="content") for _ in range(3))
        for n in range(4):
            poems(f"poems-new-{n}")
            assert not take_in()
        rows = list(Artefact.objects.newest_first("content"))
    # The two newest, both of the third training, and the two trainings before it.
    assert [row.measured_at for row in rows] == [
        third.measured_at,
        third.measured_at,
        second.measured_at,
        first.measured_at,
    ]
    assert [row.items for row in rows] == [20, 19, 16, 16]
    folder = Path(settings.ZHIYUE_DATA_DIR) / "artefacts"
    assert {path.name for path in folder.iterdir()} == {Path(row.path).name for row in rows}
    for row in rows[:2]:
        (folder / Path(row.path).name).write_bytes(b"damaged")
    memory.forget()
    assert slate(Actor(visitor=visitor), policy="content").version == second.version
    # A fourth training leaves one file each.
    train(policy="content")
    assert Artefact.objects.newest_first("content").count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_that_write_one_policy_wait_for_each_other(courses):
    """The second looks at what serves only after the first has said what does."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer anyway")
    train(policy="content")
    base = Artefact.objects.newest_first("content").first()
    looked, outcome = Event(), []

    def second():
        looked.set()
        try:
            outcome.append(
                services._note(None, base, policy="content", version="late", path="artefacts/late.npz")
            )
        except services._Overtaken:
            outcome.append(None)
        finally:
            connection.close()

    other = Thread(target=second)
    with transaction.atomic():
        services._one_at_a_time("content")
        other.start()
        assert looked.wait(10)
        other.join(0.5)
        assert (other.is_alive(), outcome) == (True, [])
        between = Artefact.objects.get(pk=base.pk)
        between.pk, between.version = None, "between"
        between.save()
    other.join(10)
    assert outcome == [None]


def test_a_pipeline_of_other_parts_is_trained_anew(trained):
    (newest,) = Artefact.objects.newest_first("similar")[:1]
    (content,) = Artefact.objects.newest_first("content")[:1]
    Artefact.objects.filter(pk=newest.pk).update(
        path=content.path, digest=content.digest, version="of-one-part"
    )
    poems("poems-new")
    assert not take_in()
    held = memory.newest("similar")
    assert len(held.course_ids) == len(trained) + 1
    assert len(held.pipeline.model.parts) == len(POLICIES["similar"].parts)


def test_a_slate_of_a_profile_over_the_old_codes_is_not_confused_by_new_ones(trained, visitor):
    actor = Actor(visitor=visitor)
    save_course(actor=actor, course=trained[15])
    first = slate(actor).items[0]
    poems("poems-new")
    take_in()
    assert slate(actor).items[0].reason == first.reason


def test_a_course_without_a_shared_word_lands_near_its_teachers_courses(courses):
    put_teacher(slug="lu-yu", name="陆羽", headline="", bio="")
    theirs = Teacher.objects.get(slug="lu-yu")
    Course.objects.filter(pk__in=[courses[4].pk, courses[9].pk]).update(teacher=theirs)
    new = make_course("unheard-of", title="杳", topic="tea", tags=("茗",), text="壶")
    Course.objects.filter(pk=new.pk).update(teacher=theirs)
    found = read_catalogue(np.asarray([], dtype=np.int64))
    near = content.fit(found.texts.texts, found.texts.labels, CONTENT).similar.toarray()
    place = found.course_ids.tolist().index
    order = np.argsort(-near[place(new.pk)], kind="stable")
    assert {int(found.course_ids[at]) for at in order[:2]} == {courses[4].pk, courses[9].pk}


def test_level_and_price_band_are_what_a_course_is_known_by_too(courses):
    Course.objects.filter(pk=courses[0].pk).update(level="advanced", price_fen=4_900)
    Course.objects.filter(pk=courses[1].pk).update(level="advanced", price_fen=50_000)
    Course.objects.filter(pk=courses[2].pk).update(price_fen=5_000)
    labels = read_catalogue(np.asarray([], dtype=np.int64)).texts.labels
    assert labels["level"][:3] == ["advanced", "advanced", "beginner"]
    assert labels["price"][:4] == ["band 0", "band 4", "band 1", "free"]
    assert set(labels["teacher"]) == {"he-mu"}
