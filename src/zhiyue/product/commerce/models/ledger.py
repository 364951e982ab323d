"""The books, in double entry: whatever comes into one account leaves another, in the same entry."""

from typing import ClassVar

from django.db import models

from zhiyue.core.kit import clock
from zhiyue.product.commerce.models.orders import Order


class Entry(models.Model):
    """Something that moved money or what is owed. `key` names the occasion (“paid:P26…”): it is entered once."""

    key = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=20)
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="entries")
    at = models.DateTimeField(default=clock.now, db_index=True)

    def __str__(self) -> str:
        return self.key


class Posting(models.Model):
    """What an entry does to one account, in fen: above 0 it is debited, below credited. The postings of an entry sum
    to 0. The database refuses to change or remove one."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    account = models.CharField(max_length=40, db_index=True)
    amount_fen = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["entry", "account"], name="account_once_an_entry"),
            models.CheckConstraint(condition=~models.Q(amount_fen=0), name="posting_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount_fen:+}"
