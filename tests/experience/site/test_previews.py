"""The opening of a closed lesson: readable by everybody, and nothing beyond it ever sent."""

import pytest

from tests.factories import lesson_of, make_course
from zhiyue.collect.kinds import Actor
from zhiyue.product.catalogue.models import Lesson
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.models import LessonProgress
from zhiyue.product.learning.receiving import receive_from_browser

pytestmark = pytest.mark.django_db

TEXT = "# 平均数\n\n" + "这是开头。" * 20 + "\n\n" + "这是后面的秘密。" * 60
PAGE = "/courses/stats/two/"


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900, text=TEXT)


def page(client, path=PAGE):
    answer = client.get(path, headers={"accept-language": "en"})
    return answer, answer.content.decode()


def test_a_visitor_reads_the_opening_and_nothing_beyond(client, course):
    answer, text = page(client)

    assert answer.status_code == 200
    assert "这是开头。" in text
    assert "秘密" not in text
    assert "data-preview" in text
    assert "The lesson goes on from here" in text
    assert not LessonProgress.objects.exists()


def test_a_member_without_the_course_reads_no_more(client, course, learner):
    client.force_login(learner)

    assert "秘密" not in page(client)[1]


def test_whoever_owns_the_course_reads_it_all(client, course, learner):
    grant_course(user=learner, course=course)
    client.force_login(learner)
    _, text = page(client)

    assert "秘密" in text
    assert "data-preview" not in text


def test_a_lesson_may_show_more_or_nothing(client, course):
    Lesson.objects.filter(slug="two").update(preview_percent=0)
    answer, text = page(client)
    assert (answer.status_code, "这是开头" in text) == (403, False)

    Lesson.objects.filter(slug="two").update(preview_percent=60)
    answer, text = page(client)
    assert (answer.status_code, "秘密" in text) == (200, True)
    assert text.count("秘密") < 60


def test_the_academy_may_show_nothing(client, course, settings):
    settings.ZHIYUE_PREVIEW_PERCENT = 0

    assert page(client)[0].status_code == 403


def test_a_recording_has_no_preview_yet(client, course):
    Lesson.objects.filter(slug="two").update(kind="video")

    assert page(client)[0].status_code == 403


def test_a_lesson_that_isnt_out_shows_nothing(client, course):
    course.status = "draft"
    course.save()

    assert page(client)[0].status_code == 404


def test_programs_read_the_opening_too(client, course):
    told = client.get("/api/v1/courses/stats/lessons/two").json()

    assert told["access"] == "preview"
    assert told["body"].startswith("# 平均数")
    assert "秘密" not in told["body"] + told["html"]


@pytest.mark.parametrize(("name", "taken"), [("preview.started", 1), ("lesson.started", 0)])
def test_of_a_closed_lesson_only_previews_are_told(course, learner, name, taken):
    lesson = lesson_of(course, "two")
    event = {
        "id": "0b0b0b0b-0000-4000-8000-000000000001",
        "name": name if taken else "lesson.progressed",
        "at": "2026-01-01T00:00:00Z",
        "course_id": course.pk,
        "lesson_id": lesson.pk,
        "properties": {} if taken else {"percent": 5, "seconds": 5},
    }

    receipt = receive_from_browser(
        batch=[event], user=learner, actor=Actor(member_id=learner.pk), user_agent="Mozilla/5.0"
    )

    assert receipt.accepted == taken


def test_previews_of_a_lesson_without_one_are_refused(course, learner):
    Lesson.objects.filter(slug="two").update(preview_percent=0)
    lesson = lesson_of(course, "two")
    event = {
        "id": "0b0b0b0b-0000-4000-8000-000000000001",
        "name": "preview.started",
        "at": "2026-01-01T00:00:00Z",
        "course_id": course.pk,
        "lesson_id": lesson.pk,
        "properties": {},
    }

    receipt = receive_from_browser(
        batch=[event], user=learner, actor=Actor(member_id=learner.pk), user_agent="Mozilla/5.0"
    )

    assert receipt.accepted == 0


def test_whoever_buys_it_goes_on_where_the_opening_ended(client, course, learner):
    client.force_login(learner)
    _, text = page(client)
    assert "next=%2Fcourses%2Fstats%2Ftwo%2F%3Ffrom%3Dpreview%23go-on" in text

    grant_course(user=learner, course=course)
    _, text = page(client, f"{PAGE}?from=preview")
    read, _, rest = text.partition('<span id="go-on" class="go-on"></span>')
    assert "这是开头。" in read
    assert "秘密" in rest
    assert "go-on" not in page(client)[1]
