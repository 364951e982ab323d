"""Staff issue invoices themselves, at the tax office's platform (电子税务局), and enter their numbers on the desk."""

from collections.abc import Sequence

from zhiyue.product.commerce.invoices.protocol import ToldInvoice, WantedInvoice, WantedReversal

NAME = "manual"


class Manual:
    name = NAME

    def faults(self) -> Sequence[str]:
        return ()

    def issue(self, wanted: WantedInvoice) -> ToldInvoice:
        return ToldInvoice("by_hand")

    def ask(self, mark: str) -> ToldInvoice:
        return ToldInvoice("by_hand")

    def reverse(self, wanted: WantedReversal) -> ToldInvoice:
        return ToldInvoice("by_hand")
