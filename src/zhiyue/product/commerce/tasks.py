"""Background entries of commerce; those of a single refund or invoice are in `refunds.jobs` and `invoices.jobs`, of a
provider's bills in `reconciling.jobs`."""

from zhiyue.core.accounts.uploads import forget_uploads as forget
from zhiyue.core.jobs.registry import daily, every, job
from zhiyue.core.jobs.services import enqueue
from zhiyue.product.commerce.imports.importing import import_sheet
from zhiyue.product.commerce.imports.order_importing import import_order_sheet
from zhiyue.product.commerce.imports.table_imports import end_stuck_imports
from zhiyue.product.commerce.invoices.sending import pursue_invoices
from zhiyue.product.commerce.lending.trials import remind_of_ends
from zhiyue.product.commerce.membership.deferring import earn
from zhiyue.product.commerce.membership.held import remind_of_membership_ends
from zhiyue.product.commerce.orders import expire
from zhiyue.product.commerce.payments import receive
from zhiyue.product.commerce.providers import sandbox
from zhiyue.product.commerce.providers.register import offered
from zhiyue.product.commerce.pursuing import ask_after, close_begun
from zhiyue.product.commerce.reconciling.jobs import reconcile_provider
from zhiyue.product.commerce.refunds.sending import pursue
from zhiyue.product.commerce.reminding import remind_unpaid
from zhiyue.product.commerce.teaching_shares.entering import catch_up
from zhiyue.product.commerce.teaching_shares.statements import make_statements


@job(name="commerce.import_members", attempts=5, lease_seconds=60)
def import_members(*, sheet_id: int) -> None:
    import_sheet(sheet_id=sheet_id)


@job(name="commerce.import_orders", attempts=5, lease_seconds=60)
def import_past_orders(*, sheet_id: int) -> None:
    import_order_sheet(sheet_id=sheet_id)


@job(name="commerce.forget_uploads", attempts=3, lease_seconds=60)
def forget_uploads() -> None:
    end_stuck_imports()
    forget()


@job(name="commerce.expire_orders", attempts=3, lease_seconds=120)
def expire_orders() -> None:
    expire()


@job(name="commerce.ask_after_payments", attempts=3, lease_seconds=300)
def ask_after_payments() -> None:
    ask_after()


@job(name="commerce.close_payments", attempts=8, lease_seconds=120, backoff_seconds=10)
def close_payments(*, order_id: int) -> None:
    close_begun(order_id)


@job(name="commerce.remind_unpaid", attempts=3, lease_seconds=120)
def remind_unpaid_orders() -> None:
    remind_unpaid()


@job(name="commerce.pursue_refunds", attempts=3, lease_seconds=300)
def pursue_refunds() -> None:
    pursue()


@job(name="commerce.reconcile", attempts=3, lease_seconds=60)
def reconcile_providers() -> None:
    """Each provider by itself: one that is silent, or answers nonsense, holds up no other."""
    for one in offered():
        enqueue(reconcile_provider, provider=one.name, key=f"commerce.reconcile:{one.name}")


@job(name="commerce.pursue_invoices", attempts=3, lease_seconds=300)
def pursue_due_invoices() -> None:
    pursue_invoices()


@job(name="commerce.catch_up_shares", attempts=3, lease_seconds=300)
def catch_up_shares() -> None:
    catch_up()


@job(name="commerce.make_statements", attempts=5, lease_seconds=300)
def make_payout_statements() -> None:
    """On the first of a month; on other days only what the first one missed."""
    catch_up()
    make_statements()


@job(name="commerce.sandbox_tell", attempts=5, lease_seconds=60)
def sandbox_tell(*, number: str, of_before: bool = False) -> None:
    """The sandbox tells us what became of a payment; or what it was before, which comes too late."""
    notice = sandbox.waiting_notice(number) if of_before else sandbox.settled_notice(number)
    receive(sandbox.NAME, notice)


@job(name="commerce.remind_of_trials", attempts=3, lease_seconds=120)
def remind_of_trials() -> None:
    remind_of_ends()


@job(name="commerce.remind_of_memberships", attempts=3, lease_seconds=600)
def remind_of_memberships() -> None:
    remind_of_membership_ends(at_once=1_000)


@job(name="commerce.earn_memberships", attempts=5, lease_seconds=600)
def earn_memberships() -> None:
    earn()


every(minutes=60, job=forget_uploads)
daily(at="00:20", job=earn_memberships)
every(minutes=60, job=remind_of_trials)
daily(at="10:00", job=remind_of_memberships)
every(minutes=1, job=expire_orders)
every(minutes=1, job=ask_after_payments)
every(minutes=1, job=remind_unpaid_orders)
every(minutes=1, job=pursue_refunds)
every(minutes=30, job=reconcile_providers)
every(minutes=1, job=pursue_due_invoices)
every(minutes=60, job=catch_up_shares)
daily(at="02:10", job=make_payout_statements)
