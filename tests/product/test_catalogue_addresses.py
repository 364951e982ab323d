"""Old links lead where their author wants them: nobody else turns them elsewhere."""

import pytest
from django.urls import reverse

from tests.factories import make_course, make_member
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.product.catalogue import services
from zhiyue.product.catalogue.errors import SlugTaken, SlugWasAnothers
from zhiyue.product.catalogue.models import Course, FormerSlug
from zhiyue.product.catalogue.selectors import course_moved_to

pytestmark = pytest.mark.django_db


def viewer_of(user):
    return Viewer(user=user, visitor=None, roles=roles_of(user))


@pytest.fixture
def author(creator):
    return viewer_of(creator)


@pytest.fixture
def rival():
    user = make_member("rival@test.example", "白云")
    grant(user=user, role="creator")
    return viewer_of(user)


@pytest.fixture
def mine(author, course):
    """A draft that moved from `old-home` to `new-home`."""
    draft = services.create_course(viewer=author, title="还没写完的课", topic=course.topic)
    for slug in ("old-home", "new-home"):
        services.move_course(viewer=author, course_id=draft.pk, slug=slug)
    return draft


@pytest.fixture
def theirs(rival, course):
    return services.create_course(viewer=rival, title="Rival course", topic=course.topic)


def test_a_creator_cannot_turn_the_old_links_of_anothers_course_to_their_own(rival, mine, theirs):
    before = list(FormerSlug.objects.values_list("slug", "now_at")), AuditEntry.objects.count()
    for take_over in (False, True):
        with pytest.raises(SlugTaken) as refused:
            services.move_course(viewer=rival, course_id=theirs.pk, slug="old-home", take_over=take_over)
        # The other one is a draft: its title is nobody's business.
        assert "还没写完的课" not in str(refused.value)
    assert (list(FormerSlug.objects.values_list("slug", "now_at")), AuditEntry.objects.count()) == before
    assert Course.objects.get(pk=theirs.pk).slug == "rival-course"
    assert course_moved_to("old-home") == "new-home"


def test_an_operator_turns_old_links_to_another_course_knowingly(operator, mine, theirs):
    viewer = viewer_of(operator)
    with pytest.raises(SlugWasAnothers, match="还没写完的课"):
        services.move_course(viewer=viewer, course_id=theirs.pk, slug="old-home")
    services.move_course(viewer=viewer, course_id=theirs.pk, slug="old-home", take_over=True)
    assert Course.objects.get(pk=theirs.pk).slug == "old-home"
    assert not FormerSlug.objects.filter(slug="old-home").exists()


def test_old_links_to_a_course_that_is_gone_are_free(author, rival, mine, theirs):
    services.remove_course(viewer=author, course_id=mine.pk)
    services.move_course(viewer=rival, course_id=theirs.pk, slug="old-home")
    assert Course.objects.get(pk=theirs.pk).slug == "old-home"


def test_the_old_links_of_a_lesson_stay_within_its_course(author, operator, mine):
    chapter = services.add_chapter(viewer=author, course_id=mine.pk, title="一")
    first, second = (services.add_lesson(viewer=author, chapter_id=chapter.pk, title=title) for title in "ab")
    services.move_lesson_address(viewer=author, lesson_id=first.pk, slug="intro")
    with pytest.raises(SlugWasAnothers):
        services.move_lesson_address(viewer=author, lesson_id=second.pk, slug="lesson-1")
    services.move_lesson_address(viewer=author, lesson_id=second.pk, slug="lesson-1", take_over=True)
    assert not FormerSlug.objects.filter(kind="lesson", slug="lesson-1").exists()
    # An address that a lesson of another course once had is free here.
    elsewhere = make_course("elsewhere").lessons.get(slug="two")
    services.move_lesson_address(viewer=viewer_of(operator), lesson_id=elsewhere.pk, slug="lesson-2")
    assert FormerSlug.objects.get(kind="lesson", slug="lesson-2").now_at == second.pk


def test_taking_over_is_offered_only_where_it_is_possible(signed_in, author, rival, mine, theirs):
    pages = {}
    own = services.create_course(viewer=author, title="Another of mine", topic=mine.topic)
    for viewer, course in ((rival, theirs), (author, own)):
        answer = signed_in(viewer.user).post(
            reverse("studio:address", args=[course.pk]), {"slug": "old-home"}
        )
        assert answer.status_code == 422
        pages[viewer] = 'name="take_over"' in answer.content.decode()
    assert pages == {rival: False, author: True}
