"""The list of members, one member, and what staff do there."""

import csv
import io
import re
from datetime import timedelta
from html import unescape
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from tests.factories import make_course
from zhiyue.collect.cleaning import clean
from zhiyue.collect.kinds import Actor
from zhiyue.collect.services import import_history, record
from zhiyue.core.accounts.models import MemberTag, RoleGrant, User
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.accounts.services import grant, import_members
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.experience.desk import tagging
from zhiyue.experience.desk.tasks import tag_members
from zhiyue.experience.shell.moments import ago
from zhiyue.product.commerce.models import Enrolment
from zhiyue.product.commerce.services import grant_course
from zhiyue.product.learning.services import open_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(operator):
    now = clock.now()
    return import_members(
        people=[(f"m{n}@test.example", f"成员{n:03}", now - timedelta(days=n)) for n in range(1, 121)]
    )


@pytest.fixture
def as_owner(signed_in, owner):
    client = signed_in(owner)
    client.cookies["zy_language"] = "en"
    return client


@pytest.fixture
def as_agent(signed_in, agent):
    client = signed_in(agent)
    client.cookies["zy_language"] = "en"
    return client


def text_of(answer):
    return unescape(answer.content.decode())


def test_the_list_has_numbered_pages_in_the_order_asked_for(read, many):
    first = read("/desk/members/")
    assert "121 members" in first
    assert first.count('name="member"') == 50
    assert first.index("苏运") < first.index("成员001") < first.index("成员049")
    assert "成员050" not in first
    assert '<a href="?page=3">3</a>' in first
    last = read("/desk/members/", page=3, sort="joined")
    assert last.count('name="member"') == 21
    assert last.index("成员020") < last.index("成员001") < last.index("苏运")
    assert 'href="?sort=joined&page=2"' in last


@pytest.mark.parametrize(
    "asked", [{"page": "x"}, {"page": "99"}, {"sort": "king"}, {"role": "king"}, {"tag": "y"}]
)
def test_an_address_that_makes_no_sense_shows_the_nearest_that_does(desk, many, asked):
    answer = desk.get("/desk/members/", asked)
    assert answer.status_code == 200
    assert "121 members" in answer.content.decode()


def test_a_day_that_is_none_says_how_to_write_one(read, many):
    page = read("/desk/members/", joined_from="yesterday")
    assert "Write the day as 2026-03-31." in page
    assert 'value="yesterday"' in page


def test_members_are_found_by_course_and_by_when_they_were_seen(read, operator, learner, stranger):
    course = make_course("intuition", price_fen=9900)
    grant_course(user=learner, course=course)
    record(
        "course.viewed",
        actor=Actor(member_id=stranger.pk),
        course_id=course.pk,
        occurred_at=clock.now() - timedelta(days=40),
    )

    def names(**asked):
        page = read("/desk/members/", **asked)
        return {name for name in ("小林", "路人", "苏运") if f"<b>{name}</b>" in page}

    assert names(course=course.pk) == {"小林"}
    assert names(seen="7") == {"小林"}
    assert names(seen="-30") == {"路人", "苏运"}
    assert names(seen="-90") == {"苏运"}
    by_seen = read("/desk/members/", sort="-seen")
    assert by_seen.index("<b>小林</b>") < by_seen.index("<b>路人</b>") < by_seen.index("<b>苏运</b>")
    assert "40 days ago" in by_seen and "never" in by_seen


def test_nobody_found_says_what_to_do(read, operator):
    page = read("/desk/members/", q="没有这个人")
    assert "Nobody fits" in page and 'href="/desk/members/"' in page


def test_an_agent_sees_members_but_neither_activity_nor_whole_phones_nor_acts(as_agent, learner, agent):
    User.objects.filter(pk=learner.pk).update(phone="+8613800138000", email=None)
    page = text_of(as_agent.get("/desk/members/"))
    assert "138 **** 8000" in page and "138 0013 8000" not in page and "13800138000" not in page
    for hidden in (
        "Last seen",
        'name="seen"',
        'name="member"',
        "Export as CSV",
        "/desk/activity/",
        "/desk/audit/",
    ):
        assert hidden not in page
    one = text_of(as_agent.get(f"/desk/members/{learner.pk}/"))
    assert "138 **** 8000" in one and "13800138000" not in one
    for hidden in ("What they did last", "Ban this member", "Open a course", "Give a role", "What staff did"):
        assert hidden not in one
    assert as_agent.get("/desk/")["Location"] == "/desk/members/"


def test_more_members_do_not_mean_more_queries(desk, operator):
    def queries(address):
        with CaptureQueriesContext(connection) as asked:
            assert desk.get(address).status_code == 200
        return len(asked)

    few = queries("/desk/members/")
    now = clock.now()
    for member in import_members(people=[(f"m{n}@test.example", f"成员{n}", now) for n in range(60)]):
        MemberTag.objects.create(user=member, name="种子")
    assert queries("/desk/members/") == few <= 16


def test_ticked_members_are_tagged_and_the_list_stays_where_it_was(desk, learner, stranger, operator):
    answer = desk.post(
        "/desk/members/tag/", {"asked": "sort=name", "member": [learner.pk, stranger.pk], "tag": "老学员"}
    )
    assert answer["Location"] == "/desk/members/?sort=name"
    assert set(MemberTag.objects.values_list("user_id", "name")) == {
        (learner.pk, "老学员"),
        (stranger.pk, "老学员"),
    }
    assert AuditEntry.objects.count() == 2


def test_very_many_that_were_found_are_tagged_by_jobs_of_a_size_that_locks_nobody_out(
    desk, many, operator, monkeypatch
):
    monkeypatch.setattr(tagging, "AT_ONCE", 4)
    desk.post("/desk/members/tag/", {"asked": "q=成员00", "all": "1", "tag": " 早 "})
    assert not MemberTag.objects.exists() and not AuditEntry.objects.exists()
    assert "put on in the background" in text_of(desk.get("/desk/members/"))
    jobs = Job.objects.filter(name="desk.tag_members").order_by("pk")
    assert [len(job.kwargs["member_ids"]) for job in jobs] == [4, 4, 1]
    for job in [*jobs, *jobs]:
        tag_members(**job.kwargs)
    assert MemberTag.objects.filter(name="早").count() == 9
    assert AuditEntry.objects.filter(act="member.tagged", by=operator).count() == 9


def test_a_tag_that_jobs_would_put_is_refused_before_there_is_one(desk, many, monkeypatch):
    monkeypatch.setattr(tagging, "AT_ONCE", 4)
    assert (
        desk.post("/desk/members/tag/", {"asked": "q=成员00", "all": "1", "tag": "甲,乙"}).status_code == 400
    )
    assert not Job.objects.exists()


def test_who_is_no_longer_staff_tags_nobody_by_a_job(operator, learner):
    RoleGrant.objects.filter(user=operator).delete()
    tag_members(by_id=operator.pk, member_ids=[learner.pk], tag="早")
    assert not MemberTag.objects.exists()
    noted = AuditEntry.objects.get()
    assert (noted.act, noted.by_id) == ("members.tagging_ended", operator.pk)
    assert noted.after == {"tag": "早", "members": 1, "ended": "not_allowed"}


def test_all_that_were_found_are_tagged_and_nobody_else(desk, many):
    desk.post("/desk/members/tag/", {"asked": "q=成员00", "all": "1", "tag": "早"})
    assert MemberTag.objects.count() == 9


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"tag": "早"}, "Tick the members"),
        ({"all": "1", "tag": "a,b"}, "without commas"),
        ({"member": "x", "tag": "早"}, "Tick the"),
    ],
)
def test_a_tag_that_could_not_be_put_keeps_what_was_typed(desk, learner, sent, says):
    answer = desk.post("/desk/members/tag/", {"asked": "", **sent})
    page = text_of(answer)
    assert answer.status_code == 400
    assert says in page and f'value="{sent["tag"]}"' in page
    assert not MemberTag.objects.exists()


def test_one_member_with_all_there_is_to_know(read, learner, course, operator):
    User.objects.filter(pk=learner.pk).update(phone="+8613800138000", username="lin01")
    MemberTag.objects.create(user=learner, name="种子")
    grant_course(user=learner, course=course)
    page = read(f"/desk/members/{learner.pk}/")
    for shown in (
        "小林", "learner@test.example", "138 0013 8000", "lin01", "种子", "课程 intuition", "Opened by the academy",
        "Joined a course", f"/desk/follow/?who={learner.pk}", "0 devices", "Ban this member",
    ):  # fmt: skip
        assert shown in page
    # Roles are an owner's business.
    assert "Give a role" not in page


def test_one_member_costs_a_bounded_number_of_queries(desk, learner, course, django_assert_num_queries):
    grant_course(user=learner, course=course)
    desk.get(f"/desk/members/{learner.pk}/")
    with CaptureQueriesContext(connection) as asked:
        desk.get(f"/desk/members/{learner.pk}/")
    assert len(asked) <= 22


def test_each_act_does_its_thing_and_says_so(as_owner, learner, course, owner):
    at = f"/desk/members/{learner.pk}"
    for act, sent in (
        ("tag", {"tag": "种子"}),
        ("grant-role", {"role": "agent", "why": "新客服"}),
        ("open-course", {"course": course.pk, "why": "活动"}),
        ("ban", {"why": "刷屏"}),
    ):
        assert as_owner.post(f"{at}/{act}/", sent)["Location"] == f"{at}/"
    learner.refresh_from_db()
    assert (roles_of(learner), learner.is_active) == ({"agent"}, False)
    assert Enrolment.objects.get().user == learner
    page = text_of(as_owner.get(f"{at}/"))
    for shown in ("刷屏", "新客服", "gave a role to", "opened a course for", "Open the account again"):
        assert shown in page
    for act, sent in (
        ("untag", {"tag": "种子"}),
        ("revoke-role", {"role": "agent", "why": "离职"}),
        ("revoke-course", {"course": course.pk, "why": "送错"}),
        ("unban", {"why": "误会"}),
    ):
        assert as_owner.post(f"{at}/{act}/", sent)["Location"] == f"{at}/"
    learner.refresh_from_db()
    assert (roles_of(learner), learner.is_active) == (frozenset(), True)
    assert not Enrolment.objects.exists() and not MemberTag.objects.exists()
    assert AuditEntry.objects.count() == 8


@pytest.mark.parametrize(
    ("act", "sent"),
    [
        ("ban", {"why": " "}),
        ("open-course", {"course": "x", "why": "送 一 门"}),
        ("open-course", {"course": "0", "why": "送 一 门"}),
        ("grant-role", {"role": "king", "why": "登基"}),
        ("tag", {"tag": "甲,乙"}),
    ],
)
def test_an_act_that_could_not_be_done_keeps_what_was_typed(as_owner, learner, course, act, sent):
    answer = as_owner.post(f"/desk/members/{learner.pk}/{act}/", sent)
    page = text_of(answer)
    assert answer.status_code == 400
    assert 'class="field-error' in page
    assert f'value="{sent.get("tag") or sent["why"]}"' in page
    assert not AuditEntry.objects.exists()


ACTS = ("tag", "untag", "grant-role", "revoke-role", "ban", "unban", "open-course", "revoke-course")


@pytest.mark.parametrize("role", ["learner", "creator", "agent", "operator"])
@pytest.mark.parametrize("act", ACTS)
def test_acts_are_refused_to_whoever_may_not(signed_in, stranger, learner, course, role, act):
    if role == "operator" and "role" not in act:
        pytest.skip("operators may")
    grant(user=stranger, role=role)
    sent = {"tag": "x", "role": "owner", "course": course.pk, "why": "x"}
    assert signed_in(stranger).post(f"/desk/members/{learner.pk}/{act}/", sent).status_code == 403
    learner.refresh_from_db()
    assert (learner.is_active, roles_of(learner)) == (True, frozenset())
    assert not AuditEntry.objects.exists() and not Enrolment.objects.exists()


@pytest.mark.parametrize("address", ["/desk/members/", "/desk/members/1/", "/desk/staff/", "/desk/audit/"])
def test_a_stranger_sees_no_member(signed_in, stranger, browser, address):
    assert signed_in(stranger).get(address).status_code == 403
    assert browser.get(address)["Location"].startswith("/sign-in/?next=")


def test_nobody_behind_a_number_is_a_page_of_words(desk):
    answer = desk.get("/desk/members/999999/")
    assert answer.status_code == 404
    assert "There is no such member" in text_of(answer)


def exported(answer):
    content = b"".join(answer.streaming_content).decode()
    assert content.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(content[1:])))


def test_everybody_found_is_exported_with_the_columns_ticked_and_it_is_noted(desk, learner, course, operator):
    User.objects.filter(pk=learner.pk).update(display_name="=HYPERLINK(1)", phone="+8613800138000")
    grant_course(user=learner, course=course)
    MemberTag.objects.create(user=learner, name="种子")
    MemberTag.objects.create(user=learner, name="@老")
    answer = desk.post(
        "/desk/members/export/",
        {"asked": "role=learner", "column": ["phone", "name", "tags", "courses", "king"]},
    )
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="members-{clock.business_day()}.csv"'
    assert exported(answer) == [
        {
            "Name": "'=HYPERLINK(1)",
            "Phone": "'+8613800138000",
            "Tags": "'@老; 种子",
            "Courses": "课程 intuition",
        }
    ]
    noted = AuditEntry.objects.exclude(act="course.granted").get()
    assert (noted.act, noted.after) == (
        "members.exported",
        {"members": 1, "columns": ["name", "phone", "tags", "courses"]},
    )


def test_only_the_ticked_are_exported_where_some_are(desk, learner, stranger):
    answer = desk.post("/desk/members/export/", {"asked": "", "member": [stranger.pk], "column": ["email"]})
    assert exported(answer) == [{"E-mail": "stranger@test.example"}]


def test_an_export_reads_piece_by_piece(desk, operator):
    now = clock.now()
    import_members(people=[(f"m{n}@test.example", f"成员{n}", now) for n in range(1100)])
    with CaptureQueriesContext(connection) as asked:
        rows = exported(desk.post("/desk/members/export/", {"asked": "", "column": ["email", "courses"]}))
    assert len({row["E-mail"] for row in rows}) == 1101
    assert len(asked) < 40


@pytest.mark.parametrize("sent", [{"asked": "", "column": []}, {"asked": "q=niemand", "column": ["name"]}])
def test_an_export_of_nothing_is_refused_and_not_noted(desk, sent):
    answer = desk.post("/desk/members/export/", sent)
    assert answer.status_code == 400
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("role", ["learner", "creator", "agent"])
def test_nobody_else_exports_or_tags(signed_in, stranger, role):
    grant(user=stranger, role=role)
    client = signed_in(stranger)
    for address in ("/desk/members/export/", "/desk/members/tag/", "/desk/audit/export/"):
        assert client.post(address, {"column": ["name"], "all": "1", "tag": "x"}).status_code == 403
    assert not AuditEntry.objects.exists() and not MemberTag.objects.exists()


def test_what_a_member_did_is_named_and_repetitions_are_one_line(read, learner, course):
    def tell(name, *, course_id=None, lesson_id=None, **properties):
        now = clock.now()
        told = clean(
            name=name, origin="import", event_id=uuid4(), course_id=course_id, lesson_id=lesson_id,
            properties=properties, occurred_at=now, received_at=now,
        )  # fmt: skip
        import_history(events=[(told, Actor(member_id=learner.pk))])

    lesson = course.lessons.order_by("position").first()
    for _ in range(4):
        tell("page.viewed", path="/")
    tell("page.viewed", path="/help/")
    tell("page.viewed", path="/gone/elsewhere/")
    tell("page.viewed", path=f"/courses/{course.slug}/")
    tell("course.viewed", course_id=course.pk)
    for percent in (10, 20, 30):
        tell("lesson.progressed", course_id=course.pk, lesson_id=lesson.pk, percent=percent, seconds=10)
    page = read(f"/desk/members/{learner.pk}/")
    acts = page[page.index("What they did last") : page.index("What staff did to them")]
    shown = [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in acts.split("<li>")[1:]]
    assert shown == [
        f"Read on · {course.title} · {lesson.title} 3 times just now",
        f"Opened a course · {course.title} just now",
        "Looked at a page · /gone/elsewhere/ just now",
        "Looked at a page · Help just now",
        "Looked at a page · Home 4 times just now",
    ]


def test_courses_begun_stand_beside_those_owned(read, learner, course):
    own = make_course("own", price_fen=9900)
    grant_course(user=learner, course=own)
    for one in (own, course):
        lesson = one.lessons.filter(is_free=True).first() or one.lessons.first()
        open_lesson(user=learner, actor=Actor(member_id=learner.pk), lesson=lesson)
    page = read(f"/desk/members/{learner.pk}/")
    begun = page[page.index("Begun without owning them") :]
    assert course.title in begun[:400] and "0 lessons finished" in begun[:600]
    assert own.title in page[: page.index("Begun without owning them")]


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=3), "3 hours ago"),
        (timedelta(hours=13), "yesterday"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=59), "59 days ago"),
        (timedelta(days=60), "2 months ago"),
    ],
)
def test_how_long_ago_is_said_in_one_way(monkeypatch, before, says):
    noon = clock.day_start(clock.business_day()) + timedelta(hours=12)
    monkeypatch.setattr(clock, "now", lambda: noon)
    with translation.override("en"):
        assert ago(noon - before) == says
