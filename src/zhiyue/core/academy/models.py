"""The academy itself: how it is called and looks, what it must print below each page, and what members agree to."""

import re
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import pgettext_lazy

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_TELEPHONE = re.compile(r"\+?[0-9][0-9 ()-]{5,}[0-9]")


class Accent(models.TextChoices):
    """The one colour of buttons and links. Each is drawn for light and dark in `frontend/src/accents.css`."""

    TEAL = "teal", pgettext_lazy("accent", "Teal")
    BLUE = "blue", pgettext_lazy("accent", "Blue")
    INDIGO = "indigo", pgettext_lazy("accent", "Indigo")
    VIOLET = "violet", pgettext_lazy("accent", "Violet")
    ROSE = "rose", pgettext_lazy("accent", "Rose")
    BRICK = "brick", pgettext_lazy("accent", "Brick red")
    GREEN = "green", pgettext_lazy("accent", "Green")
    INK = "ink", pgettext_lazy("accent", "Ink")


class Academy(models.Model):
    """Exactly one row, written by the first change; until then settings and defaults stand for it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(max_length=40)
    tagline = models.CharField(max_length=60, blank=True)
    accent = models.CharField(max_length=8, choices=Accent.choices, default=Accent.TEAL)
    # Name in the media storage; empty where the drawn mark stands.
    logo = models.CharField(max_length=80, blank=True)
    support_contact = models.CharField(max_length=120, blank=True)
    footer_text = models.CharField(max_length=200, blank=True)
    icp_number = models.CharField(max_length=40, blank=True)
    police_number = models.CharField(max_length=40, blank=True)
    set_up_at = models.DateTimeField(null=True, blank=True)
    # When an owner closed the list of what is left; until then the desk reminds of it.
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_academy"),
            models.CheckConstraint(condition=models.Q(accent__in=Accent.values), name="academy_accent_known"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def support_link(self) -> str:
        """Where a tap on the contact leads: mail, telephone, a page; empty where it is words, as a name in WeChat."""
        contact = self.support_contact
        if _MAIL.fullmatch(contact):
            return f"mailto:{contact}"
        if _TELEPHONE.fullmatch(contact):
            return "tel:" + "".join(sign for sign in contact if sign in "+0123456789")
        return contact if contact.startswith(("https://", "http://")) and " " not in contact else ""

    @property
    def police_code(self) -> str:
        """The digits of the public-security number, by which the police's register finds the academy."""
        return "".join(sign for sign in self.police_number if sign.isascii() and sign.isdigit())


class AgreementKind(models.TextChoices):
    TERMS = "terms", pgettext_lazy("agreement", "Terms of use")
    PRIVACY = "privacy", pgettext_lazy("agreement", "Privacy policy")
    REFUND = "refund", pgettext_lazy("agreement", "Refund rules")
    CREATOR = "creator", pgettext_lazy("agreement", "Creator agreement")


# Stands in every text that ships, so that nobody takes one for a finished agreement.
TEMPLATE_MARK = "这是一份模板"

# What everybody accepts when signing up, and what whoever writes courses of their own accepts besides. The refund rules
# are for everybody to read and asked of nobody: the checkout tells each course's terms.
FOR_EVERYBODY = (AgreementKind.TERMS, AgreementKind.PRIVACY)
FOR_CREATORS = (*FOR_EVERYBODY, AgreementKind.CREATOR)


class Agreement(models.Model):
    """One published version of one text. The database refuses to change it: what people accepted stays readable."""

    kind = models.CharField(max_length=8, choices=AgreementKind.choices)
    version = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=60)
    body = models.TextField()
    what_changed = models.CharField(max_length=200, blank=True)
    in_force_from = models.DateTimeField()
    published_at = models.DateTimeField(default=timezone.now)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "version"], name="agreement_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"

    @property
    def is_template(self) -> bool:
        """Is it still the text that ships, which a lawyer has to look at?"""
        return TEMPLATE_MARK in self.body

    @property
    def for_everybody(self) -> bool:
        return self.kind in FOR_EVERYBODY


class AgreementAcceptance(models.Model):
    """Who accepted which version, and when. Goes only with its member."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="acceptances")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "agreement"], name="agreement_accepted_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.agreement_id}"


class ProofQuerySet(models.QuerySet["Proof"]):
    def newest(self, kind: str) -> "Proof | None":
        return self.filter(kind=kind).order_by("-at", "-pk").first()


class Proof(models.Model):
    """That something of this installation worked when it was tried, or why it didn't: the newest of a kind counts."""

    class Kind(models.TextChoices):
        MAIL = "mail", pgettext_lazy("proof", "Test mail")
        SMS = "sms", pgettext_lazy("proof", "Test message")
        STORAGE = "storage", pgettext_lazy("proof", "Storage")
        BACKUP = "backup", pgettext_lazy("proof", "Backup")

    kind = models.CharField(max_length=8, choices=Kind.choices)
    at = models.DateTimeField(default=timezone.now)
    worked = models.BooleanField()
    detail = models.CharField(max_length=300, blank=True)

    objects: ClassVar = ProofQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["kind", "-at"], name="proof_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M} {self.worked}"
