"""The receipt of an order: what stands on it, in which fonts, and whose it is."""

import pytest
from django.core.cache import cache
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from tests.experience.pdf_text import lines_of
from tests.factories import make_course, make_member
from tests.product.commerce.coupon_makers import make
from tests.product.commerce.test_refunds import asked, bought, pay
from zhiyue.collect.kinds import Actor
from zhiyue.core.academy.models import Academy
from zhiyue.core.academy.selectors import ACADEMY_KEY
from zhiyue.core.kit import clock
from zhiyue.experience.shell import fonts, pdf
from zhiyue.experience.shell.receipts import receipt_file
from zhiyue.product.commerce.imports.past_orders import PastOrder, import_orders
from zhiyue.product.commerce.invoices.receipts import receipt_of
from zhiyue.product.commerce.models import Order, Payment
from zhiyue.product.commerce.orders import place
from zhiyue.product.commerce.payments import pay_nothing
from zhiyue.product.commerce.refunds.sending import pursue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def looked_for_anew():
    for found in (fonts._fonts, pdf._font):
        found.cache_clear()
    yield
    for found in (fonts._fonts, pdf._font):
        found.cache_clear()


@pytest.fixture
def client(signed_in, learner):
    browser = signed_in(learner)
    browser.cookies["zy_language"] = "en"
    return browser


@pytest.fixture
def read(client):
    def lines(order):
        (page,) = lines_of(client.get(f"/orders/{order.number}/receipt.pdf").content)
        return page

    return lines


def test_a_receipt_tells_what_was_paid_in_the_lines_of_the_order(client, read, learner, course):
    named = Academy(name="知跃学院", footer_text="杭州市文三路 1 号", support_contact="help@a.example")
    cache.set(ACADEMY_KEY, named, timeout=None)
    make(learner, title="新人券", off_fen=1_050)
    actor = Actor(member_id=learner.pk)
    order = bought_for(learner, course, 8_850, actor)
    page = client.get(f"/orders/{order.number}/").content.decode()
    assert f'href="/orders/{order.number}/receipt.pdf"' in page

    answer = client.get(f"/orders/{order.number}/receipt.pdf")

    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'inline; filename="receipt-{order.number}.pdf"'
    assert "no-store" in answer["Cache-Control"]
    lines = read(order)
    assert lines[:2] == ["Receipt", "知跃学院"]
    facts = dict(zip(lines[2::2], lines[3::2], strict=False))
    payment = Payment.objects.get()
    assert (facts["Order"], facts["From"], facts["To"]) == (order.number, "小林", "知跃学院")
    assert facts["For"] == course.title
    assert facts["Paid by"] == f"Sandbox: no money moves · {payment.number}"
    day = order.paid_at.astimezone(clock.business_zone())
    assert facts["Paid"].endswith(f"{day:%Y} {day:%H:%M}")
    assert (facts["Price"], facts["Coupon “新人券”"], facts["Total"]) == ("¥99", "-¥10.50", "¥88.50")
    assert facts["In capitals"] == "捌拾捌元伍角整"
    assert "isn't an invoice for tax" in " ".join(lines)
    assert lines[-1] == "知跃学院 · 杭州市文三路 1 号 · help@a.example"


def bought_for(user, course, seen_fen, actor):
    order = place(user=user, offer=f"course:{course.pk}", seen_fen=seen_fen, actor=actor)
    pay(user, order)
    order.refresh_from_db()
    return order


def test_what_went_back_stands_below_what_was_paid(read, learner, course):
    order = bought(learner, course)
    assert "Gone back since" not in read(order)
    refund = asked(learner, order, 9_900)
    assert "Gone back since" not in read(order)
    pursue()

    lines = read(order)

    at = lines.index("Gone back since")
    assert lines[at + 1].endswith(f", refund {refund.number}")
    assert lines[at + 2 : at + 7] == ["-¥99", "Left of it", "¥0", "In capitals", "零元整"]
    assert lines[lines.index("Total") + 1] == "¥99"


def test_in_chinese_it_is_chinese(signed_in, learner, course):
    order = bought(learner, course)
    (lines,) = lines_of(signed_in(learner).get(f"/orders/{order.number}/receipt.pdf").content)
    assert lines[0] == "收据"
    facts = dict(zip(lines[2::2], lines[3::2], strict=False))
    assert (facts["订单号"], facts["合计"], facts["大写"]) == (order.number, "¥99", "玖拾玖元整")
    assert "不是税务发票" in " ".join(lines)


def test_the_same_receipt_is_the_same_file(learner, course):
    receipt = receipt_of(learner, bought(learner, course).number)
    assert receipt_file(receipt) == receipt_file(receipt)


@pytest.mark.parametrize(
    "name", ["👩‍🎓\u202e𠮷田️", "\u0000\u0007", "长" * 40, "W" * 40, "a\nb\u2028c", "مرحبا"]
)
def test_no_name_breaks_it(read, learner, course, name):
    type(learner).objects.filter(pk=learner.pk).update(display_name=name.replace("\0", "?"))
    order = bought(learner, course)
    Order.objects.filter(pk=order.pk).update(title=(name.replace("\0", "?") * 60)[:120])
    lines = read(order)
    assert lines[lines.index("Total") + 1] == "¥99"
    assert "\u202e" not in "".join(lines) and "\n" not in "".join(lines)


def test_a_long_receipt_goes_on_on_another_page(client, learner, course):
    order = bought(learner, course)
    lines = [{"kind": "price", "amount_fen": 9_900 + 40, "code": ""}]
    lines += [{"kind": "coupon", "amount_fen": -1, "code": str(n), "title": f"券{n}"} for n in range(40)]
    Order.objects.filter(pk=order.pk).update(lines=lines, price_fen=9_940)
    first, second = lines_of(client.get(f"/orders/{order.number}/receipt.pdf").content)
    assert "Coupon “券0”" in first and "Coupon “券39”" in second and "¥99" in second


def test_what_cost_nothing_and_what_was_paid_elsewhere_have_receipts_too(read, learner, course):
    make(learner, off_fen=20_000)
    nothing = place(user=learner, offer=f"course:{course.pk}", seen_fen=0, actor=Actor(member_id=learner.pk))
    pay_nothing(user=learner, order_number=nothing.number)
    assert {"It cost nothing", "零元整"} <= set(read(nothing))
    now, other = clock.now(), make_course("other", price_fen=500)
    past = PastOrder("WX-1", learner.pk, other.pk, 500, now, now, via="offline")
    import_orders(rows=[past])
    lines = read(Order.objects.get(outside_number="WX-1"))
    assert {"Paid offline", "Number elsewhere", "WX-1", "伍元整"} <= set(lines)


def test_only_who_paid_reads_it_and_only_once_paid(client, browser, signed_in, learner, course, owner):
    order = bought(learner, course)
    address = f"/orders/{order.number}/receipt.pdf"
    for other in (owner, make_member("b@test.example", "乙")):
        assert signed_in(other).get(address).status_code == 404
    assert browser.get(address).status_code == 302
    Order.objects.filter(pk=order.pk).update(status="created", paid_at=None)
    answer = client.get(address)
    assert answer.status_code == 409 and "wasn't paid" in answer.content.decode().replace("&#x27;", "'")
    assert address not in client.get(f"/orders/{order.number}/").content.decode()


def test_a_font_of_outlines_is_embedded_with_the_signs_that_are_used(settings, tmp_path, learner, course):
    settings.ZHIYUE_CARD_FONT = str(tmp_path / "drawn.ttf")
    order = bought(learner, course)
    reader_draws = receipt_file(receipt_of(learner, order.number))
    assert b"/FontFile2" not in reader_draws and b"/STSong-Light" in reader_draws
    # Of the letters it has none: what it lacks is a box.
    _font_with(settings.ZHIYUE_CARD_FONT, "知跃小林玖拾元整□¥9")
    looked_for_anew_now()

    embedded = receipt_file(receipt_of(learner, order.number))

    assert b"/FontFile2" in embedded and b"STSong" not in embedded
    (lines,) = lines_of(embedded)
    assert "玖拾玖元整" in lines and "¥99" in lines and "小林" in lines
    assert "□" * len(order.number) in [line.replace("9", "□") for line in lines]


def looked_for_anew_now():
    fonts._fonts.cache_clear()
    pdf._font.cache_clear()


def _font_with(path, signs):
    """A TrueType font in which each sign is a bar of its own width."""
    names = [".notdef", *(f"g{n}" for n in range(len(signs)))]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(sign): f"g{n}" for n, sign in enumerate(signs)} | {32: ".notdef"})
    builder.setupGlyf({name: _bar(100 + 10 * n) for n, name in enumerate(names)})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Drawn", "styleName": "Regular", "psName": "Drawn-Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    builder.setupPost()
    builder.save(path)


def _bar(width):
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (width, 700), (width, 0)):
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()
