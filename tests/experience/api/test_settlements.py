"""What providers paid in, by a program of staff: each line of the bank once, within what is owed, and who may."""

import pytest

from tests.product.commerce.test_refunds import books, bought
from zhiyue.core.accounts.tokens import Scope
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import Entry

pytestmark = pytest.mark.django_db
HERE = "/api/v1/sales/settlements"


@pytest.fixture
def owed(learner, course):
    """What the sandbox owes."""
    bought(learner, course)
    return course.price_fen


@pytest.fixture
def asking(program, operator):
    return program(operator)


def send(client, address, body, **headers):
    return client.post(address, body, content_type="application/json", headers=headers)


def line(**changed):
    day = clock.business_day().isoformat()
    return {"provider": "sandbox", "day": day, "amount_fen": 100, "reference": "0405", **changed}


def test_a_line_of_the_bank_is_entered_once_and_listed(asking, owed, operator):
    answer = send(asking, HERE, line(), **{"idempotency-key": "a"})

    assert answer.status_code == 201
    entry = Entry.objects.get(kind="settlement")
    told = {"id": entry.pk, **line(), "taken_back_at": None}
    assert answer.json() == told
    assert books()["bank"] == 100 and books()["receivable:sandbox"] == owed - 100
    again = send(asking, HERE, line(), **{"idempotency-key": "a"})
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    other = send(asking, HERE, line())
    assert (other.status_code, other.json()["code"]) == (409, "settlement_known")
    assert asking.get(HERE).json() == {"items": [told], "next": None, "previous": None}
    assert AuditEntry.objects.get(act="settlement.entered").by == operator


def test_lists_are_narrowed_and_paged(asking, owed):
    for reference in ("a1", "b2", "a3"):
        assert send(asking, HERE, line(reference=reference)).status_code == 201
    for asked, found in (
        ({"q": "A"}, ["a3", "a1"]),
        ({"provider": "wechat"}, []),
        ({"since": "2000-01-01", "until": "2000-01-02"}, []),
    ):
        assert [one["reference"] for one in asking.get(HERE, asked).json()["items"]] == found
    first = asking.get(HERE, {"page_size": 2}).json()
    assert [one["reference"] for one in first["items"]] == ["a3", "b2"]
    assert [one["reference"] for one in asking.get(first["next"]).json()["items"]] == ["a1"]


def test_a_wrong_one_is_taken_back_once(asking, owed):
    pk = send(asking, HERE, line()).json()["id"]
    back = f"{HERE}/{pk}/taking-back"
    assert send(asking, back, {"why": " "}).status_code == 400

    answer = send(asking, back, {"why": "少打一个零"})

    assert answer.status_code == 200 and answer.json()["taken_back_at"] is not None
    assert "bank" not in books()
    again = send(asking, back, {"why": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "settlement_taken_back")
    assert send(asking, HERE, line(amount_fen=10)).status_code == 201
    for nothing in (0, 10**30):
        assert send(asking, f"{HERE}/{nothing}/taking-back", {"why": "x"}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount_fen": 0},
        {"amount_fen": 10**30},
        {"amount_fen": "x"},
        {"day": "2026-02-30"},
        {"day": "0001-01-01"},
        {"day": "9999-12-31"},
        {"reference": " "},
        {"reference": "x" * 41},
        {"reference": "a\0"},
        {"provider": "x"},
        {"provider": "x" * 21},
    ],
)
def test_what_doesnt_fit_enters_nothing(asking, owed, wrong):
    answer = send(asking, HERE, line(**wrong))
    assert answer.status_code == 400
    assert "bank" not in books()


def test_more_than_is_owed_is_refused_with_what_is_owed(asking, owed):
    answer = send(asking, HERE, line(amount_fen=owed + 1))
    assert answer.status_code == 400 and f"{owed // 100}" in answer.json()["detail"]
    assert "bank" not in books()


def test_only_whoever_may_reconcile_enters(program, operator, agent, learner, owed):
    reading = program(operator, Scope.SALES_READ)
    assert reading.get(HERE).status_code == 200
    assert send(reading, HERE, line()).status_code == 403
    for person in (agent, learner):
        client = program(person)
        assert client.get(HERE).status_code == 403
        # Before the body is read.
        assert send(client, HERE, {}).status_code == 403
        assert send(client, f"{HERE}/1/taking-back", {}).status_code == 403
    assert "bank" not in books()
