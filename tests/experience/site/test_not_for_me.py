"""“Not for me”: said on a card, obeyed on the next page, taken back in place or in the list."""

import pytest

from tests.factories import make_course
from zhiyue.product.catalogue.models import Course
from zhiyue.product.learning.models import DismissedCourse

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(english):
    """The slugs on the first shelf of home, in order."""
    make_course("coffee", title="Coffee at home")
    make_course("tea", title="Tea at home")
    return lambda: [item.course.slug for item in english.get("/").context["for_you"].items]


def say(browser, slug, dismissed="1", **more):
    return browser.post(f"/not-for-me/{slug}/", {"dismissed": dismissed}, **more)


def test_the_next_page_obeys_and_the_list_takes_it_back(english, shelf):
    assert set(shelf()) == {"coffee", "tea"}
    assert 'aria-label="Not for me: Tea at home"' in english.get("/").content.decode()
    answer = say(english, "tea", follow=True)
    assert "It won't be suggested to you any more." in answer.content.decode().replace("&#x27;", "'")
    assert shelf() == ["coffee"]
    assert "Tea at home" in english.get("/courses/").content.decode()
    page = english.get("/me/interests/").content.decode()
    assert page.index("Not for you") < page.index("Tea at home")
    say(english, "tea", dismissed="0")
    assert set(shelf()) == {"coffee", "tea"}
    assert "Not for you" not in english.get("/me/interests/").content.decode()


def test_in_place_the_card_says_so_and_comes_back(english, shelf):
    gone = say(english, "tea", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in gone and "Undo" in gone and 'name="dismissed" value="0"' in gone
    back = say(english, "tea", dismissed="0", headers={"HX-Request": "true"}).content.decode()
    assert 'class="course-card"' in back and 'name="dismissed" value="1"' in back
    assert not DismissedCourse.objects.exists()


def test_the_list_of_everybody_has_no_such_button(english, shelf):
    assert "Not for me" not in english.get("/courses/").content.decode()


def test_what_is_not_offered_is_not_there(english, shelf):
    Course.objects.filter(slug="tea").update(status=Course.Status.DRAFT)
    assert say(english, "tea").status_code == 404
    assert say(english, "nothing").status_code == 404
    assert english.get("/not-for-me/coffee/").status_code == 405
    assert not DismissedCourse.objects.exists()


def test_another_site_can_not_say_it(new_browser, shelf):
    strict = type(new_browser)(enforce_csrf_checks=True)
    assert say(strict, "tea").status_code == 403


def test_a_title_is_shown_as_it_is(english, shelf):
    Course.objects.filter(slug="tea").update(title='<i>"Tea"')
    assert '<i>"Tea"' not in english.get("/").content.decode()
    assert '<i>"Tea"' not in say(english, "tea", headers={"HX-Request": "true"}).content.decode()


def test_feedback_over_the_api(english, shelf):
    def tell(course="tea", verdict="not_for_me"):
        told = {"course": course, "verdict": verdict}
        return english.post("/api/v1/recommendations/feedback", told, content_type="application/json")

    assert tell().status_code == 204
    assert tell().status_code == 204
    assert shelf() == ["coffee"]
    assert tell(verdict="for_me").status_code == 204
    assert set(shelf()) == {"coffee", "tea"}
    assert tell(course="nothing").status_code == 400
    assert tell(verdict="perhaps").status_code == 400
