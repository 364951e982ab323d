"""Signatures against the example that the specification publishes, and of our own secrets."""

import re
import time
from base64 import b64decode
from pathlib import Path

from zhiyue.facilities.webhooks.signing import headers, make_secret, signature

DOCS = Path(__file__).resolve().parents[3] / "docs/webhooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = {"message_id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "at": 1614265330, "body": b'{"test": 2432232314}'}
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_example_is_signed_as_published():
    assert signature(SECRET, **MESSAGE) == SIGNED


def test_whatever_is_changed_another_signature_comes_of_it():
    others = [
        signature(SECRET, **{**MESSAGE, "body": b'{"test":2432232314}'}),
        signature(SECRET, **{**MESSAGE, "at": 1614265331}),
        signature(SECRET, **{**MESSAGE, "message_id": "msg_1"}),
        signature(make_secret(form=""), **MESSAGE),
    ]
    assert SIGNED not in others
    assert len(set(others)) == 4


def test_two_secrets_sign_side_by_side():
    told = headers([make_secret(form=""), SECRET], **MESSAGE)
    assert told["webhook-id"] == MESSAGE["message_id"]
    assert told["webhook-timestamp"] == "1614265330"
    first, second = told["webhook-signature"].split(" ")
    assert second == SIGNED
    assert first.startswith("v1,") and first != second


def test_a_secret_is_long_new_each_time_and_the_same_of_the_same_form():
    first, second = make_secret("a", form=""), make_secret("a", form="")
    assert first != second
    assert first.startswith("whsec_")
    assert len(b64decode(first.removeprefix("whsec_"), validate=True)) == 32
    assert make_secret("a", form="f") == make_secret("a", form="f")
    assert make_secret("a", form="f") != make_secret("b", form="f")


def test_the_code_in_the_docs_takes_what_is_ours_and_nothing_else(monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    found = {}
    exec(code, found)
    body = MESSAGE["body"]
    told = headers([make_secret(form=""), SECRET], **MESSAGE)
    monkeypatch.setattr(time, "time", lambda: 1614265330 + 299)
    assert found["is_ours"](told, body, SECRET)
    assert not found["is_ours"](told, body + b" ", SECRET)
    assert not found["is_ours"](told, body, make_secret(form=""))
    assert not found["is_ours"]({**told, "webhook-id": "msg_1"}, body, SECRET)
    monkeypatch.setattr(time, "time", lambda: 1614265330 + 301)
    assert not found["is_ours"](told, body, SECRET)
