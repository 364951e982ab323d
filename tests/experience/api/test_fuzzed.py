"""The whole schema, fuzzed: no request makes the API fail, and every answer is as the schema says."""

import json
import os
import time
from contextlib import suppress

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.factories import make_course, make_lesson_gift, make_member
from zhiyue.core.accounts.services import grant
from zhiyue.core.accounts.tokens import Scope, make_token
from zhiyue.core.kit import clock
from zhiyue.experience.api.parsers import NO_TEXT
from zhiyue.experience.api.views.ground import written
from zhiyue.product.commerce.models import Coupon, LessonGift, Order, OrderCourse, Refund, RefundPart
from zhiyue.product.commerce.services import grant_course

pytestmark = pytest.mark.django_db

SCHEMA = json.loads(written(OpenApiJsonRenderer))
OPERATIONS = [(method, path) for path, methods in SCHEMA["paths"].items() for method in methods]
# One event with such a text is refused alone: `test_a_numbers_digits_and_half_a_letter_are_refused_alone`.
_EVENTS = "/api/v1/events"
# What the addresses name and the academy has.
KNOWN = {
    "slug": "intuition",
    "course": "intuition",
    "lesson": "two",
    "offer": "course:1",
    "number": "Z1",
    "secret": "s",
    "mark": "M",
}
CSRF = "c" * 32
# What fits the schema may still be refused: a cursor, a slug or an ETag that is nobody's. What doesn't fit may still
# be taken: any word is a header.
NOT_PROMISED = [positive_data_acceptance, negative_data_rejection]
# A glance while one works, always the same; other requests in each run where it counts. ZHIYUE_FUZZ asks for so many
# of each operation, ZHIYUE_FUZZ_SEED for those of a run that failed.
EXAMPLES = int(os.environ.get("ZHIYUE_FUZZ", "25" if os.environ.get("CI") == "true" else "3"))
IS_GLANCE = EXAMPLES < 25 and "ZHIYUE_FUZZ_SEED" not in os.environ
SEED = 0 if IS_GLANCE else int(os.environ.get("ZHIYUE_FUZZ_SEED", time.time_ns() % 2**32))
# Nothing is shrunk: an answer that is wrong is told with the request that got it.
MANY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def _fields(method, path):
    """What the body of an operation names, by the schema."""
    body = SCHEMA["paths"][path][method].get("requestBody")
    if body is None or path == _EVENTS:
        return []
    shape = body["content"]["application/json"]["schema"]
    named = shape.get("$ref", "").rpartition("/")[2]
    return list(SCHEMA["components"]["schemas"].get(named, shape)["properties"])


@pytest.fixture(autouse=True)
def one_connection():
    """A request's end leaves the test's connection open, as with Django's own client."""
    ends = (request_started, request_finished)
    for end in ends:
        end.disconnect(close_old_connections)
    yield
    for end in ends:
        end.connect(close_old_connections)


@pytest.fixture(autouse=True)
def without_limits(settings):
    settings.ZHIYUE_API_PER_MINUTE_MEMBER = settings.ZHIYUE_API_PER_MINUTE_VISITOR = 10**6
    settings.ZHIYUE_EVENTS_PER_MINUTE = 10**6


@pytest.fixture
def asking(request, course):
    """Headers of a visitor, of a member by session, of a member by token, of an owner by token."""
    make_course("free", price_fen=0)
    user = make_member("fuzz@test.example", "小模")
    grant_course(user=user, course=course)
    _sell(course, make_member("buyer@test.example", "小买") if request.param == "owner" else user)
    if request.param == "visitor":
        return {}
    if request.param == "session":
        client = Client()
        client.force_login(user)
        cookie = f"zy_session={client.cookies['zy_session'].value}; zy_csrf={CSRF}"
        return {"Cookie": cookie, "X-CSRFToken": CSRF}
    if request.param == "owner":
        grant(user=user, role="owner")
    _, key = make_token(user=user, name="fuzz", scopes=list(Scope))
    return {"Authorization": f"Bearer {key}"}


def _sell(course, user):
    """What the addresses of sales name: a paid order with a refund that waits, a gift of a lesson, a coupon."""
    now = clock.now()
    order = Order.objects.create(
        number="Z1",
        user=user,
        offer=f"course:{course.pk}",
        title=course.title,
        price_fen=9_900,
        total_fen=9_900,
        lines=[{"kind": "price", "amount_fen": 9_900, "code": ""}],
        status="paid",
        paid_at=now,
        expires_at=now,
    )
    part = OrderCourse.objects.create(order=order, course=course, total_fen=9_900)
    refund = Refund.objects.create(number="Z1", order=order, cause="asked", reason="time", amount_fen=9_900)
    RefundPart.objects.create(refund=refund, part=part, amount_fen=9_900)
    gift = make_lesson_gift(user, course)
    LessonGift.objects.filter(pk=gift.pk).update(secret="s")
    Coupon.objects.create(mark="M", title="券", off_fen=100, audience="code", begins_at=now)


@pytest.fixture(scope="module")
def fuzzed():
    schema = schemathesis.openapi.from_dict(json.loads(written(OpenApiJsonRenderer)))
    schema.app = get_wsgi_application()
    return schema


def fuzz(ask, cases):
    seed(SEED)(MANY(given(cases)(ask)))()


@pytest.mark.parametrize("asking", ["visitor", "session", "token", "owner"], indirect=True)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nothing_makes_the_api_fail_and_all_answers_fit_the_schema(asking, fuzzed, method, path):
    operation = fuzzed[path][method.upper()]

    def ask(case):
        case.call_and_validate(headers=asking, excluded_checks=NOT_PROMISED)

    print(f"ZHIYUE_FUZZ={EXAMPLES} ZHIYUE_FUZZ_SEED={SEED} asks the same again.")
    named = {name: value for name, value in KNOWN.items() if f"{{{name}}}" in path}
    fuzz(ask, operation.as_strategy(path_parameters=named or None))
    # Where any header is right and nothing else is asked, nothing can be wrong.
    with suppress(Unsatisfiable):
        fuzz(ask, operation.as_strategy(GenerationMode.NEGATIVE))


@pytest.mark.parametrize(
    ("asking", "method", "path"),
    [
        ("owner" if "/sales/" in path else "token", how, path)
        for how, path in OPERATIONS
        if _fields(how, path)
    ],
    indirect=["asking"],
)
def test_half_a_character_is_refused_wherever_a_body_is_read(asking, method, path):
    """In a field that may be any text, in one to be chosen, in a list, and in a name."""
    client = Client(raise_request_exception=False)
    for name in [*_fields(method, path), "else\udfff"]:
        for value in ("\ud800", ["a\udc00"], {"\udfff": [{}]}, [[{"why": "b\ud8ff"}]]):
            answer = client.generic(
                method.upper(),
                path.format(**KNOWN, settlement_id=1),
                json.dumps({name: value}),
                content_type="application/json",
                headers={"Authorization": asking["Authorization"]},
            )
            told = answer.json()
            assert (answer.status_code, told["code"]) == (400, "parse_error"), (name, value, told)
            assert str(NO_TEXT) in told["detail"]
