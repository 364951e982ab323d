"""A teacher's own sales and statements, and nobody else's."""

from datetime import date, datetime
from html import unescape
from zoneinfo import ZoneInfo

import pytest

from tests.factories import make_course, make_member
from tests.product.commerce.test_payouts import APRIL, earned, today
from tests.product.commerce.test_refunds import bought
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.accounts.services import grant
from zhiyue.experience.studio import selling
from zhiyue.product.catalogue.models import Teacher
from zhiyue.product.commerce.models import PayoutStatement
from zhiyue.product.commerce.teaching_shares.deciding import mark_paid, void
from zhiyue.product.commerce.teaching_shares.entering import settle
from zhiyue.product.commerce.teaching_shares.own import OwnSales, Sales
from zhiyue.product.commerce.teaching_shares.statements import make_statements

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def half(settings):
    settings.ZHIYUE_TEACHER_SHARE_PERMILLE = 500


@pytest.fixture
def course(creator):
    made = make_course("stats", title="统计学的直觉", price_fen=39_900)
    Teacher.objects.filter(pk=made.teacher_id).update(user=creator)
    return made


@pytest.fixture
def march(learner, course):
    earned(learner, course, datetime(2026, 3, 10, tzinfo=ZoneInfo("Asia/Shanghai")))
    make_statements(now=APRIL)
    return PayoutStatement.objects.get()


@pytest.fixture
def studio(signed_in, creator):
    client = signed_in(creator)
    client.cookies["zy_language"] = "en"
    return client


def read(client, address):
    return unescape(client.get(address).content.decode())


def test_sales_are_shown_without_who_bought(studio, learner, course, django_assert_num_queries):
    settle(bought(learner, course).pk)

    page = read(studio, "/studio/sales/")

    for words in (
        "This month has brought ¥399 so far",
        "统计学的直觉",
        "¥199.50",
        "1 sale",
        "Due later",
        'data-is="Your share">¥199.50',
        "None yet",
    ):
        assert words in page
    assert learner.display_name not in page.split("<main")[1] and learner.email not in page
    with django_assert_num_queries(11):
        studio.get("/studio/sales/")


def test_an_empty_page_says_what_to_do(studio, creator, course):
    assert "Nothing was sold in the last twelve months" in read(studio, "/studio/sales/")
    Teacher.objects.update(user=None)
    page = read(studio, "/studio/sales/")
    assert "You teach nothing here yet" in page and 'href="/studio/new/"' in page
    assert b"".join(studio.get("/studio/sales/export/")).count(b"\n") == 1


def test_a_statement_is_read_and_taken_away(studio, march, operator):
    assert f"/studio/sales/statements/{march.number}/" in read(studio, "/studio/sales/")
    address = f"/studio/sales/statements/{march.number}/"
    page = read(studio, address)
    assert "Statement of March 2026" in page and "hasn't paid it out yet" in page and "¥199.50" in page
    mark_paid(viewer=viewer_of(operator), number=march.number, paid=today())
    assert "Bank transfer" in read(studio, address) and "Reference: 工行 0421" in read(studio, address)
    table = b"".join(studio.get(f"{address}export/")).decode("utf-8-sig").splitlines()
    assert table[1] == f"{march.number},2026-03,统计学的直觉,1,399.00,0,0.00,199.50,0.00"


def test_a_void_statement_says_why(studio, march, operator):
    void(viewer=viewer_of(operator), number=march.number, why="账号要改")
    page = read(studio, f"/studio/sales/statements/{march.number}/")
    assert "Void: nothing is paid by it." in page and "Why: 账号要改" in page


def test_another_teacher_sees_none_of_it(signed_in, march, learner):
    rival = make_member("rival@test.example", "同行")
    grant(user=rival, role="creator")
    Teacher.objects.create(slug="rival", name="同行", headline="x", user=rival)
    client = signed_in(rival)
    client.cookies["zy_language"] = "en"
    for address in (
        f"/studio/sales/statements/{march.number}/",
        f"/studio/sales/statements/{march.number}/export/",
    ):
        assert client.get(address).status_code == 404
    page = read(client, "/studio/sales/")
    assert march.number not in page and "统计学的直觉" not in page
    assert signed_in(learner).get("/studio/sales/").status_code == 403


def test_the_months_go_out_as_a_table(studio, learner, course):
    settle(bought(learner, course).pk)
    rows = b"".join(studio.get("/studio/sales/export/")).decode("utf-8-sig").splitlines()
    assert rows[0] == 'Month,"Sold, times",Sold in yuan,"Gone back, times",Gone back in yuan,Share in yuan'
    assert len(rows) == 13 and rows[-1].endswith(",1,399.00,0,0.00,199.50")


@pytest.mark.parametrize(
    ("before", "last", "now", "said"),
    [
        (100, 0, 0, "2026年4月没有收入"),
        (0, 0, 500, "本月至今收入 ¥5"),
        (0, 300, 0, "2026年4月收入 ¥3，前一个月没有收入"),
        (300, 300, 9, "2026年4月收入 ¥3，与前一个月持平"),
        (200, 300, 9, "2026年4月收入 ¥3，多于前一个月的 ¥2"),
        (300, 200, 9, "2026年4月收入 ¥2，少于前一个月的 ¥3"),
    ],
)
def test_the_chart_says_what_it_shows(before, last, now, said):
    months = [
        (date(2026, month, 1), Sales(gross_fen=fen)) for month, fen in ((3, before), (4, last), (5, now))
    ]
    assert selling.chart(OwnSales(Teacher(), months, [], 0, 0), csv_url="").finding == said
