"""Paid in, on the desk: what providers owe, what they paid, one that was wrong, and who may."""

from datetime import timedelta
from html import unescape

import pytest

from tests.factories import make_course
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.models import Entry
from zhiyue.product.commerce.settlements.entering import PaidIn, enter, take_back

pytestmark = pytest.mark.django_db
HERE = "/desk/settlements/"


@pytest.fixture
def sold(learner):
    """The sandbox owes 199 yuan of ten days ago."""
    at = clock.day_start(days_ago(10)) + timedelta(hours=9)
    course = make_course("stats", price_fen=19_900)
    row = PastOrder("demo-1", learner.pk, course.pk, 19_900, placed_at=at, paid_at=at, via="sandbox")
    import_orders(rows=[row])


def days_ago(days):
    return clock.days_before(clock.business_day(), days)


def typed(**changed):
    told = {
        "provider": "sandbox",
        "on": days_ago(1).isoformat(),
        "amount_fen": "150.5",
        "reference": "网银 0405",
    }
    return {**told, **changed}


def entered(operator, reference="网银 0405", amount_fen=100, days=1):
    paid = PaidIn("sandbox", days_ago(days), amount_fen, reference)
    return enter(viewer=viewer_of(operator), paid=paid)


def test_an_empty_desk_says_what_is_to_come(read):
    page = read(HERE)
    assert "No provider owes anything yet" in page and 'id="enter"' not in page


def test_what_is_owed_stands_beside_the_form(read, sold):
    page = read(HERE)
    assert "¥199" in page and "never yet" in page and "account=receivable%3Asandbox" in page
    assert "Nothing was entered as paid in yet" in page and 'id="enter-amount_fen"' in page


def test_a_provider_paid_in(read, desk, sold, django_assert_num_queries):
    answer = desk.post(f"{HERE}enter/", typed())

    assert answer["Location"] == HERE
    page = read(HERE)
    assert "Entered. The provider owes so much less." in page
    assert (
        "¥48.50" in page
        and "1 settlement, ¥150.50" in page
        and "网银 0405" in page
        and "In the books" in page
    )
    again = desk.post(f"{HERE}enter/", typed())
    told = unescape(again.content.decode())
    assert again.status_code == 409 and "This is entered already: 网银 0405, ¥150.50 of" in told
    assert 'value="150.5"' in told and Entry.objects.filter(kind="settlement").count() == 1
    books = read("/desk/books/")
    assert "Paid into the academy's bank" in books and "Owed to us by Sandbox" in books
    assert "Paid in by the provider" in read("/desk/books/entries/", account="bank")
    audit = read("/desk/audit/")
    assert "entered what was paid in by" in audit and "Paid in on" in audit and "¥150.50" in audit
    with django_assert_num_queries(8):
        desk.get(HERE)


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"amount_fen": "199.01"}, 400, "no more than this provider owes: ¥199."),
        ({"amount_fen": "0"}, 422, "0.01"),
        ({"amount_fen": "1.234"}, 422, "2 digits behind the point"),
        ({"amount_fen": "NaN"}, 422, "number"),
        ({"on": "2100-01-01"}, 400, "not after today"),
        ({"on": "31.12."}, 422, "Write the day as 2026-03-31."),
        ({"reference": ""}, 422, "required"),
        ({"reference": "x" * 41}, 422, "40"),
        ({"reference": "a\0"}, 422, "signs in it that nobody sees"),
        ({"provider": "wechat"}, 422, "Choose one of the list."),
    ],
)
def test_what_doesnt_fit_enters_nothing(desk, sold, wrong, status, words):
    answer = desk.post(f"{HERE}enter/", typed(**wrong))
    assert answer.status_code == status
    assert words in unescape(answer.content.decode())
    assert not Entry.objects.filter(kind="settlement").exists()


def test_a_wrong_one_is_taken_back_on_its_page(read, desk, sold, operator, django_assert_num_queries):
    one = entered(operator)
    address = f"{HERE}{one.pk}/"
    page = read(address)
    assert "网银 0405" in page and "¥1" in page and "苏运" in page and 'id="back"' in page
    with django_assert_num_queries(5):
        desk.get(address)
    refused = desk.post(f"{address}back/", {"why": " "})
    assert refused.status_code == 422

    answer = desk.post(f"{address}back/", {"why": "多打一个零"})

    assert answer["Location"] == HERE
    page = read(HERE)
    assert "Taken back. Enter it anew" in page and "<s>¥1</s>" in page and "1 settlement, ¥0" in page
    page = read(address)
    assert "多打一个零" in page and "owes this again" in page and 'id="back"' not in page
    again = desk.post(f"{address}back/", {"why": "x"})
    assert again.status_code == 409 and "was taken back already" in again.content.decode()
    assert AuditEntry.objects.get(act="settlement.taken_back").why == "多打一个零"
    assert "took back what was entered as paid in by" in read("/desk/audit/")
    assert "Entered wrongly as paid in: taken back" in read("/desk/books/entries/", account="bank")


def test_they_are_narrowed_and_go_out_as_a_table(read, desk, sold, operator):
    first = entered(operator, "first", days=5)
    entered(operator, "second", days=2)
    take_back(viewer=viewer_of(operator), settlement_id=first.pk, why="x")
    for asked, shown in (
        ({}, {"first", "second"}),
        ({"q": "seco"}, {"second"}),
        ({"provider": "sandbox", "until": days_ago(3).isoformat()}, {"first"}),
        ({"since": days_ago(2).isoformat()}, {"second"}),
    ):
        page = read(HERE, **asked).split('id="list"')[1]
        assert {one for one in ("first", "second") if one in page} == shown
    assert "No settlement fits" in read(HERE, q="nothing like it")
    assert "2 settlements" in read(HERE, provider="nonsense", since="never")
    table = b"".join(desk.get(f"{HERE}export/")).decode("utf-8-sig").splitlines()
    assert table[:2] == [
        "Day,Provider,Reference,Amount in yuan,State,Taken back",
        f"{days_ago(2)},Sandbox: no money moves,second,1.00,In the books,",
    ]
    assert table[2].startswith(f"{days_ago(5)},Sandbox: no money moves,first,1.00,Taken back,{days_ago(0)} ")
    assert len(b"".join(desk.get(f"{HERE}export/?q=seco")).splitlines()) == 2
    for nothing in (0, 10**30):
        assert desk.get(f"{HERE}{nothing}/").status_code == 404
        assert desk.post(f"{HERE}{nothing}/back/", {"why": "x"}).status_code == 404


def test_a_long_list_is_paged(read, sold, operator):
    for n in range(51):
        entered(operator, f"line {n}", amount_fen=1)
    page = read(HERE)
    assert "51 settlements, ¥0.51 together" in page and "page=2" in page


def test_an_agent_sees_none_of_it(signed_in, agent, sold, operator):
    client, one = signed_in(agent), entered(operator)
    for address in ("", "export/", f"{one.pk}/"):
        assert client.get(f"{HERE}{address}").status_code == 403
    assert client.post(f"{HERE}enter/", typed(reference="b")).status_code == 403
    assert client.post(f"{HERE}{one.pk}/back/", {"why": "x"}).status_code == 403
    assert Entry.objects.filter(kind__startswith="settlement").count() == 1
