"""A course page offers at most two other ways beside buying; more of them wait behind one line."""

import pytest

from tests.factories import make_course, make_plan
from zhiyue.product.commerce.models import Bundle, BundleCourse, CourseTerms

pytestmark = pytest.mark.django_db

LINE = "Other ways to learn this course"


def bundle_with(course):
    other = make_course("another", price_fen=8_000)
    bundle = Bundle.objects.create(slug="two", title="两门", price_fen=9_000, status=Bundle.Status.OFFERED)
    for position, one in enumerate((course, other)):
        BundleCourse.objects.create(bundle=bundle, course=one, position=position)
    return bundle


def page_of(client, course):
    client.cookies["zy_language"] = "en"
    return client.get(f"/courses/{course.slug}/").content.decode()


def test_two_other_ways_stand_there(new_browser, course):
    make_plan()
    bundle_with(course)
    page = page_of(new_browser, course)
    assert "Also in the membership" in page and "Also in the bundle" in page and LINE not in page


def test_of_three_the_trial_stands_there_and_the_rest_behind_one_line(new_browser, course):
    make_plan()
    bundle_with(course)
    CourseTerms.objects.create(course=course, trial_days=3)
    page = page_of(new_browser, course)
    assert "Try the whole course for 3 days" in page
    inside = page.split("<details>")[1].split("</details>")[0]
    assert LINE in inside and "Also in the membership" in inside and "Also in the bundle" in inside
    assert page.count("Also in the membership") == page.count(LINE) == 2
