"""Writing courses: who may, what is kept, what is refused and leaves no trace."""

import json
from datetime import timedelta

import pytest

from tests.factories import lesson_of, make_course
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.product.catalogue import authoring, selectors, services
from zhiyue.product.catalogue.errors import (
    BadFact,
    ChangedMeanwhile,
    NotNow,
    NotReady,
    PrerequisiteCircle,
    SlugTaken,
    SlugWasAnothers,
)
from zhiyue.product.catalogue.models import Chapter, Course, FormerSlug, Lesson, Teacher, Topic
from zhiyue.product.catalogue.services import CourseFacts, LessonFacts
from zhiyue.product.catalogue.services.shelving import TeacherFacts, TopicFacts


def viewer_of(user):
    return Viewer(user=user, visitor=None, roles=roles_of(user))


@pytest.fixture
def author(creator, db):
    return viewer_of(creator)


@pytest.fixture
def topic(db):
    return services.put_topic(slug="data", name="数据", name_en="Data", position=0)


@pytest.fixture
def draft(author, topic):
    """Two chapters: a, b in the first; c in the second."""
    course = services.create_course(viewer=author, title="概率的日常用法", topic=topic)
    first = services.add_chapter(viewer=author, course_id=course.pk, title="一")
    second = services.add_chapter(viewer=author, course_id=course.pk, title="二")
    for chapter, title in ((first, "a"), (first, "b"), (second, "c")):
        services.add_lesson(viewer=author, chapter_id=chapter.pk, title=title)
    return course


def order(course):
    rows = Lesson.objects.filter(course=course).order_by("position")
    return [(row.chapter.title, row.title) for row in rows.select_related("chapter")]


def write(author, lesson, body="概率是一种语言。"):
    facts = LessonFacts(title=lesson.title, kind="article", body=body, is_free=True)
    return services.change_lesson(viewer=author, lesson_id=lesson.pk, facts=facts, seen_at=lesson.updated_at)


def facts_of(course, **changed):
    names = [name for name in CourseFacts.__dataclass_fields__ if name != "prerequisites"]
    values = {name: getattr(course, name) for name in names}
    values |= {name: tuple(values[name]) for name in ("outcomes", "tags", "skills")}
    return CourseFacts(**{**values, "prerequisites": tuple(course.prerequisites.all()), **changed})


def change(author, course, **changed):
    return services.change_course(
        viewer=author, course_id=course.pk, facts=facts_of(course, **changed), seen_at=course.updated_at
    )


def ready(author, draft):
    write(author, Lesson.objects.get(course=draft, title="a"))
    return change(author, draft, summary="给看报表的人。", price_decided=True)


def test_a_creator_becomes_a_teacher_with_their_first_course(author, topic):
    course = services.create_course(viewer=author, title="  概率 的 用法 ", topic=topic)
    assert (course.title, course.status, course.price_decided) == ("概率 的 用法", "draft", False)
    assert course.teacher.user == author.user
    services.create_course(viewer=author, title="Bayes for dinner", topic=topic)
    assert Course.objects.filter(slug="bayes-for-dinner", teacher=course.teacher).exists()
    assert Teacher.objects.count() == 1
    assert AuditEntry.objects.filter(act="course.created").count() == 2


def test_a_stranger_changes_nothing(stranger, draft):
    viewer = viewer_of(stranger)
    lesson = Lesson.objects.get(course=draft, title="a")
    entries = AuditEntry.objects.count()
    acts = [
        lambda: services.create_course(viewer=viewer, title="我的", topic=draft.topic),
        lambda: change(viewer, draft, title="我的"),
        lambda: services.move_course(viewer=viewer, course_id=draft.pk, slug="mine"),
        lambda: services.add_chapter(viewer=viewer, course_id=draft.pk, title="我的"),
        lambda: services.move_lesson(viewer=viewer, lesson_id=lesson.pk, by=1),
        lambda: services.remove_lesson(viewer=viewer, lesson_id=lesson.pk),
        lambda: write(viewer, lesson),
        lambda: services.publish(viewer=viewer, course_id=draft.pk),
        lambda: services.remove_course(viewer=viewer, course_id=draft.pk),
        lambda: services.put_keyword(viewer=viewer, course_id=draft.pk, keyword="我的"),
        lambda: services.create_topic(viewer=viewer, facts=TopicFacts("x", "x", "x", "")),
        lambda: authoring.course_to_change(viewer, draft.pk),
        lambda: authoring.courses_of(viewer),
    ]
    for act in acts:
        with pytest.raises(NotAllowed):
            act()
    draft.refresh_from_db()
    assert (draft.title, Course.objects.count(), order(draft)) == (
        "概率的日常用法", 1, [("一", "a"), ("一", "b"), ("二", "c")],
    )  # fmt: skip
    assert AuditEntry.objects.count() == entries


def test_a_creator_changes_only_what_they_teach_an_operator_everything(author, operator, course):
    with pytest.raises(NotAllowed):
        services.withdraw(viewer=author, course_id=course.pk)
    assert not selectors.may_change(author, course)
    assert services.withdraw(viewer=viewer_of(operator), course_id=course.pk).status == "withdrawn"


def test_a_lesson_moves_within_its_chapter_and_across(author, draft):
    lesson = Lesson.objects.get(course=draft, title="b")
    services.move_lesson(viewer=author, lesson_id=lesson.pk, by=1)
    assert order(draft) == [("一", "a"), ("二", "b"), ("二", "c")]
    services.move_lesson(viewer=author, lesson_id=lesson.pk, by=1)
    assert order(draft) == [("一", "a"), ("二", "c"), ("二", "b")]
    services.move_lesson(viewer=author, lesson_id=lesson.pk, by=1)
    assert order(draft) == [("一", "a"), ("二", "c"), ("二", "b")]
    services.move_chapter(viewer=author, chapter_id=Chapter.objects.get(title="二").pk, by=-1)
    assert order(draft) == [("二", "c"), ("二", "b"), ("一", "a")]
    assert sorted(draft.lessons.values_list("position", flat=True)) == [1, 2, 3]


def test_a_chapter_with_lessons_stays(author, draft):
    chapter = Chapter.objects.get(title="二")
    with pytest.raises(NotNow):
        services.remove_chapter(viewer=author, chapter_id=chapter.pk)
    assert Chapter.objects.filter(pk=chapter.pk).exists()
    services.remove_lesson(viewer=author, lesson_id=Lesson.objects.get(title="c").pk)
    services.remove_chapter(viewer=author, chapter_id=chapter.pk)
    assert list(draft.chapters.values_list("title", flat=True)) == ["一"]


def test_the_text_of_a_deleted_lesson_is_kept_whole_in_the_audit_log(author, draft):
    lesson, body = Lesson.objects.get(title="c"), "写了很久。" * 1_000
    write(author, lesson, body=body)
    services.remove_lesson(viewer=author, lesson_id=lesson.pk)
    assert AuditEntry.objects.get(act="lesson.removed").before["body"] == body


def test_a_lesson_that_was_out_is_withdrawn_never_lost(operator, course):
    viewer, lesson = viewer_of(operator), lesson_of(course, "two")
    with pytest.raises(NotNow):
        services.remove_lesson(viewer=viewer, lesson_id=lesson.pk)
    with pytest.raises(NotNow):
        write(viewer, lesson, body="  ")
    services.withdraw_lesson(viewer=viewer, lesson_id=lesson.pk, why="数据过时")
    assert selectors.courses_by_id([course.pk])[course.pk].lesson_count == 3
    with pytest.raises(Lesson.DoesNotExist):
        selectors.lesson_page("intuition", "two")
    assert AuditEntry.objects.get(act="lesson.withdrawn").why == "数据过时"
    services.bring_back_lesson(viewer=viewer, lesson_id=lesson.pk)
    assert selectors.lesson_page("intuition", "two").body == "平均数会骗人。"


def test_the_second_of_two_tabs_is_told_and_loses_nothing(author, draft):
    seen = Lesson.objects.get(course=draft, title="a")
    write(author, seen, body="第一个标签页")
    with pytest.raises(ChangedMeanwhile) as told:
        write(author, seen, body="第二个标签页")
    assert told.value.theirs.body == "第一个标签页"
    assert Lesson.objects.get(pk=seen.pk).body == "第一个标签页"
    assert AuditEntry.objects.filter(act="lesson.changed").count() == 1


def test_minutes_are_counted_from_the_text(author, draft):
    lesson = write(author, Lesson.objects.get(course=draft, title="a"), body="字" * 800)
    assert lesson.minutes == 3


def test_old_addresses_lead_to_the_newest_in_one_step(author, draft):
    first = draft.slug
    services.move_course(viewer=author, course_id=draft.pk, slug="second")
    services.move_course(viewer=author, course_id=draft.pk, slug="third")
    assert selectors.course_moved_to(first) == selectors.course_moved_to("second") == "third"
    services.move_course(viewer=author, course_id=draft.pk, slug=first)
    assert selectors.course_moved_to("third") == first
    assert not FormerSlug.objects.filter(slug=first).exists()


def test_an_address_with_old_links_of_another_is_taken_only_knowingly(author, draft, course):
    services.move_course(viewer=author, course_id=draft.pk, slug="old-home")
    services.move_course(viewer=author, course_id=draft.pk, slug="new-home")
    other = services.create_course(viewer=author, title="Another one", topic=draft.topic)
    with pytest.raises(SlugTaken):
        services.move_course(viewer=author, course_id=other.pk, slug="intuition")
    with pytest.raises(SlugWasAnothers, match="概率的日常用法"):
        services.move_course(viewer=author, course_id=other.pk, slug="old-home")
    with pytest.raises(BadFact):
        services.move_course(viewer=author, course_id=other.pk, slug="Old Home")
    assert selectors.course_moved_to("old-home") == "new-home"
    services.move_course(viewer=author, course_id=other.pk, slug="old-home", take_over=True)
    assert selectors.course_moved_to("old-home") is None


def test_nothing_may_come_before_itself(author, draft):
    second = services.create_course(viewer=author, title="第二门", topic=draft.topic)
    third = services.create_course(viewer=author, title="第三门", topic=draft.topic)
    second = change(author, second, prerequisites=(draft,))
    third = change(author, third, prerequisites=(second,))
    with pytest.raises(PrerequisiteCircle, match="第三门"):
        change(author, draft, prerequisites=(third,))
    with pytest.raises(PrerequisiteCircle):
        change(author, draft, prerequisites=(draft,))
    assert not draft.prerequisites.exists()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": "一"}, "title"),
        ({"price_fen": 9900, "list_price_fen": 9900}, "list_price"),
        ({"price_fen": 100_000_001}, "price"),
        ({"tags": tuple(f"标签{n}" for n in range(13))}, "tags"),
        ({"outcomes": ("长" * 81,)}, "outcomes"),
        ({"subtitle": "长" * 81}, "subtitle"),
        ({"summary": "长" * 5_001}, "summary"),
        ({"keyword": "长" * 13}, "keyword"),
        ({"seo_title": "长" * 61}, "seo_title"),
        ({"seo_description": "长" * 161}, "seo_description"),
    ],
)
def test_a_bad_fact_names_its_field_and_writes_nothing(author, draft, changed, field):
    entries = AuditEntry.objects.count()
    with pytest.raises(BadFact) as told:
        change(author, draft, **changed)
    assert told.value.field == field
    draft.refresh_from_db()
    assert (draft.title, draft.price_fen, draft.tags, draft.outcomes) == ("概率的日常用法", 0, [], [])
    assert AuditEntry.objects.count() == entries


def test_topics_and_teachers_are_refused_texts_that_are_too_long(operator):
    by = viewer_of(operator)
    before = (Topic.objects.count(), Teacher.objects.count(), AuditEntry.objects.count())
    for field, facts in (
        ("name", TopicFacts("x", "长" * 21, "x", "")),
        ("description", TopicFacts("x", "x", "x", "长" * 201)),
    ):
        with pytest.raises(BadFact) as told:
            services.create_topic(viewer=by, facts=facts)
        assert told.value.field == field
    with pytest.raises(BadFact) as told:
        services.create_teacher(viewer=by, facts=TeacherFacts("x", "x", "", "长" * 2_001, None))
    assert told.value.field == "bio"
    assert before == (Topic.objects.count(), Teacher.objects.count(), AuditEntry.objects.count())


def test_the_log_keeps_only_what_changed(author, draft):
    change(author, draft, subtitle="三成是什么意思", tags=("概率", "概率", " "))
    entry = AuditEntry.objects.get(act="course.changed")
    assert entry.before == {"subtitle": "", "tags": []}
    assert entry.after == {"subtitle": "三成是什么意思", "tags": ["概率"]}
    assert json.dumps(entry.after)


def test_a_draft_is_published_when_nothing_is_missing(author, draft, monkeypatch):
    with pytest.raises(NotReady):
        services.publish(viewer=author, course_id=draft.pk)
    missing = [need.key for need in authoring.checklist(draft) if need.must and not need.done]
    assert missing == ["summary", "price", "lesson"]
    ready(author, draft)
    services.publish(viewer=author, course_id=draft.pk)
    assert selectors.course_page(draft.slug).pk == draft.pk
    assert Job.objects.filter(name="catalogue.compare").count() == 1
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(NotNow):
        services.publish(viewer=author, course_id=draft.pk)


def test_a_scheduled_course_comes_out_by_itself(author, draft, monkeypatch):
    ready(author, draft)
    with pytest.raises(BadFact):
        services.schedule(viewer=author, course_id=draft.pk, at=clock.now())
    at = clock.now() + timedelta(days=2)
    services.schedule(viewer=author, course_id=draft.pk, at=at)
    assert not Course.objects.published().exists()
    assert selectors.course_page(draft.slug, author).is_scheduled
    monkeypatch.setattr(clock, "now", lambda: at)
    assert Course.objects.published().get() == draft


def test_withdrawing_what_was_scheduled_makes_it_a_draft(author, draft):
    ready(author, draft)
    services.schedule(viewer=author, course_id=draft.pk, at=clock.now() + timedelta(days=2))
    course = services.withdraw(viewer=author, course_id=draft.pk)
    assert (course.status, course.published_at) == ("draft", None)
    services.remove_course(viewer=author, course_id=draft.pk)
    assert not Course.objects.filter(pk=draft.pk).exists()


def test_published_again_a_course_keeps_its_first_day(operator, course):
    viewer, first = viewer_of(operator), course.published_at
    course.summary = "给看报表的人"
    services.withdraw(viewer=viewer, course_id=course.pk, why="要改")
    with pytest.raises(NotNow):
        services.remove_course(viewer=viewer, course_id=course.pk)
    with pytest.raises(Course.DoesNotExist):
        selectors.course_page(course.slug)
    with pytest.raises(NotNow):
        services.schedule(viewer=viewer, course_id=course.pk, at=clock.now() + timedelta(days=1))
    assert services.publish(viewer=viewer, course_id=course.pk).published_at == first


def test_topics_are_made_changed_and_ordered_by_operators(operator, author):
    viewer = viewer_of(operator)
    first = services.create_topic(viewer=viewer, facts=TopicFacts("one", "一", "One", ""))
    second = services.create_topic(viewer=viewer, facts=TopicFacts("two", "二", "Two", ""))
    services.move_topic(viewer=viewer, topic_id=second.pk, by=-1)
    assert list(Topic.objects.values_list("slug", flat=True)) == ["two", "one"]
    with pytest.raises(SlugTaken):
        services.change_topic(viewer=viewer, topic_id=first.pk, facts=TopicFacts("two", "一", "One", ""))
    with pytest.raises(NotAllowed):
        services.move_topic(viewer=author, topic_id=first.pk, by=-1)
    assert list(Topic.objects.values_list("slug", flat=True)) == ["two", "one"]


def test_an_account_is_one_teacher_at_most(operator, creator):
    viewer = viewer_of(operator)
    facts = TeacherFacts(slug="he-mu", name="何牧", headline="", bio="", user=creator)
    services.create_teacher(viewer=viewer, facts=facts)
    twice = TeacherFacts(slug="he-mu-2", name="何牧二", headline="", bio="", user=creator)
    with pytest.raises(BadFact, match="何牧"):
        services.create_teacher(viewer=viewer, facts=twice)
    assert Teacher.objects.count() == 1


def test_a_creator_sees_their_courses_an_operator_everybodys(author, operator, draft, course):
    assert authoring.courses_of(author) == [draft]
    assert set(authoring.courses_of(viewer_of(operator), everybody=True)) == {draft, course}
    with pytest.raises(NotAllowed):
        authoring.courses_of(author, everybody=True)
    make_course("another")
    assert authoring.courses_of(author) == [draft]


def test_a_creator_is_not_called_like_the_academy_by_learners(author, operator):
    services.change_own_teacher(viewer=author, name="周老师", headline="", bio="")
    entries = AuditEntry.objects.count()
    with pytest.raises(BadFact):
        services.change_own_teacher(viewer=author, name="官方客服", headline="新的", bio="")
    assert list(Teacher.objects.values_list("name", "headline")) == [("周老师", "")]
    assert AuditEntry.objects.count() == entries
    mine = services.change_own_teacher(viewer=viewer_of(operator), name="官方客服", headline="", bio="")
    assert mine.name == "官方客服"
