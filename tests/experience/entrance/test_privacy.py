"""Consent asked and changed on pages, and the history that can be seen and deleted."""

import json
import re

import pytest
from django.test import Client
from limits import RateLimitItemPerHour

from tests.conftest import BROWSER
from tests.factories import PASSWORD, make_member, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import ConsentCount, Event
from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.academy.services import publish_templates
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import EVERYTHING, NOTHING, VERSION, Purpose
from zhiyue.core.consent.selectors import granted
from zhiyue.experience.entrance.privacy import views, words
from zhiyue.experience.shell.viewers import VISITOR_COOKIE, signed_key
from zhiyue.product.learning.models import LessonProgress, SavedCourse
from zhiyue.product.learning.services import save_course, view_course

pytestmark = pytest.mark.django_db

BAR = 'id="consent-bar"'


def text_of(client, address):
    return client.get(address).content.decode()


@pytest.fixture
def undecided(db):
    return make_member("undecided@test.example", "未定", granted=None)


# The bar


@pytest.mark.parametrize(
    "page",
    ["/", "/courses/", "/courses/intuition/", "/courses/intuition/one/", "/courses/intuition/two/",
     "/search/", "/me/", "/learning/", "/help/", "/sign-in/", "/sign-up/", "/no-such-page/"],
)  # fmt: skip
def test_a_new_visitor_is_asked_on_every_page_and_may_use_it_all_the_same(new_browser, course, page):
    shown = text_of(new_browser, page)
    assert BAR in shown
    assert "<h1" in shown


def test_the_bar_offers_three_equal_ways(new_browser):
    bar = text_of(new_browser, "/").partition(BAR)[2].partition("</section>")[0]
    assert bar.count('class="btn btn-outline"') == bar.count('class="btn') == 3
    assert "checkbox" not in bar
    assert 'href="/privacy/?next=/"' in bar


@pytest.mark.parametrize(("choice", "kept"), [("all", EVERYTHING), ("necessary", NOTHING)])
def test_one_tap_answers_either_way_and_leads_back(new_browser, choice, kept):
    answer = new_browser.post("/consent/", {"choice": choice, "next": "/courses/?topic=data"})
    assert answer["Location"] == "/courses/?topic=data"
    made = Choice.objects.get()
    assert (made.granted, made.version, made.way, made.member) == (int(kept), VERSION, Choice.Way.BAR, None)
    told = Event.objects.get()
    assert (told.name, told.properties, told.visitor) == (
        "consent.chosen",
        {"granted": int(kept), "way": "bar"},
        made.visitor,
    )
    assert BAR not in text_of(new_browser, "/")


def test_with_a_script_the_bar_goes_in_place_and_the_page_hears_what_it_may_tell(new_browser):
    answer = new_browser.post("/consent/", {"choice": "all"}, headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert json.loads(answer["HX-Trigger-After-Swap"]) == {
        "consent-chosen": {"granted": "analytics personalisation messages experiments"}
    }
    assert 'hx-swap-oob="innerHTML"' in answer.content.decode()
    assert BAR not in answer.content.decode()
    assert Choice.objects.get().granted == int(EVERYTHING)


def test_with_a_script_a_refusal_lets_the_page_tell_nothing(new_browser):
    answer = new_browser.post("/consent/", {"choice": "necessary"}, headers={"hx-request": "true"})
    assert json.loads(answer["HX-Trigger-After-Swap"]) == {"consent-chosen": {"granted": ""}}


@pytest.mark.parametrize(
    ("granted", "said"),
    [
        (None, ""),
        (NOTHING, ""),
        (Purpose.PERSONALISATION, "personalisation"),
        (EVERYTHING, "analytics personalisation messages experiments"),
    ],
)
def test_a_page_says_to_its_script_what_its_reader_consents_to(client, granted, said):
    client.force_login(make_member("reader@test.example", "读者", granted=granted))
    assert f'<meta name="zy-consent" content="{said}">' in text_of(client, "/")


def test_the_way_back_never_leads_elsewhere(new_browser):
    answer = new_browser.post("/consent/", {"choice": "all", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"


def test_an_answer_that_was_not_offered_keeps_nothing(new_browser):
    assert new_browser.post("/consent/", {"choice": "surely"})["Location"] == "/privacy/"
    assert not Choice.objects.exists()


def test_a_choice_can_not_be_made_by_a_link(new_browser):
    assert new_browser.get("/consent/?choice=all").status_code == 405
    assert not Choice.objects.exists()


def test_a_member_who_has_not_chosen_is_asked_and_one_who_has_is_not(signed_in, learner, undecided):
    assert BAR in text_of(signed_in(undecided), "/")
    assert BAR not in text_of(signed_in(learner), "/")


def test_a_members_choice_holds_in_every_browser(signed_in, undecided):
    signed_in(undecided).post("/consent/", {"choice": "necessary"})
    assert (Choice.objects.get().member, Choice.objects.get().visitor) == (undecided, None)
    assert BAR not in text_of(signed_in(undecided), "/")


def test_a_robot_is_never_asked_and_chooses_nothing(course):
    robot = Client(headers={"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
    assert BAR not in text_of(robot, "/")
    assert robot.post("/consent/", {"choice": "all"}).status_code == 400
    assert not Choice.objects.exists()


def test_staff_are_not_asked_at_the_desk(signed_in, operator):
    Choice.objects.all().delete()
    assert BAR not in text_of(signed_in(operator), "/desk/members/")


def test_nothing_is_recorded_before_a_choice_and_all_of_it_is_counted(
    new_browser, course, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        for page in ("/", f"/courses/{course.slug}/", "/search/?q=统计", f"/courses/{course.slug}/one/"):
            assert new_browser.get(page).status_code == 200
        new_browser.post(f"/save/{course.slug}/", {"saved": "1"})
    assert not Event.objects.exists()
    counted = dict(ConsentCount.objects.values_list("name", "n"))
    assert counted == {
        "course.viewed": 1,
        "search.made": 1,
        "lesson.opened": 1,
        "lesson.started": 1,
        "course.saved": 1,
    }


def test_too_many_choices_of_one_address_are_refused(new_browser, monkeypatch):
    # A few, so that no minute ends meanwhile.
    monkeypatch.setattr(views, "_CHOICES", RateLimitItemPerHour(3))
    for n in range(3):
        new_browser.cookies.clear()
        assert new_browser.post("/consent/", {"choice": "all"}).status_code == 302, n
    new_browser.cookies.clear()
    assert new_browser.post("/consent/", {"choice": "all"}).status_code == 429
    assert Choice.objects.count() == 3


# The page


def words_of(client, address):
    return " ".join(re.sub("<[^>]+>", " ", text_of(client, address)).split())


def test_each_purpose_says_how_long_which_acts_are_kept_for_it(new_browser):
    new_browser.cookies["zy_language"] = "en"
    page = words_of(new_browser, "/privacy/")
    assert "looking around 180 days; talking to support 365 days; learning, " in page
    assert "Kept for at most: messages 365 days." in page
    assert "Kept for at most: looking around 180 days." in page
    new_browser.cookies["zy_language"] = "zh-hans"
    page = words_of(new_browser, "/privacy/")
    assert "最多保留：浏览 180 天，学习、打开下单页、收藏和互动 730 天。" in page
    assert "没有同意的，只计总数，不记是谁。" in page


def test_what_is_always_kept_has_its_days_and_lies_in_backups_too(new_browser):
    page = words_of(new_browser, "/privacy/")
    assert "存在本学院自己的系统和备份里" in page
    assert (
        "登录 190 天，退订的消息 365 天，注册 730 天，试学过的课程、加入的课程、订单、"
        "兑换过的兑换码、用掉的优惠券、对用途的选择 1,826 天。"
    ) in page


def test_every_act_that_is_kept_for_a_purpose_or_in_any_case_has_its_days():
    kept = {purpose: {row.days for row in words.kept_for(purpose)} for purpose in Purpose}
    for kind in KINDS.values():
        if kind.is_necessary:
            assert kind.days_kept in {row.days for row in words.kept_in_any_case()}
        else:
            assert all(kind.days_kept in kept[purpose] for purpose in kind.serves), kind.name


def test_nothing_is_ticked_for_whoever_has_not_chosen(new_browser):
    shown = text_of(new_browser, "/privacy/")
    assert shown.count('name="purpose"') == 4
    assert "checked" not in shown
    assert BAR not in shown


def test_each_purpose_is_chosen_by_itself(new_browser):
    answer = new_browser.post("/privacy/", {"purpose": ["analytics", "messages", "gossip"]})
    assert answer["Location"] == "/privacy/"
    made = Choice.objects.get()
    assert (Purpose(made.granted), made.way) == (Purpose.ANALYTICS | Purpose.MESSAGES, Choice.Way.SETTINGS)
    shown = text_of(new_browser, "/privacy/")
    assert shown.count(" checked") == 2
    assert 'aria-describedby="purpose-analytics-words" checked' in shown


def test_who_came_from_a_page_is_led_back_to_it(new_browser):
    assert 'name="next" value="/courses/"' in text_of(new_browser, "/privacy/?next=/courses/")
    assert new_browser.post("/privacy/", {"next": "/courses/"})["Location"] == "/courses/"


def test_members_have_the_page_among_their_settings_with_every_choice(signed_in, learner):
    client = signed_in(learner)
    assert client.get("/privacy/?next=/me/")["Location"] == "/settings/privacy/?next=/me/"
    client.post("/settings/privacy/", {"purpose": ["analytics"]})
    choices = list(Choice.objects.filter(member=learner).order_by("pk").values_list("granted", "way"))
    assert choices == [(15, "sign_up"), (1, "settings")]
    shown = text_of(client, "/settings/privacy/")
    assert shown.index("在本页") < shown.index("注册时")


def test_withdrawing_leads_to_deleting(signed_in, learner, course):
    client = signed_in(learner)
    view_course(actor=Actor(member_id=learner.pk), course=course)
    there = client.post("/settings/privacy/", {"purpose": ["analytics"]})["Location"]
    assert there == "/settings/privacy/?withdrawn=1"
    assert text_of(client, there).count('href="/privacy/history/"') == 2
    assert Event.objects.filter(name="course.viewed").count() == 1


def test_the_page_waits_for_no_agreement(signed_in, learner):
    publish_templates(texts=[("terms", "用户协议", "正文")])
    client = signed_in(learner)
    assert client.get("/settings/profile/").status_code == 302
    assert client.get("/settings/privacy/").status_code == 200
    client.post("/settings/privacy/", {})
    assert granted(member_id=learner.pk, visitor=None) == NOTHING


def test_the_page_tells_what_is_recorded_of_oneself_alone(signed_in, learner, stranger, course):
    view_course(actor=Actor(member_id=learner.pk), course=course)
    save_course(actor=Actor(member_id=learner.pk), course=course)
    view_course(actor=Actor(member_id=stranger.pk), course=course)
    shown = text_of(signed_in(learner), "/settings/privacy/")
    assert shown.count("1 条") == 2
    assert "2 条" not in shown


# Deleting


def test_deleting_asks_first_and_takes_what_was_recorded_and_nothing_else(
    signed_in, learner, stranger, course
):
    client = signed_in(learner)
    client.get(f"/courses/{course.slug}/one/")
    save_course(actor=Actor(member_id=learner.pk), course=course)
    view_course(actor=Actor(member_id=stranger.pk), course=course)
    assert "3 条" in text_of(client, "/privacy/history/")
    assert Event.objects.filter(member=learner).count() == 3
    assert client.post("/privacy/history/")["Location"] == "/settings/privacy/"
    assert Event.objects.get().member == stranger
    assert (LessonProgress.objects.count(), SavedCourse.objects.count()) == (1, 1)
    noted = AuditEntry.objects.get()
    assert (noted.act, noted.by, noted.subject_id, noted.after) == (
        "member.history_deleted",
        learner,
        str(learner.pk),
        {"events": 3},
    )


def test_a_visitor_deletes_their_own_and_nobody_elses(browser, visitor, learner, course):
    other = make_visitor()
    for actor in (Actor(visitor=visitor), Actor(visitor=other), Actor(member_id=learner.pk, visitor=visitor)):
        view_course(actor=actor, course=course)
    assert browser.post("/privacy/history/")["Location"] == "/privacy/"
    # Beside a member no visitor's key is kept.
    assert set(Event.objects.values_list("visitor", "member")) == {(other, None), (None, learner.pk)}
    assert not AuditEntry.objects.exists()


def test_a_stranger_without_a_key_deletes_nothing(new_browser, visitor, course):
    view_course(actor=Actor(visitor=visitor), course=course)
    assert new_browser.post("/privacy/history/").status_code == 302
    assert Event.objects.count() == 1


# Signing up and in


def test_a_visitors_choice_becomes_the_members_and_their_history_joins(browser, visitor, course):
    browser.get(f"/courses/{course.slug}/")
    member = make_member("later@test.example", granted=None)
    browser.post("/sign-in/", {"username": member.email, "password": PASSWORD})
    made = Choice.objects.get(member=member)
    assert (made.granted, made.way) == (int(EVERYTHING), Choice.Way.SIGN_IN)
    assert Event.objects.get(name="course.viewed").member == member
    assert BAR not in text_of(browser, "/")


def test_what_a_member_refuses_leaves_the_visitors_history_with_its_key(browser, visitor, course):
    browser.get(f"/courses/{course.slug}/")
    browser.post(f"/save/{course.slug}/", {"saved": "1"})
    member = make_member("refuses@test.example", granted=Purpose.MESSAGES)
    browser.post("/sign-in/", {"username": member.email, "password": PASSWORD})
    assert Event.objects.get(name="course.viewed").member is None
    assert granted(member_id=member.pk, visitor=visitor) == Purpose.MESSAGES
    assert SavedCourse.objects.get().user == member


def test_who_never_chose_brings_their_list_and_is_asked(new_browser, course, undecided):
    new_browser.post(f"/save/{course.slug}/", {"saved": "1"})
    new_browser.post("/sign-in/", {"username": undecided.email, "password": PASSWORD})
    assert SavedCourse.objects.get().user == undecided
    assert BAR in text_of(new_browser, "/")


def test_a_page_asks_once_what_is_consented_to(
    signed_in, learner, browser, course, django_assert_num_queries
):
    for client in (signed_in(learner), browser):
        client.get("/help/")
        with django_assert_num_queries(1 if client is browser else 4):
            client.get("/help/")


def test_another_visitors_key_is_not_taken_by_knowing_it(visitor, course):
    view_course(actor=Actor(visitor=visitor), course=course)
    thief = Client(headers={"user-agent": BROWSER})
    thief.cookies[VISITOR_COOKIE] = str(visitor)
    thief.post("/privacy/history/")
    assert Event.objects.count() == 1
    thief.cookies[VISITOR_COOKIE] = signed_key(visitor)
    thief.post("/privacy/history/")
    assert Event.objects.count() == 0
