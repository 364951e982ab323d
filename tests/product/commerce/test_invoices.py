"""An invoice from the asking to its being reversed: of the right amount, once, whatever comes between."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from tests.factories import make_course, make_member
from tests.product.commerce.coupon_makers import staff
from tests.product.commerce.invoice_makers import COMPANY, NUMBER, PERSON, asked_invoice, by_hand, later
from tests.product.commerce.test_refunds import asked, bought, why
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.product.commerce.errors import InvoiceDecided, NoInvoice, NoSuchInvoice, NoSuchOrder, TitleRefused
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.invoices import sandbox, sending
from zhiyue.product.commerce.invoices.asking import withdraw_invoice
from zhiyue.product.commerce.invoices.book import invoice_of, own_file
from zhiyue.product.commerce.invoices.following import follow_refund
from zhiyue.product.commerce.invoices.protocol import ToldInvoice
from zhiyue.product.commerce.invoices.sending import MOST_TRIES, send, take_in
from zhiyue.product.commerce.invoices.titles import fitting_title, forget_title, titles_of
from zhiyue.product.commerce.models import Invoice, InvoiceTitle, Order, Refund, SandboxInvoice
from zhiyue.product.commerce.refunds.deciding import give_back
from zhiyue.product.commerce.refunds.sending import pursue

pytestmark = pytest.mark.django_db
TAKEN = sandbox.TAKES.total_seconds() + 1


@pytest.fixture
def course(db):
    return make_course("stats", price_fen=19_900)


@pytest.fixture
def order(learner, course):
    return bought(learner, course)


@pytest.fixture(autouse=True)
def time(monkeypatch):
    """A clock that a test turns."""

    class Time:
        ahead = timedelta(0)

        def turn(self, seconds=0.0, **more):
            self.ahead += timedelta(seconds=seconds, **more)
            later()

    told = Time()
    true = clock.now
    monkeypatch.setattr(clock, "now", lambda: true() + told.ahead)
    return told


def mails():
    found = OutgoingMessage.objects.filter(subject__contains="发票").order_by("pk")
    return [(one.to, one.subject) for one in found]


def refunded(operator, order, amount_fen):
    """So much of it goes back, to the end; what follows for its invoice follows."""
    part = order.courses.get()
    give_back(viewer=staff(operator), order_number=order.number, amounts={part.pk: amount_fen}, why="x")
    pursue()
    follow_refund(order.pk)
    order.refresh_from_db()


def test_it_is_asked_for_of_what_was_paid_and_issued_by_itself(learner, order, time):
    invoice = asked_invoice(learner, order)
    assert (invoice.status, invoice.amount_fen, invoice.number[0]) == ("asked", 19_900, "F")
    assert Job.objects.filter(name="commerce.issue_invoice", kwargs={"invoice_id": invoice.pk}).count() == 1

    send(invoice.pk)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.provider, invoice.mark) == ("issuing", "sandbox", f"{invoice.number}-1")
    assert mails() == []
    time.turn(TAKEN + 10)

    invoice.refresh_from_db()
    assert (invoice.status, invoice.due_at, invoice.must_be_reversed) == ("issued", None, False)
    assert len(invoice.invoice_number) == 20 and invoice.issued_at is not None
    assert why(order)[-2:] == ["invoice_asked", "invoice_issued"]
    assert mails() == [("books@company.example", "《课程 stats》的发票已开具")]
    file = own_file(learner, invoice.number)
    assert file.content.startswith(b"%PDF-") and file.name == f"invoice-{invoice.invoice_number}.pdf"


def test_two_tabs_and_two_workers_make_one(learner, order, time):
    first = asked_invoice(learner, order)
    assert asked_invoice(learner, order, **PERSON).pk == first.pk
    moment = clock.now() + timedelta(seconds=1)
    assert [send(first.pk, now=moment) for _ in range(2)] == [True, False]
    time.turn(TAKEN + 10)
    time.turn(TAKEN + 10)
    assert (Invoice.objects.count(), SandboxInvoice.objects.count(), len(mails())) == (1, 1, 1)
    told = SandboxInvoice.objects.get()
    take_in(first.pk, ToldInvoice("issued", number=told.invoice_number))
    assert len(mails()) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.objects.create(
            number="F2", order=order, amount_fen=1, kind="personal", title="x", email="a@b.c"
        )


def test_an_answer_that_gets_lost_is_asked_after_and_nothing_is_issued_twice(learner, order, time):
    invoice = asked_invoice(learner, order, title=f"{sandbox.LOST}公司")
    assert not send(invoice.pk)
    invoice.refresh_from_db()
    assert invoice.status == "issuing" and invoice.fault
    time.turn(TAKEN + 10)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.fault) == ("issued", "")
    assert SandboxInvoice.objects.count() == 1


@pytest.mark.parametrize("step", ["issuing", "reversing"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_between_two_steps_it_goes_on_where_it_stood(
    operator, learner, order, time, monkeypatch, step, moment
):
    """The worker dies before the issuer is asked, or after it was and before its word is entered."""
    invoice = asked_invoice(learner, order)
    if step == "reversing":
        time.turn(1)
        time.turn(TAKEN + 30)
        refunded(operator, order, 900)
    broken = {"before": "_asked", "after": "take_in"}[moment]

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sending, broken, die)
        with pytest.raises(KeyboardInterrupt):
            later(1)
    invoice.refresh_from_db()
    assert invoice.status == step
    time.turn(60)
    time.turn(60)
    time.turn(600)

    invoice.refresh_from_db()
    assert invoice.status == ("issued" if step == "issuing" else "reversed")
    assert SandboxInvoice.objects.filter(mark=invoice.mark).count() == 1
    if step == "reversing":
        assert Invoice.objects.get(again_of=invoice).status in ("issuing", "issued")


def test_a_refusal_is_told_and_asked_for_anew_when_it_is_put_right(learner, order, time):
    invoice = asked_invoice(learner, order, title=f"{sandbox.REFUSED}公司")
    time.turn(1)
    time.turn(TAKEN + 30)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.fault) == ("failed", "没有这个名称的纳税人。")
    assert [subject for _, subject in mails()] == ["《课程 stats》的发票没能开具"]
    again = asked_invoice(learner, order)
    assert again.pk != invoice.pk
    assert invoice_of(learner, order.number).pk == again.pk


def test_part_of_the_money_goes_back_so_it_is_reversed_and_issued_for_the_rest(
    operator, learner, order, time
):
    invoice = asked_invoice(learner, order)
    time.turn(1)
    time.turn(TAKEN + 30)

    refunded(operator, order, 4_900)

    invoice.refresh_from_db()
    assert invoice.must_be_reversed
    for _ in range(4):
        time.turn(60)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_fen, len(invoice.reversal_number)) == ("reversed", 19_900, 20)
    again = Invoice.objects.get(again_of=invoice)
    assert (again.status, again.amount_fen, again.title, again.tax_number) == (
        "issued", 15_000, COMPANY["title"], COMPANY["tax_number"],
    )  # fmt: skip
    assert invoice_of(learner, order.number) == again
    assert [subject for _, subject in mails()] == [
        "《课程 stats》的发票已开具", "《课程 stats》的发票已红冲", "《课程 stats》的发票已开具",
    ]  # fmt: skip
    follow_refund(order.pk)
    time.turn(60)
    again.refresh_from_db()
    assert again.status == "issued" and Invoice.objects.count() == 2


def test_all_of_the_money_goes_back_so_it_is_reversed_and_none_follows(learner, order, time):
    invoice = asked_invoice(learner, order)
    time.turn(1)
    time.turn(TAKEN + 30)
    asked(learner, order)
    pursue()
    follow_refund(order.pk)
    for _ in range(3):
        time.turn(60)
    invoice.refresh_from_db()
    assert (invoice.status, Invoice.objects.count()) == ("reversed", 1)


def test_money_that_goes_back_before_it_is_issued_changes_its_amount(operator, learner, order, settings):
    settings.ZHIYUE_INVOICES = "manual"
    invoice = asked_invoice(learner, order)
    later(1)
    refunded(operator, order, 4_900)
    later(1)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_fen, invoice.due_at) == ("asked", 15_000, None)
    refunded(operator, order, 15_000)
    later(1)
    invoice.refresh_from_db()
    assert invoice.status == "withdrawn" and why(order)[-1] == "invoice_not_needed"


def test_money_that_goes_back_while_it_is_issued_reverses_it_after(operator, learner, order, time):
    invoice = asked_invoice(learner, order)
    send(invoice.pk)
    refunded(operator, order, 4_900)
    for _ in range(6):
        time.turn(60)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_fen) == ("reversed", 19_900)
    assert Invoice.objects.get(again_of=invoice).amount_fen == 15_000


def test_while_a_refund_is_under_way_nothing_is_issued(learner, order, time):
    invoice = asked_invoice(learner, order)
    Order.objects.filter(pk=order.pk).update(paid_at=clock.now() - timedelta(days=30))
    refund = asked(learner, order, 0)
    time.turn(1)
    invoice.refresh_from_db()
    assert invoice.status == "asked" and invoice.due_at > clock.now()
    Refund.objects.filter(pk=refund.pk).update(status="refused")
    time.turn(minutes=6)
    invoice.refresh_from_db()
    assert invoice.status == "issuing"


def test_a_silent_issuer_is_asked_ever_more_rarely_and_left_to_staff_in_the_end(
    learner, order, time, monkeypatch
):
    def silent(*_):
        raise sandbox.IssuerUnreachable("连接超时")

    invoice = asked_invoice(learner, order)
    monkeypatch.setattr(sandbox.Sandbox, "issue", silent)
    monkeypatch.setattr(sandbox.Sandbox, "ask", silent)
    waits = []
    for _ in range(MOST_TRIES):
        time.turn(hours=7)
        invoice.refresh_from_db()
        waits.append(invoice.due_at and round((invoice.due_at - clock.now()).total_seconds()))
    assert waits[:3] == [20, 40, 80] and waits[-2:] == [21_600, None]
    assert (invoice.status, invoice.due_at) == ("asked", None)
    assert "连接超时" in invoice.fault
    time.turn(hours=7)
    invoice.refresh_from_db()
    assert invoice.tries == MOST_TRIES


def test_an_issuer_that_changed_leaves_to_staff_what_was_begun_at_the_other(learner, order, settings):
    invoice = asked_invoice(learner, order)
    send(invoice.pk)
    settings.ZHIYUE_INVOICES = "manual"
    later(600)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.due_at) == ("asked", None)
    assert "sandbox" in invoice.fault


def test_a_number_of_another_invoice_is_not_taken(operator, learner, order, settings, time):
    settings.ZHIYUE_INVOICES = "manual"
    first = asked_invoice(learner, order)
    by_hand(operator, first)
    settings.ZHIYUE_INVOICES = "sandbox"
    other = asked_invoice(learner, bought(learner, make_course("b", price_fen=100)))
    send(other.pk)
    take_in(other.pk, ToldInvoice("issued", number=NUMBER))
    other.refresh_from_db()
    assert (other.status, other.invoice_number, other.due_at) == ("asked", "", None)
    assert other.fault


def test_who_has_no_such_order_gets_none(learner, stranger, order):
    with pytest.raises(NoSuchOrder):
        asked_invoice(stranger, order)
    invoice = asked_invoice(learner, order)
    for ask in (invoice_of, lambda user, number: withdraw_invoice(user=user, order_number=number)):
        with pytest.raises(NoSuchOrder):
            ask(stranger, order.number)
    with pytest.raises(NoSuchInvoice):
        own_file(stranger, invoice.number)
    assert Invoice.objects.get().status == "asked"


@pytest.mark.parametrize(
    ("why", "changed"),
    [
        ("not_paid", {"paid_at": None, "status": "created"}),
        ("costs_nothing", {"total_fen": 0}),
        ("returned", {"refunded_fen": 19_900, "status": "refunded"}),
        ("elsewhere", {"outside_number": "WX-1"}),
        ("off", {}),
    ],
)
def test_what_can_have_no_invoice_says_why(learner, order, settings, why, changed):
    settings.ZHIYUE_INVOICES = "off" if why == "off" else "sandbox"
    Order.objects.filter(pk=order.pk).update(**changed)
    with pytest.raises(NoInvoice) as refused:
        asked_invoice(learner, order)
    assert refused.value.why == why
    assert not Invoice.objects.exists() and not InvoiceTitle.objects.exists()


def test_past_orders_have_none(learner, course):
    now = clock.now()
    import_orders(rows=[PastOrder("WX-1", learner.pk, course.pk, 500, now, now)])
    with pytest.raises(NoInvoice):
        asked_invoice(learner, Order.objects.get())


def test_what_nobody_began_is_withdrawn_and_asked_for_anew(learner, order, time):
    invoice = asked_invoice(learner, order)
    for _ in range(2):
        assert withdraw_invoice(user=learner, order_number=order.number).status == "withdrawn"
    time.turn(1)
    invoice.refresh_from_db()
    assert invoice.status == "withdrawn" and not SandboxInvoice.objects.exists()
    again = asked_invoice(learner, order, **PERSON)
    send(again.pk)
    with pytest.raises(InvoiceDecided):
        withdraw_invoice(user=learner, order_number=order.number)


def test_titles_are_kept_for_the_next_time_and_are_ones_own_to_delete(learner, stranger, order, course):
    asked_invoice(learner, order)
    (kept,) = titles_of(learner)
    assert (kept.title, kept.tax_number, kept.email) == (
        COMPANY["title"], COMPANY["tax_number"], COMPANY["email"],
    )  # fmt: skip
    assert not forget_title(user=stranger, title_id=kept.pk)
    for n in range(12):
        Order.objects.filter(pk=order.pk).update(status="fulfilled")
        withdraw_invoice(user=learner, order_number=order.number)
        asked_invoice(learner, order, **{**PERSON, "title": f"名字{n}"})
    assert [one.title for one in titles_of(learner)] == [f"名字{n}" for n in range(11, 1, -1)]
    assert forget_title(user=learner, title_id=titles_of(learner)[0].pk)
    assert titles_of(learner).count() == 9


def test_with_the_account_the_titles_go_and_the_invoices_stay(order, course):
    gone = make_member("gone@test.example", "去也")
    theirs = bought(gone, make_course("b", price_fen=100))
    asked_invoice(gone, theirs)
    gone.delete()
    assert not InvoiceTitle.objects.exists()
    invoice = Invoice.objects.get()
    assert invoice.order.user is None
    later(1)
    later(TAKEN + 60)
    invoice.refresh_from_db()
    assert invoice.status in ("issuing", "issued")


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("kind", "special"),
        ("title", " \n "),
        ("title", "长" * 101),
        ("tax_number", "91350100M000100Y44"),
        ("tax_number", ""),
        ("email", "nowhere"),
        ("email", f"{'a' * 250}@b.example"),
        ("email", "a@b.example\nBcc: c@d.example"),
    ],
)
def test_what_does_not_fit_is_refused(field, typed):
    with pytest.raises(TitleRefused) as refused:
        fitting_title(**{**COMPANY, field: typed})
    assert refused.value.field == field


def test_what_is_typed_is_tidied():
    typed = {"kind": "personal", "title": " 小\x00 林 ", "tax_number": "anything", "email": " lin@a.example "}
    title = fitting_title(**typed)
    assert (title.title, title.tax_number, title.email) == ("小? 林", "", "lin@a.example")
