"""What stands in a field of the audit log, in words: moments, prices, roles, states and who is meant by a number."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from django.template.defaultfilters import date as written
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.academy.models import Accent, AgreementKind
from zhiyue.core.accounts.columns import MEMBER_COLUMNS
from zhiyue.core.accounts.models import Role, User
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.audit_words import FIELDS
from zhiyue.experience.desk.lab.words import POLICIES
from zhiyue.experience.shell.cards import in_language
from zhiyue.facilities.webhooks.topics import topics
from zhiyue.product.catalogue.models import Course, Lesson, Level, Teacher, Topic
from zhiyue.product.commerce.models import (
    Bundle,
    Coupon,
    Difference,
    Invoice,
    PayoutStatement,
    Plan,
    Refund,
)
from zhiyue.recommend.models import Rule

Words = str | Promise

_FACTORS: Mapping[str, Words] = {
    "totp": pgettext_lazy("audit value", "Authenticator app"),
    "webauthn": pgettext_lazy("audit value", "Passkey"),
    "recovery_codes": pgettext_lazy("audit value", "Recovery codes"),
}
# Fields whose values are codes. What a `kind` is depends on what the entry is about.
_CODES: Mapping[str, Mapping[str, Words]] = {
    "role": dict(Role.choices),
    "roles": dict(Role.choices),
    "agreement.kind": dict(AgreementKind.choices),
    "difference.kind": dict(Difference.Kind.choices),
    "lesson.kind": dict(Lesson.Kind.choices),
    "rule.kind": dict(Rule.Kind.choices),
    "slot": dict(Rule.Slot.choices),
    "status": dict(Course.Status.choices),
    "refund.status": dict(Refund.Status.choices),
    "plan.status": dict(Plan.Status.choices),
    "bundle.status": dict(Bundle.Status.choices),
    "invoice.status": dict(Invoice.Status.choices),
    "payout.how": dict(PayoutStatement.How.choices),
    "form": dict(Course.Form.choices),
    "level": dict(Level.choices),
    "language": dict(Course.Language.choices),
    "accent": dict(Accent.choices),
    "columns": MEMBER_COLUMNS,
    "audience": dict(Coupon.Audience.choices),
    "factors": _FACTORS,
    "policies": {name: said for name, (said, _) in POLICIES.items()},
    "policy": {name: said for name, (said, _) in POLICIES.items()},
    "state": dict(Job.State.choices),
    "topics": topics(),
    "ended": {
        "not_allowed": pgettext_lazy("audit value", "no longer allowed to"),
        "discarded": pgettext_lazy("audit value", "its job was discarded"),
        "given_up": pgettext_lazy("audit value", "its job failed again and again"),
    },
}
_MOMENTS = frozenset({"published_at", "in_force_from", "begins_at", "ends_at"})
_PRICES = frozenset(
    {
        "price_fen", "list_price_fen", "total_fen", "amount_fen", "fee_least_fen",
        "off_fen", "most_fen", "threshold_fen", "theirs_fen", "ours_fen",
    }
)  # fmt: skip
_FILES = frozenset({"picture", "logo"})
# Of one value; the table that is exported has all that was noted.
SHOWN_AT_MOST = 300


class Names:
    """Names of what entries call by address or number. Each kind is read once a page, where an entry needs it."""

    def __init__(self, entries: Iterable[AuditEntry] = ()) -> None:
        self._accounts = {
            side["user"]
            for entry in entries
            for side in (entry.before, entry.after)
            if side and isinstance(side.get("user"), int)
        }

    @cached_property
    def topic(self) -> Mapping[object, str]:
        return {topic.slug: in_language(topic.name, topic.name_en) for topic in Topic.objects.all()}

    @cached_property
    def teacher(self) -> Mapping[object, str]:
        return dict(Teacher.objects.values_list("slug", "name"))

    @cached_property
    def course(self) -> Mapping[object, str]:
        return dict(Course.objects.values_list("slug", "title"))

    @cached_property
    def user(self) -> Mapping[object, str]:
        """Of the accounts that the page's entries name; an academy has too many to read all."""
        return dict(User.objects.filter(pk__in=self._accounts).values_list("pk", "display_name"))


def value_words(field: str, value: object, names: Names, about: str = "") -> str | None:
    """A value as people read it; None where there is nothing. `about` is the kind of thing the entry is about."""
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool):
        return pgettext("audit value", "yes") if value else pgettext("audit value", "no")
    if isinstance(value, list):
        return pgettext("audit value", ", ").join(
            value_words(field, one, names, about) or "–" for one in value
        )
    if isinstance(value, dict):
        return _long_text(value) if "sha256" in value else _fields(value, names, about)
    codes = _CODES.get(f"{about}.{field}") or _CODES.get(field, {})
    if value in codes:
        return str(codes[str(value)])
    known = _SHOWN.get(field)
    said = known(value, names) if known else str(value)
    return said if len(said) <= SHOWN_AT_MOST else said[:SHOWN_AT_MOST] + "…"


def _fields(value: Mapping[str, Any], names: Names, about: str) -> str:
    return "; ".join(
        f"{FIELDS.get(name, name)}: {value_words(name, one, names, about) or '–'}"
        for name, one in value.items()
    )


def _long_text(told: Mapping[str, Any]) -> str:
    """A text of which the log keeps only what `core.audit.texts` tells."""
    words = pgettext("audit value", "%(n)s characters; from character %(from)s on: %(reads)s")
    return words % {"n": told["characters"], "from": told["from"], "reads": told["reads"] or "–"}


def _moment(value: object, _: Names) -> str:
    """In the academy's zone; what can't be read stays as it was noted."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)
    if moment.tzinfo is None:
        return str(value)
    here = localtime(moment, clock.business_zone())
    return f"{written(here, 'DATE_FORMAT')} {written(here, 'TIME_FORMAT')}"


def _price(value: object, _: Names) -> str:
    return yuan(value) if isinstance(value, int) else str(value)


def _file(value: object, _: Names) -> str:
    """Files are called by their content; the first characters tell two apart."""
    name = str(value).rpartition("/")[2].removeprefix("logo-")
    return pgettext("audit value", "picture %(name)s") % {"name": name[:8]}


def _place_moved(value: object, _: Names) -> str:
    return pgettext("audit value", "up") if str(value).startswith("-") else pgettext("audit value", "down")


def _share(value: object, _: Names) -> str:
    return f"{float(str(value)):.0%}"


_SHOWN: Mapping[str, Callable[[object, Names], str]] = {
    **dict.fromkeys(_MOMENTS, _moment),
    **dict.fromkeys(_PRICES, _price),
    **dict.fromkeys(_FILES, _file),
    "by": _place_moved,
    "share": _share,
    "topic": lambda value, names: names.topic.get(value, str(value)),
    "teacher": lambda value, names: names.teacher.get(value, str(value)),
    "prerequisites": lambda value, names: names.course.get(value, str(value)),
    "edition_of": lambda value, names: names.course.get(value, str(value)),
    "user": lambda value, names: names.user.get(value) or str(value),
}
