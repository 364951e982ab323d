"""The desk's pages of coupons."""

from datetime import timedelta
from html import unescape

import pytest

from tests.product.commerce.coupon_makers import make, staff
from zhiyue.collect.kinds import Actor
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.product.commerce.lowering.couponing import make_codes
from zhiyue.product.commerce.models import Coupon, CouponCode
from zhiyue.product.commerce.orders import place

pytestmark = pytest.mark.django_db


def typed(days):
    return f"{(clock.now() + timedelta(days=days)).astimezone(clock.business_zone()):%Y-%m-%dT%H:%M}"


def form(**changed):
    return {"title": "Summer", "off_fen": "20", "audience": "everybody", "most_each": "1", **changed}


def test_a_coupon_is_made_and_shown(desk, read, course):
    assert "No coupon yet" in read("/desk/coupons/")
    until = typed(3)
    answer = desk.post(
        "/desk/coupons/make/",
        form(
            off_fen="", off_percent="15", most_fen="30.50", threshold_fen="99", ends_at=until, most_uses="500",
            scope=[f"course:{course.pk}", f"topic:{course.topic_id}"], is_stackable="1",
        ),
    )  # fmt: skip

    row = Coupon.objects.get()
    assert answer["Location"] == f"/desk/coupons/{row.mark}/"
    assert (row.off_percent, row.most_fen, row.threshold_fen, row.most_uses) == (15, 3_050, 9_900, 500)
    assert row.is_stackable and row.scope == [f"course:{course.pk}", f"topic:{course.topic_id}"]
    assert f"{row.ends_at.astimezone(clock.business_zone()):%Y-%m-%dT%H:%M}" == until
    one, whole = read(f"/desk/coupons/{row.mark}/"), read("/desk/coupons/")
    assert "15% off, ¥30.50 at most" in one and "from a price of ¥99 on" in one and course.title in one
    assert "of 500" in whole and "The coupon “Summer” is made." in one


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": ""}, "Fill this in."),
        ({"off_fen": "", "off_percent": ""}, "Give either an amount or a share"),
        ({"off_percent": "5"}, "Give either an amount or a share"),
        ({"off_fen": "-1"}, "Give 0 or more."),
        ({"off_fen": "1.234"}, "Write 2 digits behind the point at most."),
        ({"off_fen": "NaN"}, "Write the amount in yuan, such as 19.90."),
        ({"off_fen": "", "off_percent": "101"}, "Give 100 or less."),
        ({"audience": "friends"}, "Choose one of the list."),
        ({"audience": "tagged"}, "A tag has 1 to 20 characters"),
        ({"scope": "course:0"}, "Choose what the coupon is for from the list."),
        ({"ends_at": "soon"}, "Write day and time as in 2026-12-01 09:00."),
        ({"ends_at": typed(-1)}, "The end must lie after the beginning, and after now."),
        ({"most_uses": "0"}, "Give 1 or more."),
        ({"title": "\0"}, "There are signs in it that nobody sees"),
    ],
)
def test_what_a_coupon_cant_be_is_said_beside_its_field(desk, course, changed, said):
    answer = desk.post("/desk/coupons/make/", form(**changed))

    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert said in page and "The coupon wasn't made." in page
    assert not Coupon.objects.exists()


def test_a_coupon_is_changed_and_paused(desk, read, operator):
    coupon = make(operator, "Summer")
    at = f"/desk/coupons/{coupon.mark}/"

    assert desk.post(f"{at}change/", {"title": "Autumn", "ends_at": "", "most_uses": "7"})["Location"] == at
    refused = desk.post(f"{at}change/", {"title": "Autumn", "ends_at": typed(-1), "most_uses": "7"})
    for _ in range(2):
        assert desk.post(f"{at}pause/", {"paused": "1"})["Location"] == at

    assert refused.status_code == 422 and "The end must lie after" in refused.content.decode()
    coupon.refresh_from_db()
    assert (coupon.title, coupon.most_uses, coupon.ends_at) == ("Autumn", 7, None)
    page = read(at)
    assert "Paused" in page and "Let it go on" in page
    desk.post(f"{at}pause/", {"paused": "0"})
    assert list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))[-3:] == [
        "coupon.changed",
        "coupon.paused",
        "coupon.resumed",
    ]


def test_codes_are_made_exported_and_revoked(desk, read, operator):
    coupon = make(operator, "Summer", audience="code")
    at = f"/desk/coupons/{coupon.mark}/"

    desk.post(f"{at}codes/", {"shared": "1"})
    desk.post(f"{at}codes/", {"count": "3"})
    for wrong in ("0", "5001", "x", ""):
        assert desk.post(f"{at}codes/", {"count": wrong}).status_code == 422
    page = read(at)
    shared = CouponCode.objects.get(is_shared=True).text
    assert shared in page and "4 codes that weren't revoked." in page

    table = desk.post(f"{at}codes/export/")
    lines = b"".join(table.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "Code,Coupon,State,Made" and len(lines) == 5
    assert lines[1].startswith(f"{shared},Summer,for everybody,")

    assert desk.post(f"{at}codes/revoke/")["Location"] == at
    assert "4 codes are revoked." in read(at)
    assert CouponCode.objects.filter(revoked_at=None).count() == 0


def test_a_coupon_that_goes_by_a_code_and_has_none_says_so(desk, read, operator):
    coupon = make(operator, "Summer", audience="code")
    at = f"/desk/coupons/{coupon.mark}/"

    page = read(at)
    assert "It has no code yet, so nobody can get it." in page and "Without a code" in page
    assert f">{coupon.mark}<" not in page
    assert "Without a code" in read("/desk/coupons/")
    desk.post(f"{at}codes/", {"shared": "1"})
    assert "Without a code" not in read(at) and "1 code that wasn't revoked." in read(at)


def test_a_coupon_without_codes_has_none_to_make(desk, read, operator):
    coupon = make(operator, "Summer")
    assert "Make codes" not in read(f"/desk/coupons/{coupon.mark}/")
    answer = desk.post(f"/desk/coupons/{coupon.mark}/codes/", {"count": "3"})
    assert answer.status_code == 422
    assert not CouponCode.objects.exists()


def test_a_coupon_that_isnt_there(desk):
    assert desk.get("/desk/coupons/NOTHERE2/").status_code == 404
    for act in ("change", "pause", "codes", "codes/revoke", "codes/export"):
        assert desk.post(f"/desk/coupons/NOTHERE2/{act}/", {"shared": "1", "title": "x"}).status_code == 404


def test_the_list_asks_the_same_of_the_database_however_long(
    desk, learner, operator, course, django_assert_num_queries
):
    def look(n):
        with django_assert_num_queries(n):
            desk.get("/desk/coupons/")

    make(operator, "One", scope=[f"course:{course.pk}", f"topic:{course.topic_id}"])
    actor = Actor(member_id=learner.pk)
    place(user=learner, offer=f"course:{course.pk}", seen_fen=7_900, actor=actor)
    desk.get("/desk/coupons/")
    look(13)
    for n in range(4):
        coupon = make(operator, f"More {n}", audience="code")
        make_codes(viewer=staff(operator), mark=coupon.mark, count=2)
    look(13)
