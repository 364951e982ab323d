"""A pretended issuer for trying everything out: nothing reaches a tax office, and all else is as with a real one. It
takes a while, refuses titles with 失败 in them, and loses its first answer to those with 没有回音. A production
server refuses it."""

from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO

from django.db import transaction
from django.utils.translation import pgettext, pgettext_lazy
from reportlab.pdfgen.canvas import Canvas

from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import IssuerUnreachable
from zhiyue.product.commerce.invoices.protocol import ToldInvoice, WantedInvoice, WantedReversal
from zhiyue.product.commerce.models import SandboxInvoice

NAME = "sandbox"
TAKES = timedelta(seconds=10)
REFUSED, LOST = "失败", "没有回音"


class Sandbox:
    name = NAME

    def faults(self) -> Sequence[str]:
        return ()

    def issue(self, wanted: WantedInvoice) -> ToldInvoice:
        _, is_new = SandboxInvoice.objects.get_or_create(
            mark=wanted.mark,
            defaults={
                "amount_fen": wanted.amount_fen,
                "is_refused": REFUSED in wanted.title,
                "through_at": clock.now() + TAKES,
            },
        )
        if is_new and LOST in wanted.title:
            raise IssuerUnreachable(pgettext_lazy("invoice", "The issuer's answer got lost on the way."))
        return self.ask(wanted.mark)

    def ask(self, mark: str) -> ToldInvoice:
        kept = SandboxInvoice.objects.filter(mark=mark).first()
        if kept is None:
            return ToldInvoice("unknown")
        now = clock.now()
        if kept.is_refused and kept.through_at <= now:
            return ToldInvoice("failed", why=pgettext("invoice", "There is no taxpayer of this name."))
        if (kept.reversal_through_at or kept.through_at) > now:
            return ToldInvoice("waiting")
        if kept.reversal_through_at:
            return ToldInvoice("reversed", number=kept.reversal_number, at=kept.reversal_through_at)
        return ToldInvoice("issued", number=kept.invoice_number, at=kept.through_at, file=_drawn(kept))

    @transaction.atomic
    def reverse(self, wanted: WantedReversal) -> ToldInvoice:
        kept = SandboxInvoice.objects.select_for_update().filter(mark=wanted.mark).first()
        if kept is None or kept.is_refused or kept.through_at > clock.now():
            return ToldInvoice("failed", why=pgettext("invoice", "There is no such invoice to reverse."))
        if kept.reversal_through_at is None:
            kept.reversal_through_at = clock.now() + TAKES
            kept.save(update_fields=["reversal_through_at"])
        return self.ask(wanted.mark)


def _drawn(kept: SandboxInvoice) -> bytes:
    file = BytesIO()
    canvas = Canvas(file, pagesize=(420, 160), invariant=1)
    for y, line in (
        (110, "SANDBOX - this is not an invoice"),
        (80, f"No. {kept.invoice_number}"),
        (50, f"CNY {kept.amount_fen // 100}.{kept.amount_fen % 100:02d}"),
    ):
        canvas.drawString(40, y, line)
    canvas.save()
    return file.getvalue()
