"""Django's admin, to look at rows while developing: read-only, for owners, and without an address in production."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission

# Generic for the type checker only.
if TYPE_CHECKING:
    _Rows = admin.ModelAdmin[models.Model]
else:
    _Rows = admin.ModelAdmin

COLUMNS = 6
# What opens something, by the name that such columns have.
_SECRET = ("password", "secret", "hash", "sha256")
HIDDEN = frozenset(
    {
        # Opens what a code has proved; a name and a hashed password wait in `kept`.
        "accounts.OneTimeCode.key",
        "accounts.OneTimeCode.kept",
        # People in a table, and the mail they will get.
        "accounts.UploadedSheet.text",
        "accounts.UploadedSheet.options",
        # What somebody was told or sent, whatever it was.
        "api.KeptAnswer.body",
        # Cells of refused rows: addresses and names, whatever stood there.
        "collect.HistoryImport.errors",
        "collect.HistoryImport.reasons",
        "collect.Quarantined.payload",
        # Whoever enters it gets something.
        "commerce.CouponCode.text",
        "commerce.RedeemCode.text",
        # What a provider said, and where somebody goes to pay.
        "commerce.Payment.shown",
        # Whom an invoice names, and where it went.
        "commerce.Invoice.title",
        "commerce.Invoice.tax_number",
        "commerce.Invoice.email",
        "commerce.InvoiceTitle.title",
        "commerce.InvoiceTitle.tax_number",
        "commerce.InvoiceTitle.email",
        "commerce.ProviderNotice.told",
        "notices.OutgoingMessage.content",
        # Orders of people, what somebody else's server says, and addresses that open something there.
        "webhooks.Delivery.answer",
        "webhooks.Delivery.body",
        "webhooks.Endpoint.address",
    }
)
# Text and JSON of any kind may hold anything, so none is shown that isn't named here.
SHOWN = frozenset(
    {
        "academy.Agreement.body",
        "accounts.PersonalToken.scopes",
        "accounts.UploadedSheet.result",
        "audit.AuditEntry.after",
        "audit.AuditEntry.before",
        "catalogue.Course.outcomes",
        "catalogue.Course.skills",
        "catalogue.Course.summary",
        "catalogue.Course.tags",
        "catalogue.Lesson.body",
        "catalogue.Teacher.bio",
        "collect.Event.corrections",
        "collect.Event.properties",
        "collect.LakeCheck.faults",
        "collect.LakeCheck.open_days",
        "commerce.Coupon.scope",
        "commerce.Order.lines",
        "commerce.OrderCourse.refund_terms",
        "commerce.OrderPlan.refund_terms",
        "commerce.OrderStep.told",
        "commerce.RefundPart.lines",
        "commerce.SandboxTrade.refunds",
        "commerce.SandboxTrade.refunds_at",
        "demo.Shelf.courses",
        "monitor.DailyMeasure.parts",
        "monitor.TasteMeasure.changes",
        "monitor.TasteMeasure.topics",
        "monitor.TasteMeasure.weeks",
        "search.Document.body",
        "search.Document.body_terms",
        "search.Document.pairs",
        "search.Document.secondary_terms",
        "search.Document.tags",
        "search.Document.tags_terms",
        "search.Document.title_terms",
        "search.Synonyms.words",
        "webhooks.Endpoint.topics",
        "zhiyue_jobs.Job.error",
        "zhiyue_jobs.Job.kwargs",
        "zhiyue_recommend.Artefact.metrics",
        "zhiyue_recommend.Contest.chances",
        "zhiyue_recommend.Contest.policies",
        "zhiyue_recommend.Contest.valued",
        "zhiyue_recommend.LabRun.found",
        "zhiyue_recommend.LabRun.policies",
        "zhiyue_recommend.NewCourses.courses",
    }
)
_ANYTHING = (models.TextField, models.JSONField, models.BinaryField)


class ReadOnlySite(admin.AdminSite):
    site_header = site_title = "Zhiyue"

    def has_permission(self, request: HttpRequest) -> bool:
        return _is_owner(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Whoever isn't an owner signs in where everybody does."""
        back = request.GET.get("next") or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('entrance:sign_in')}?{urlencode({'next': back})}")


class ReadOnly(_Rows):
    """Every column but those that hold secrets; nothing can be added, changed or removed."""

    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_owner(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return _is_owner(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[Any]:
        return list(shown_columns(self.model))

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return list(shown_columns(self.model)[:COLUMNS])


def shown_columns(model: type[models.Model]) -> list[str]:
    return [
        column.name
        for column in model._meta.concrete_fields
        if not any(word in column.name for word in _SECRET)
        and label_of(column) not in HIDDEN
        and (label_of(column) in SHOWN or not holds_anything(column))
    ]


def label_of(column: "models.Field[Any, Any]") -> str:
    return f"{column.model._meta.label}.{column.name}"


def holds_anything(column: "models.Field[Any, Any]") -> bool:
    return isinstance(column, _ANYTHING)


def _is_owner(request: HttpRequest) -> bool:
    viewer: Viewer | None = getattr(request, "viewer", None)
    return viewer is not None and viewer.may(Permission.SET_UP_ACADEMY)


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("zhiyue.")]


site = ReadOnlySite()
site.register(our_models(), ReadOnly)
