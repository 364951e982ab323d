"""What teachers earn of what is sold: the share terms of courses, each share, and the monthly statements by which they
are paid."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Course, Teacher
from zhiyue.product.commerce.models.orders import Order, OrderCourse


class CourseShareTerms(models.Model):
    """From `since` on so many thousandths of what a course brings in are its teacher's; None: the academy's again. Rows
    are only added, so what held on any day can be told."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    permille = models.PositiveSmallIntegerField(null=True)
    since = models.DateTimeField(default=clock.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(permille__isnull=True) | models.Q(permille__lte=1000),
                name="share_is_of_a_thousand",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["course", "since"], name="share_terms_by_time")]

    def __str__(self) -> str:
        return f"{self.course_id}: {self.permille} ‰"


class PayoutStatement(models.Model):
    """What a teacher is paid for a month of the academy: every share that was due before the month's end and in no
    statement yet. `month` is its first day. One that is void gave its shares back, and they come into the next one."""

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("statement status", "To be paid")
        PAID = "paid", pgettext_lazy("statement status", "Paid")
        VOID = "void", pgettext_lazy("statement status", "Void")

    class How(models.TextChoices):
        BANK = "bank", pgettext_lazy("payout way", "Bank transfer")
        ALIPAY = "alipay", pgettext_lazy("payout way", "Alipay")
        WECHAT = "wechat", pgettext_lazy("payout way", "WeChat")
        CASH = "cash", pgettext_lazy("payout way", "Cash")
        OTHER = "other", pgettext_lazy("payout way", "Another way")

    number = models.CharField(max_length=20, unique=True)
    teacher = models.ForeignKey(Teacher, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    amount_fen = models.PositiveIntegerField()
    made_at = models.DateTimeField(default=clock.now)
    status = models.CharField(max_length=4, choices=Status.choices, default=Status.OPEN)
    paid_on = models.DateField(null=True)
    how = models.CharField(max_length=8, choices=How.choices, blank=True)
    reference = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            # Two workers, or a job that runs twice, make one.
            models.UniqueConstraint(fields=["teacher", "month"], name="one_statement_a_month"),
            models.CheckConstraint(
                condition=models.Q(paid_on__isnull=False) | ~models.Q(status="paid"),
                name="paid_statement_has_a_day",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-month", "teacher"], name="statements_by_month")]

    def __str__(self) -> str:
        return f"{self.number} {self.status}"


class PayoutLine(models.Model):
    """A course of a statement: what was sold and what went back, the share of it, and how much of that was due in
    earlier months (`carried_fen`). The title is that of the day. The database refuses to change or remove a line.
    """

    statement = models.ForeignKey(PayoutStatement, on_delete=models.PROTECT, related_name="lines")
    course = models.ForeignKey(Course, null=True, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=120, blank=True)
    sales = models.PositiveIntegerField()
    gross_fen = models.PositiveBigIntegerField()
    refunds = models.PositiveIntegerField()
    refunded_fen = models.PositiveBigIntegerField()
    share_fen = models.BigIntegerField()
    carried_fen = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["statement", "course"], name="course_once_a_statement")
        ]

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.title} {self.share_fen}"


class TeacherShare(models.Model):
    """A teacher's share of something sold, or what of it was taken back because money went back: then `sold_fen` and
    `amount_fen` are below 0. `key` is that of its entry in the ledger; where the share comes to nothing there is no
    entry, and the row says that it was reckoned: what is of no teacher today becomes nobody's by other terms tomorrow.

    The teacher, `permille` and `due_at` are those of the day it was earned; a change holds for what is sold then.
    `course` and `part` are None for what isn't sold by the course.
    """

    key = models.CharField(max_length=80, unique=True)
    teacher = models.ForeignKey(Teacher, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
    course = models.ForeignKey(Course, null=True, on_delete=models.PROTECT, related_name="+")
    part = models.ForeignKey(OrderCourse, null=True, on_delete=models.PROTECT, related_name="shares")
    sold_fen = models.IntegerField()
    permille = models.PositiveSmallIntegerField()
    amount_fen = models.IntegerField()
    at = models.DateTimeField()
    due_at = models.DateTimeField()
    statement = models.ForeignKey(PayoutStatement, null=True, on_delete=models.PROTECT, related_name="shares")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(amount_fen__gte=0, amount_fen__lte=models.F("sold_fen"))
                | models.Q(amount_fen__lte=0, amount_fen__gte=models.F("sold_fen")),
                name="share_is_a_part_of_what_was_sold",
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["teacher", "due_at"],
                condition=models.Q(statement__isnull=True),
                name="shares_without_a_statement",
            ),
            models.Index(fields=["teacher", "at"], name="shares_of_a_teacher"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.amount_fen:+}"
