"""Past orders brought in from a table: what each row means, what is wrong with it, and the import in steps."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts.importing import MARKS, RowError, members_by
from zhiyue.core.accounts.models import UploadedSheet, User
from zhiyue.core.accounts.names import tidy_username
from zhiyue.core.accounts.phones import tidy_phone
from zhiyue.core.kit import clock, sheets
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.sheets import UnreadableSheet
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.imports import table_imports, typed
from zhiyue.product.commerce.imports.importing import course_words, courses_by_name
from zhiyue.product.commerce.imports.past_orders import (
    AT_ONCE,
    LONGEST_NUMBER,
    NOT_ONES_OWN,
    OFFLINE,
    OTHER,
    PastOrder,
    import_orders,
)
from zhiyue.product.commerce.models import Order, OrderStep

ORDER_COLUMNS: Mapping[str, Promise] = {
    "number": pgettext_lazy("past order column", "Order number"),
    "member": pgettext_lazy("past order column", "Member"),
    "course": pgettext_lazy("past order column", "Course"),
    "yuan": pgettext_lazy("past order column", "Paid in yuan"),
    "placed_at": pgettext_lazy("past order column", "Placed at"),
    "paid_at": pgettext_lazy("past order column", "Paid at"),
    "by": pgettext_lazy("past order column", "Paid by"),
}
_NEEDED = ("number", "member", "course", "yuan")
_WAYS: Mapping[str, str] = {
    "": OFFLINE,
    "wechat": "wechat", "wechatpay": "wechat", "weixin": "wechat", "微信": "wechat", "微信支付": "wechat",
    "alipay": "alipay", "支付宝": "alipay",
    "stripe": "stripe",
    "offline": OFFLINE, "cash": OFFLINE, "transfer": OFFLINE, "线下": OFFLINE, "线下付款": OFFLINE, "现金": OFFLINE,
    "转账": OFFLINE, "银行转账": OFFLINE,
    "other": OTHER, "其他": OTHER, "其它": OTHER,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A good row: the order it tells of, and how to show it. `is_known`: it was brought in before, and stays."""

    line: int
    order: PastOrder
    member: str
    course: str
    is_known: bool = False


@dataclass(slots=True)
class OrderPlan:
    """What an import would do: rows that are good, and what is wrong with the others."""

    orders: list[OrderRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)

    @property
    def fresh(self) -> list[OrderRow]:
        return [row for row in self.orders if not row.is_known]

    @property
    def known(self) -> int:
        return len(self.orders) - len(self.fresh)

    @property
    def total_fen(self) -> int:
        """What the orders that aren't here yet come to."""
        return sum(row.order.total_fen for row in self.fresh)


@dataclass(slots=True)
class _Read:
    """A row as it is read: its cells, what they mean so far, and what is wrong with them."""

    line: int
    cells: Mapping[str, str]
    errors: list[RowError] = field(default_factory=list)
    fen: int = 0
    placed_at: datetime | None = None
    paid_at: datetime | None = None
    via: str = OFFLINE

    def wrong(self, column: str, words: str | Promise) -> None:
        self.errors.append(RowError(self.line, column, words, self.cells.get(column, "")[:80]))


def plan_orders(text: str, *, by: User | None) -> OrderPlan:
    """What importing this table would do; nobody brings in an order of their own. Raises UnreadableSheet."""
    sheet = sheets.read(text)
    keys = sheets.columns(sheet, ORDER_COLUMNS)
    missing = [str(ORDER_COLUMNS[key]) for key in _NEEDED if key not in keys]
    if not {"placed_at", "paid_at"} & set(keys):
        missing.append(str(ORDER_COLUMNS["paid_at"]))
    if missing:
        words = pgettext("import", "A column is missing: %(names)s. Take the template.")
        raise UnreadableSheet(words % {"names": ", ".join(missing)})
    rows = [
        _read(line, {key: cell for key, cell in zip(keys, cells, strict=False) if key})
        for line, cells in sheet.rows
    ]
    _twice(rows)
    made = _recognised(rows, by)
    return OrderPlan(
        orders=made,
        errors=sorted((error for row in rows for error in row.errors), key=lambda error: error.line),
        unknown_columns=[name for name, key in zip(sheet.header, keys, strict=True) if not key and name],
    )


def import_order_sheet(*, sheet_id: int) -> None:
    """Import the good rows of an upload, a few hundred at a time. Broken off, it goes on behind the last step that was
    done. Raises NoSuchSheet."""
    begun = table_imports.begun(sheet_id)
    if begun is None:
        return
    sheet, by = begun
    plan = plan_orders(sheet.text, by=by)
    for rows in table_imports.steps(sheet, plan.orders):
        _step(sheet, by, rows)
    left_out = len({error.line for error in plan.errors})
    table_imports.finish(sheet, by, left_out=left_out, members=len(_brought_in(sheet, by, plan)))


def _brought_in(sheet: UploadedSheet, by: User, plan: OrderPlan) -> set[int | None]:
    """The members to whom this import gave orders, in whichever of its steps."""
    numbers = [row.order.outside_number for row in plan.orders]
    steps = OrderStep.objects.filter(why="imported", by=by, at__gte=sheet.started_at)
    found: set[int | None] = set()
    for start in range(0, len(numbers), AT_ONCE):
        mine = steps.filter(order__outside_number__in=numbers[start : start + AT_ONCE])
        found |= set(mine.values_list("order__user_id", flat=True))
    return found


@transaction.atomic
def _step(sheet: UploadedSheet, by: User, rows: Sequence[OrderRow]) -> None:
    made, left_out = _put([row.order for row in rows], by)
    table_imports.count_step(
        sheet,
        by,
        rows,
        {"members": len({order.member_id for order in made})},
        made=len(made),
        known=len(rows) - len(made) - left_out,
        left_out=left_out,
        total_fen=sum(order.total_fen for order in made),
    )


def _put(orders: Sequence[PastOrder], by: User) -> tuple[list[PastOrder], int]:
    """Which of them were new, and how many can't be brought in any more."""
    try:
        return list(import_orders(rows=orders, by=by).orders), 0
    except Refused:
        # A member's account was deleted, or a course made a draft again, since the rows were looked at.
        if len(orders) == 1:
            return [], 1
    made: list[PastOrder] = []
    left_out = 0
    for order in orders:
        new, failed = _put([order], by)
        made += new
        left_out += failed
    return made, left_out


def _read(line: int, cells: Mapping[str, str]) -> _Read:
    row = _Read(line, cells)
    for key in _NEEDED:
        if not cells.get(key):
            row.wrong(key, pgettext_lazy("import", "This can't be empty."))
    if len(cells.get("number", "")) > LONGEST_NUMBER:
        row.wrong("number", pgettext_lazy("import", "A number has 64 characters at most."))
    if cells.get("yuan"):
        fen = typed.fen(cells["yuan"])
        if fen is None:
            row.wrong("yuan", pgettext_lazy("import", "Write yuan, exact to the fen: 199 or 199.50."))
        row.fen = fen or 0
    via = _WAYS.get("".join(cells.get("by", "").split()).casefold())
    if via is None:
        words = pgettext_lazy("import", "Write WeChat, Alipay, Stripe, offline or other, or leave it empty.")
        row.wrong("by", words)
    row.via = via or OFFLINE
    _read_times(row)
    return row


def _read_times(row: _Read) -> None:
    """When it was placed and paid; one of the two will do. A day alone is its first moment."""
    told = {key: row.cells.get(key, "") for key in ("placed_at", "paid_at")}
    if not any(told.values()):
        row.wrong("paid_at", pgettext_lazy("import", "Say when it was paid, or at least when it was placed."))
        return
    moments = {key: typed.moment(cell) for key, cell in told.items()}
    for key, cell in told.items():
        moment = moments[key]
        if cell and moment is None:
            row.wrong(key, pgettext_lazy("import", "Write a day and a time like 2024-03-05 14:30."))
        elif moment is not None and moment > clock.now():
            row.wrong(key, pgettext_lazy("import", "This lies in the future."))
    placed_at, paid_at = moments["placed_at"], moments["paid_at"]
    if placed_at and paid_at and paid_at < placed_at:
        if typed.is_day(told["paid_at"]) and clock.business_day(placed_at) == clock.business_day(paid_at):
            paid_at = placed_at
        else:
            row.wrong(
                "paid_at", pgettext_lazy("import", "It was paid before it was placed: mend one of the two.")
            )
    row.placed_at, row.paid_at = placed_at or paid_at, paid_at or placed_at


def _twice(rows: Iterable[_Read]) -> None:
    """An order that an earlier row of the file tells of."""
    first: dict[str, int] = {}
    for row in rows:
        number = row.cells.get("number", "")
        line = first.setdefault(number, row.line)
        if number and line != row.line:
            words = pgettext("import", "Line %(line)s has the same. Keep one of them.")
            row.wrong("number", words % {"line": line})


def _recognised(rows: Sequence[_Read], by: User | None) -> list[OrderRow]:
    """The rows with which nothing is wrong, tied to members, courses and orders there are."""
    whose, of_course = _members(rows, by), courses_by_name()
    made = []
    for row in rows:
        member = whose(row) if row.cells.get("member") else None
        found = of_course.get(row.cells.get("course", ""), [])
        if row.cells.get("course") and len(found) != 1:
            row.wrong("course", course_words(found))
        if row.errors or member is None or row.placed_at is None:
            continue
        made.append(_row(row, member, found[0]))
    return _held_against_known(made, {row.line: row for row in rows})


def _row(row: _Read, member: User, course: Course) -> OrderRow:
    order = PastOrder(
        outside_number=row.cells["number"],
        member_id=member.pk,
        course_id=course.pk,
        total_fen=row.fen,
        placed_at=row.placed_at or clock.now(),
        paid_at=row.paid_at,
        via=row.via,
    )
    return OrderRow(row.line, order, member.display_name, course.title)


def _members(rows: Iterable[_Read], by: User | None) -> Callable[[_Read], User | None]:
    """Who is meant by the cell of a row, by e-mail, phone or user name; None where that isn't one real member, and then
    the row says so."""
    marks = {row.line: _marks(row.cells.get("member", "")) for row in rows}
    found = {mark: members_by(mark, [one[mark] for one in marks.values() if mark in one]) for mark in MARKS}
    ids = sorted({pk for of_mark in found.values() for pk in of_mark.values()})
    people: dict[int, User] = {}
    for start in range(0, len(ids), AT_ONCE):
        people |= User.objects.in_bulk(ids[start : start + AT_ONCE])

    def whose(row: _Read) -> User | None:
        named = {
            found[mark][value.casefold()]
            for mark, value in marks[row.line].items()
            if value.casefold() in found[mark]
        }
        if len(named) != 1:
            row.wrong("member", _who_words(len(named)))
            return None
        member = people.get(named.pop())
        if member is not None and member.is_simulated:
            row.wrong(
                "member", pgettext_lazy("import", "This is a simulated member: they buy by themselves.")
            )
            return None
        if member is not None and by is not None and member.pk == by.pk:
            row.wrong("member", NOT_ONES_OWN)
            return None
        return member

    return whose


def _marks(cell: str) -> dict[str, str]:
    """What the cell may be, as it is kept. A number may be a phone or somebody's user name."""
    if "@" in cell:
        return {"email": cell.lower()}
    found = {"phone": tidy_phone(cell), "username": tidy_username(cell)}
    return {mark: value for mark, value in found.items() if value}


def _who_words(count: int) -> str | Promise:
    if count:
        return pgettext_lazy("import", "This may be two members. Write the e-mail address.")
    return pgettext_lazy(
        "import",
        "There is no such member; perhaps the account was deleted. Write an e-mail, a phone or a user name of a "
        "member.",
    )


def _held_against_known(made: list[OrderRow], rows: Mapping[int, _Read]) -> list[OrderRow]:
    """Which of the orders are here already; one that was told of otherwise is an error."""
    numbers = [row.order.outside_number for row in made]
    known: dict[str, tuple[object, ...]] = {}
    for start in range(0, len(numbers), AT_ONCE):
        here = Order.objects.filter(outside_number__in=numbers[start : start + AT_ONCE])
        rows_here = here.values_list(
            "outside_number", "user_id", "courses__course_id", "total_fen", "paid_at"
        )
        known |= {facts[0]: facts[1:] for facts in rows_here}
    kept = []
    for row in made:
        one = row.order
        facts = known.get(one.outside_number)
        if facts is None:
            kept.append(row)
        elif facts == (one.member_id, one.course_id, one.total_fen, one.paid_at):
            kept.append(OrderRow(row.line, one, row.member, row.course, is_known=True))
        else:
            words = pgettext_lazy(
                "import",
                "An order of this number was brought in before, with another member, course, amount or time.",
            )
            rows[row.line].wrong("number", words)
    return kept
