"""Courses that are nearly the same: found, shown to those concerned, set aside with a reason."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection

from tests.factories import lesson_of, make_course
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.engine.sameness import alike
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.catalogue import likeness
from zhiyue.product.catalogue.errors import BadFact
from zhiyue.product.catalogue.models import Course, Lesson, Likeness, Teacher
from zhiyue.product.catalogue.passages import CHARACTERS_AT_MOST, meetings
from zhiyue.product.catalogue.services import LessonFacts, change_lesson

TEXT = "平均数会骗人，中位数不会。把三个数放在一起看，才知道这群人到底过得怎么样，也才知道谁被平均掉了。"
OTHER = "闷蒸三十秒之后，分三段注水，总共两分半钟。水温九十二度，粉水比一比十五，喝起来干净而且甜。"


@pytest.fixture
def pair(db):
    make_course("coffee", text=OTHER)
    one, two = make_course("mean", text=TEXT), make_course("mean-again", text=TEXT)
    for slug in ("one", "two", "three"):
        lesson = lesson_of(two, slug)
        lesson.title = f"再讲一遍 {slug}"
        lesson.save()
    likeness.find_likenesses()
    return one, two


def test_only_the_copy_is_found_and_the_original_is_told(pair, operator):
    one, two = pair
    row = Likeness.objects.get()
    assert (row.course, row.other) == (one, two)
    assert row.share > 0.6
    [(other, percent)] = likeness.likenesses_of(viewer_of(operator), two)
    assert (other, percent) == (one, round(100 * row.share))
    [twins] = likeness.twins(viewer_of(operator))
    meeting = twins.meetings[0]
    assert meeting.one.lesson in one.lessons.all() and meeting.other.lesson in two.lessons.all()
    for side in (meeting.one, meeting.other):
        assert TEXT.rstrip("。") in "".join(side.passages[0])


def test_an_edition_is_not_taken_for_a_copy_of_its_original(pair):
    one, two = pair
    Course.objects.filter(pk=two.pk).update(edition_of=one, language="en")
    likeness.find_likenesses()
    assert not Likeness.objects.exists()


def test_an_edition_is_still_like_somebody_elses_course(pair):
    one, two = pair
    original = make_course("original", text=OTHER[::-1])
    Course.objects.filter(pk=two.pk).update(edition_of=original, language="en")
    likeness.find_likenesses()
    row = Likeness.objects.get()
    assert (row.course, row.other) == (one, two)


def test_a_pair_no_longer_alike_is_forgotten(pair):
    one, two = pair
    for lesson in two.lessons.all():
        lesson.body = OTHER[::-1] * (lesson.position + 1)
        lesson.save()
    two.summary, two.subtitle, two.outcomes = "另一回事", "完全不同", []
    two.save()
    likeness.find_likenesses()
    assert not Likeness.objects.filter(course=one, other=two).exists()


def test_a_pair_is_set_aside_for_a_reason_and_stays_there(pair, operator):
    row, viewer = Likeness.objects.get(), viewer_of(operator)
    with pytest.raises(BadFact):
        likeness.set_aside(viewer=viewer, likeness_id=row.pk, why=" ")
    assert likeness.twins(viewer)
    likeness.set_aside(viewer=viewer, likeness_id=row.pk, why="新版替换旧版，下周下架旧版")
    likeness.find_likenesses()
    assert likeness.twins(viewer) == []
    assert likeness.likenesses_of(viewer, pair[0]) == []
    assert AuditEntry.objects.get(act="likeness.dismissed").why == "新版替换旧版，下周下架旧版"
    Likeness.objects.update(share=0.3)
    likeness.find_likenesses()
    assert likeness.twins(viewer)[0].likeness.dismissed_at is None


def test_a_creator_sets_nothing_aside(pair, creator):
    row, viewer = Likeness.objects.get(), viewer_of(creator)
    with pytest.raises(NotAllowed):
        likeness.set_aside(viewer=viewer, likeness_id=row.pk, why="随便")
    with pytest.raises(NotAllowed):
        likeness.likenesses_of(viewer, pair[0])
    with pytest.raises(NotAllowed):
        likeness.twins(viewer)
    assert Likeness.objects.get().dismissed_at is None


def test_passages_are_shown_by_paragraph_without_signs_of_markdown(db, operator):
    written = f"## 先看分布\n\n- **平均数**会骗人\n- 中位数不会\n\n> {TEXT}"
    make_course("signs", text=written)
    make_course("signs-again", text=written)
    likeness.find_likenesses()
    meeting = likeness.twins(viewer_of(operator))[0].meetings[0]
    assert meeting.one.passages[0][-4:] == ("先看分布", "平均数会骗人", "中位数不会", TEXT.rstrip("。"))
    assert meeting.one.passages == meeting.other.passages


def test_a_long_passage_is_cut_and_says_so(db):
    long = "\n\n".join(f"第{number}段：{OTHER}" for number in range(60))
    one, two = make_course("long", text=long), make_course("long-again", text=long)
    passage = meetings(one, two)[0].one.passages[0]
    assert passage[-1].endswith("…")
    assert CHARACTERS_AT_MOST <= sum(map(len, passage)) <= CHARACTERS_AT_MOST + 1


def test_lessons_meet_across_places(db):
    one, two = make_course("first", text=TEXT), make_course("second", text=OTHER)
    moved = lesson_of(two, "two")
    Lesson.objects.filter(pk=moved.pk).update(body=lesson_of(one, "one").body)
    assert {meeting.other.lesson for meeting in meetings(one, two)[:3]} == {moved}


def test_a_teacher_is_written_to_and_it_is_noted(pair, operator, creator):
    course = pair[1]
    Teacher.objects.filter(pk=course.teacher_id).update(user=creator)
    row = Likeness.objects.get()
    write = partial(
        likeness.write_to_teacher, viewer=viewer_of(operator), likeness_id=row.pk, course_id=course.pk,
        link="https://academy.example/studio/",
    )  # fmt: skip
    assert write(text="  两门课有一半重合，请说说区别。 ") == course.teacher.name
    mail = OutgoingMessage.objects.get()
    assert mail.to == creator.email and course.title in mail.subject
    for words in ("两门课有一半重合，请说说区别。", operator.display_name, "https://academy.example/studio/"):
        assert words in mail.content["text"]
    noted = AuditEntry.objects.get(act="likeness.told")
    assert noted.after["body"] == "两门课有一半重合，请说说区别。" and noted.after["course"] == course.title
    assert Likeness.objects.get().dismissed_at is None


@pytest.mark.parametrize(
    ("status", "is_own", "is_named"),
    [("published", False, True), ("draft", False, False), ("withdrawn", False, False), ("draft", True, True)],
)
def test_a_letter_names_no_draft_of_a_colleague(pair, operator, creator, status, is_own, is_named):
    other, course = pair
    mine = course.teacher
    if not is_own:
        mine = Teacher.objects.create(slug="lin-yu", name="林屿")
        Course.objects.filter(pk=course.pk).update(teacher=mine)
    Teacher.objects.filter(pk=mine.pk).update(user=creator)
    Course.objects.filter(pk=other.pk).update(status=status, title="还没写完的秘密")
    likeness.write_to_teacher(
        viewer=viewer_of(operator), likeness_id=Likeness.objects.get().pk, course_id=course.pk,
        text="两门课有一半重合，请说说区别。", link="",
    )  # fmt: skip
    assert ("还没写完的秘密" in str(OutgoingMessage.objects.get().content)) == is_named


@pytest.mark.parametrize("text", ["", "太短", "长" * 1001])
def test_a_letter_that_says_nothing_or_too_much_is_not_sent(pair, operator, creator, text):
    Teacher.objects.filter(pk=pair[1].teacher_id).update(user=creator)
    row = Likeness.objects.get()
    with pytest.raises(BadFact):
        likeness.write_to_teacher(
            viewer=viewer_of(operator), likeness_id=row.pk, course_id=pair[1].pk, text=text, link=""
        )
    assert not OutgoingMessage.objects.exists() and not AuditEntry.objects.exists()


def test_nobody_writes_who_may_not_nor_to_who_has_no_account_nor_about_another_course(
    pair, operator, creator
):
    row, text = Likeness.objects.get(), "两门课有一半重合，请说说区别。"
    write = partial(likeness.write_to_teacher, likeness_id=row.pk, text=text, link="")
    with pytest.raises(BadFact):
        write(viewer=viewer_of(operator), course_id=pair[1].pk)
    with pytest.raises(NotAllowed):
        write(viewer=viewer_of(creator), course_id=pair[1].pk)
    with pytest.raises(Likeness.DoesNotExist):
        write(viewer=viewer_of(operator), course_id=make_course("third", text=OTHER * 4).pk)
    assert not OutgoingMessage.objects.exists() and not AuditEntry.objects.exists()


def test_what_an_author_writes_is_compared_before_it_is_out(pair, creator, operator):
    lesson = lesson_of(pair[0], "two")
    facts = LessonFacts(title=lesson.title, kind="article", body="另一段话。", is_free=False)
    Job.objects.all().delete()
    for words in ("另一段话。", "再一段话。"):
        lesson = change_lesson(
            viewer=viewer_of(operator),
            lesson_id=lesson.pk,
            facts=replace(facts, body=words),
            seen_at=lesson.updated_at,
        )
    job = Job.objects.get(name="catalogue.compare")
    assert job.claimable_at - job.enqueued_at == timedelta(minutes=10)


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_while_courses_are_compared(monkeypatch):
    make_course("mean", text=TEXT)
    make_course("mean-again", text=TEXT)
    held = []

    def watched(texts, **how):
        held.append(connection.in_atomic_block)
        return alike(texts, **how)

    monkeypatch.setattr(likeness, "alike", watched)
    assert likeness.find_likenesses() == 1
    assert held == [False]


@pytest.mark.django_db(transaction=True)
def test_a_course_removed_while_courses_are_compared_has_no_pair(monkeypatch):
    make_course("mean", text=TEXT)
    copy = make_course("mean-again", text=TEXT)

    def slow(texts, **how):
        copy.delete()
        return alike(texts, **how)

    monkeypatch.setattr(likeness, "alike", slow)
    assert likeness.find_likenesses() == 0
    assert not Likeness.objects.exists()
