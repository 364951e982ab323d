"""What staff do with coupons: make them, change what may still be changed, pause them, make and take away codes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import transaction
from django.db.models import Count, F, Model, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.accounts.staff import tidy_tag
from zhiyue.core.audit.selectors import just_noted
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.core.kit.columns import longest, storable
from zhiyue.product.catalogue.models import Course, Topic
from zhiyue.product.commerce.errors import NoSuchCoupon, SaleRefused
from zhiyue.product.commerce.models import Bundle, Coupon, CouponCode, CouponHolder, CouponUse, Order, Plan
from zhiyue.product.commerce.numbers import CODE_LETTERS, by_chance
from zhiyue.product.commerce.offers import KINDS, all_offers

MOST_CODES = 5000
# Ten million yuan, and as many uses as anybody counts.
MOST_FEN, MOST_USES = 10**9, 10**7
_MARK_LETTERS = 8
_NO_END = pgettext_lazy("coupon", "The end must lie after the beginning, and after now.")
_NOBODY = pgettext_lazy("coupon", "There is no such coupon.")
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class CouponWish:
    """A coupon as somebody wants it; see `Coupon`. Without a beginning it begins at once."""

    title: str
    audience: str
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    off_fen: int = 0
    off_percent: int = 0
    most_fen: int | None = None
    threshold_fen: int = 0
    is_stackable: bool = False
    scope: Sequence[str] = ()
    tag: str = ""
    most_uses: int | None = None
    most_each: int | None = 1


@dataclass(frozen=True, slots=True)
class Counted:
    """A coupon with what came of it: `open_uses` in orders that wait, `paid_uses` in orders whose money came and hasn't
    all gone back, which it made `cost_fen` cheaper and which brought `brought_fen`."""

    coupon: Coupon
    codes: int
    holders: int
    open_uses: int
    paid_uses: int
    cost_fen: int
    brought_fen: int


def all_coupons(viewer: Viewer) -> list[Counted]:
    """Every coupon, the newest first. Raises NotAllowed."""
    return with_figures(viewer, coupon_rows(viewer))


def coupon_rows(viewer: Viewer) -> QuerySet[Coupon]:
    """The same without what came of them, for who reads them page by page. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    return Coupon.objects.select_related("by").order_by("-pk")


def one_coupon(viewer: Viewer, mark: str) -> Counted:
    """Raises NotAllowed, NoSuchCoupon."""
    found = with_figures(viewer, coupon_rows(viewer).filter(mark=mark))
    if not found:
        raise NoSuchCoupon(_NOBODY)
    return found[0]


def with_figures(viewer: Viewer, rows: Iterable[Coupon]) -> list[Counted]:
    """These coupons with what came of them. Three queries. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    found = list(rows)
    ids = [row.pk for row in found]
    figures = _figures(ids)
    codes = _counts(CouponCode.objects.filter(coupon__in=ids, revoked_at=None))
    holders = _counts(CouponHolder.objects.filter(coupon__in=ids))
    names = ("open_uses", "paid_uses", "cost_fen", "brought_fen")
    return [
        Counted(
            row,
            codes.get(row.pk, 0),
            holders.get(row.pk, 0),
            *(figures.get(row.pk, {}).get(name) or 0 for name in names),
        )
        for row in found
    ]


def shared_code(viewer: Viewer, coupon: Coupon) -> str:
    """The code that everybody may enter; "" where none was made. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    row = coupon.codes.filter(is_shared=True, revoked_at=None).first()
    return row.text if row else ""


def codes_of(viewer: Viewer, coupon: Coupon) -> QuerySet[CouponCode]:
    """Its codes, in the order in which they were made. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    return coupon.codes.order_by("pk")


def scopes(viewer: Viewer) -> list[tuple[str, str]]:
    """What a coupon can be for besides everything, and what that is called. Raises NotAllowed."""
    require(viewer, Permission.CHANGE_SALES)
    topics = [
        (f"topic:{pk}", name)
        for pk, name in Topic.objects.order_by("position", "pk").values_list("pk", "name")
    ]
    return topics + all_offers()


@transaction.atomic
def make_coupon(*, viewer: Viewer, wish: CouponWish) -> Coupon:
    """A new coupon. The same one sent twice is made once. Raises NotAllowed, SaleRefused, Unfit (its tag)."""
    by = require(viewer, Permission.CHANGE_SALES)
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    columns = _checked(wish)
    told = _plain(columns)
    before = just_noted(by=by, act="coupon.made", after=told)
    if before is not None:
        return Coupon.objects.get(pk=int(before.subject_id))
    columns["begins_at"] = columns["begins_at"] or clock.now()
    row = Coupon.objects.create(**columns, mark=by_chance(_MARK_LETTERS), by=by)
    note(by=by, act="coupon.made", subject=("coupon", row.pk, row.title), after=told)
    return row


@transaction.atomic
def change_coupon(
    *, viewer: Viewer, mark: str, title: str, ends_at: datetime | None, most_uses: int | None
) -> Coupon:
    """What may change of a coupon that people have: its title, its end, and how often all may use it. Whatever they
    were promised stays. Raises NotAllowed, NoSuchCoupon, SaleRefused."""
    by = require(viewer, Permission.CHANGE_SALES)
    row = _locked(mark)
    title = _title(title)
    if ends_at != row.ends_at and ends_at is not None and ends_at <= max(row.begins_at, clock.now()):
        raise SaleRefused("ends_at", _NO_END)
    used = CouponUse.objects.filter(coupon=row, returned_at=None).count()
    if most_uses is not None and not max(used, 1) <= most_uses <= MOST_USES:
        words = pgettext_lazy("coupon", "It is used %(n)s times already: give that many at least.")
        raise SaleRefused("most_uses", words % {"n": used} if used else _between(1, MOST_USES))
    before = _plain({name: getattr(row, name) for name in ("title", "ends_at", "most_uses")})
    row.title, row.ends_at, row.most_uses = title, ends_at, most_uses
    row.save(update_fields=["title", "ends_at", "most_uses"])
    after = _plain({name: getattr(row, name) for name in ("title", "ends_at", "most_uses")})
    if before != after:
        note(by=by, act="coupon.changed", subject=("coupon", row.pk, title), before=before, after=after)
    return row


@transaction.atomic
def pause_coupon(*, viewer: Viewer, mark: str, is_paused: bool) -> Coupon:
    """Nobody uses it any more until it goes on; orders that hold it keep it. Raises NotAllowed, NoSuchCoupon."""
    by = require(viewer, Permission.CHANGE_SALES)
    row = _locked(mark)
    if (row.paused_at is not None) != is_paused:
        row.paused_at = clock.now() if is_paused else None
        row.save(update_fields=["paused_at"])
        act = "coupon.paused" if is_paused else "coupon.resumed"
        note(by=by, act=act, subject=("coupon", row.pk, row.title))
    return row


@transaction.atomic
def make_codes(*, viewer: Viewer, mark: str, count: int) -> int:
    """So many codes, each for one person; `count` 0 is one code for everybody, where there is none yet. How many came.
    The same form sent twice makes them once. Raises NotAllowed, NoSuchCoupon, SaleRefused."""
    by = require(viewer, Permission.CHANGE_SALES)
    row = _locked(mark)
    if row.audience != Coupon.Audience.CODE:
        words = pgettext_lazy("coupon", "This coupon needs no code: whoever it is for has it.")
        raise SaleRefused("count", words)
    if not 0 <= count <= MOST_CODES:
        raise SaleRefused("count", _between(1, MOST_CODES))
    told = {"codes": count or 1, "shared": not count}
    if not count and row.codes.filter(is_shared=True, revoked_at=None).exists():
        return 0
    if count and just_noted(by=by, act="coupon.codes_made", after=told, subject_id=row.pk):
        return 0
    new = [
        CouponCode(coupon=row, text=by_chance(CODE_LETTERS), is_shared=not count) for _ in range(count or 1)
    ]
    CouponCode.objects.bulk_create(new, batch_size=_AT_ONCE)
    note(by=by, act="coupon.codes_made", subject=("coupon", row.pk, row.title), after=told)
    return len(new)


@transaction.atomic
def revoke_codes(*, viewer: Viewer, mark: str) -> int:
    """No code that wasn't entered yet gives this coupon any more, the shared one included; who has it keeps it. How
    many codes that were. Raises NotAllowed, NoSuchCoupon."""
    by = require(viewer, Permission.CHANGE_SALES)
    row = _locked(mark)
    gone = row.codes.filter(claimed_at=None, revoked_at=None).update(revoked_at=clock.now())
    if gone:
        note(by=by, act="coupon.codes_revoked", subject=("coupon", row.pk, row.title), after={"codes": gone})
    return gone


@transaction.atomic
def export_codes(*, viewer: Viewer, mark: str) -> QuerySet[CouponCode]:
    """Note that the codes of a coupon are taken away, and give them. Raises NotAllowed, NoSuchCoupon."""
    by = require(viewer, Permission.CHANGE_SALES)
    row = _locked(mark)
    codes = codes_of(viewer, row)
    told = {"codes": codes.count()}
    note(by=by, act="coupon.codes_exported", subject=("coupon", row.pk, row.title), after=told)
    return codes


def _locked(mark: str) -> Coupon:
    row = Coupon.objects.select_for_update(no_key=True, of=("self",)).filter(mark=mark).first()
    if row is None:
        raise NoSuchCoupon(_NOBODY)
    return row


def _figures(ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    waits = Q(order__status=Order.Status.CREATED)
    uses = CouponUse.objects.filter(coupon__in=ids, returned_at=None).order_by().values("coupon")
    rows = uses.annotate(
        open_uses=Count("pk", filter=waits),
        paid_uses=Count("pk", filter=~waits),
        cost_fen=Sum("amount_fen", filter=~waits),
        brought_fen=Sum(F("order__total_fen") - F("order__refunded_fen"), filter=~waits),
    )
    return {row["coupon"]: cast(Mapping[str, Any], row) for row in rows}


def _counts(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.order_by().values_list("coupon").annotate(n=Count("pk")))


def _checked(wish: CouponWish) -> dict[str, Any]:
    """The columns of a new coupon. Raises SaleRefused, Unfit."""
    if wish.audience not in Coupon.Audience.values:
        raise SaleRefused("audience", pgettext_lazy("coupon", "Choose whom the coupon is for."))
    if (wish.off_fen > 0) == (wish.off_percent > 0):
        words = pgettext_lazy("coupon", "Give either an amount or a share that it takes off.")
        raise SaleRefused("off_fen", words)
    bounds = {
        "off_fen": (wish.off_fen, 0, MOST_FEN),
        "off_percent": (wish.off_percent, 0, 100),
        "most_fen": (wish.most_fen, 1, MOST_FEN),
        "threshold_fen": (wish.threshold_fen, 0, MOST_FEN),
        "most_uses": (wish.most_uses, 1, MOST_USES),
        "most_each": (wish.most_each, 1, MOST_USES),
    }
    for name, (value, least, most) in bounds.items():
        if value is not None and not least <= value <= most:
            raise SaleRefused(name, _between(least, most))
    if wish.ends_at is not None and wish.ends_at <= max(wish.begins_at or clock.now(), clock.now()):
        raise SaleRefused("ends_at", _NO_END)
    is_tagged = wish.audience == Coupon.Audience.TAGGED
    return {
        **{name: value for name, (value, _, _) in bounds.items()},
        "title": _title(wish.title),
        "most_fen": wish.most_fen if wish.off_percent else None,
        "is_stackable": wish.is_stackable,
        "scope": _scope(wish.scope),
        "audience": wish.audience,
        "tag": tidy_tag(storable(wish.tag)) if is_tagged else "",
        "begins_at": wish.begins_at,
        "ends_at": wish.ends_at,
    }


def _title(text: str) -> str:
    title = " ".join(storable(text).split())
    most = longest(Coupon, "title")
    if not 1 <= len(title) <= most:
        words = pgettext_lazy(
            "coupon", "Give a title of 1 to %(n)s characters: people read it beside the price."
        )
        raise SaleRefused("title", words % {"n": most})
    return title


# What a coupon may be for, besides a kind of offers.
_SCOPES: Mapping[str, type[Model]] = {"topic": Topic, "course": Course, "bundle": Bundle, "plan": Plan}


def _scope(wanted: Sequence[str]) -> list[str]:
    """Raises SaleRefused where something of it isn't there."""
    names = sorted(dict.fromkeys(wanted))
    known = {f"kind:{kind}" for kind in KINDS}
    by_kind: dict[str, list[int]] = {kind: [] for kind in _SCOPES}
    for name in names:
        kind, _, number = name.partition(":")
        if (
            name not in known
            and kind in by_kind
            and number.isascii()
            and number.isdecimal()
            and len(number) < 16
        ):
            by_kind[kind].append(int(number))
    for kind, of in _SCOPES.items():
        found = of._default_manager.filter(pk__in=by_kind[kind]).values_list("pk", flat=True)
        known |= {f"{kind}:{pk}" for pk in found}
    if set(names) - known:
        words = pgettext_lazy("coupon", "Choose what the coupon is for from the list.")
        raise SaleRefused("scope", words)
    return names


def _between(least: int, most: int) -> str | Promise:
    words = pgettext_lazy("coupon", "Give a number from %(least)s to %(most)s.")
    return words % {"least": least, "most": most}


def _plain(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as the audit log keeps them."""
    plain = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in columns.items()
    }
    return {name: value for name, value in plain.items() if value not in (None, "", [])}
