"""What everybody who issues invoices can do, and the words we have for it. Amounts are integer fen of CNY."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

ToldKind = Literal["by_hand", "waiting", "issued", "reversed", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class WantedInvoice:
    """An invoice to issue. `mark` is ours, the same at every try: by it an invoice is issued once. `what` is what was
    sold; `tax_number` is empty for persons."""

    mark: str
    order_number: str
    amount_fen: int
    kind: str
    title: str
    tax_number: str
    email: str
    what: str


@dataclass(frozen=True, slots=True)
class WantedReversal:
    """An invoice to reverse whole (红冲), once by its `mark`."""

    mark: str
    invoice_code: str
    invoice_number: str
    amount_fen: int
    why: str


@dataclass(frozen=True, slots=True)
class ToldInvoice:
    """What an issuer says of an invoice.

    kind  `by_hand`: staff do it themselves · `waiting`: not through yet · `issued`, `reversed` · `failed`, for good by
          this mark · `unknown`: it knows of none by this mark
    number  of the invoice, or of the red-letter invoice where it was reversed; code  on older forms
    why  of a failure, in its words; file  the invoice as PDF, where it gives one
    """

    kind: ToldKind
    number: str = ""
    code: str = ""
    at: datetime | None = None
    why: str = ""
    file: bytes = b""


class Issuer(Protocol):
    """Raises IssuerUnreachable where it can't be had; whether something was begun there then isn't known, and `ask`
    tells."""

    @property
    def name(self) -> str: ...

    def faults(self) -> Sequence[str]:
        """What is missing here before it can issue, in words for whoever runs the academy. Asks nobody."""
        ...

    def issue(self, wanted: WantedInvoice) -> ToldInvoice:
        """Issue an invoice. Asked again by the same mark it issues no second one."""
        ...

    def ask(self, mark: str) -> ToldInvoice:
        """What became of an invoice, or of its reversal where one was begun."""
        ...

    def reverse(self, wanted: WantedReversal) -> ToldInvoice:
        """Reverse an invoice. Asked again by the same mark it reverses nothing twice."""
        ...
