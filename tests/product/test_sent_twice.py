"""A form that is sent twice, by a double click on a page without its script, does its work once."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Barrier, Thread

import pytest
from django.db import connection

from tests.factories import make_course
from zhiyue.core.accounts.invitations import invite_staff
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import PersonalToken, StaffInvitation
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.accounts.tokens import make_token
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.facilities.search.models import Synonyms
from zhiyue.facilities.search.services import put_synonyms
from zhiyue.product.catalogue import services
from zhiyue.product.catalogue.errors import NotNow
from zhiyue.product.catalogue.likeness import write_to_teacher
from zhiyue.product.catalogue.models import Chapter, Course, Lesson, Likeness, Teacher
from zhiyue.recommend.models import Rule
from zhiyue.recommend.rules import Wish, put_rule

pytestmark = pytest.mark.django_db(transaction=True)


def viewer_of(user):
    return Viewer(user=user, visitor=None, roles=roles_of(user))


def at_once(act: Callable[[], object]) -> list[object]:
    """What two who do it at the same moment get."""
    answers, gate = [], Barrier(2)

    def do():
        gate.wait()
        try:
            answers.append(act())
        finally:
            connection.close()

    threads = [Thread(target=do) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2
    return answers


@pytest.fixture
def topic(db):
    return services.put_topic(slug="data", name="数据", name_en="Data", position=0)


@pytest.fixture
def draft(creator, topic):
    return services.create_course(viewer=viewer_of(creator), title="概率的用法", topic=topic)


def test_a_course_is_begun_once(creator, topic):
    viewer = viewer_of(creator)
    one, two = at_once(lambda: services.create_course(viewer=viewer, title="统计的用法", topic=topic))
    assert one == two == Course.objects.get()
    assert AuditEntry.objects.filter(act="course.created").count() == 1
    services.create_course(viewer=viewer, title="统计的用法", topic=topic, form="column")
    services.create_course(viewer=viewer, title="统计的另一种用法", topic=topic)
    assert Course.objects.count() == 3


def test_a_chapter_is_added_once(creator, draft):
    viewer = viewer_of(creator)
    one, two = at_once(lambda: services.add_chapter(viewer=viewer, course_id=draft.pk, title="第一章"))
    assert one == two == Chapter.objects.get()
    assert AuditEntry.objects.filter(act="chapter.added").count() == 1


def test_a_lesson_is_added_once(creator, draft):
    viewer = viewer_of(creator)
    chapter = services.add_chapter(viewer=viewer, course_id=draft.pk, title="第一章")
    one, two = at_once(lambda: services.add_lesson(viewer=viewer, chapter_id=chapter.pk, title="第一讲"))
    assert one == two == Lesson.objects.get()
    # What was taken away again may come back at once.
    services.remove_lesson(viewer=viewer, lesson_id=one.pk)
    assert services.add_lesson(viewer=viewer, chapter_id=chapter.pk, title="第一讲") == Lesson.objects.get()


def test_whoever_means_the_same_again_gets_it(creator, draft, monkeypatch):
    viewer = viewer_of(creator)
    services.add_chapter(viewer=viewer, course_id=draft.pk, title="练习")
    monkeypatch.setattr("zhiyue.core.audit.selectors.A_MOMENT", timedelta(0))
    services.add_chapter(viewer=viewer, course_id=draft.pk, title="练习")
    assert [row.title for row in Chapter.objects.order_by("position")] == ["练习", "练习"]


def test_two_people_who_do_the_same_both_do_it(creator, operator, topic):
    for user in (creator, operator):
        services.create_course(viewer=viewer_of(user), title="统计的用法", topic=topic)
    assert Course.objects.count() == 2


@pytest.mark.parametrize("length", [30, 501, 1000])
def test_a_letter_about_likeness_is_sent_once(operator, creator, length):
    one, two = make_course("mean"), make_course("mean-again")
    Teacher.objects.update(user=creator)
    pair = Likeness.objects.create(course=one, other=two, share=0.9, found_at=clock.now())
    viewer, text = viewer_of(operator), "请说说两门课的区别。" * (length // 10) + "。" * (length % 10)

    def write(course=two):
        return write_to_teacher(viewer=viewer, likeness_id=pair.pk, course_id=course.pk, text=text, link="")

    assert at_once(write) == [two.teacher.name] * 2
    assert OutgoingMessage.objects.count() == 1
    assert AuditEntry.objects.filter(act="likeness.told").count() == 1
    write(one)
    assert OutgoingMessage.objects.count() == 2


@pytest.fixture
def written(operator):
    """A course with all it needs to be out, not out yet."""
    course = make_course("mean", text="平均数会骗人，中位数不会。" * 20)
    Course.objects.filter(pk=course.pk).update(status="draft", published_at=None)
    return course


def test_a_course_is_published_and_withdrawn_once(operator, written):
    viewer = viewer_of(operator)
    for act, code in ((services.publish, "course.published"), (services.withdraw, "course.withdrawn")):
        one, two = at_once(partial(act, viewer=viewer, course_id=written.pk))
        assert (one.status, one.published_at) == (two.status, two.published_at)
        assert AuditEntry.objects.filter(act=code).count() == 1
    # Whoever changes their mind at once may do so.
    assert services.publish(viewer=viewer, course_id=written.pk).is_published
    assert services.withdraw(viewer=viewer, course_id=written.pk).status == Course.Status.WITHDRAWN


def test_a_course_is_scheduled_once(operator, written):
    viewer, at = viewer_of(operator), (clock.now() + timedelta(days=2)).astimezone(clock.business_zone())
    at_once(lambda: services.schedule(viewer=viewer, course_id=written.pk, at=at))
    assert AuditEntry.objects.filter(act="course.scheduled").count() == 1
    services.schedule(viewer=viewer, course_id=written.pk, at=at + timedelta(days=1))
    assert AuditEntry.objects.filter(act="course.scheduled").count() == 2


def test_somebody_else_is_told_that_a_course_is_out_already(operator, owner, written):
    services.publish(viewer=viewer_of(operator), course_id=written.pk)
    with pytest.raises(NotNow):
        services.publish(viewer=viewer_of(owner), course_id=written.pk)


def test_a_group_of_synonyms_is_kept_once(operator):
    viewer = viewer_of(operator)
    # A new academy has some; whichever test emptied the tables before may have taken them.
    before = Synonyms.objects.count()
    one, two = at_once(lambda: put_synonyms(by=viewer, words=["贝叶斯", "Bayes"]))
    assert one == two
    assert Synonyms.objects.count() == before + 1
    assert AuditEntry.objects.filter(act="synonyms.added").count() == 1


def test_a_rule_about_recommendations_is_kept_once(operator):
    course, until = make_course("data-0"), clock.now() + timedelta(days=3)

    def put():
        wish = Wish("pin", course.pk, "for-you", "New term", clock.now(), ends_at=until, place=1)
        return put_rule(viewer=viewer_of(operator), wish=wish)

    one, two = at_once(put)
    assert one == two == Rule.objects.get()
    assert AuditEntry.objects.filter(act="rule.made").count() == 1


def test_one_form_makes_one_token_and_shows_its_key_both_times(learner):
    def make(form="mask-1", name="阅读统计"):
        return make_token(user=learner, name=name, scopes=["me:read"], form=form)

    one, two = at_once(make)
    assert one == two
    assert PersonalToken.objects.get() == one[0]
    # Another form, other words in the same one, and no form at all: each a token of its own.
    others = [make(form="mask-2"), make(name="另一个"), make(form=""), make(form="")]
    assert len({key for _, key in [one, *others]}) == 5


def test_a_token_that_was_ended_does_not_come_back_by_its_form(learner):
    token, key = make_token(user=learner, name="x", scopes=["me:read"], form="mask")
    PersonalToken.objects.update(ended_at=token.made_at)
    again, other = make_token(user=learner, name="x", scopes=["me:read"], form="mask")
    assert (again.pk != token.pk, other != key) == (True, True)


def test_one_form_makes_one_invitation(owner):
    viewer = viewer_of(owner)
    one, two = at_once(lambda: invite_staff(viewer=viewer, role="agent", form="mask"))
    assert (one.invitation, one.secret) == (two.invitation, two.secret)
    assert sorted([one.is_repeated, two.is_repeated]) == [False, True]
    assert StaffInvitation.objects.count() == 1
    assert AuditEntry.objects.filter(act="staff.invited").count() == 1
    invite_staff(viewer=viewer, role="creator", form="mask")
    invite_staff(viewer=viewer, role="agent")
    assert StaffInvitation.objects.count() == 3


def test_an_invitation_that_is_over_is_not_shown_again(owner):
    first = invite_staff(viewer=viewer_of(owner), role="agent", form="mask")
    StaffInvitation.objects.update(withdrawn_at=first.invitation.invited_at)
    second = invite_staff(viewer=viewer_of(owner), role="agent", form="mask")
    assert (second.secret != first.secret, second.is_repeated) == (True, False)
