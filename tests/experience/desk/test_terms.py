"""The page on which staff decide how courses may be tried."""

import pytest

from zhiyue.product.commerce.models import CourseTerms

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(signed_in, operator):
    browser = signed_in(operator)
    browser.cookies["zy_language"] = "en"
    return browser


def test_days_of_a_trial_are_kept(client, course):
    page = client.get("/desk/terms/").content.decode()
    assert course.title in page
    assert f'name="trial-{course.pk}" value="0"' in page
    # On a phone, where the head of the table isn't shown, each field says what it is.
    assert 'data-is="Days of a trial, 0 is none"><input' in page and 'data-is="In memberships"><input' in page

    answer = client.post("/desk/terms/", {f"trial-{course.pk}": "14"}, follow=True)

    assert "Kept: 1 course changed." in answer.content.decode()
    assert CourseTerms.objects.get().trial_days == 14
    again = client.post("/desk/terms/", {f"trial-{course.pk}": "14"}, follow=True)
    assert "Nothing was changed." in again.content.decode()


@pytest.mark.parametrize("typed", ["91", "-1", "soon"])
def test_what_isnt_a_number_of_days_comes_back_as_it_was_typed(client, course, typed):
    answer = client.post("/desk/terms/", {f"trial-{course.pk}": typed})

    assert answer.status_code == 400
    assert "A trial lasts 1 to 90 days" in answer.content.decode()
    assert f'value="{typed}"' in answer.content.decode()
    assert not CourseTerms.objects.exists()


def test_an_academy_without_prices_says_so(client):
    assert "No course has a price" in client.get("/desk/terms/").content.decode()
