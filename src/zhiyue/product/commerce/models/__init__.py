"""The tables of commerce: what is free or given, what is for sale and made cheaper by what, orders, their payments,
refunds and invoices, what teachers earn, the ledger, and the bills of providers."""

from zhiyue.product.commerce.models.bills import Bill, BillEntry, Difference
from zhiyue.product.commerce.models.bundles import Bundle, BundleCourse
from zhiyue.product.commerce.models.coupons import Coupon, CouponCode, CouponHolder, CouponUse
from zhiyue.product.commerce.models.flash import FlashHold, FlashSale
from zhiyue.product.commerce.models.invoices import Invoice, InvoiceKind, InvoiceTitle, SandboxInvoice
from zhiyue.product.commerce.models.ledger import Entry, Posting
from zhiyue.product.commerce.models.lending import CourseTerms, GiftOpening, LessonGift, TrialPass
from zhiyue.product.commerce.models.orders import Order, OrderCourse, OrderStep
from zhiyue.product.commerce.models.payments import Payment, ProviderNotice
from zhiyue.product.commerce.models.payouts import (
    CourseShareTerms,
    PayoutLine,
    PayoutStatement,
    TeacherShare,
)
from zhiyue.product.commerce.models.plans import OrderPlan, Plan
from zhiyue.product.commerce.models.redeem import RedeemBatch, RedeemCode
from zhiyue.product.commerce.models.refunds import CourseRefundTerms, LessonOpening, Refund, RefundPart
from zhiyue.product.commerce.models.rights import Enrolment
from zhiyue.product.commerce.models.sandbox import SandboxTrade

__all__ = [
    "Bill",
    "BillEntry",
    "Bundle",
    "BundleCourse",
    "Coupon",
    "CouponCode",
    "CouponHolder",
    "CouponUse",
    "CourseRefundTerms",
    "CourseShareTerms",
    "CourseTerms",
    "Difference",
    "Enrolment",
    "Entry",
    "FlashHold",
    "FlashSale",
    "GiftOpening",
    "Invoice",
    "InvoiceKind",
    "InvoiceTitle",
    "LessonGift",
    "LessonOpening",
    "Order",
    "OrderCourse",
    "OrderPlan",
    "OrderStep",
    "Payment",
    "PayoutLine",
    "PayoutStatement",
    "Plan",
    "Posting",
    "ProviderNotice",
    "RedeemBatch",
    "RedeemCode",
    "Refund",
    "RefundPart",
    "SandboxInvoice",
    "SandboxTrade",
    "TeacherShare",
    "TrialPass",
]
