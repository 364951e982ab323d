"""What the demo's operator did to run the academy: each act goes through its service, so the audit log tells of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Min, Sum

from zhiyue.core.accounts import staff
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.kit import clock
from zhiyue.demo.accounts import ACCOUNTS
from zhiyue.facilities.search.services import put_synonyms
from zhiyue.product.catalogue.models import Chapter, Course, Topic
from zhiyue.product.catalogue.services import change_course, facts_of, put_keyword, rename_chapter
from zhiyue.product.catalogue.services.shelving import TopicFacts, change_topic
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.models import PayoutStatement, Posting, TeacherShare
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.selectors import enrolled_course_ids
from zhiyue.product.commerce.services import open_course, revoke_course
from zhiyue.product.commerce.settlements.entering import PaidIn, enter
from zhiyue.product.commerce.teaching_shares.deciding import PaidOut, mark_paid
from zhiyue.product.commerce.teaching_shares.statements import ended_month, make_statements, month_end
from zhiyue.product.commerce.teaching_shares.terms import set_share

# Below so many members there is nobody to tag, ban and help.
_MEMBERS_AT_LEAST = 6
# What came so shortly before a month ended is paid in with the next one.
_STILL_UNDER_WAY = timedelta(days=3)


@transaction.atomic
def run_the_academy() -> None:
    """A fortnight of an operator's work, done at once."""
    by = operator()
    _tidy_a_draft(by)
    _tidy_the_shelves(by)
    enter_what_was_paid_in(by)
    pay_the_teachers(by)
    members = list(User.objects.filter(is_simulated=True).order_by("-joined_at", "-pk")[:_MEMBERS_AT_LEAST])
    if len(members) == _MEMBERS_AT_LEAST:
        _look_after(by, [member.pk for member in members])


def operator() -> Viewer:
    """Who runs the demo's academy."""
    email = next(account.email for account in ACCOUNTS if account.role == "operator")
    user = User.objects.get(email=email)
    return Viewer(user=user, visitor=None, roles=roles_of(user))


def _tidy_a_draft(by: Viewer) -> None:
    """A course is renamed, priced and put in order before it goes out."""
    draft = Course.objects.get(slug="probability-every-day")
    facts = replace(
        facts_of(draft), title="概率的日常用法：从天气预报到体检单", price_fen=4900, list_price_fen=6900
    )
    change_course(viewer=by, course_id=draft.pk, facts=facts, seen_at=draft.updated_at)
    put_keyword(viewer=by, course_id=draft.pk, keyword="可能")
    first = Chapter.objects.filter(course=draft).order_by("position").first()
    if first is not None:
        rename_chapter(viewer=by, chapter_id=first.pk, title="可能有多可能")


def _tidy_the_shelves(by: Viewer) -> None:
    topic = Topic.objects.get(slug="data")
    facts = TopicFacts(
        slug=topic.slug,
        name=topic.name,
        name_en=topic.name_en,
        description="从看懂一张表，到设计一次实验：用数字说清一件事。",
    )
    change_topic(viewer=by, topic_id=topic.pk, facts=facts)
    put_synonyms(by=by, words=["AB 实验", "A/B 测试", "对照实验"])


def enter_what_was_paid_in(by: Viewer) -> None:
    """On the fifth of each month the pretended provider paid in what it owed shortly before the last one ended."""
    postings = Posting.objects.filter(account=ledger.receivable(sandbox.NAME))
    first_at = postings.aggregate(first=Min("entry__at"))["first"]
    for month in _months_since(first_at):
        day = clock.business_day(month_end(month)) + timedelta(days=4)
        until = month_end(month) - _STILL_UNDER_WAY
        owed_fen = postings.filter(entry__at__lt=until).aggregate(total=Sum("amount_fen"))["total"] or 0
        if owed_fen > 0 and day <= clock.business_day():
            enter(viewer=by, paid=PaidIn(sandbox.NAME, day, owed_fen, f"网银 {day:%Y%m%d}"))


def pay_the_teachers(by: Viewer) -> None:
    """The months that are over are stated, each at its time, and all but the last are paid; a course has a share of its
    own from now on."""
    for month in _months_over():
        make_statements(now=month_end(month) + timedelta(hours=2))
    for one in PayoutStatement.objects.filter(month__lt=ended_month()).order_by("month", "pk"):
        day = clock.business_day(one.made_at) + timedelta(days=4)
        paid = PaidOut(day, "bank", f"网银 {day:%m%d}{one.pk:04d}")
        mark_paid(viewer=by, number=one.number, paid=paid)
    course = Course.objects.published().filter(price_fen__gt=0).order_by("pk").first()
    if course is not None:
        set_share(viewer=by, course_id=course.pk, permille=600, why="续签：独家首发，分成调到六成")


def _months_over() -> Iterator[date]:
    """Those in which something was due to a teacher, by their first days."""
    return _months_since(TeacherShare.objects.aggregate(first=Min("due_at"))["first"])


def _months_since(moment: datetime | None) -> Iterator[date]:
    """The months that are over, from that of a moment on, by their first days."""
    if moment is None:
        return
    month = clock.business_day(moment).replace(day=1)
    while month <= ended_month():
        yield month
        month = clock.business_day(month_end(month))


def _look_after(by: Viewer, members: list[int]) -> None:
    """Tags, courses opened for a reason, and accounts closed and opened again."""
    first, second, third, loud, mistaken, helped = members
    staff.tag_members(viewer=by, member_ids=[first, second, third], tag="共读营")
    staff.tag_members(viewer=by, member_ids=[helped], tag="待回访")
    staff.untag_member(viewer=by, member_id=third, tag="共读营")
    staff.ban_member(viewer=by, member_id=loud, why="连续在简介里发广告，提醒两次未改")
    staff.ban_member(viewer=by, member_id=mistaken, why="短时间内异常登录，先关闭核实")
    staff.unban_member(viewer=by, member_id=mistaken, why="本人来电核实：换了手机，误封")
    gifts = _not_owned(helped, 2)
    for course in gifts:
        open_course(viewer=by, member_id=helped, course_id=course, why="视频卡顿致歉，补赠一门课")
    revoke_course(viewer=by, member_id=helped, course_id=gifts[-1], why="重复赠送，收回一门")
    open_course(viewer=by, member_id=first, course_id=_not_owned(first, 1)[0], why="共读营第一名奖励")


def _not_owned(member: int, count: int) -> list[int]:
    owned = enrolled_course_ids(member)
    priced = Course.objects.published().filter(price_fen__gt=0).exclude(pk__in=owned)
    return list(priced.order_by("pk").values_list("pk", flat=True)[:count])
