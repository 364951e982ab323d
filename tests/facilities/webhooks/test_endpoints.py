"""What staff do with endpoints, and what is noted of it; and who may not."""

from datetime import timedelta

import pytest

from tests.facilities.webhooks.test_delivery import fell, verified
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.jobs.worker import run_due
from zhiyue.facilities.webhooks import endpoints, selectors, sending
from zhiyue.facilities.webhooks.errors import (
    AddressRefused,
    EndpointRefused,
    NoSuchDelivery,
    NoSuchEndpoint,
)
from zhiyue.facilities.webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db


def noted():
    return list(AuditEntry.objects.order_by("pk").values_list("act", flat=True))


def test_a_secret_is_shown_once_and_lies_sealed(there, viewer):
    made, secret = endpoints.make_endpoint(
        viewer=viewer, address=there.address, wanted=["book.burnt"], name=" 仓库 "
    )
    made.refresh_from_db()
    assert (made.name, made.topics, made.made_by) == ("仓库", ["book.burnt"], viewer.user)
    assert secret.startswith("whsec_")
    assert secret not in str(Endpoint.objects.values())
    entry = AuditEntry.objects.get(act="webhook.made")
    assert entry.subject_name == there.address.split("/hooks")[0]
    assert "key=k" not in f"{entry.subject_name} {entry.after}" and "whsec" not in str(entry.after)


def test_a_form_that_is_sent_twice_makes_one_and_shows_the_same_secret(there, viewer):
    told = {"viewer": viewer, "address": there.address, "wanted": ["book.burnt"], "form": "form 1"}
    first, second = endpoints.make_endpoint(**told), endpoints.make_endpoint(**told)
    assert first == second
    assert Endpoint.objects.count() == 1 and noted() == ["webhook.made"]
    other, secret = endpoints.make_endpoint(**{**told, "form": "form 2"})
    assert other.pk != first[0].pk and secret != first[1]


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"address": "http://10.0.0.1/"}, AddressRefused),
        ({"address": "http://localhost:8000/"}, AddressRefused),
        ({"address": "http://user:pass@example.com/"}, AddressRefused),
        ({"address": "http://no-such-host.invalid/"}, AddressRefused),
        ({"wanted": []}, EndpointRefused),
        ({"wanted": ["shelf.fallen", "shelf.flown"]}, EndpointRefused),
        ({"wanted": ["webhook.trial"]}, EndpointRefused),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(there, viewer, endpoint, changed, refusal):
    before = list(Endpoint.objects.values())
    told = {"viewer": viewer, "address": there.address, "wanted": ["shelf.fallen"], **changed}
    if "localhost" in told["address"]:
        told["address"] = "http://0.0.0.0:8000/"
    with pytest.raises(refusal):
        endpoints.make_endpoint(**told)
    with pytest.raises(refusal):
        endpoints.change_endpoint(endpoint_id=endpoint.pk, name="", **told)
    assert list(Endpoint.objects.values()) == before
    assert noted() == ["webhook.made"]


def test_there_is_an_end_to_how_many(there, viewer, monkeypatch):
    monkeypatch.setattr(endpoints, "MOST_ENDPOINTS", 1)
    told = {"viewer": viewer, "address": there.address, "wanted": ["shelf.fallen"]}
    endpoints.make_endpoint(**told)
    with pytest.raises(EndpointRefused):
        endpoints.make_endpoint(**told)
    assert Endpoint.objects.count() == 1


def test_a_change_counts_for_what_is_told_from_then_on_and_what_waits_goes_to_the_new_address(
    there, endpoint, viewer
):
    fell("one")
    endpoints.change_endpoint(
        viewer=viewer,
        endpoint_id=endpoint.pk,
        address=f"{there.address}&new",
        wanted=["book.burnt"],
        name="b",
    )
    fell("two")
    run_due()
    assert [one.path for one in there.requests] == ["/hooks?key=k&new"]
    entry = AuditEntry.objects.get(act="webhook.changed")
    assert (entry.before["topics"], entry.after["topics"]) == (["shelf.fallen"], ["book.burnt"])
    assert "key=" not in str((entry.before, entry.after))


def test_a_new_secret_signs_beside_the_former_one_for_a_day(there, viewer, set_clock):
    made, former = endpoints.make_endpoint(viewer=viewer, address=there.address, wanted=["shelf.fallen"])
    _, new = endpoints.renew_secret(viewer=viewer, endpoint_id=made.pk, form="f")
    assert new != former
    assert endpoints.renew_secret(viewer=viewer, endpoint_id=made.pk, form="f")[1] == new
    set_clock.go_on(timedelta(hours=23, minutes=59))
    fell("one")
    run_due()
    set_clock.go_on(timedelta(minutes=2))
    fell("two")
    run_due()
    both, alone = there.requests
    assert verified(both, new) and verified(both, former)
    assert verified(alone, new) and not verified(alone, former)
    assert noted() == ["webhook.made", "webhook.secret_renewed"]


def test_a_secret_that_cannot_be_read_any_more_is_replaced_by_a_new_one(there, endpoint, viewer, settings):
    settings.SECRET_KEY = "the academy has another key since"
    _, new = endpoints.renew_secret(viewer=viewer, endpoint_id=endpoint.pk)
    fell()
    run_due()
    assert verified(there.requests[0], new)


def test_a_trial_is_sent_once_also_to_a_paused_endpoint(there, endpoint, viewer):
    endpoints.pause(viewer=viewer, endpoint_id=endpoint.pk)
    fell()
    there.status = 500
    trial = endpoints.send_trial(viewer=viewer, endpoint_id=endpoint.pk)
    run_due()
    trial.refresh_from_db()
    assert there.ids == [trial.message_id]
    assert (trial.state, trial.attempts, trial.topic) == ("given_up", 1, "webhook.trial")
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)


def test_one_message_is_sent_again_under_its_own_id(there, endpoint, viewer, set_clock):
    fell("one")
    fell("two")
    run_due()
    chosen = Delivery.objects.order_by("pk").first()
    set_clock.go_on(timedelta(hours=2))
    endpoints.send_again(viewer=viewer, endpoint_id=endpoint.pk, delivery_id=chosen.pk)
    run_due()
    assert there.ids[2:] == [chosen.message_id]
    assert there.requests[2].body == there.requests[0].body
    assert set(Delivery.objects.values_list("state", "attempts")) == {("delivered", 1)}
    assert noted()[1:] == ["webhook.sent_again"]
    with pytest.raises(NoSuchDelivery):
        endpoints.send_again(viewer=viewer, endpoint_id=endpoint.pk, delivery_id=chosen.pk + 100)


def test_what_is_sent_again_while_it_is_under_way_is_sent_again(
    there, endpoint, viewer, set_clock, monkeypatch
):
    real, again = sending.post, []

    def post(*told):
        answer = real(*told)
        if not again:
            set_clock.go_on(timedelta(seconds=1))
            again.append(True)
            pk = Delivery.objects.get().pk
            endpoints.send_again(viewer=viewer, endpoint_id=endpoint.pk, delivery_id=pk)
        return answer

    monkeypatch.setattr(sending, "post", post)
    fell()
    run_due()
    assert len(there.requests) == 2
    assert Delivery.objects.get().state == "delivered"


def test_all_since_a_moment_are_sent_again_or_those_that_did_not_arrive(there, endpoint, viewer, set_clock):
    fell("before")
    run_due()
    set_clock.go_on(timedelta(hours=1))
    since = set_clock.moment
    arrived = fell("arrived")
    run_due()
    there.status = 500
    lost = fell("lost")
    endpoints.send_trial(viewer=viewer, endpoint_id=endpoint.pk)
    run_due()
    there.status = 200
    there.requests.clear()
    told = {"viewer": viewer, "endpoint_id": endpoint.pk, "since": since}

    assert endpoints.send_again_since(undelivered=True, **told) == 1
    run_due()
    assert there.ids == [lost]
    assert endpoints.send_again_since(undelivered=False, **told) == 2
    run_due()
    assert there.ids == [lost, arrived, lost]
    assert endpoints.send_again_since(undelivered=True, **told) == 0
    assert noted()[1:] == ["webhook.sent_again"] * 2


def test_removed_it_is_gone_with_its_messages(there, endpoint, viewer):
    fell()
    endpoints.remove(viewer=viewer, endpoint_id=endpoint.pk)
    assert not Endpoint.objects.exists() and not Delivery.objects.exists()
    with pytest.raises(NoSuchEndpoint):
        endpoints.pause(viewer=viewer, endpoint_id=endpoint.pk)


def test_one_that_was_made_before_https_was_asked_for_can_still_be_paused_and_removed(
    endpoint, viewer, settings
):
    settings.ZHIYUE_ENVIRONMENT = "production"
    assert endpoints.pause(viewer=viewer, endpoint_id=endpoint.pk)
    assert not endpoints.pause(viewer=viewer, endpoint_id=endpoint.pk)
    endpoints.remove(viewer=viewer, endpoint_id=endpoint.pk)
    assert noted() == ["webhook.made", "webhook.paused", "webhook.removed"]


def test_health_counts_what_waits_and_what_was_given_up(there, endpoint, viewer):
    fell("one")
    run_due()
    fell("two")
    Delivery.objects.filter(pk=Delivery.objects.latest("pk").pk).update(state="given_up", due_at=None)
    fell("three")
    (one,) = selectors.all_endpoints(viewer)
    assert (one.endpoint, one.waiting, one.given_up) == (endpoint, 1, 1)
    assert selectors.endpoint_of(viewer, endpoint.pk) == one
    assert selectors.deliveries_of(viewer, endpoint.pk, state="waiting").count() == 1
    assert selectors.deliveries_of(viewer, endpoint.pk, state="nonsense").count() == 3


def test_who_may_not_is_refused_everything(there, endpoint, agent, creator, learner):
    fell()
    row = Delivery.objects.get()
    before = list(Endpoint.objects.values()), list(Delivery.objects.values())
    the_one = {"endpoint_id": endpoint.pk}
    for user, role in ((agent, "agent"), (creator, "creator"), (learner, "learner")):
        one = Viewer(user=user, visitor=None, roles=frozenset({role}))
        who = {"viewer": one}
        for refused in (
            lambda who=who: endpoints.make_endpoint(**who, address=there.address, wanted=["shelf.fallen"]),
            lambda who=who: endpoints.change_endpoint(
                **who, **the_one, address=there.address, wanted=["book.burnt"], name=""
            ),
            lambda who=who: endpoints.renew_secret(**who, **the_one),
            lambda who=who: endpoints.pause(**who, **the_one),
            lambda who=who: endpoints.resume(**who, **the_one),
            lambda who=who: endpoints.remove(**who, **the_one),
            lambda who=who: endpoints.send_trial(**who, **the_one),
            lambda who=who: endpoints.send_again(**who, **the_one, delivery_id=row.pk),
            lambda who=who: endpoints.send_again_since(
                **who, **the_one, since=row.made_at, undelivered=False
            ),
            lambda one=one: selectors.all_endpoints(one),
            lambda one=one: selectors.endpoint_of(one, endpoint.pk),
            lambda one=one: selectors.deliveries_of(one, endpoint.pk),
            lambda one=one: selectors.delivery_of(one, endpoint.pk, row.pk),
        ):
            with pytest.raises(NotAllowed):
                refused()
    assert (list(Endpoint.objects.values()), list(Delivery.objects.values())) == before
    assert noted() == ["webhook.made"]
