"""The tables of commerce: what is free or given, what is for sale, orders and their payments, the ledger."""

from zhiyue.product.commerce.models.ledger import Entry, Posting
from zhiyue.product.commerce.models.orders import Order, OrderCourse, OrderStep
from zhiyue.product.commerce.models.payments import Payment, ProviderNotice
from zhiyue.product.commerce.models.rights import Enrolment
from zhiyue.product.commerce.models.sandbox import SandboxTrade

__all__ = [
    "Enrolment",
    "Entry",
    "Order",
    "OrderCourse",
    "OrderStep",
    "Payment",
    "Posting",
    "ProviderNotice",
    "SandboxTrade",
]
