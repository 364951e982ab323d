"""Staff at the same moment: a bank's line is entered once, and never more than is owed; one takes it back."""

import pytest

from tests.factories import make_course
from tests.product.commerce.test_racing import AT_ONCE, together
from tests.product.commerce.test_refunds import books, bought
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.accounts.errors import Unfit
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import SettlementKnown, SettlementTakenBack
from zhiyue.product.commerce.models import Entry
from zhiyue.product.commerce.settlements.entering import PaidIn, enter, take_back

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(operator, learner):
    bought(learner, make_course("stats", price_fen=19_900))
    return viewer_of(operator)


def paid(reference, amount_fen=100):
    return PaidIn("sandbox", clock.business_day(), amount_fen, reference)


def test_one_line_is_entered_once(staff):
    found = together(*[lambda: enter(viewer=staff, paid=paid("a"))] * AT_ONCE)

    assert sum(isinstance(one, SettlementKnown) for one in found) == AT_ONCE - 1
    assert books() == {"receivable:sandbox": 19_800, "bank": 100, "revenue": -19_900}
    assert AuditEntry.objects.filter(act="settlement.entered").count() == 1


def test_together_they_pay_no_more_than_is_owed(staff):
    acts = [lambda n=n: enter(viewer=staff, paid=paid(f"r{n}", 9_000)) for n in range(AT_ONCE)]

    found = together(*acts)

    assert sum(isinstance(one, Unfit) for one in found) == AT_ONCE - 2
    assert books() == {"receivable:sandbox": 1_900, "bank": 18_000, "revenue": -19_900}


def test_it_is_taken_back_once(staff):
    entry = enter(viewer=staff, paid=paid("a"))

    found = together(*[lambda: take_back(viewer=staff, settlement_id=entry.pk, why="x")] * AT_ONCE)

    assert sum(isinstance(one, SettlementTakenBack) for one in found) == AT_ONCE - 1
    assert Entry.objects.filter(kind="settlement_back").count() == 1
    assert books() == {"receivable:sandbox": 19_900, "revenue": -19_900}
