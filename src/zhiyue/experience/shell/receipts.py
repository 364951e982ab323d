"""The receipt of a paid order as a PDF file: one page that a member files or hands in, in the language they read."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from django.http import HttpResponse
from django.utils import formats
from django.utils.timezone import localtime
from django.utils.translation import get_language, pgettext
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from zhiyue.core.academy.models import Academy
from zhiyue.core.academy.selectors import academy
from zhiyue.core.kit import clock
from zhiyue.core.kit.money import yuan
from zhiyue.experience.shell.paying import price_lines, provider_words
from zhiyue.experience.shell.pdf import TextFont, text_font
from zhiyue.product.commerce.invoices.capitals import capitals
from zhiyue.product.commerce.invoices.receipts import Receipt

CONTENT_TYPE = "application/pdf"
_WIDTH, _HEIGHT = A4
_MARGIN = 62.0
_RIGHT = _WIDTH - _MARGIN
_COLUMN = _RIGHT - _MARGIN
_INK, _SOFT, _LINE, _ACCENT = (HexColor(one) for one in ("#1c2429", "#5b666d", "#d5dbde", "#0f766e"))
_TOP, _BOTTOM = _HEIGHT - 84.0, 118.0


def receipt_file(receipt: Receipt) -> bytes:
    """The same receipt is the same file, byte for byte."""
    file = BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1, lang=get_language() or "")
    canvas.setTitle(_said_title(receipt))
    canvas.setAuthor(academy().name)
    _drawn(_Page(canvas, text_font()), receipt, academy())
    canvas.save()
    return file.getvalue()


def receipt_answer(receipt: Receipt) -> HttpResponse:
    """The file for a browser, which shows it or keeps it under the order's number."""
    answer = HttpResponse(receipt_file(receipt), content_type=CONTENT_TYPE)
    answer["Content-Disposition"] = f'inline; filename="{file_name(receipt)}"'
    return answer


def file_name(receipt: Receipt) -> str:
    return f"receipt-{receipt.order.number}.pdf"


@dataclass(slots=True)
class _Page:
    """A page that is written from its top: `y` is where the next line stands."""

    canvas: Canvas
    font: TextFont
    y: float = _TOP
    is_at_foot: bool = False

    def text(self, text: str, x: float, *, size: float = 10.5, colour: HexColor = _INK) -> None:
        self._begin(size, colour)
        self.canvas.drawString(x, self.y, self.font.drawable(text))

    def at_right(self, text: str, *, size: float = 10.5, colour: HexColor = _INK) -> None:
        self._begin(size, colour)
        self.canvas.drawRightString(_RIGHT, self.y, self.font.drawable(text))

    def paragraph(self, text: str, *, x: float, most: int) -> None:
        """Lines from `x` to the right margin; the page goes on below them."""
        for line in self.font.lines(text, 10.5, _RIGHT - x, most=most):
            self.text(line, x)
            self.down(17)

    def foot_note(self, text: str) -> None:
        for line in self.font.lines(text, 9, _COLUMN, most=2):
            self.text(line, _MARGIN, size=9, colour=_SOFT)
            self.down(14.4)

    def rule(self, colour: HexColor = _LINE, width: float = 0.6) -> None:
        self._keep_on_page()
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(width)
        self.canvas.line(_MARGIN, self.y, _RIGHT, self.y)

    def down(self, by: float) -> None:
        self.y -= by

    def to_foot(self) -> None:
        """What is written from here on stands at the foot, and on this page."""
        self.y, self.is_at_foot = _BOTTOM, True

    def _keep_on_page(self) -> None:
        if not self.is_at_foot and self.y < _BOTTOM + 20:
            self.canvas.showPage()
            self.y = _TOP

    def _begin(self, size: float, colour: HexColor) -> None:
        self._keep_on_page()
        self.canvas.setFont(self.font.name, size)
        self.canvas.setFillColor(colour)


def _drawn(page: _Page, receipt: Receipt, ours: Academy) -> None:
    title = pgettext("receipt", "Receipt")
    room = _COLUMN - page.font.width(title, 22) - 24
    name = page.font.lines(ours.name, 15, room, most=1)[0]
    page.at_right(title, size=22, colour=_ACCENT)
    page.text(name, _MARGIN, size=15)
    page.down(16)
    page.rule(_ACCENT, 1.2)
    page.down(30)
    for label, value in _facts(receipt, ours):
        _fact(page, label, value)
    page.down(10)
    _lines(page, receipt)
    _returned(page, receipt)
    _foot(page, ours)


def _facts(receipt: Receipt, ours: Academy) -> list[tuple[str, str]]:
    order = receipt.order
    found = [
        (pgettext("receipt", "Order"), order.number),
        (pgettext("receipt", "Paid"), _moment(order.paid_at)),
        (pgettext("receipt", "From"), receipt.buyer),
        (pgettext("receipt", "To"), ours.name),
        (pgettext("receipt", "For"), order.title),
        (pgettext("receipt", "Paid by"), _paid_by(receipt)),
    ]
    if order.outside_number:
        found.append((pgettext("receipt", "Number elsewhere"), order.outside_number))
    return found


def _fact(page: _Page, label: str, value: str) -> None:
    page.text(label, _MARGIN, colour=_SOFT)
    page.paragraph(value, x=_MARGIN + 104, most=2)
    page.down(4)


def _lines(page: _Page, receipt: Receipt) -> None:
    """The price in the lines of the order, its total in figures and in capitals."""
    page.rule()
    page.down(22)
    for line in price_lines(receipt.order.lines):
        _amount(page, line.name, line.amount)
    page.rule()
    page.down(26)
    total = receipt.order.total_fen
    page.text(pgettext("receipt", "Total"), _MARGIN, size=13)
    page.at_right(yuan(total), size=16)
    page.down(22)
    page.text(pgettext("receipt", "In capitals"), _MARGIN, colour=_SOFT)
    page.at_right(capitals(total))
    page.down(16)
    page.rule()
    page.down(26)


def _amount(page: _Page, name: str, amount: str) -> None:
    room = _COLUMN - page.font.width(amount, 10.5) - 24
    page.text(page.font.lines(name, 10.5, room, most=1)[0], _MARGIN)
    page.at_right(amount)
    page.down(20)


def _returned(page: _Page, receipt: Receipt) -> None:
    """What of it went back since; what was paid stands above as it was."""
    if not receipt.refunds:
        return
    page.text(pgettext("receipt", "Gone back since"), _MARGIN, size=12)
    page.down(22)
    words = pgettext("receipt", "%(day)s, refund %(number)s")
    for one in receipt.refunds:
        told = {"day": _moment(one.settled_at), "number": one.number}
        _amount(page, words % told, yuan(-one.amount_fen))
    page.rule()
    page.down(22)
    left = receipt.order.total_fen - sum(one.amount_fen for one in receipt.refunds)
    page.text(pgettext("receipt", "Left of it"), _MARGIN, size=12)
    page.at_right(yuan(left), size=13)
    page.down(20)
    page.text(pgettext("receipt", "In capitals"), _MARGIN, colour=_SOFT)
    page.at_right(capitals(left))
    page.down(26)


def _foot(page: _Page, ours: Academy) -> None:
    """What this paper isn't, and who wrote it, at the foot of the page."""
    page.to_foot()
    page.rule()
    page.down(20)
    note = pgettext(
        "receipt",
        "This receipt confirms a payment. It isn't an invoice for tax (发票); where the academy issues those, you ask "
        "for one on the order's page.",
    )
    page.foot_note(note)
    about = " · ".join(part for part in (ours.name, ours.footer_text, ours.support_contact) if part)
    page.foot_note(about)


def _paid_by(receipt: Receipt) -> str:
    if not receipt.via:
        return pgettext("receipt", "It cost nothing")
    name = str(provider_words(receipt.via))
    return f"{name} · {receipt.payment.number}" if receipt.payment else name


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return ""
    here = localtime(moment, clock.business_zone())
    return f"{formats.date_format(here, 'DATE_FORMAT')} {formats.date_format(here, 'TIME_FORMAT')}"


def _said_title(receipt: Receipt) -> str:
    return pgettext("receipt", "Receipt %(number)s") % {"number": receipt.order.number}
