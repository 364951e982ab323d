"""Webhooks on the desk: made, looked at, tried, paused, sent again, deleted; and a secret that is shown once."""

import re
from datetime import timedelta

import pytest

from tests.facilities.webhooks.receiving import receiver
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.facilities.webhooks.models import Delivery, Endpoint
from zhiyue.facilities.webhooks.services import tell
from zhiyue.facilities.webhooks.topics import topics
from zhiyue.monitor.examination import examine

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(settings):
    settings.ZHIYUE_WEBHOOK_NETWORKS = ["127.0.0.1"]
    with receiver() as told:
        yield told


@pytest.fixture
def endpoint(desk, there):
    desk.post("/desk/webhooks/make/", typed(there))
    return Endpoint.objects.get()


def typed(there, **changed):
    return {
        "address": there.address,
        "name": "Warehouse",
        "topics": ["order.paid", "order.refunded"],
        **changed,
    }


def paid(n=1, once=""):
    return tell("order.paid", {"order": f"Z{n}"}, at=clock.now(), once=once or str(n))


def secret_of(page):
    return re.search(r'id="secret" readonly value="(whsec_[A-Za-z0-9+/=]+)"', page)


def test_a_webhook_is_made_and_its_secret_shown_once(desk, read, there):
    assert "Nobody is told yet" in read("/desk/webhooks/")
    answer = desk.post("/desk/webhooks/make/", typed(there))
    assert answer.status_code == 200
    assert secret_of(answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    made = Endpoint.objects.get()
    assert (made.name, made.topics) == ("Warehouse", ["order.paid", "order.refunded"])
    for page in (read("/desk/webhooks/"), read(f"/desk/webhooks/{made.pk}/")):
        assert "whsec_" not in page
        assert there.address in page and "An order was paid" in page and "Nothing sent yet" in page
    assert "made a webhook to" in read("/desk/audit/")


def test_the_same_form_sent_twice_makes_one(desk, there):
    first = desk.post("/desk/webhooks/make/", typed(there, csrfmiddlewaretoken="the form"))
    second = desk.post("/desk/webhooks/make/", typed(there, csrfmiddlewaretoken="the form"))
    assert secret_of(first.content.decode())[1] == secret_of(second.content.decode())[1]
    assert Endpoint.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"address": "http://10.0.0.1/a"}, "isn&#x27;t public"),
        ({"address": "nonsense"}, "That is no address"),
        ({"address": ""}, "required"),
        ({"topics": []}, "Choose at least one thing"),
        ({"topics": ["order.eaten"]}, "order.eaten"),
    ],
)
def test_what_cannot_be_is_told_beside_its_field_and_what_was_typed_stays(desk, there, changed, said):
    answer = desk.post("/desk/webhooks/make/", typed(there, **changed))
    page = answer.content.decode()
    assert answer.status_code in (400, 422)
    assert said in page and 'value="Warehouse"' in page
    assert not Endpoint.objects.exists()


def test_a_change_that_is_refused_comes_back_too(desk, there, endpoint):
    answer = desk.post(f"/desk/webhooks/{endpoint.pk}/change/", typed(there, address="http://192.168.0.1/"))
    assert answer.status_code == 400
    assert "<details" in answer.content.decode() and "192.168.0.1" in answer.content.decode()
    endpoint.refresh_from_db()
    assert endpoint.address == there.address
    desk.post(f"/desk/webhooks/{endpoint.pk}/change/", typed(there, name="Books", topics=["order.placed"]))
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.topics) == ("Books", ["order.placed"])


def test_a_trial_shows_what_is_answered(desk, read, there, endpoint):
    there.status, there.text = 500, "<b>boom</b>"
    address = desk.post(f"/desk/webhooks/{endpoint.pk}/try/")["Location"]
    waiting = read(address)
    assert 'hx-trigger="every 2s"' in waiting and "It hasn't been sent yet." in waiting
    run_due()
    page = desk.get(address).content.decode()
    assert "hx-trigger" not in page.split('id="message"')[1].split("</section>")[0]
    assert "Answered with an error (500)" in page
    assert "&lt;b&gt;boom&lt;/b&gt;" in page
    assert "webhook.trial" in page


def test_messages_are_listed_by_state(desk, read, there, endpoint, django_assert_num_queries):
    paid(1)
    run_due()
    there.status = 500
    paid(2)
    run_due()
    for n in range(3, 63):
        paid(n)

    page = read(f"/desk/webhooks/{endpoint.pk}/")
    assert "page=2" in page
    assert "Answered with an error (500)" in read(f"/desk/webhooks/{endpoint.pk}/", state="failed")
    assert page.count("/messages/") == 50
    shown = read(f"/desk/webhooks/{endpoint.pk}/", state="delivered")
    assert shown.count("/messages/") == 1 and "Taken (200)" in shown
    assert "No message is in this state." in read(f"/desk/webhooks/{endpoint.pk}/", state="given_up")
    assert read(f"/desk/webhooks/{endpoint.pk}/", state="nonsense").count("/messages/") == 50
    assert "61 wait" in read("/desk/webhooks/")
    with django_assert_num_queries(7):
        desk.get(f"/desk/webhooks/{endpoint.pk}/")
    with django_assert_num_queries(5):
        desk.get("/desk/webhooks/")


def test_one_message_and_all_since_a_moment_are_sent_again(desk, read, there, endpoint):
    paid(1)
    run_due()
    one = Delivery.objects.get()
    desk.post(f"/desk/webhooks/{endpoint.pk}/messages/{one.pk}/again/")
    run_due()
    assert len(there.ids) == 2

    since = (clock.now() - timedelta(hours=1)).astimezone(clock.business_zone()).strftime("%Y-%m-%dT%H:%M")
    address = f"/desk/webhooks/{endpoint.pk}/again/"
    desk.post(address, {"since": since, "undelivered": "on"})
    assert "Since then there is no such message." in read(f"/desk/webhooks/{endpoint.pk}/")
    desk.post(address, {"since": since})
    assert "1 message is sent again." in read(f"/desk/webhooks/{endpoint.pk}/")
    run_due()
    assert there.ids == [one.message_id] * 3
    refused = desk.post(address, {"since": "yesterday"})
    assert refused.status_code == 422 and "Write day and time as in" in refused.content.decode()
    assert desk.post(f"/desk/webhooks/{endpoint.pk}/messages/{one.pk + 9}/again/").status_code == 404


def test_paused_renewed_and_deleted(desk, read, there, endpoint):
    address = f"/desk/webhooks/{endpoint.pk}/"
    desk.post(f"{address}pause/")
    paid(1)
    run_due()
    assert "Paused by staff" in read(address) and there.requests == []
    desk.post(f"{address}resume/")
    run_due()
    assert len(there.requests) == 1
    renewed = desk.post(f"{address}renew/").content.decode()
    assert secret_of(renewed) and "the former secret signs beside the new one" in renewed
    assert "whsec_" not in read(address)
    desk.post(f"{address}delete/")
    assert not Endpoint.objects.exists()
    assert desk.get(address).status_code == 404
    acts = list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))
    assert acts == [
        "webhook.made", "webhook.paused", "webhook.resumed", "webhook.secret_renewed", "webhook.removed",
    ]  # fmt: skip
    assert "whsec_" not in str(list(AuditEntry.objects.values()))


def finding():
    return next(one for one in examine(thorough=False) if one.key == "webhooks")


def test_one_that_fails_for_days_is_told_on_the_desk_and_by_the_doctor(read, there, endpoint):
    assert finding().state == "good"
    long_ago = clock.now() - timedelta(hours=2)
    Endpoint.objects.update(failing_since=long_ago, failures=3)
    assert finding().state == "warn"
    assert "3 tries in a row failed" in read(f"/desk/webhooks/{endpoint.pk}/")
    assert "Failing" in read("/desk/webhooks/")
    Endpoint.objects.update(paused_at=clock.now(), paused_why="failing")
    assert finding().state == "bad"
    assert "Mend it, send a trial" in read(f"/desk/webhooks/{endpoint.pk}/")
    assert "Paused: it failed" in read("/desk/webhooks/")


def test_every_topic_can_be_chosen(read):
    page = read("/desk/webhooks/")
    assert len(topics()) == 6
    assert all(f'value="{name}"' in page and str(words) in page for name, words in topics().items())


def test_who_runs_nothing_sees_nothing(signed_in, agent, creator, endpoint):
    for one in (agent, creator):
        for address in ("", f"{endpoint.pk}/"):
            assert signed_in(one).get(f"/desk/webhooks/{address}").status_code == 403
        assert signed_in(one).post(f"/desk/webhooks/{endpoint.pk}/delete/").status_code == 403
    assert "/desk/webhooks/" not in signed_in(agent).get("/desk/members/").content.decode()
    assert Endpoint.objects.exists()
