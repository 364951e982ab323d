"""One course: what it shows and to whom, saving and joining."""

from datetime import timedelta

import pytest

from tests.factories import make_course
from zhiyue.collect.models import Event
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, FormerSlug
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.models import SavedCourse

pytestmark = pytest.mark.django_db


def test_a_course_shows_what_is_free_closed_and_coming(english, course):
    page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "4 lessons, 3 ready to read" in page
    assert "¥99" in page
    assert page.count('aria-label="closed"') == 2
    assert page.count("Coming") == 1
    assert f'href="/courses/{course.slug}/four/"' not in page
    assert Event.objects.get().name == "course.viewed"


def test_chapters_of_which_nothing_is_out_are_one_line_that_opens(english, course):
    chapter = course.chapters.create(title="第二章", position=2)
    for number in (5, 6):
        course.lessons.create(
            chapter=chapter, slug=f"l{number}", title=f"讲 {number}", position=number, minutes=5
        )
    page = english.get(f"/courses/{course.slug}/").content.decode()
    folded = page[page.index('<details class="outline-coming">') : page.index("</details>")]
    assert "2 lessons to come" in folded
    assert "第二章" in folded
    assert "讲 6" in folded
    # The fourth lesson belongs to a chapter that has begun, so it stays in sight.
    assert "第 four 讲" not in folded
    waiting = english.get(f"/courses/{course.slug}/l5/").content.decode()
    assert '<details class="outline-coming" open>' in waiting


def test_a_free_course_has_no_free_samples(english):
    make_course("gift")
    page = english.get("/courses/gift/").content.decode()
    assert "badge-good" not in page
    assert 'aria-label="closed"' not in page
    assert page.count("Opens when you join") == 2


def test_a_course_that_can_not_be_paid_here_has_no_button_to_buy(english, course, settings):
    settings.ZHIYUE_PAYMENT_PROVIDERS = []
    page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "Paying online isn" in page
    assert "Read a free lesson" in page
    assert f'action="/enrol/{course.slug}/"' not in page


def test_a_member_who_owns_a_course_sees_it_open(signed_in, learner, course, django_assert_num_queries):
    grant_course(user=learner, course=course)
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    page = client.get(f"/courses/{course.slug}/").content.decode()
    assert "Yours" in page
    assert "Paying online" not in page
    assert 'aria-label="closed"' not in page
    with django_assert_num_queries(22):
        client.get(f"/courses/{course.slug}/")


def test_a_course_leads_to_its_other_edition_and_back(english, browser, course):
    make_course("intuition-en", title="Intuition", language="en", edition_of=course.slug)
    page = english.get(f"/courses/{course.slug}/").content.decode()
    link = '<a class="link underline" href="/courses/intuition-en/" lang="en" hreflang="en">Intuition</a>'
    assert f"Also in English: {link}" in page
    assert "Also in Chinese:" not in page
    other = english.get("/courses/intuition-en/").content.decode()
    assert "Also in Chinese:" in other
    assert f'href="/courses/{course.slug}/" lang="zh-hans" hreflang="zh-hans"' in other
    english.cookies["zy_language"] = "zh-hans"
    assert "本课也有英文版 <a" in browser.get(f"/courses/{course.slug}/").content.decode()


def test_an_edition_that_is_not_out_is_told_to_nobody(english, course):
    make_course("intuition-en", language="en", edition_of=course.slug, days_ago=-3)
    page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "Also in English:" not in page
    assert "intuition-en" not in page


def test_a_course_says_how_many_learn_it(english, course, learner, stranger):
    grant_course(user=stranger, course=make_course("other"))
    assert "1 learner" not in english.get(f"/courses/{course.slug}/").content.decode()
    grant_course(user=learner, course=course)
    assert "1 learner" in english.get(f"/courses/{course.slug}/").content.decode()


def test_saving_works_without_a_script_and_twice_is_once(english, course):
    assert english.post(f"/save/{course.slug}/", {"saved": "1"}).status_code == 302
    english.post(f"/save/{course.slug}/", {"saved": "1"})
    assert SavedCourse.objects.count() == 1
    assert Event.objects.filter(name="course.saved").count() == 1
    assert course.title in english.get("/learning/").content.decode()
    english.post(f"/save/{course.slug}/", {"saved": "0"})
    assert not SavedCourse.objects.exists()


def test_saving_in_place_answers_with_the_button_and_a_note(english, course):
    part = english.post(
        f"/save/{course.slug}/", {"saved": "1"}, headers={"hx-request": "true"}
    ).content.decode()
    assert 'aria-pressed="true"' in part
    assert 'name="saved" value="0"' in part
    assert "<html" not in part


def test_a_member_joins_a_free_course(signed_in, learner):
    course = make_course("gift")
    client = signed_in(learner)
    assert client.post("/enrol/gift/")["Location"] == "/courses/gift/"
    assert Enrolment.objects.get().course == course


def test_a_visitor_who_wants_to_join_signs_up_first(english):
    make_course("gift")
    assert english.post("/enrol/gift/")["Location"] == "/sign-up/?next=%2Fcourses%2Fgift%2F"
    assert not Enrolment.objects.exists()


def test_an_unknown_course_is_no_page(english):
    assert english.get("/courses/nothing/").status_code == 404
    assert english.post("/save/nothing/", {"saved": "1"}).status_code == 404


def test_a_course_says_who_teaches_what_it_needs_and_that_reviews_are_not_open(english):
    first, second = make_course("first"), make_course("second", topic="writing")
    second.prerequisites.add(first)
    Course.objects.filter(pk=second.pk).update(skills=["抽样"])
    page = english.get("/courses/second/").content.decode()
    assert 'href="/teachers/he-mu/"' in page
    assert 'href="/topics/writing/"' in page
    assert "Know this first" in page
    assert 'href="/courses/?skill=%E6%8A%BD%E6%A0%B7"' in page
    assert "Reviews aren&#x27;t open yet" in page or "Reviews aren't open yet" in page
    assert "What builds on it" in english.get("/courses/first/").content.decode()


def test_a_column_says_up_to_where_it_is_out(english, course):
    Course.objects.filter(pk=course.pk).update(form="column")
    page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "Out up to lesson 3" in page
    assert "The column goes on" in page
    assert f'href="/courses/{course.slug}/three/"' in page


def test_a_scheduled_course_is_no_page_for_strangers(english, signed_in, stranger, course):
    Course.objects.filter(pk=course.pk).update(published_at=clock.now() + timedelta(hours=1))
    for client in (english, signed_in(stranger)):
        assert client.get(f"/courses/{course.slug}/").status_code == 404
        assert client.get(f"/courses/{course.slug}/one/").status_code == 404
    assert not Event.objects.exists()


def test_who_owns_a_withdrawn_course_still_reads_it_and_is_told(
    english, signed_in, learner, stranger, course
):
    grant_course(user=learner, course=course)
    Event.objects.all().delete()
    Course.objects.filter(pk=course.pk).update(status="withdrawn")
    mine = signed_in(learner)
    mine.cookies["zy_language"] = "en"
    page = mine.get(f"/courses/{course.slug}/")
    assert page.status_code == 200
    assert "This course was withdrawn" in page.content.decode()
    assert f"/save/{course.slug}/" not in page.content.decode()
    assert 'name="robots" content="noindex"' in page.content.decode()
    lesson = mine.get(f"/courses/{course.slug}/two/")
    assert lesson.status_code == 200
    assert "平均数会骗人" in lesson.content.decode()
    assert "This course was withdrawn" in lesson.content.decode()
    assert f'href="/courses/{course.slug}/' in mine.get("/learning/").content.decode()
    # Nobody else finds it, and looking at it is no interest in something offered.
    for client in (english, signed_in(stranger)):
        assert client.get(f"/courses/{course.slug}/").status_code == 404
        assert client.get(f"/courses/{course.slug}/one/").status_code == 404
    assert [event.name for event in Event.objects.all()] == ["lesson.started", "lesson.opened"]


def test_former_addresses_lead_to_the_present_ones(english, course):
    lesson = course.lessons.get(slug="one")
    FormerSlug.objects.create(kind="course", slug="old-course", now_at=course.pk)
    FormerSlug.objects.create(kind="lesson", course_id=course.pk, slug="old-lesson", now_at=lesson.pk)
    FormerSlug.objects.create(kind="topic", slug="old-topic", now_at=course.topic_id)
    FormerSlug.objects.create(kind="teacher", slug="old-teacher", now_at=course.teacher_id)
    for old, new in (
        ("/courses/old-course/", f"/courses/{course.slug}/"),
        ("/courses/old-course/one/", f"/courses/{course.slug}/one/"),
        (f"/courses/{course.slug}/old-lesson/", f"/courses/{course.slug}/one/"),
        ("/courses/old-course/old-lesson/", f"/courses/{course.slug}/one/"),
        ("/topics/old-topic/", "/topics/data/"),
        ("/teachers/old-teacher/", "/teachers/he-mu/"),
        ("/share/old-course/card.png", f"/share/{course.slug}/card.png"),
    ):
        answer = english.get(old)
        assert (answer.status_code, answer.headers.get("Location")) == (301, new), old
    for gone in ("/courses/never/", f"/courses/{course.slug}/never/", "/topics/never/", "/teachers/never/"):
        assert english.get(gone).status_code == 404


def test_the_words_of_a_course_stand_in_its_own_language(english):
    make_course("read", title="Read well", language="en")
    page = english.get("/courses/read/").content.decode()
    assert '<h1 class="mt-1 text-2xl md:text-3xl" lang="en">Read well</h1>' in page
    assert '<h3 class="outline-chapter" lang="en">' in page
    assert '<div class="mt-3 flex gap-4" lang="zh-hans">' in page
    assert 'lang="en" data-text-size' in english.get("/courses/read/one/").content.decode()
    assert '<a href="/courses/read/" lang="en">Read well</a>' in english.get("/courses/").content.decode()
