"""What commerce may refuse."""

from typing import ClassVar

from django.utils.functional import Promise

from zhiyue.core.kit.errors import Refused


class PaymentRequired(Refused):
    """The course has a price and the member has not been given it."""

    code = "payment_required"
    status: ClassVar[int] = 402


class NotGranted(Refused):
    """Only what staff opened can be closed by staff."""

    code = "not_granted"


class NotForSale(Refused):
    """The offer isn't there, isn't out, or costs nothing."""

    code = "not_for_sale"


class AlreadyOwned(Refused):
    """The member has what they would pay for."""

    code = "already_owned"


class PriceChanged(Refused):
    """The price isn't what the member saw any more."""

    code = "price_changed"


class CouponRefused(Refused):
    """The coupon, or its code, can't be used, or not for this."""

    code = "coupon_refused"


class UnknownCode(Refused):
    """No code that holds reads so."""

    code = "unknown_code"
    status: ClassVar[int] = 404


class OtherKindOfCode(UnknownCode):
    """Here no code that holds reads so; among those of `kind`, “coupon” or “redeem”, one does. It counts as a guess."""

    code = "other_kind_of_code"
    kind: str

    def __init__(self, message: str | Promise, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class NoSuchCoupon(Refused):
    """There is no such coupon."""

    code = "no_such_coupon"
    status: ClassVar[int] = 404


class CodeRefused(Refused):
    """The code opens nothing, or not any more."""

    code = "code_refused"


class NoSuchBatch(Refused):
    """There is no such batch of codes."""

    code = "no_such_batch"
    status: ClassVar[int] = 404


class NoSuchSale(Refused):
    """There is no such flash price."""

    code = "no_such_sale"
    status: ClassVar[int] = 404


class SaleRefused(Refused):
    """What staff want to sell can't be kept so; `field` names what is wrong."""

    code = "sale_refused"
    status: ClassVar[int] = 422

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(message)
        self.field = field


class NoSuchOrder(Refused):
    """There is no such order of this member."""

    code = "no_such_order"
    status: ClassVar[int] = 404


class NoReceipt(Refused):
    """Nothing was paid that a receipt could tell of."""

    code = "no_receipt"


class OrderNotOpen(Refused):
    """The order waits for no payment any more."""

    code = "order_not_open"


class ProviderNotOffered(Refused):
    """The academy takes no payments through this provider, or not by this channel."""

    code = "provider_not_offered"


class ProviderUnreachable(Refused):
    """The provider didn't answer, or refused what we asked."""

    code = "provider_unreachable"
    status: ClassVar[int] = 502


class PayerUnknown(Refused):
    """The provider begins this only for somebody whom it knows, and they aren't known, or won't be."""

    code = "payer_unknown"


class NoSuchRefund(Refused):
    """There is no such refund."""

    code = "no_such_refund"
    status: ClassVar[int] = 404


class NothingGoesBack(Refused):
    """Of this order nothing can go back."""

    code = "nothing_goes_back"


class AmountChanged(Refused):
    """What goes back isn't what the member saw any more."""

    code = "amount_changed"


class RefundDecided(Refused):
    """The refund isn't in the state for this any more: somebody was faster."""

    code = "refund_decided"


class NoSuchBill(Refused):
    """There is no such day of a provider, or no such difference."""

    code = "no_such_bill"
    status: ClassVar[int] = 404


class DifferenceOver(Refused):
    """The difference isn't open any more: it came right, or somebody was faster."""

    code = "difference_over"


class NoSuchInvoice(Refused):
    """There is no such invoice, or none was asked for."""

    code = "no_such_invoice"
    status: ClassVar[int] = 404


class NoInvoice(Refused):
    """Of this order no invoice can be had now; `why` is one of `invoices.asking.WhyNot`."""

    code = "no_invoice"

    def __init__(self, why: str, message: str | Promise) -> None:
        super().__init__(message)
        self.why = why


class TitleRefused(Refused):
    """To whom an invoice shall be made out can't be taken so; `field` names what is wrong."""

    code = "title_refused"
    status: ClassVar[int] = 422

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(message)
        self.field = field


class InvoiceDecided(Refused):
    """The invoice isn't in the state for this any more: somebody was faster."""

    code = "invoice_decided"


class IssuerUnreachable(Refused):
    """Who issues invoices didn't answer, or refused what we asked."""

    code = "issuer_unreachable"
    status: ClassVar[int] = 502


class NoSuchStatement(Refused):
    """There is no such payout statement, or it is another teacher's."""

    code = "no_such_statement"
    status: ClassVar[int] = 404


class StatementDecided(Refused):
    """The statement is paid or void already: somebody was faster."""

    code = "statement_decided"


class NoSuchSettlement(Refused):
    """There is no such settlement."""

    code = "no_such_settlement"
    status: ClassVar[int] = 404


class SettlementKnown(Refused):
    """What a provider paid in by this reference is entered already."""

    code = "settlement_known"


class SettlementTakenBack(Refused):
    """The settlement was taken back already: somebody was faster."""

    code = "settlement_taken_back"


class NotProved(Refused):
    """A notice that doesn't prove to be the provider's own word."""

    code = "not_proved"
    status: ClassVar[int] = 400


class TrialOver(Refused):
    """The member has tried it before."""

    code = "trial_over"


class NotYoursToShow(Refused):
    """A lesson that the member hasn't in such a way that they could show it to friends, or that needs no gift."""

    code = "not_yours_to_show"


class TooManyGifts(Refused):
    """The member made as many gifts as a day allows."""

    code = "too_many_gifts"
    status: ClassVar[int] = 429


class NoSuchGift(Refused):
    """A link that leads to no gift."""

    code = "no_such_gift"
    status: ClassVar[int] = 404


class GiftOver(Refused):
    """A gift that opens for nobody else."""

    code = "gift_over"
    status: ClassVar[int] = 410


class NoSuchOffer(Refused):
    """There is no such plan or bundle."""

    code = "no_such_offer"
    status: ClassVar[int] = 404


class BadTerm(Refused):
    """What staff typed of an offer doesn't fit; `field` says where."""

    code = "bad_term"
    status: ClassVar[int] = 400

    def __init__(self, field: str, message: str | Promise) -> None:
        super().__init__(message)
        self.field = field


class NoMembership(Refused):
    """The member has none."""

    code = "no_membership"


class NoTrial(Refused):
    """It can't be tried as a whole."""

    code = "no_trial"
