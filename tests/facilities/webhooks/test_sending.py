"""One message to a real server that behaves well or badly."""

import socket
import ssl
import time
from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.facilities.webhooks.receiving import receiver
from zhiyue.core.kit import clock
from zhiyue.facilities.webhooks import addresses, sending
from zhiyue.facilities.webhooks.models import Outcome
from zhiyue.facilities.webhooks.sending import ANSWER_BYTES, post

BODY = '{"type":"shelf.fallen","data":"架子"}'.encode()


def send(address):
    return post(address, BODY, {"Content-Type": "application/json", "webhook-id": "msg_1"})


@pytest.fixture
def hasty(monkeypatch):
    """The same patience, shorter."""
    monkeypatch.setattr(sending, "WHOLE_SECONDS", 0.6)
    monkeypatch.setattr(sending, "BODY_SECONDS", 0.3)


def test_a_message_arrives_as_it_was_written(there):
    answer = send(there.address)
    assert (answer.outcome, answer.status, answer.text) == (Outcome.TAKEN, 200, "thanks")
    (request,) = there.requests
    assert (request.path, request.body) == ("/hooks?key=k", BODY)
    assert request.headers["host"] == there.address.split("/")[2]
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(BODY))
    assert request.headers["webhook-id"] == "msg_1"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (201, Outcome.TAKEN),
        (204, Outcome.TAKEN),
        (400, Outcome.REFUSED),
        (410, Outcome.REFUSED),
        (500, Outcome.REFUSED),
        (503, Outcome.REFUSED),
    ],
)
def test_the_status_is_the_answer(there, status, outcome):
    there.status = status
    answer = send(there.address)
    assert (answer.outcome, answer.status) == (outcome, status)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(there, status):
    with receiver() as elsewhere:
        there.status, there.location = status, elsewhere.address
        answer = send(there.address)
        assert (answer.outcome, answer.status) == (Outcome.REDIRECTED, status)
        assert answer.detail == elsewhere.address
        assert elsewhere.requests == []


@pytest.mark.parametrize("manner", ["mute", "drip"])
def test_who_answers_too_slowly_is_left(there, hasty, manner):
    there.manner = manner
    began = time.monotonic()
    assert send(there.address).outcome == Outcome.LATE
    assert 0.5 < time.monotonic() - began < 2


def test_a_body_that_drips_is_cut_off_and_the_status_counts(there, hasty):
    there.manner = "slow_body"
    began = time.monotonic()
    answer = send(there.address)
    assert time.monotonic() - began < 2
    assert (answer.outcome, answer.status) == (Outcome.TAKEN, 200)
    assert answer.text and set(answer.text) == {"b"}


def test_of_a_huge_answer_the_beginning_is_read(there):
    there.manner, there.status = "huge", 500
    answer = send(there.address)
    assert (answer.outcome, answer.text) == (Outcome.REFUSED, "c" * ANSWER_BYTES)


def test_bytes_that_no_database_keeps_are_replaced(there):
    there.text = "a\x00b"
    assert send(there.address).text == "a\ufffdb"


def test_what_is_no_http_is_told_as_that(there):
    there.manner = "nonsense"
    assert send(there.address).outcome == Outcome.GARBLED
    there.manner = "hang_up"
    assert send(there.address).outcome == Outcome.UNREACHABLE


def test_where_nobody_listens_is_told_as_that(settings):
    settings.ZHIYUE_WEBHOOK_NETWORKS = ["127.0.0.1"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = send(f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert answer.outcome == Outcome.UNREACHABLE
    assert "refused" in answer.detail


def test_loopback_gets_nothing_unless_it_is_named(there, settings):
    settings.ZHIYUE_WEBHOOK_NETWORKS = []
    answer = send(there.address)
    assert (answer.outcome, answer.detail) == (Outcome.UNSAFE, "127.0.0.1")
    assert there.requests == []


def test_a_proxy_of_the_environment_is_not_used(there, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(there.address).is_taken


def test_a_name_is_looked_up_once_and_the_connection_goes_where_it_led(there, monkeypatch):
    """A name that leads elsewhere the second time (rebinding) never gets a second time."""
    asked = []

    def look_up(host, port, **_):
        asked.append(host)
        spot = "127.0.0.1" if len(asked) == 1 else "127.0.0.9"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (spot, port))]

    real = socket.getaddrinfo
    # Numbers are looked up too, by nobody: what connects gives the system a number.
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, *a, **k: (
            look_up(host, port) if host == "hooks.test" else real(host, port, *a, **k)
        ),
    )
    port = there.address.split(":")[2].split("/")[0]
    answer = send(f"http://hooks.test:{port}/a")
    assert answer.is_taken
    assert asked == ["hooks.test"]
    assert there.requests[0].headers["host"] == f"hooks.test:{port}"


def test_a_name_that_has_turned_to_a_closed_address_is_sent_nothing(there, monkeypatch):
    port = int(there.address.split(":")[2].split("/")[0])
    leads_to = ["127.0.0.1", "169.254.169.254"]
    monkeypatch.setattr(addresses, "look_up", lambda host, port: [ip_address(leads_to.pop(0))])
    assert send(f"http://hooks.test:{port}/").is_taken
    answer = send(f"http://hooks.test:{port}/")
    assert (answer.outcome, answer.detail) == (Outcome.UNSAFE, "169.254.169.254")
    assert len(there.requests) == 1


def test_the_next_address_of_a_name_is_tried_where_the_first_is_dead(there, monkeypatch, settings):
    settings.ZHIYUE_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    port = int(there.address.split(":")[2].split("/")[0])
    spots = [ip_address("127.0.0.7"), ip_address("127.0.0.1")]
    monkeypatch.setattr(addresses, "look_up", lambda host, port: spots)
    assert send(f"http://hooks.test:{port}/").is_taken


@pytest.fixture
def certified(tmp_path, monkeypatch):
    """A context that proves to be hooks.test, to who trusts this certificate; and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.test")])
    now = clock.now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "hooks.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    monkeypatch.setattr(addresses, "look_up", lambda host, port: [ip_address("127.0.0.1")])
    return context, file


def test_https_goes_to_the_judged_address_under_the_name(certified, settings, monkeypatch):
    context, file = certified
    asked_for = []
    context.sni_callback = lambda _, name, __: asked_for.append(name)
    settings.ZHIYUE_WEBHOOK_NETWORKS = ["127.0.0.1"]
    with receiver(context) as there:
        address = there.address.replace("127.0.0.1", "hooks.test")
        untrusted = send(address)
        assert untrusted.outcome == Outcome.UNTRUSTED
        assert there.requests == []

        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        assert send(address).is_taken
        assert asked_for == ["hooks.test", "hooks.test"]
        assert there.requests[0].headers["host"].startswith("hooks.test:")

        other = send(there.address.replace("127.0.0.1", "other.test"))
        assert other.outcome == Outcome.UNTRUSTED
        assert len(there.requests) == 1
