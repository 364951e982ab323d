"""Courses told in several languages: what may be an edition of what, and who is told."""

from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from tests.factories import make_course
from tests.product.test_catalogue_writing import change, viewer_of
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.product.catalogue import selectors
from zhiyue.product.catalogue.editions import editions_beside, originals_to_name, with_editions
from zhiyue.product.catalogue.errors import NotAnEdition
from zhiyue.product.catalogue.models import Course, Teacher

pytestmark = pytest.mark.django_db


def fresh(course):
    return Course.objects.get(pk=course.pk)


def english(slug, **more):
    return make_course(slug, language="en", **more)


@pytest.fixture
def boss(operator):
    return viewer_of(operator)


def refused(boss, course, **changed):
    """The field the refusal names; nothing was written."""
    before, entries = fresh(course), AuditEntry.objects.count()
    with pytest.raises(NotAnEdition) as why:
        change(boss, before, **changed)
    assert fresh(course).updated_at == before.updated_at
    assert AuditEntry.objects.count() == entries
    return why.value.field


def test_naming_the_original_is_noted_and_compares_the_courses_anew(boss):
    original, edition = make_course("a"), english("a-en")
    change(boss, edition, edition_of=original)
    assert fresh(edition).edition_of == original
    entry = AuditEntry.objects.get(act="course.changed")
    assert (entry.before, entry.after) == ({"edition_of": ""}, {"edition_of": "a"})
    assert Job.objects.filter(name="catalogue.compare").count() == 1
    change(boss, fresh(edition), edition_of=None)
    assert fresh(edition).edition_of is None


def test_editions_of_one_course_know_each_other(boss):
    original, edition = make_course("a", title="甲"), english("a-en", title="A", edition_of="a")
    make_course("b")
    [there] = editions_beside(original)
    [back] = editions_beside(edition)
    assert (there.id, there.slug, there.title, there.language) == (edition.pk, "a-en", "A", "en")
    assert (back.id, back.slug, back.title, back.language) == (original.pk, "a", "甲", "zh-hans")
    assert with_editions({edition.pk}) == with_editions({original.pk}) == {original.pk, edition.pk}
    assert with_editions(set()) == set()


def test_an_edition_that_is_not_out_is_not_told(boss):
    original = make_course("a")
    edition = english("a-en", edition_of="a", days_ago=-1)
    assert editions_beside(original) == []
    Course.objects.filter(pk=edition.pk).update(status=Course.Status.DRAFT)
    assert editions_beside(original) == []
    # Who owns one of them owns both, out or not.
    assert with_editions({original.pk}) == {original.pk, edition.pk}


def test_an_edition_of_an_edition_is_refused(boss):
    make_course("a")
    edition, third = english("a-en", edition_of="a"), make_course("c")
    assert refused(boss, third, edition_of=edition) == "edition_of"


def test_an_original_becomes_nobodys_edition(boss):
    original = make_course("a")
    english("a-en", edition_of="a")
    assert refused(boss, original, edition_of=english("b-en")) == "edition_of"


def test_a_course_is_not_its_own_edition(boss):
    course = make_course("a")
    assert refused(boss, course, edition_of=course) == "edition_of"
    with pytest.raises(IntegrityError), transaction.atomic():
        Course.objects.filter(pk=course.pk).update(edition_of=course)


def test_editions_differ_in_language(boss):
    original, edition, another = make_course("a"), english("a-en", edition_of="a"), english("a-en-2")
    assert refused(boss, make_course("b"), edition_of=original) == "edition_of"
    assert refused(boss, another, edition_of=original) == "edition_of"
    assert refused(boss, edition, language="zh-hans") == "edition_of"
    assert refused(boss, original, language="en") == "language"
    with pytest.raises(IntegrityError), transaction.atomic():
        Course.objects.filter(pk=another.pk).update(edition_of=original)


def test_a_creator_names_only_their_own_courses(boss, creator):
    author = viewer_of(creator)
    anothers, own, mine = make_course("a"), make_course("b"), english("b-en")
    teacher = Teacher.objects.create(slug="hers", name="何牧", headline="", user=creator)
    Course.objects.filter(pk__in=[own.pk, mine.pk]).update(teacher=teacher)
    assert originals_to_name(author, fresh(mine)) == [own]
    assert refused(author, mine, edition_of=anothers) == "edition_of"
    change(author, fresh(mine), edition_of=own)
    assert fresh(mine).edition_of == own
    # What an operator named stays while the author changes other things.
    change(boss, fresh(mine), edition_of=anothers)
    change(author, fresh(mine), subtitle="In other words")
    assert (fresh(mine).edition_of, fresh(mine).subtitle) == (anothers, "In other words")
    assert set(originals_to_name(author, fresh(mine))) == {own, anothers}


def test_a_file_whose_original_is_missing_is_refused_whole(db):
    with pytest.raises(NotAnEdition):
        english("a-en", edition_of="nowhere")
    make_course("a")
    with pytest.raises(NotAnEdition):
        make_course("a-2", edition_of="a")
    assert list(Course.objects.values_list("slug", flat=True)) == ["a"]


def test_a_thrown_away_original_leaves_its_edition_alone(db):
    original, edition = make_course("a"), english("a-en", edition_of="a")
    Course.objects.filter(pk=original.pk).delete()
    assert fresh(edition).edition_of is None


def test_the_latest_courses_are_listed_in_one_edition_each(db):
    make_course("a", days_ago=3)
    english("a-en", edition_of="a", days_ago=2)
    make_course("only-chinese", days_ago=1)
    assert [card.slug for card in selectors.newest(9, language="zh-hans")] == ["only-chinese", "a"]
    assert [card.slug for card in selectors.newest(9, language="en")] == ["only-chinese", "a-en"]


@pytest.mark.django_db(transaction=True)
def test_two_who_name_at_one_moment_make_no_edition_of_an_edition(operator):
    boss = viewer_of(operator)
    for n in range(4):
        first, second, third = make_course(f"a-{n}"), english(f"b-{n}"), make_course(f"c-{n}")
        gate, answers = Barrier(2), []

        def name(course, original, gate=gate, answers=answers):
            gate.wait()
            try:
                change(boss, course, edition_of=original)
                answers.append("named")
            except NotAnEdition:
                answers.append("refused")
            finally:
                connection.close()

        threads = [Thread(target=name, args=pair) for pair in ((first, second), (second, third))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == ["named", "refused"]
        assert not Course.objects.filter(edition_of__edition_of__isnull=False).exists()
