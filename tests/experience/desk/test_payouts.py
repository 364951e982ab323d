"""Payouts on the desk: what waits first, a statement with its lines, who may decide, and the shares of courses."""

from datetime import date, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from django.utils.translation import override

from tests.factories import make_course
from tests.product.commerce.test_payouts import APRIL, earned
from tests.product.commerce.test_refunds import bought
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.experience.desk.account_words import account_name, people_of
from zhiyue.product.catalogue.models import Teacher
from zhiyue.product.commerce.models import CourseShareTerms, Entry, PayoutStatement
from zhiyue.product.commerce.teaching_shares.entering import settle
from zhiyue.product.commerce.teaching_shares.statements import make_statements

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(autouse=True)
def half(settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 500


@pytest.fixture
def course(db):
    return make_course("stats", title="统计学的直觉", price_fen=39_900)


@pytest.fixture
def march(learner, course):
    earned(learner, course, datetime(2026, 3, 10, tzinfo=SHANGHAI))
    make_statements(now=APRIL)
    return PayoutStatement.objects.get()


def typed(**changed):
    return {"on": clock.business_day().isoformat(), "how": "bank", "reference": "0421", **changed}


def test_what_waits_stands_first_and_what_is_due_below(
    read, desk, march, stranger, course, django_assert_num_queries
):
    settle(bought(stranger, course).pk)
    other = PayoutStatement.objects.create(
        number="S0", teacher=march.teacher, month=date(2026, 2, 1), amount_fen=100, status="void"
    )

    page = read("/desk/payouts/")

    assert "1 statement waits to be paid: ¥199.50. It stands first." in page
    assert page.index(march.number) < page.index(other.number)
    assert "March 2026" in page and "To be paid" in page
    due = page.split('id="due"')[1]
    assert "¥0" in due and "¥199.50" in due
    for asked, shown in (
        ({"status": "open"}, march),
        ({"month": "2026-02"}, other),
        ({"q": march.number}, march),
    ):
        page = read("/desk/payouts/", **asked)
        assert [one.number in page for one in (march, other)] == [one == shown for one in (march, other)]
    assert "No statement fits" in read("/desk/payouts/", q="nothing like it")
    with django_assert_num_queries(9):
        desk.get("/desk/payouts/")


def test_an_empty_desk_says_what_to_do(read, settings):
    assert "As soon as a course is paid for" in read("/desk/payouts/")
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 0
    page = read("/desk/payouts/")
    assert "The academy gives teachers no share" in page and "/desk/payouts/shares/" in page


def test_a_month_that_wasnt_stated_yet(read, learner, course):
    settle(bought(learner, course).pk)
    page = read("/desk/payouts/")
    assert "No month has been stated yet" in page and "In no statement yet" in page


def test_a_statement_is_paid_on_its_page(read, desk, march, django_assert_num_queries):
    page = read(f"/desk/payouts/{march.number}/")
    for words in ("何牧 · March 2026", "统计学的直觉", "¥399", "¥199.50", "none: tell them yourselves"):
        assert words in page
    with django_assert_num_queries(5):
        desk.get(f"/desk/payouts/{march.number}/")

    answer = desk.post(f"/desk/payouts/{march.number}/paid/", typed())

    assert answer["Location"] == f"/desk/payouts/{march.number}/"
    page = read(f"/desk/payouts/{march.number}/")
    assert "Noted as paid. It is in the books." in page and "Bank transfer" in page and "0421" in page
    assert "苏运" in page and 'id="pay"' not in page
    # Of two tabs the second one finds it decided, and nothing moves twice.
    again = desk.post(f"/desk/payouts/{march.number}/paid/", typed())
    assert again.status_code == 409 and "This was decided already" in again.content.decode()
    assert Entry.objects.filter(kind="payout").count() == 1
    audit = read("/desk/audit/")
    assert "said to have paid the statement" in audit and "Bank transfer" in audit


def test_a_statement_is_made_void_on_its_page(read, desk, march):
    answer = desk.post(f"/desk/payouts/{march.number}/void/", {"why": " "})
    assert answer.status_code == 422
    desk.post(f"/desk/payouts/{march.number}/void/", {"why": "账号要改"})
    page = read(f"/desk/payouts/{march.number}/")
    assert "What it held comes into the next statement." in page and "账号要改" in page and "Void" in page
    assert AuditEntry.objects.get(act="payout.voided").why == "账号要改"


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"on": ""}, 422, "required"),
        ({"on": "31.12."}, 422, "Write the day as 2026-03-31."),
        ({"on": "2026-03-31"}, 400, "Give the day it was paid"),
        ({"how": "gold"}, 422, "Choose one of the list."),
        ({"reference": "x" * 81}, 422, "80"),
    ],
)
def test_what_doesnt_fit_pays_nothing(desk, march, wrong, status, words):
    answer = desk.post(f"/desk/payouts/{march.number}/paid/", typed(**wrong))
    assert answer.status_code == status
    assert words in unescape(answer.content.decode())
    march.refresh_from_db()
    assert march.status == "open"


def test_ones_own_statement_waits_for_a_colleague(read, desk, march, operator):
    Teacher.objects.update(user=operator)
    page = read(f"/desk/payouts/{march.number}/")
    assert "This is your own statement" in page and 'id="pay"' not in page

    for act, told in (("paid", typed()), ("void", {"why": "x"})):
        answer = desk.post(f"/desk/payouts/{march.number}/{act}/", told)
        assert answer.status_code == 409
        assert "Ask a colleague" in unescape(answer.content.decode())
    march.refresh_from_db()
    assert march.status == "open"


def test_list_and_statement_go_out_as_tables(desk, march):
    listed = b"".join(desk.get("/desk/payouts/export/?status=open")).decode("utf-8-sig").splitlines()
    assert listed == [
        "Statement,Month,Teacher,State,Amount in yuan,Paid on,How it was paid,Reference",
        f"{march.number},2026-03,何牧,To be paid,199.50,,,",
    ]
    assert len(b"".join(desk.get("/desk/payouts/export/?status=paid")).splitlines()) == 1
    one = b"".join(desk.get(f"/desk/payouts/{march.number}/export/")).decode("utf-8-sig").splitlines()
    assert one[1:] == [
        f"{march.number},2026-03,统计学的直觉,1,399.00,0,0.00,199.50,0.00",
        f"{march.number},2026-03,Together,1,399.00,0,0.00,199.50,0.00",
    ]
    assert desk.get("/desk/payouts/S404/").status_code == 404


def test_a_course_gets_a_share_of_its_own(read, desk, course, operator):
    page = read("/desk/payouts/shares/")
    assert "Teachers get 50 % of what their courses bring in." in page
    assert "None: all go by the academy's." in page

    answer = desk.post("/desk/payouts/shares/", {"course": course.pk, "percent": "62.5", "why": "签约"})

    assert answer["Location"] == "/desk/payouts/shares/"
    assert CourseShareTerms.objects.get().permille == 625
    assert "62.5 % for 何牧, since" in read("/desk/payouts/shares/")
    for wrong, status in (
        ({"percent": "100.1"}, 422),
        ({"percent": "12.34"}, 422),
        ({"percent": "NaN"}, 422),
        ({"course": "0"}, 422),
        ({"why": ""}, 422),
    ):
        told = {"course": course.pk, "percent": "10", "why": "x", **wrong}
        assert desk.post("/desk/payouts/shares/", told).status_code == status
    Teacher.objects.update(user=operator)
    answer = desk.post("/desk/payouts/shares/", {"course": course.pk, "percent": "99", "why": "x"})
    assert answer.status_code == 409 and "their own share" in unescape(answer.content.decode())
    assert CourseShareTerms.objects.count() == 1


def test_an_agent_sees_none_of_it(signed_in, agent, march):
    client = signed_in(agent)
    for address in ("", "export/", "shares/", f"{march.number}/", f"{march.number}/export/"):
        assert client.get(f"/desk/payouts/{address}").status_code == 403
    assert client.post(f"/desk/payouts/{march.number}/paid/", typed()).status_code == 403


def test_the_order_shows_the_share_in_its_books(read, march):
    page = read(f"/desk/orders/{march.shares.get().order.number}/")
    assert "Teacher's share" in page and f"Owed to {march.teacher.name} (teacher)" in page
    account = f"teacher:{march.teacher_id}"
    assert f"Owed to {march.teacher.name} (teacher)" in read("/desk/books/entries/", account=account)


def test_whose_accounts_they_are_is_asked_for_all_together(march, django_assert_num_queries):
    mine = f"teacher:{march.teacher_id}"
    with django_assert_num_queries(1):
        people = people_of([mine, "teacher:99999999", "teacher:x", "revenue", "owed:12"])
    assert people == {mine: march.teacher.name}
    with override("en"):
        assert account_name("teacher:99999999", people) == "Owed to teacher no. 99999999"
    with django_assert_num_queries(0):
        assert people_of(["revenue", "owed:12"]) == {}


def test_a_long_list_is_paged(read, march):
    day = date(2020, 1, 1)
    PayoutStatement.objects.bulk_create(
        PayoutStatement(
            number=f"S9{n}",
            teacher=march.teacher,
            month=(day + timedelta(days=31 * n)).replace(day=1),
            amount_fen=1,
            status="void",
        )
        for n in range(50)
    )
    assert "51 statements" in read("/desk/payouts/") and "page=2" in read("/desk/payouts/")
