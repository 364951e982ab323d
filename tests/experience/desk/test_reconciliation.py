"""Reconciliation on the desk: days at a glance, one day with its differences, and what staff do about them."""

from datetime import timedelta

import pytest

from tests.product.commerce.bills import Days, line_of, moment, shown, yesterday
from zhiyue.core.jobs.models import Job
from zhiyue.product.commerce.errors import ProviderUnreachable
from zhiyue.product.commerce.models import Bill, Difference
from zhiyue.product.commerce.providers.protocol import BillLine, Told
from zhiyue.product.commerce.providers.sandbox import Sandbox
from zhiyue.product.commerce.reconciling.fetching import fetch

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def days(db):
    return Days()


@pytest.fixture
def bills(monkeypatch):
    told = {}
    monkeypatch.setattr(Sandbox, "bill", lambda _, day: list(told.get(day, [])))
    return told


@pytest.fixture
def opened(days, bills):
    """A day that agrees, one that differs, and one without a bill."""
    good = days.paid(moment(yesterday() - DAY), 4_900)
    begun = days.begun()
    bills[yesterday() - DAY] = [line_of(good, fee=29)]
    bills[yesterday()] = [line_of(begun, fee=119), BillLine("SHOP", "TSHOP", 500, 3)]
    for day in (yesterday() - DAY, yesterday()):
        fetch(Bill.objects.create(provider="sandbox", day=day))
    Bill.objects.create(provider="sandbox", day=yesterday() - 2 * DAY, fault="ACQ.SYSTEM_ERROR", tries=1)
    return Difference.objects.get(payment=begun)


def address(one, act=""):
    return f"/desk/reconciliation/differences/{one.pk}/{act}/" if act else page_of(one.bill.day)


def page_of(day):
    return f"/desk/reconciliation/sandbox/{day}/"


def test_an_empty_desk_says_when_the_first_bill_comes(read):
    page = read("/desk/reconciliation/")
    assert "No bill yet" in page and "half past ten in China" in page
    assert "There never was one" in read("/desk/reconciliation/differences/")


def test_days_at_a_glance(read, desk, opened, django_assert_num_queries):
    page = read("/desk/reconciliation/")

    assert "2 differences are open, of ¥204 altogether." in page
    assert "Of 1 day the bill is missing." in page
    rows = page.split("<tbody>")[1].split("</tbody>")[0].split("</tr>")
    assert "Differs" in rows[0] and "¥204" in rows[0] and "<b>2</b>" in rows[0] and "¥1.22" in rows[0]
    assert "Agrees" in rows[1] and rows[1].count("¥49") == 2 and "¥0.29" in rows[1]
    assert "Can't be fetched" in rows[2] and "ACQ.SYSTEM_ERROR" in rows[2]
    page = read("/desk/reconciliation/", state="differs", provider="sandbox")
    assert page_of(yesterday()) in page and page_of(yesterday() - DAY) not in page
    assert page_of(yesterday()) not in read("/desk/reconciliation/", state="missing")
    assert "3 bills" in read("/desk/reconciliation/", state="nonsense", provider="x")
    with django_assert_num_queries(8):
        desk.get("/desk/reconciliation/")


def test_a_day_shows_what_differs_and_what_to_do(read, desk, opened, django_assert_num_queries):
    page = read(page_of(yesterday()))

    assert page.count("Paid there, unknown here") == 2
    assert opened.number in page and opened.payment.order.number in page
    assert "Its notice never came, or told another amount." in page
    # Only what bears a number of ours can be asked about.
    assert page.count("/ask/") == 1 and address(opened, "ask") in page
    assert "Of these in our books" in page and "¥1.19" in page
    assert "every line of the bill stands in our books" in read(page_of(yesterday() - DAY))
    assert "ACQ.SYSTEM_ERROR" in read(page_of(yesterday() - 2 * DAY))
    for nothing in (page_of("2020-01-01"), page_of("never"), "/desk/reconciliation/alipay/2026-01-01/"):
        assert desk.get(nothing).status_code == 404
    with django_assert_num_queries(10):
        desk.get(page_of(yesterday()))


def test_asking_from_the_page_enters_the_money(read, desk, opened, monkeypatch):
    told = Told(key="x", kind="paid", number=opened.number, amount_fen=19_900, at=moment(yesterday()))
    monkeypatch.setattr(Sandbox, "ask", lambda *_: told)

    answer = desk.post(address(opened, "ask"))

    assert answer["Location"] == address(opened)
    page = read(address(opened))
    assert "Asked. Its answer paid the order." in page and "Came right by itself" in page
    assert shown(pk=opened.pk) == [("missing_here", 19_900, 0, "gone")]
    desk.post(address(opened, "ask"))
    assert "There is nothing to ask about this any more." in read(address(opened))


def test_what_asking_doesnt_bring_is_said(read, desk, opened, monkeypatch):
    monkeypatch.setattr(Sandbox, "ask", lambda *_: Told(key="x", kind="unknown", number=opened.number))
    desk.post(address(opened, "ask"))
    assert "The provider doesn't know it by this number." in read(address(opened))

    def silent(*_):
        raise ProviderUnreachable("It is silent.")

    monkeypatch.setattr(Sandbox, "ask", silent)
    desk.post(address(opened, "ask"))
    assert "It is silent." in read(address(opened))
    assert shown(pk=opened.pk) == [("missing_here", 19_900, 0, "open")]


def test_resolving_takes_a_reason(read, desk, opened):
    for typed, status in (
        ({"seen_fen": "19900"}, 422),
        ({"seen_fen": "1", "why": "x"}, 409),
        ({"why": "x"}, 422),
        *(({"seen_fen": "9" * digits, "why": "x"}, 422) for digits in (17, 19, 40)),
        ({"seen_fen": "-" + "9" * 19, "why": "x"}, 422),
    ):
        answer = desk.post(address(opened, "resolve"), typed)
        assert answer.status_code == status
        assert ("as you saw it any more" in answer.content.decode()) is ("why" in typed)
    assert shown(pk=opened.pk) == [("missing_here", 19_900, 0, "open")]

    answer = desk.post(address(opened, "resolve"), {"seen_fen": "19900", "why": "线下确认", "enter": "1"})

    assert answer["Location"] == address(opened)
    page = read(address(opened))
    assert (
        "Resolved. The reason stands in the audit log." in page and "线下确认" in page and "entered" in page
    )
    page = read("/desk/audit/")
    assert "resolved the difference of" in page and "Paid there, unknown here" in page
    page = read(f"/desk/orders/{opened.payment.order.number}/")
    assert (
        "Staff entered what the provider's bill says" in page and "Differences from providers' bills" in page
    )
    # Of two tabs the second finds it so.
    answer = desk.post(address(opened, "resolve"), {"seen_fen": "19900", "why": "x"})
    assert answer.status_code == 409 and "It isn" in answer.content.decode()


def test_a_day_is_fetched_from_its_page(read, desk, opened, bills, monkeypatch):
    bills[yesterday()] = [BillLine("SHOP", "TSHOP", 500, 3)]
    answer = desk.post(f"{page_of(yesterday())}fetch/")
    assert answer["Location"] == page_of(yesterday())
    page = read(page_of(yesterday()))
    assert "The bill is here, and compared with the books." in page
    assert shown(pk=opened.pk) == [("missing_here", 19_900, 0, "gone")]

    def silent(*_):
        raise ProviderUnreachable("It is silent.")

    monkeypatch.setattr(Sandbox, "bill", silent)
    desk.post(f"{page_of(yesterday())}fetch/")
    assert "It is silent." in read(page_of(yesterday()))
    assert desk.post("/desk/reconciliation/alipay/2026-01-01/fetch/")["Location"].endswith("/2026-01-01/")


def test_a_range_of_days_is_asked_for(read, desk, days):
    told = {"since": (yesterday() - 2 * DAY).isoformat(), "until": yesterday().isoformat()}
    assert desk.post("/desk/reconciliation/fetch/", told)["Location"] == "/desk/reconciliation/"
    assert "3 bills are being fetched." in read("/desk/reconciliation/")
    assert Job.objects.filter(name="commerce.reconcile_provider").count() == 1
    wrong = desk.post("/desk/reconciliation/fetch/", {"since": "2026-13-01", "until": ""})
    assert wrong.status_code == 422
    wrong = desk.post("/desk/reconciliation/fetch/", {**told, "since": "2020-01-01"})
    assert wrong.status_code == 400 and "Choose 1 to 92 days" in wrong.content.decode()
    assert Bill.objects.count() == 3


def test_all_differences_are_found_and_taken_away(read, desk, opened, django_assert_num_queries):
    page = read("/desk/reconciliation/differences/")
    assert "2 differences" in page and opened.payment.order.number in page and "SHOP" in page
    page = read("/desk/reconciliation/differences/", q=opened.number, state="open")
    assert "1 difference" in page and "SHOP" not in page
    assert "No difference fits" in read("/desk/reconciliation/differences/", q="nothing like it")
    with django_assert_num_queries(6):
        desk.get("/desk/reconciliation/differences/")

    answer = desk.get("/desk/reconciliation/differences.csv", {"q": "SHOP"})

    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(
        f'{yesterday()},Sandbox: no money moves,"Paid there, unknown here",Open,5.00,0.00,,'
    )


def test_agents_are_turned_away(signed_in, agent, opened):
    browser = signed_in(agent)
    assert browser.get("/desk/reconciliation/").status_code == 403
    assert browser.post(address(opened, "resolve"), {"seen_fen": "19900", "why": "x"}).status_code == 403
    assert browser.post("/desk/reconciliation/fetch/").status_code == 403
    assert shown(pk=opened.pk) == [("missing_here", 19_900, 0, "open")]
