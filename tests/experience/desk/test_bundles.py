"""The page on which staff make bundles and put them on sale."""

import pytest

from tests.factories import make_bundle, make_course
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce.models import Bundle

pytestmark = pytest.mark.django_db


@pytest.fixture
def courses(db):
    return [make_course("a", price_fen=10_000), make_course("b", price_fen=20_000)]


@pytest.fixture
def client(signed_in, operator):
    browser = signed_in(operator)
    browser.cookies["zy_language"] = "en"
    return browser


def form(courses, **changed):
    known = {"title": "统计入门", "slug": "first-steps", "summary": "从零开始", "price": "199"}
    return {**known, "courses": [one.pk for one in courses], **changed}


def test_a_bundle_is_made_changed_put_on_sale_and_withdrawn(client, courses):
    assert "No bundle yet" in client.get("/desk/bundles/").content.decode()

    page = client.post("/desk/bundles/make/", form(courses), follow=True).content.decode()
    bundle = Bundle.objects.get()
    assert "¥300 one by one" in page
    assert bundle.status == "draft"
    client.post(f"/desk/bundles/{bundle.pk}/change/", form(courses, price="249.90"))
    client.post(f"/desk/bundles/{bundle.pk}/offer/")
    bundle.refresh_from_db()
    assert (bundle.status, bundle.price_fen) == ("offered", 24_990)
    assert 'href="/bundles/first-steps/"' in client.get("/desk/bundles/").content.decode()
    client.post(f"/desk/bundles/{bundle.pk}/withdraw/")
    bundle.refresh_from_db()
    assert bundle.status == "withdrawn"
    assert client.post(f"/desk/bundles/{bundle.pk}/burn/").status_code == 404
    assert client.post("/desk/bundles/0/offer/").status_code == 404
    assert client.post("/desk/bundles/0/change/", form(courses)).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"price": "300"}, "A bundle costs less than its courses one by one."),
        ({"slug": "Zwei"}, "An address is of small letters"),
        ({"courses": []}, "required"),
    ],
)
def test_what_doesnt_fit_comes_back_as_it_was_typed(client, courses, wrong, said):
    answer = client.post("/desk/bundles/make/", {**form(courses), **wrong})

    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert "从零开始" in answer.content.decode()
    assert not Bundle.objects.exists()


def test_a_bundle_that_cant_be_sold_says_why_and_can_be_mended(client, courses):
    more = make_course("c", price_fen=5_000)
    bundle = make_bundle(courses, price_fen=1_000)
    Course.objects.filter(pk=courses[0].pk).update(status="withdrawn")

    assert "Nobody can buy it while" in client.get("/desk/bundles/").content.decode()
    kept = form(courses, slug="both", price="10")
    assert client.post(f"/desk/bundles/{bundle.pk}/change/", kept).status_code == 302
    mended = form([courses[1], more], slug="both", price="10")
    assert client.post(f"/desk/bundles/{bundle.pk}/change/", mended).status_code == 302
    assert "Nobody can buy it while" not in client.get("/desk/bundles/").content.decode()
