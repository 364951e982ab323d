"""What providers paid into the bank: entered once, never more than they owe, and taken back by another entry."""

from datetime import date, timedelta

import pytest

from tests.factories import make_course
from tests.product.commerce.test_refunds import books
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.accounts.errors import NotAllowed, Unfit
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce import ledger
from zhiyue.product.commerce.errors import NoSuchSettlement, SettlementKnown, SettlementTakenBack
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.models import Entry, Posting
from zhiyue.product.commerce.reconciling.items import of_day
from zhiyue.product.commerce.settlements.book import (
    Owing,
    SoughtSettlements,
    all_settlements,
    owing,
    paid_in_fen,
    told,
    whole_settlement,
)
from zhiyue.product.commerce.settlements.entering import LONGEST_REFERENCE, PaidIn, enter, take_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(db):
    return make_course("stats", title="统计学的直觉", price_fen=19_900)


@pytest.fixture
def staff(operator):
    return viewer_of(operator)


@pytest.fixture
def sold(learner, course):
    """The sandbox owes 199 yuan of ten days ago."""
    at = clock.day_start(days_ago(10)) + timedelta(hours=9)
    import_orders(
        rows=[PastOrder("demo-1", learner.pk, course.pk, 19_900, placed_at=at, paid_at=at, via="sandbox")]
    )


def days_ago(days):
    return clock.days_before(clock.business_day(), days)


def paid(**changed):
    return PaidIn(
        **{
            "provider": "sandbox",
            "on": clock.business_day(),
            "amount_fen": 15_000,
            "reference": " 网银  0405 ",
            **changed,
        }
    )


def listed(viewer, **sought):
    return [told(one) for one in all_settlements(viewer, SoughtSettlements(**sought))]


def test_what_was_paid_in_is_owed_no_more(sold, staff):
    entry = enter(viewer=staff, paid=paid(on=days_ago(3)))

    assert (entry.key, entry.kind, entry.order) == ("settlement:sandbox:网银 0405", "settlement", None)
    assert entry.at == clock.day_start(days_ago(3))
    assert books() == {"receivable:sandbox": 4_900, "bank": 15_000, "revenue": -19_900}
    assert ledger.unbalanced() == []
    assert owing(staff) == [Owing("sandbox", 4_900, days_ago(3))]
    noted = AuditEntry.objects.get()
    assert (noted.act, noted.subject_name) == ("settlement.entered", "sandbox 网银 0405")
    assert noted.after == {
        "paid_on": days_ago(3).isoformat(),
        "amount_fen": 15_000,
        "reference": "网银 0405",
    }


def test_money_of_today_stands_in_the_books_now(sold, staff):
    before = clock.now()
    assert before <= enter(viewer=staff, paid=paid()).at <= clock.now()


def test_one_reference_is_entered_once(sold, staff):
    enter(viewer=staff, paid=paid(amount_fen=100, on=days_ago(1)))

    with pytest.raises(SettlementKnown) as refusal:
        enter(viewer=staff, paid=paid(amount_fen=200, reference="网银 0405"))

    assert str(refusal.value).endswith(f"网银 0405，{days_ago(1)} 到账 ¥1。")
    assert (books()["bank"], Entry.objects.filter(kind="settlement").count()) == (100, 1)
    assert AuditEntry.objects.count() == 1
    # Another provider's line may be called the same.
    Posting.objects.create(
        entry=Entry.objects.create(key="x", kind="paid"), account="receivable:wechat", amount_fen=9
    )
    assert (
        enter(viewer=staff, paid=paid(provider="wechat", amount_fen=9)).key == "settlement:wechat:网银 0405"
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount_fen": 0}, "¥199"),
        ({"amount_fen": -1}, "¥199"),
        ({"amount_fen": 19_901}, "¥199"),
        ({"on": date(2100, 1, 1)}, ""),
        ({"on": days_ago(11)}, str(days_ago(10))),
        ({"reference": " "}, "40"),
        ({"reference": "x" * (LONGEST_REFERENCE + 1)}, "40"),
        ({"reference": "a\0b"}, "40"),
        ({"provider": "wechat"}, ""),
        ({"provider": "sandbox:x"}, ""),
    ],
)
def test_what_doesnt_fit_enters_nothing(sold, staff, wrong, words):
    with pytest.raises(Unfit) as refusal:
        enter(viewer=staff, paid=paid(**wrong))
    assert words in str(refusal.value)
    assert "bank" not in books() and not AuditEntry.objects.exists()


def test_no_more_is_paid_in_than_is_owed_by_then(sold, staff):
    enter(viewer=staff, paid=paid(amount_fen=19_800))
    with pytest.raises(Unfit) as refusal:
        enter(viewer=staff, paid=paid(amount_fen=101, reference="b"))
    assert "¥1" in str(refusal.value)
    enter(viewer=staff, paid=paid(amount_fen=100, reference="b"))
    assert books() == {"bank": 19_900, "revenue": -19_900}
    with pytest.raises(Unfit) as refusal:
        enter(viewer=staff, paid=paid(amount_fen=1, reference="c"))
    assert "¥0" in str(refusal.value)


def test_the_longest_reference_fits_its_keys(sold, staff):
    reference = "x" * LONGEST_REFERENCE
    for _ in range(11):
        entry = enter(viewer=staff, paid=paid(reference=reference))
        take_back(viewer=staff, settlement_id=entry.pk, why="x")
    longest = max(len(key) for key in Entry.objects.values_list("key", flat=True))
    # Of a provider with the longest name that a bill takes.
    assert longest + 20 - len("sandbox") <= 80


def test_a_wrong_one_is_taken_back_once_and_can_be_entered_anew(sold, staff):
    wrong = enter(viewer=staff, paid=paid(on=days_ago(3)))
    kept = list(Posting.objects.order_by("pk").values())

    take_back(viewer=staff, settlement_id=wrong.pk, why=" 少打 一个零 ")

    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
    back = Entry.objects.get(kind="settlement_back")
    assert (back.key, back.order) == ("settlement_back:sandbox:网银 0405", None)
    assert clock.business_day(back.at) == clock.business_day()
    assert list(Posting.objects.order_by("pk").values())[: len(kept)] == kept
    noted = AuditEntry.objects.get(act="settlement.taken_back")
    assert (noted.why, noted.before["amount_fen"]) == ("少打 一个零", 15_000)
    assert owing(staff) == [Owing("sandbox", 19_900, None)]
    with pytest.raises(SettlementTakenBack):
        take_back(viewer=staff, settlement_id=wrong.pk, why="x")
    assert Entry.objects.filter(kind="settlement_back").count() == 1

    right = enter(viewer=staff, paid=paid(on=days_ago(3), amount_fen=1_500))
    assert right.key == "settlement.2:sandbox:网银 0405"
    with pytest.raises(SettlementKnown):
        enter(viewer=staff, paid=paid())
    assert [(one.amount_fen, one.taken_back_at) for one in listed(staff)] == [
        (1_500, None),
        (15_000, back.at),
    ]
    assert paid_in_fen(all_settlements(staff, SoughtSettlements())) == 1_500
    take_back(viewer=staff, settlement_id=right.pk, why="x")
    assert Entry.objects.filter(key="settlement_back.2:sandbox:网银 0405").exists()
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
    assert ledger.unbalanced() == []


def test_what_there_isnt_and_what_needs_a_reason(sold, staff):
    entry = enter(viewer=staff, paid=paid())
    with pytest.raises(Unfit):
        take_back(viewer=staff, settlement_id=entry.pk, why=" ")
    other = Entry.objects.exclude(pk=entry.pk).get()
    for nothing in (0, other.pk):
        with pytest.raises(NoSuchSettlement):
            take_back(viewer=staff, settlement_id=nothing, why="x")
        with pytest.raises(NoSuchSettlement):
            whole_settlement(staff, nothing)
    assert books()["bank"] == 15_000


def test_settlements_are_found_newest_first(sold, staff, django_assert_num_queries):
    for day, reference in ((2, "b"), (5, "a:colon:b"), (0, "c")):
        enter(viewer=staff, paid=paid(on=days_ago(day), reference=reference, amount_fen=100))

    with django_assert_num_queries(1):
        assert [one.reference for one in listed(staff)] == ["c", "b", "a:colon:b"]
    for sought, found in (
        ({"provider": "sandbox"}, ["c", "b", "a:colon:b"]),
        ({"provider": "wechat"}, []),
        ({"words": "B"}, ["b", "a:colon:b"]),
        ({"words": "sandbox"}, []),
        ({"since": days_ago(2)}, ["c", "b"]),
        ({"until": days_ago(2)}, ["b", "a:colon:b"]),
    ):
        assert [one.reference for one in listed(staff, **sought)] == found
    with django_assert_num_queries(2):
        assert owing(staff) == [Owing("sandbox", 19_600, days_ago(0))]
    whole = whole_settlement(staff, listed(staff)[0].id)
    assert (whole.settlement.reference, [one.act for one in whole.acts]) == ("c", ["settlement.entered"])


def test_a_providers_bill_is_compared_without_them(sold, staff):
    before = of_day("sandbox", days_ago(10))
    entry = enter(viewer=staff, paid=paid(on=days_ago(10)))
    take_back(viewer=staff, settlement_id=entry.pk, why="x")

    assert len(before) == 1
    assert of_day("sandbox", days_ago(10)) == before
    assert of_day("sandbox", clock.business_day()) == {}


def test_an_agent_neither_sees_nor_enters_them(sold, staff, agent):
    entry, stranger = enter(viewer=staff, paid=paid()), viewer_of(agent)
    for refused in (
        lambda: owing(stranger),
        lambda: all_settlements(stranger, SoughtSettlements()),
        lambda: whole_settlement(stranger, entry.pk),
        lambda: enter(viewer=stranger, paid=paid(reference="b")),
        lambda: take_back(viewer=stranger, settlement_id=entry.pk, why="x"),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert books()["bank"] == 15_000
