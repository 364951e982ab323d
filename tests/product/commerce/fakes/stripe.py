"""Stripe's API as docs.stripe.com describes it: forms in, JSON out, signed events to the webhook."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from tests.product.commerce.fakes.serving import Asked, Said, Server, serving
from zhiyue.core.kit import clock
from zhiyue.product.commerce.providers.protocol import Notice

KEY, SECRET = "sk_test_51academy", "whsec_academy"
AT_ONCE = 2


def signature(secret: str, at: int, body: bytes) -> str:
    """HMAC with SHA-256 of the time, a dot and the body, in hexadecimal."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


@dataclass
class FakeStripe:
    server: Server = field(default_factory=Server)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked_before: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    moved: list[dict[str, Any]] = field(default_factory=list)
    refusal: tuple[int, str] | None = None
    refund_status: str = "succeeded"
    is_lost: bool = False

    # What people do there.

    def session_of(self, number: str) -> dict[str, Any]:
        return next(one for one in self.sessions.values() if one["client_reference_id"] == number)

    def pay(self, number: str) -> Notice:
        session = self.session_of(number)
        session |= {"payment_status": "paid", "status": "complete", "payment_intent": f"pi_{session['id']}"}
        return self.notice(number)

    def notice(self, number: str, kind: str = "checkout.session.completed", **changed: Any) -> Notice:
        return self.told({"type": kind, "data": {"object": self.session_of(number) | changed}})

    def told(self, event: dict[str, Any]) -> Notice:
        whole = {
            "id": "evt_1",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": 1_795_140_005,
            "livemode": False,
            **event,
        }
        return self.sent(json.dumps(whole, indent=2).encode())

    def sent(self, body: bytes, *, late_seconds: int = 0, secret: str = SECRET, scheme: str = "v1") -> Notice:
        at = int(clock.now().timestamp()) - late_seconds
        header = f"t={at},{scheme}={signature(secret, at, body)},v0=6ffbb59b2300aae63f272406069a9788598b792a"
        return Notice(headers={"Stripe-Signature": header}, query={}, body=body)

    # What the API answers.

    def answer(self, asked: Asked) -> Said:
        assert asked.headers["Authorization"] == f"Bearer {KEY}"
        if self.refusal:
            return self.refused(*self.refusal)
        key = asked.headers.get("Idempotency-Key", "")
        if asked.method == "POST" and key in self.asked_before:
            body, said = self.asked_before[key]
            return self.said(said) if body == asked.body else self.refused(400, "idempotency_error")
        said = self.handled(asked)
        if said is None:
            return self.refused(404, "resource_missing")
        if asked.method == "POST" and key:
            self.asked_before[key] = (asked.body, said)
        return Said(500, b"{}") if self.is_lost else self.said(said)

    def handled(self, asked: Asked) -> dict[str, Any] | None:
        path, form = asked.path.removeprefix("/v1/"), dict(parse_qsl(asked.body.decode()))
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        if path == "checkout/sessions":
            return self.opened(form) if asked.method == "POST" else self.sessions_between(query)
        if path.startswith("checkout/sessions/"):
            name, _, deed = path.removeprefix("checkout/sessions/").partition("/")
            if deed == "expire":
                assert self.sessions[name]["status"] == "open"
                self.sessions[name]["status"] = "expired"
            return self.sessions.get(name)
        if path == "refunds":
            if asked.method == "POST":
                return self.refunded(form)
            of = [one for one in self.refunds if one["payment_intent"] == query["payment_intent"]]
            return self.page(path, of, query)
        assert path == "balance_transactions" and query["expand[0]"] == "data.source"
        start, end = int(query["created[gte]"]), int(query["created[lt]"])
        return self.page(path, [one for one in self.moved if start <= one["created"] < end], query)

    def opened(self, form: dict[str, str]) -> dict[str, Any]:
        assert (form["mode"], form["line_items[0][quantity]"]) == ("payment", "1")
        left = int(form["expires_at"]) - clock.now().timestamp()
        assert 30 * 60 <= left <= 24 * 3600
        number = form["client_reference_id"]
        assert form["metadata[number]"] == form["payment_intent_data[metadata][number]"] == number
        name = f"cs_test_{len(self.sessions)}"
        self.sessions[name] = {
            "id": name,
            "object": "checkout.session",
            "client_reference_id": number,
            "amount_total": int(form["line_items[0][price_data][unit_amount]"]),
            "currency": form["line_items[0][price_data][currency]"],
            "created": int(clock.now().timestamp()),
            "customer_details": {"email": "lin@example.com", "name": "小林"},
            "livemode": False,
            "metadata": {"number": number},
            "payment_intent": None,
            "payment_status": "unpaid",
            "status": "open",
            "success_url": form["success_url"],
            "url": f"https://checkout.stripe.com/c/pay/{name}",
        }
        return self.sessions[name]

    def sessions_between(self, query: dict[str, str]) -> dict[str, Any]:
        start, end = int(query["created[gte]"]), int(query["created[lte]"])
        found = [one for one in self.sessions.values() if start <= one["created"] <= end]
        return self.page("checkout/sessions", found, query)

    def refunded(self, form: dict[str, str]) -> dict[str, Any]:
        one = {
            "id": f"re_{len(self.refunds)}",
            "object": "refund",
            "amount": int(form["amount"]),
            "created": 1_795_226_400,
            "currency": "cny",
            "metadata": {
                "number": form["metadata[number]"],
                "refund_number": form["metadata[refund_number]"],
            },
            "payment_intent": form["payment_intent"],
            "status": self.refund_status,
        }
        self.refunds.append(one)
        return one

    @staticmethod
    def page(path: str, all_of: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
        start = 0
        if after := query.get("starting_after"):
            start = 1 + next(n for n, one in enumerate(all_of) if one["id"] == after)
        found = all_of[start : start + AT_ONCE]
        return {
            "object": "list",
            "url": f"/v1/{path}",
            "data": found,
            "has_more": start + AT_ONCE < len(all_of),
        }

    @staticmethod
    def said(said: dict[str, Any]) -> Said:
        return Said(
            body=json.dumps(said).encode(),
            headers={"Content-Type": "application/json", "Request-Id": "req_1"},
        )

    @staticmethod
    def refused(status: int, code: str) -> Said:
        error = {"error": {"type": "invalid_request_error", "code": code, "message": "No."}}
        if code == "idempotency_error":
            error["error"]["type"] = code
        return Said(
            status, json.dumps(error).encode(), {"Content-Type": "application/json", "Request-Id": "req_2"}
        )


@contextmanager
def fake_stripe(settings: Any) -> Iterator[FakeStripe]:
    """The academy's settings lead to it."""
    fake = FakeStripe()
    with serving(fake.answer) as server:
        fake.server = server
        settings.ZHIYUE_PAYMENT_PROVIDERS = ["stripe"]
        settings.ZHIYUE_STRIPE_ENDPOINT = server.address
        settings.ZHIYUE_STRIPE_SECRET_KEY, settings.ZHIYUE_STRIPE_WEBHOOK_SECRET = KEY, SECRET
        yield fake
