"""What every payment provider can do, and the words we have for it. Amounts are integer fen of CNY."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

ToldKind = Literal["waiting", "paid", "failed", "closed", "refunding", "refunded", "refund_failed", "unknown"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A payment to begin. `number` is ours and never used twice. `returns_to` is where the person comes back to,
    `notify_at` where the provider tells what became of it. `payer` is who pays at the provider, where a channel needs
    it (WeChat's openid)."""

    number: str
    amount_fen: int
    title: str
    channel: str
    expires_at: datetime
    returns_to: str
    notify_at: str
    address: str = ""
    payer: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """How the person pays: `go` to an address, `scan` a picture of this text, or `call` the provider's script with
    these values (JSAPI)."""

    way: Literal["go", "scan", "call"]
    value: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider said of one of our payments or refunds, proved to be its word.

    key  its name for the event, the same however often it is told
    number  ours, of the payment or the refund; provider_number  theirs
    amount_fen  None where it didn't say; fee_fen  what it kept, where it says so
    words  of what was told, what may be kept to look at: no secrets, nothing of the payer's identity
    """

    key: str
    kind: ToldKind
    number: str
    amount_fen: int | None = None
    provider_number: str = ""
    at: datetime | None = None
    fee_fen: int | None = None
    words: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A request that a provider (or whoever says to be one) sent us."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider wants to hear, so that it stops or goes on telling."""

    status: int
    body: str
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class GivenBack:
    """A refund to ask for: part of the payment `number`, `refund_number` being ours and the same at every try."""

    number: str
    provider_number: str
    refund_number: str
    amount_fen: int
    whole_fen: int
    why: str
    notify_at: str


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a provider's bill of a day. A refund's amount is below 0."""

    number: str
    provider_number: str
    amount_fen: int
    fee_fen: int
    refund_number: str = ""


class Provider(Protocol):
    """Raises ProviderUnreachable where the provider can't be had or refuses, in words that say what to do; whether
    something was begun there then isn't known, and `ask` tells."""

    @property
    def name(self) -> str: ...

    @property
    def channels(self) -> Sequence[str]: ...

    @property
    def by_payer(self) -> Sequence[str]:
        """Those of its channels that begin only where `Wanted.payer` is known."""
        ...

    def faults(self) -> Sequence[str]:
        """What is missing here before it can take payments, in words for whoever runs the academy. Asks nobody."""
        ...

    def begin(self, wanted: Wanted) -> Shown:
        """Begin a payment. Asked again with the same number it begins no second one."""
        ...

    def read(self, notice: Notice) -> Told:
        """What a notice says. Raises NotProved unless it proves to be the provider's own and meant for us."""
        ...

    def answer(self, *, is_taken: bool) -> Answer:
        """What to answer a notice: taken, or please tell again."""
        ...

    def ask(self, number: str) -> Told:
        """What became of a payment: for notices that never come."""
        ...

    def close(self, number: str) -> None:
        """Take no money for it any more. Nothing happens where it is closed or was never begun."""
        ...

    def give_back(self, wanted: GivenBack) -> Told:
        """Ask for a refund. Asked again with the same refund number it gives nothing back twice."""
        ...

    def ask_refund(self, wanted: GivenBack) -> Told: ...

    def bill(self, day: date) -> Iterable[BillLine]:
        """Everything of a day as the provider counts it, once it can be had."""
        ...
