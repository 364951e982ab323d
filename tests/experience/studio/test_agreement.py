"""Creators accept their agreement before they write; who writes for the academy isn't asked."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.academy.errors import AgreementsPending
from zhiyue.core.academy.models import Agreement, AgreementAcceptance
from zhiyue.core.academy.services import publish_agreement, publish_templates
from zhiyue.core.kit import clock
from zhiyue.product.catalogue import services
from zhiyue.product.catalogue.models import Course, Topic

pytestmark = pytest.mark.django_db

ASKED = "/sign-in/agreements/?for=creator&next=%2Fstudio%2F"


@pytest.fixture
def agreement(db):
    [made] = publish_templates(texts=[("creator", "创作者协议", "作品归你。")])
    return made


@pytest.fixture
def topic(db) -> Topic:
    return services.put_topic(slug="data", name="数据", name_en="Data", position=0)


def test_a_creator_accepts_before_the_studio_opens(creator, signed_in, agreement):
    client = signed_in(creator)
    assert client.get("/studio/")["Location"] == ASKED
    page = client.get(ASKED).content.decode()
    assert "创作者协议" in page and "动笔之前" in page
    shown = re.findall(r'name="shown" value="([0-9,]+)"', page)[0]
    answer = client.post(ASKED, {"accepted": "on", "shown": shown, "next": "/studio/"})
    assert answer["Location"] == "/studio/"
    kept = AgreementAcceptance.objects.get()
    assert (kept.user, kept.agreement) == (creator, agreement)
    assert client.get("/studio/").status_code == 200


def test_no_course_is_begun_before(creator, signed_in, agreement, topic):
    client = signed_in(creator)
    answer = client.post(reverse("studio:new"), {"title": "新课", "topic": topic.pk, "form": "course"})
    assert answer["Location"].startswith("/sign-in/agreements/?for=creator")
    with pytest.raises(AgreementsPending):
        services.create_course(viewer=viewer_of(creator), title="新课", topic=topic)
    assert not Course.objects.exists()


def test_a_new_version_asks_again_and_loses_nothing_typed(creator, owner, signed_in, topic):
    course = services.create_course(viewer=viewer_of(creator), title="旧课", topic=topic)
    chapter = services.add_chapter(viewer=viewer_of(creator), course_id=course.pk, title="一")
    publish_agreement(viewer=viewer_of(owner), kind="creator", title="创作者协议", body="改过的。")
    client = signed_in(creator)
    assert client.get(reverse("studio:outline", args=[course.pk])).status_code == 302
    client.post(reverse("studio:chapter_act", args=[chapter.pk, "add-lesson"]), {"title": "写到一半"})
    assert list(course.lessons.values_list("title", flat=True)) == ["写到一半"]


def test_nothing_comes_out_before_the_new_version_is_accepted(creator, owner, topic):
    viewer = viewer_of(creator)
    course = services.create_course(viewer=viewer, title="旧课", topic=topic)
    publish_agreement(viewer=viewer_of(owner), kind="creator", title="创作者协议", body="改过的。")
    with pytest.raises(AgreementsPending):
        services.publish(viewer=viewer, course_id=course.pk)
    with pytest.raises(AgreementsPending):
        services.schedule(viewer=viewer, course_id=course.pk, at=clock.now() + timedelta(days=1))
    assert Course.objects.get().status == Course.Status.DRAFT


def test_terms_that_are_pending_are_asked_for_with_it(creator, signed_in, agreement):
    publish_templates(texts=[("terms", "用户协议", "正文")])
    page = signed_in(creator).get(ASKED).content.decode()
    shown = re.findall(r'name="shown" value="([0-9,]+)"', page)[0].split(",")
    assert {int(pk) for pk in shown} == set(Agreement.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("who", ["operator", "owner"])
def test_who_writes_for_the_academy_is_not_asked(request, signed_in, agreement, topic, who):
    user = request.getfixturevalue(who)
    assert signed_in(user).get("/studio/").status_code == 200
    services.create_course(viewer=viewer_of(user), title="学院的课", topic=topic)
    assert not AgreementAcceptance.objects.exists()


def test_who_writes_nothing_is_not_asked(learner, signed_in, agreement):
    client = signed_in(learner)
    assert client.get(ASKED)["Location"] == "/studio/"
    assert client.get("/settings/").status_code == 200
