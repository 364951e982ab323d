"""The desk's page of redeem codes."""

from datetime import timedelta
from html import unescape

import pytest

from tests.product.commerce.coupon_makers import batch
from zhiyue.core.kit import clock
from zhiyue.product.commerce.models import RedeemBatch, RedeemCode

pytestmark = pytest.mark.django_db


def form(course, **changed):
    return {"title": "Acme", "offer": f"course:{course.pk}", "count": "3", "ends_at": "", **changed}


def test_codes_are_made_exported_and_revoked(desk, read, course):
    assert "No redeem codes yet" in read("/desk/redeem/")

    assert desk.post("/desk/redeem/make/", form(course))["Location"] == "/desk/redeem/"
    row = RedeemBatch.objects.get()
    page = read("/desk/redeem/")
    assert "3 codes are made." in page and "0 of 3 redeemed" in page and course.title in page

    table = desk.post(f"/desk/redeem/{row.pk}/export/")
    lines = b"".join(table.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "Code,Batch,State,Redeemed"
    first = row.codes.order_by("pk")[0].text
    assert lines[1] == f"{first},Acme,free," and len(lines) == 4

    assert desk.post(f"/desk/redeem/{row.pk}/revoke/")["Location"] == "/desk/redeem/"
    assert "3 revoked" in read("/desk/redeem/")
    assert not RedeemCode.objects.filter(revoked_at=None).exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": ""}, "Fill this in."),
        ({"offer": "course:0"}, "Choose one of the courses that are sold."),
        ({"count": "0"}, "Give 1 or more."),
        ({"count": "5001"}, "Give 5000 or less."),
        ({"ends_at": "soon"}, "Write day and time as in 2026-12-01 09:00."),
        ({"ends_at": f"{clock.now() - timedelta(days=2):%Y-%m-%dT%H:%M}"}, "The end must lie after now."),
    ],
)
def test_what_codes_cant_be_is_said_beside_the_field(desk, course, changed, said):
    answer = desk.post("/desk/redeem/make/", form(course, **changed))

    assert answer.status_code == 422
    assert said in unescape(answer.content.decode())
    assert not RedeemCode.objects.exists()


def test_the_list_asks_the_same_of_the_database_however_long(
    desk, operator, course, django_assert_num_queries
):
    batch(operator, course)
    desk.get("/desk/redeem/")
    with django_assert_num_queries(8):
        desk.get("/desk/redeem/")
    for n in range(3):
        batch(operator, course, title=f"Batch {n}")
    with django_assert_num_queries(8):
        desk.get("/desk/redeem/")


def test_a_batch_that_isnt_there(desk):
    for act in ("revoke", "export"):
        assert desk.post(f"/desk/redeem/999/{act}/").status_code == 404
