"""Help, agreements, the foot of the page, one's own page, and interests asked in one step."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from tests.factories import make_course
from zhiyue.core.academy.models import Academy, Agreement
from zhiyue.core.kit import clock
from zhiyue.experience.site.help import questions
from zhiyue.product.learning.models import Interest

pytestmark = pytest.mark.django_db


def publish(version, days_ago, body="正文。", changed=""):
    return Agreement.objects.create(
        kind="terms", version=version, title="用户协议", body=body, what_changed=changed,
        in_force_from=clock.now() - timedelta(days=days_ago),
    )  # fmt: skip


def test_help_answers_the_same_questions_in_both_languages(client, english):
    keys = [
        [
            (section.key, [question.key for question in section.questions])
            for section in questions.read(language, with_contact=True)
        ]
        for language in questions.LANGUAGES
    ]
    assert keys[0] == keys[1]
    assert sum(len(found) for _, found in keys[0]) == 18
    assert "不注册能学吗？" in client.get("/help/").content.decode()
    page = english.get("/help/").content.decode()
    assert "Can I learn without an account?" in page
    assert 'id="withdrawn"' in page


def test_an_agreement_shows_the_version_in_force_and_its_history(english):
    publish(1, 60, "第一版正文")
    publish(2, 10, "第二版正文", changed="写明了退款")
    publish(3, -5, "第三版正文")
    page = english.get("/agreements/terms/").content.decode()
    assert "第二版正文" in page
    assert "写明了退款" in page
    assert "Version 2, in force from" in page
    assert 'href="/agreements/terms/?version=1"' in page
    old = english.get("/agreements/terms/?version=1").content.decode()
    assert "第一版正文" in old
    assert "no longer in force" in old
    assert "in force yet" in english.get("/agreements/terms/?version=3").content.decode()


def test_an_agreement_never_published_says_so_and_what_is_none_is_no_page(english):
    page = english.get("/agreements/privacy/")
    assert page.status_code == 200
    assert "Nothing published yet" in page.content.decode()
    assert english.get("/agreements/poetry/").status_code == 404
    publish(1, 1)
    for version in ("9", "x", "-1", "٣"):
        assert english.get("/agreements/terms/", {"version": version}).status_code == 404


def test_the_foot_of_the_page_has_help_agreements_and_licence_numbers(english):
    page = english.get("/").content.decode()
    assert 'href="/help/"' in page
    assert 'href="/agreements/privacy/"' in page
    assert "beian" not in page
    Academy.objects.create(
        name="知行", icp_number="京ICP备00000000号", police_number="京公网安备 11010802000000号"
    )
    cache.clear()
    page = english.get("/").content.decode()
    assert "京ICP备00000000号" in page
    assert "webSearch?code=11010802000000" in page


def test_interests_are_chosen_in_one_step_and_change_the_shelf(english):
    for topic in ("data", "writing"):
        make_course(f"{topic}-course", topic=topic)
    page = english.get("/welcome/").content.decode()
    assert 'name="topic" value="writing"' in page
    assert 'data-chosen="{n} chosen"' in page
    assert "Skip" in page
    assert english.post("/welcome/", {"topic": ["writing"]})["Location"] == "/"
    home = english.get("/").content.decode()
    assert 'id="shelf-interests"' in home
    assert "Because you care about “Topic writing”" in home
    assert 'value="writing" checked' in english.get("/welcome/").content.decode()
    english.post("/welcome/", {})
    assert not Interest.objects.exists()


def test_what_is_no_topic_is_left_out_and_the_way_on_stays_here(english, course):
    answer = english.post(
        "/welcome/", {"topic": ["nothing", "data"] * 40, "next": "https://elsewhere.example/"}
    )
    assert answer["Location"] == "/"
    assert [row.topic.slug for row in Interest.objects.all()] == ["data"]


def test_a_new_member_is_asked_at_home_and_who_has_begun_is_not(signed_in, learner, course):
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    assert "What would you like to learn?" in client.get("/").content.decode()
    client.get(f"/courses/{course.slug}/one/")
    assert "What would you like to learn?" not in client.get("/").content.decode()


def test_ones_own_page_tells_numbers_and_interests(signed_in, learner, course, django_assert_num_queries):
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    client.get(f"/courses/{course.slug}/one/")
    client.post(f"/finish/{course.slug}/one/")
    client.post("/welcome/", {"topic": ["data"]})
    page = client.get("/me/").content.decode()
    assert "<dt>Lessons read</dt><dd>1</dd>" in page
    assert "<dt>Days here this month</dt><dd>1</dd>" in page
    assert "Topic data" in page
    with django_assert_num_queries(11):
        client.get("/me/")


def test_a_visitor_sees_their_own_numbers_and_the_way_in(english, course):
    page = english.get("/me/").content.decode()
    assert "You are here as a visitor" in page
    assert "<dt>Lessons read</dt><dd>0</dd>" in page
    assert 'action="/sign-out/"' not in page


def test_who_lets_nothing_be_recorded_sees_no_days(signed_in, learner):
    client = signed_in(learner)
    client.cookies["zy_language"] = "en"
    client.post("/settings/privacy/", {})
    page = client.get("/me/").content.decode()
    assert "Lessons read" in page
    assert "Days here this month" not in page
