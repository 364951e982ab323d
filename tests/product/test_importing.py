"""Members and outlines of courses from tables: what is found wrong, what is written, and what a second time does."""

from datetime import timedelta

import pytest

from tests.core.accounts.test_staff import as_viewer
from tests.factories import make_course, make_member
from zhiyue.core.accounts import uploads
from zhiyue.core.accounts.errors import NoSuchSheet, NotAllowed, Unfit
from zhiyue.core.accounts.models import MemberTag, RoleGrant, UploadedSheet, User
from zhiyue.core.accounts.services import create_member
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.core.kit.sheets import UnreadableSheet
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.catalogue.importing import import_courses, plan_courses
from zhiyue.product.catalogue.models import Course, Lesson
from zhiyue.product.commerce.import_queue import start_import
from zhiyue.product.commerce.imports import importing, table_imports
from zhiyue.product.commerce.imports.importing import import_sheet, plan_members
from zhiyue.product.commerce.imports.table_imports import end_stuck_imports
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.tasks import forget_uploads

pytestmark = pytest.mark.django_db


def wrong(plan):
    return [(error.line, error.column) for error in plan.errors]


def kept(user, table, kind="members", **greeting):
    """An upload; of members, with its import begun."""
    viewer = as_viewer(user)
    sheet = uploads.keep_sheet(viewer=viewer, kind=kind, name="成员.csv", content=table.encode("gb18030"))
    if kind == "courses":
        return sheet
    return start_import(viewer=viewer, sheet_id=sheet.pk, why="线下付款", greeting=greeting)


def acts():
    return list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))


def test_columns_are_known_by_their_names_in_both_languages(db):
    for header in (
        "名字,邮箱,手机号,标签",
        "Name,E-mail,Phone,Tags",
        "name,email,phone,tags",
        "* NAME , E-Mail,PHONE,Tags",
    ):
        plan = plan_members(f"{header}\n小林,LIN@a.cn,138 0013 8000,甲；乙;甲\n")
        (person,) = plan.people
        assert (person.name, person.email, person.phone, person.tags) == (
            "小林",
            "lin@a.cn",
            "+8613800138000",
            ["甲", "乙"],
        )
        assert plan.errors == [] and plan.unknown_columns == []


def test_a_user_name_is_known_again_whatever_its_capitals(operator):
    lin = create_member(username="lin", password=None, display_name="小林")
    table = "名字,用户名,标签\n小林,LIN,甲\n新来,Bei,甲\n"
    plan = plan_members(table)
    assert [(person.username, person.known) for person in plan.people] == [("lin", lin.pk), ("bei", None)]
    import_sheet(sheet_id=kept(operator, table).pk)
    assert sorted(User.objects.exclude(username=None).values_list("username", flat=True)) == ["bei", "lin"]
    assert MemberTag.objects.filter(user=lin, name="甲").exists()


def test_columns_nobody_knows_are_named_and_those_of_exports_passed_over(db):
    plan = plan_members("名字,邮箱,身高,加入时间\n小林,a@b.cn,180,2026-01-01\n")
    assert plan.unknown_columns == ["身高"] and len(plan.people) == 1


def test_a_table_that_does_not_say_who_people_are_is_refused(db):
    with pytest.raises(UnreadableSheet):
        plan_members("名字,标签\n小林,甲\n")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("小林,nonsense,,,,,", "email"),
        ("小林,,12345,,,,", "phone"),
        ("小林,,1.38E+10,,,,", "phone"),
        ("小林,,,1x,,,", "username"),
        ("小林,,,,,,", ""),
        (",a@b.cn,,,,,", "name"),
        ("x" * 41 + ",a@b.cn,,,,,", "name"),
        ("小林,a@b.cn,,," + "x" * 21 + ",,", "tags"),
        ("小林,a@b.cn,,,,没有这门课,", "courses"),
        ("小林,a@b.cn,,,,,operator", "roles"),
        ("小林,a@b.cn,,,,,所有者", "roles"),
    ],
)
def test_each_wrong_cell_is_told_with_its_line_and_column(db, row, column):
    plan = plan_members("名字,邮箱,手机号,用户名,标签,课程,角色\n好,good@b.cn,,,,,learner\n" + row + "\n")
    assert wrong(plan) == [(3, column)]
    assert [person.name for person in plan.people] == ["好"]
    assert all(str(error.words) for error in plan.errors)


def test_the_same_person_twice_in_the_file_is_told_with_the_first_line(db):
    plan = plan_members("名字,邮箱,手机号\n一,A@b.cn,\n二,a@B.cn,13800138000\n三,c@b.cn,+8613800138000\n")
    assert wrong(plan) == [(3, "email")]
    assert "2" in str(plan.errors[0].words)
    assert [person.name for person in plan.people] == ["一", "三"]


def test_who_is_a_member_already_is_known_by_any_mark_and_by_one_only(learner):
    other = make_member("other@test.example")
    User.objects.filter(pk=other.pk).update(phone="+8613800138000")
    plan = plan_members(
        "邮箱,手机号\nLEARNER@test.example,\n,13800138000\nlearner@test.example,13800138000\nnew@test.example,\n"
    )
    assert wrong(plan) == [(4, "email"), (5, "name")]
    assert [(person.line, person.known) for person in plan.people] == [(2, learner.pk), (3, other.pk)]


def test_a_role_that_is_held_may_stand_there_as_exports_write_it(operator):
    plan = plan_members("邮箱,角色\noperator@test.example,operator\n")
    assert plan.errors == [] and plan.known == 1


def test_good_rows_are_imported_and_bad_ones_left_out(operator, learner, course):
    text = (
        "名字,邮箱,手机号,标签,课程\n小新,new@b.cn,13800138000,种子,intuition\n"
        "换个名字,learner@test.example,,种子;老,课程 intuition\n坏,nonsense,,,\n"
    )
    sheet = kept(operator, text, subject="欢迎", text="{name}，你好")
    import_sheet(sheet_id=sheet.pk)
    made = User.objects.get(email="new@b.cn")
    assert (made.display_name, made.phone, made.has_usable_password()) == ("小新", "+8613800138000", False)
    learner.refresh_from_db()
    assert learner.display_name == "小林"
    assert set(MemberTag.objects.values_list("user_id", "name")) == {
        (made.pk, "种子"), (learner.pk, "种子"), (learner.pk, "老"),
    }  # fmt: skip
    assert set(Enrolment.objects.values_list("user_id", "source")) == {
        (made.pk, "granted"),
        (learner.pk, "granted"),
    }
    mail = OutgoingMessage.objects.get()
    assert (mail.to, mail.subject, mail.content["text"]) == ("new@b.cn", "欢迎", "小新，你好")
    counts = {"made": 1, "known": 1, "left_out": 1, "courses_opened": 2}
    noted = AuditEntry.objects.get(act="members.import_finished")
    assert noted.after == {"file": "成员.csv", **counts} and noted.by_id == operator.pk
    sheet.refresh_from_db()
    assert sheet.text == "" and sheet.finished_at is not None
    assert not RoleGrant.objects.exclude(user=operator).exists()


def test_an_import_is_noted_from_its_begin_with_who_got_what_and_why(operator, learner, course):
    text = "名字,邮箱,标签,课程\n小新,new@b.cn,种子,intuition\n,learner@test.example,种子,intuition\n"
    sheet = kept(operator, text)
    begun = AuditEntry.objects.get()
    assert (begun.act, begun.after) == ("members.import_started", {"file": "成员.csv", "told": False})
    import_sheet(sheet_id=sheet.pk)
    members = {str(User.objects.get(email="new@b.cn").pk), str(learner.pk)}
    for act, after in (
        ("course.granted", {"course": "课程 intuition", "course_id": course.pk}),
        ("member.tagged", {"tag": "种子"}),
    ):
        noted = AuditEntry.objects.filter(act=act)
        assert {entry.subject_id for entry in noted} == members and noted.count() == 2
        assert [entry.after for entry in noted] == [after, after]
    step = AuditEntry.objects.get(act="members.imported").after
    assert step == {
        "file": "成员.csv",
        "lines": "2–3",
        "made": 1,
        "known": 1,
        "left_out": 0,
        "courses_opened": 2,
    }
    assert {(entry.by_id, entry.why) for entry in AuditEntry.objects.exclude(act="member.tagged")} == {
        (operator.pk, "线下付款")
    }


@pytest.mark.parametrize("why", ["", "  ", "x" * 201])
def test_an_import_without_a_reason_does_not_begin(operator, why):
    sheet = uploads.keep_sheet(viewer=as_viewer(operator), kind="members", name="x", content=b"email\na@b.cn")
    with pytest.raises(Unfit):
        start_import(viewer=as_viewer(operator), sheet_id=sheet.pk, why=why)
    assert UploadedSheet.objects.get().started_at is None
    assert not Job.objects.exists() and not AuditEntry.objects.exists()


def test_courses_whose_titles_have_the_signs_of_a_list_are_named_by_them(operator, learner, course):
    other = make_course("models")
    Course.objects.filter(pk=other.pk).update(title="数据、模型与决策")
    sheet = kept(operator, "邮箱,课程\nlearner@test.example,数据、模型与决策; 课程 intuition\n")
    import_sheet(sheet_id=sheet.pk)
    assert set(Enrolment.objects.values_list("course_id", flat=True)) == {course.pk, other.pk}


def test_an_import_twice_makes_nobody_twice(operator, course):
    text = "名字,邮箱,标签,课程\n小新,new@b.cn,种子,intuition\n"
    first = kept(operator, text, subject="s", text="t")
    import_sheet(sheet_id=first.pk)
    import_sheet(sheet_id=first.pk)
    second = kept(operator, text, subject="s", text="t")
    import_sheet(sheet_id=second.pk)
    second.refresh_from_db()
    assert second.result == {"line": 2, "made": 0, "known": 1, "left_out": 0, "courses_opened": 0}
    assert User.objects.filter(email="new@b.cn").count() == 1
    assert (MemberTag.objects.count(), Enrolment.objects.count(), OutgoingMessage.objects.count()) == (
        1,
        1,
        1,
    )


def test_one_that_broke_off_goes_on_behind_its_last_step(operator, monkeypatch):
    monkeypatch.setattr(table_imports, "STEP", 2)
    rows = "".join(f"成员{n},m{n}@b.cn\n" for n in range(5))
    sheet = kept(operator, "名字,邮箱\n" + rows, subject="s", text="t")
    whole = importing._make

    def fails_late(person, options):
        if person.email == "m3@b.cn":
            raise RuntimeError("power cut")
        return whole(person, options)

    monkeypatch.setattr(importing, "_make", fails_late)
    with pytest.raises(RuntimeError):
        import_sheet(sheet_id=sheet.pk)
    # Two of the first step; nothing of the broken one.
    assert User.objects.filter(email__endswith="@b.cn").count() == OutgoingMessage.objects.count() == 2
    assert acts() == ["members.import_started", "members.imported"]
    monkeypatch.setattr(importing, "_make", whole)
    import_sheet(sheet_id=sheet.pk)
    sheet.refresh_from_db()
    assert sheet.result == {"line": 6, "made": 5, "known": 0, "left_out": 0, "courses_opened": 0}
    assert User.objects.filter(email__endswith="@b.cn").count() == OutgoingMessage.objects.count() == 5


def test_who_is_no_longer_staff_imports_nothing_and_is_told_why(operator):
    sheet = kept(operator, "名字,邮箱\n小新,new@b.cn\n")
    RoleGrant.objects.all().delete()
    import_sheet(sheet_id=sheet.pk)
    assert not User.objects.filter(email="new@b.cn").exists()
    sheet.refresh_from_db()
    assert (sheet.result, sheet.text) == ({"ended": "not_allowed"}, "") and sheet.finished_at
    assert acts() == ["members.import_started", "members.import_ended"]
    assert AuditEntry.objects.get(act="members.import_ended").after == {
        "file": "成员.csv",
        "ended": "not_allowed",
    }


def test_an_import_whose_table_is_gone_says_so(db):
    with pytest.raises(NoSuchSheet):
        import_sheet(sheet_id=404)


@pytest.mark.parametrize("role", ["stranger", "creator", "agent"])
def test_others_neither_upload_nor_see_nor_start(request, operator, role):
    viewer = as_viewer(request.getfixturevalue(role))
    sheet = uploads.keep_sheet(viewer=as_viewer(operator), kind="members", name="x", content=b"a\nb")
    for kind in ("members", "courses"):
        with pytest.raises(NotAllowed):
            uploads.keep_sheet(viewer=viewer, kind=kind, name="x", content=b"a\nb")
    with pytest.raises(NotAllowed):
        uploads.sheet_of(viewer, "members", sheet.pk)
    with pytest.raises(NotAllowed):
        uploads.start(viewer=viewer, kind="members", sheet_id=sheet.pk, options={})
    with pytest.raises(NotAllowed):
        start_import(viewer=viewer, sheet_id=sheet.pk, why="因为")
    with pytest.raises(NotAllowed):
        import_courses(viewer=viewer, sheet_id=sheet.pk)
    assert UploadedSheet.objects.get().started_at is None


def test_an_upload_is_its_uploaders_own(operator, owner):
    sheet = uploads.keep_sheet(viewer=as_viewer(operator), kind="members", name="x", content=b"a\nb")
    with pytest.raises(NoSuchSheet):
        uploads.sheet_of(as_viewer(owner), "members", sheet.pk)
    with pytest.raises(NoSuchSheet):
        uploads.sheet_of(as_viewer(operator), "courses", sheet.pk)


def test_uploads_are_forgotten_after_a_day(operator):
    sheet = uploads.keep_sheet(viewer=as_viewer(operator), kind="members", name="x", content=b"a\nb")
    assert uploads.forget_uploads() == 0
    UploadedSheet.objects.update(uploaded_at=sheet.uploaded_at - uploads.KEPT)
    assert uploads.forget_uploads() == 1


def test_an_upload_whose_import_is_not_over_is_never_forgotten(operator):
    sheet = kept(operator, "名字,邮箱\n小新,new@b.cn\n")
    UploadedSheet.objects.update(uploaded_at=sheet.uploaded_at - 3 * uploads.KEPT)
    forget_uploads.function()
    import_sheet(sheet_id=sheet.pk)
    assert User.objects.filter(email="new@b.cn").exists()
    forget_uploads.function()
    assert not UploadedSheet.objects.exists()


@pytest.mark.parametrize("gone", [False, True])
def test_an_import_whose_job_was_discarded_ends_and_is_forgotten(operator, gone):
    sheet = kept(operator, "名字,邮箱\n小新,new@b.cn\n")
    assert end_stuck_imports() == 0
    Job.objects.update(state=Job.State.DISCARDED, key=None, claimable_at=None, finished_at=clock.now())
    if gone:
        Job.objects.all().delete()
    assert end_stuck_imports() == 1
    sheet.refresh_from_db()
    assert (sheet.result, sheet.text) == ({"ended": "discarded"}, "")
    assert acts() == ["members.import_started", "members.import_ended"]
    UploadedSheet.objects.update(uploaded_at=sheet.uploaded_at - uploads.KEPT)
    assert uploads.forget_uploads() == 1


def test_an_import_whose_job_was_given_up_may_be_run_again_for_a_day(operator):
    sheet = kept(operator, "名字,邮箱\n小新,new@b.cn\n")
    dead = {"state": Job.State.DEAD, "key": None, "claimable_at": None}
    Job.objects.update(**dead, finished_at=clock.now() - uploads.KEPT + timedelta(minutes=1))
    assert end_stuck_imports() == 0
    Job.objects.update(finished_at=clock.now() - uploads.KEPT - timedelta(minutes=1))
    assert end_stuck_imports() == 1
    sheet.refresh_from_db()
    assert (sheet.result, sheet.text) == ({"ended": "given_up"}, "")
    assert acts() == ["members.import_started", "members.import_ended"]


OUTLINE = (
    "课程,主题,老师,章节,课时,分钟,免费,正文\n"
    "统计入门,主题 data,何牧,第一章,平均数,8,是,平均数会骗人。\n"
    ",,,,中位数,5,,\n"
    ",,,第二章,方差,7,否,\n"
)


@pytest.fixture
def shelves(operator):
    return make_course("intuition")


def test_an_outline_becomes_a_draft(shelves, operator):
    sheet = kept(operator, OUTLINE, "courses")
    import_courses(viewer=as_viewer(operator), sheet_id=sheet.pk)
    course = Course.objects.get(title="统计入门")
    assert (course.status, course.teacher.name, course.topic.slug, course.price_decided) == (
        "draft",
        "何牧",
        "data",
        False,
    )
    rows = Lesson.objects.filter(course=course).order_by("position")
    assert list(rows.values_list("chapter__title", "title", "minutes", "is_free", "body")) == [
        ("第一章", "平均数", 8, True, "平均数会骗人。"),
        ("第一章", "中位数", 5, False, ""),
        ("第二章", "方差", 7, False, ""),
    ]
    noted = AuditEntry.objects.get(act="courses.imported")
    assert noted.after == {"file": "成员.csv", "courses": 1, "lessons": 3, "known": 0, "left_out": 0}
    assert import_courses(viewer=as_viewer(operator), sheet_id=sheet.pk) is None


def test_a_second_import_leaves_the_course_as_it_is(shelves, operator):
    for _ in range(2):
        import_courses(viewer=as_viewer(operator), sheet_id=kept(operator, OUTLINE, "courses").pk)
    assert Course.objects.filter(title="统计入门").count() == 1
    assert UploadedSheet.objects.order_by("-pk").first().result["known"] == 1


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("新课,没有,,一,讲,5,是,", "topic"),
        ("新课,data,没有,一,讲,5,是,", "teacher"),
        ("新课,data,,,讲,5,是,", "chapter"),
        ("新课,data,,一,,5,是,", "lesson"),
        ("新课,data,,一,讲,0,是,", "minutes"),
        ("新课,data,,一,讲,x,是,", "minutes"),
        ("新课,data,,一,讲,5,也许,", "free"),
        ("新课,,,一,讲,5,是,", "topic"),
        ("新,data,,一,讲,5,是,", "course"),
        ("新课,data,,一,讲,5,是," + "字" * 200_001, "body"),
        ("x" * 61 + ",data,,一,讲,5,是,", "course"),
    ],
)
def test_a_wrong_row_leaves_its_course_out_whole(shelves, row, column):
    plan = plan_courses(OUTLINE + row + "\n")
    assert wrong(plan) == [(5, column)]
    assert [outline.title for outline in plan.fresh] == ["统计入门"]
    assert len(plan.left_out) == 1


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([(f"第 {n} 章", "讲") for n in range(61)], "chapter"),
        ([("一", f"讲 {n}") for n in range(503)], "lesson"),
    ],
)
def test_a_course_larger_than_the_studio_takes_is_left_out_and_told_once(shelves, rows, column):
    table = "".join(f"新课,data,{chapter},{lesson}\n" for chapter, lesson in rows)
    plan = plan_courses("课程,主题,章节,课时\n" + table)
    most = 60 if column == "chapter" else 500
    assert wrong(plan) == [(most + 2, column)] and str(most) in str(plan.errors[0].words)
    assert plan.fresh == []


def test_as_large_as_the_studio_takes_is_taken(shelves):
    rows = "".join(f"新课,data,第 {n % 60} 章,讲 {n}\n" for n in range(500))
    (outline,) = plan_courses("课程,主题,章节,课时\n" + rows).fresh
    assert (len(outline.chapters), outline.lessons) == (60, 500)


def test_an_imported_draft_is_as_if_it_were_typed_in_the_studio(shelves, operator):
    body = '"' + "字" * 400 + "\r\n\r\n" + "字" * 400 + '"'
    text = f"课程,主题,章节,课时,正文\n Bayes  for dinner ,data,第  一章,  讲 一,{body}\n,,第 一章,讲二,\n"
    import_courses(viewer=as_viewer(operator), sheet_id=kept(operator, text, "courses").pk)
    course = Course.objects.get(title="Bayes for dinner")
    assert (course.keyword, course.price_decided) == ("Bayes", False)
    first, second = Lesson.objects.filter(course=course).order_by("position")
    assert (first.chapter.title, second.chapter) == ("第 一章", first.chapter)
    assert (first.title, first.body, first.minutes) == ("讲 一", "字" * 400 + "\n\n" + "字" * 400, 3)
    assert second.minutes == 1
    noted = AuditEntry.objects.get(act="course.created")
    assert (noted.by_id, noted.subject_id, noted.subject_name) == (operator.pk, str(course.pk), course.title)
    assert noted.after == {"title": course.title, "topic": "data", "lessons": 2, "file": "成员.csv"}


def test_without_a_teacher_the_course_is_the_importers(shelves, operator):
    text = "course,topic,chapter,lesson\n=1+1,data,一,讲\n"
    import_courses(viewer=as_viewer(operator), sheet_id=kept(operator, text, "courses").pk)
    assert Course.objects.get(title="=1+1").teacher.user == operator


def test_a_missing_column_is_named(db):
    with pytest.raises(UnreadableSheet) as refused:
        plan_courses("课程,章节\n一,二\n")
    assert "课时" in str(refused.value.message) or "Lesson" in str(refused.value.message)
