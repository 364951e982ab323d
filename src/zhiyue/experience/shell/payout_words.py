"""Words and numbers about what teachers earn, for desk and studio: states, lines, and a statement as a table."""

from collections.abc import Iterator

from django.utils.formats import date_format
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.downloads import yuan_cell
from zhiyue.product.commerce.models import PayoutLine, PayoutStatement
from zhiyue.product.commerce.teaching_shares.book import WholeStatement

_TONES = {PayoutStatement.Status.OPEN: "warn", PayoutStatement.Status.PAID: "good"}

STATEMENT_HEADER = (
    pgettext_lazy("statement column", "Statement"),
    pgettext_lazy("statement column", "Month"),
    pgettext_lazy("statement column", "Course"),
    pgettext_lazy("statement column", "Sold, times"),
    pgettext_lazy("statement column", "Sold in yuan"),
    pgettext_lazy("statement column", "Gone back, times"),
    pgettext_lazy("statement column", "Gone back in yuan"),
    pgettext_lazy("statement column", "Share in yuan"),
    pgettext_lazy("statement column", "Of it carried from before, in yuan"),
)


def tone(statement: PayoutStatement) -> str:
    """The colour of its state."""
    return _TONES.get(PayoutStatement.Status(statement.status), "")


def share_words(permille: int) -> str:
    """A share as people say it."""
    return f"{permille / 10:g} %"


def shown_line(line: PayoutLine) -> dict[str, object]:
    """A line of a statement with its amounts written out."""
    return {
        "title": _title(line),
        "sales": line.sales,
        "gross": yuan(line.gross_fen),
        "refunds": line.refunds,
        "refunded": yuan(-line.refunded_fen) if line.refunded_fen else "–",
        "share": yuan(line.share_fen),
        "carried": yuan(line.carried_fen) if line.carried_fen else "–",
    }


def statement_rows(whole: WholeStatement) -> Iterator[list[str]]:
    """A statement as rows under STATEMENT_HEADER, the last of which is its sum."""
    number, month = whole.statement.number, f"{whole.statement.month:%Y-%m}"
    for line in whole.lines:
        yield [
            number, month, _title(line), str(line.sales), yuan_cell(line.gross_fen), str(line.refunds),
            yuan_cell(line.refunded_fen), yuan_cell(line.share_fen), yuan_cell(line.carried_fen),
        ]  # fmt: skip
    lines = whole.lines
    yield [
        number,
        month,
        pgettext("statement", "Together"),
        str(sum(line.sales for line in lines)),
        yuan_cell(sum(line.gross_fen for line in lines)),
        str(sum(line.refunds for line in lines)),
        yuan_cell(sum(line.refunded_fen for line in lines)),
        yuan_cell(whole.statement.amount_fen),
        yuan_cell(whole.carried_fen),
    ]


def whole_values(whole: WholeStatement) -> dict[str, object]:
    """What a page of a statement shows."""
    statement = whole.statement
    return {
        "statement": statement,
        "month": date_format(statement.month, "YEAR_MONTH_FORMAT"),
        "amount": yuan(statement.amount_fen),
        "tone": tone(statement),
        "lines": [shown_line(line) for line in whole.lines],
        "carried": yuan(whole.carried_fen) if whole.carried_fen else "",
    }


def _title(line: PayoutLine) -> str:
    return line.title or pgettext("statement", "Not by the course")
