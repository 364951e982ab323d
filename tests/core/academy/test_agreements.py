"""Agreements: versions that never change, and who accepted which."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import translation

from zhiyue.core.academy import selectors
from zhiyue.core.academy.errors import AgreementsPending, NoSuchAgreement, UnusableAgreement
from zhiyue.core.academy.models import Agreement, AgreementAcceptance
from zhiyue.core.academy.services import (
    accept_agreements,
    publish_agreement,
    publish_templates,
    withdraw_agreement,
)
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock

pytestmark = pytest.mark.django_db


def viewing(user):
    return Viewer(user=user, visitor=None, roles=roles_of(user))


@pytest.fixture
def publish(owner):
    def one(kind="terms", **words):
        # Each version says something else; the first one this.
        number = Agreement.objects.filter(kind=kind).count()
        facts = {"title": "用户协议", "body": "你可以学。" + "真的。" * number, **words}
        return publish_agreement(viewer=viewing(owner), kind=kind, **facts)

    return one


def test_versions_rise_by_themselves_and_the_newest_is_in_force(publish):
    assert [publish().version, publish().version, publish("privacy").version] == [1, 2, 1]
    assert [(one.kind, one.version) for one in selectors.agreements_in_force()] == [
        ("terms", 2),
        ("privacy", 1),
    ]
    assert [one.version for one in selectors.agreement_history("terms")] == [2, 1]


def test_a_version_for_later_is_in_force_later(publish, monkeypatch):
    publish()
    later = clock.now() + timedelta(days=7)
    publish(in_force_from=later)
    assert [one.version for one in selectors.agreements_in_force()] == [1]
    monkeypatch.setattr(clock, "now", lambda: later)
    assert [one.version for one in selectors.agreements_in_force()] == [2]


def test_a_version_may_not_begin_before_the_one_it_follows(publish):
    publish(in_force_from=clock.now() + timedelta(days=7))
    with pytest.raises(UnusableAgreement):
        publish()
    assert Agreement.objects.count() == 1


@pytest.mark.parametrize(
    "words", [{"title": "长" * 61}, {"what_changed": "长" * 201}, {"body": "长" * 100_001}]
)
def test_texts_longer_than_the_academy_keeps_are_refused(publish, words):
    with pytest.raises(UnusableAgreement):
        publish(**words)
    assert not Agreement.objects.exists() and not AuditEntry.objects.exists()


def test_publishing_is_noted(publish, owner):
    made = publish(what_changed="写清了退款")
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.by_id, entry.subject_id, entry.why) == (
        "agreement.published",
        owner.pk,
        str(made.pk),
        "写清了退款",
    )


@pytest.mark.parametrize(
    "words", [{"title": " "}, {"body": "\n"}, {"kind": "marriage"}, {"body": "长" * 100_001}]
)
def test_an_unusable_agreement_is_refused(words, publish):
    with pytest.raises(UnusableAgreement):
        publish(**words)
    assert not Agreement.objects.exists()


@pytest.mark.parametrize("who", ["stranger", "creator", "agent", "operator"])
def test_nobody_but_an_owner_publishes(who, request):
    with pytest.raises(NotAllowed):
        publish_agreement(viewer=viewing(request.getfixturevalue(who)), kind="terms", title="假", body="假")
    assert not Agreement.objects.exists()


def test_the_database_refuses_to_change_what_was_published_or_accepted(publish, learner):
    made = publish()
    accept_agreements(user=learner, agreement_ids=[made.pk])
    for rows, change in (
        (Agreement.objects.filter(pk=made.pk), {"body": "你什么也不能做。"}),
        (AgreementAcceptance.objects.all(), {"at": clock.now()}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)
    assert Agreement.objects.get().body == "你可以学。"


def test_members_are_asked_again_for_a_new_version(publish, learner):
    terms, creator = publish(), publish("creator")
    assert selectors.agreements_to_accept(learner) == [terms]
    accept_agreements(user=learner, agreement_ids=[terms.pk, creator.pk])
    assert selectors.agreements_to_accept(learner) == []
    second = publish()
    assert selectors.agreements_to_accept(learner) == [second]
    assert selectors.acceptance_counts("terms") == {1: 1}


def test_what_waits_for_agreements_is_refused_until_the_present_version_is_accepted(publish, learner):
    selectors.require_accepted(learner)
    publish("creator")
    selectors.require_accepted(learner)
    terms, privacy = publish(), publish("privacy")
    accept_agreements(user=learner, agreement_ids=[privacy.pk])
    with pytest.raises(AgreementsPending) as refusal:
        selectors.require_accepted(learner)
    assert refusal.value.kinds == {"terms"}
    accept_agreements(user=learner, agreement_ids=[terms.pk])
    selectors.require_accepted(learner)


def test_accepting_twice_is_once(publish, learner, stranger):
    made = publish()
    for user in (learner, learner, stranger):
        accept_agreements(user=user, agreement_ids=[made.pk])
    assert selectors.acceptance_counts("terms") == {1: 2}


def test_what_was_never_in_force_cannot_be_accepted(publish, learner):
    later = publish(in_force_from=clock.now() + timedelta(days=1))
    for wrong in (later.pk, 10**9):
        with pytest.raises(NoSuchAgreement):
            accept_agreements(user=learner, agreement_ids=[wrong])
    assert not AgreementAcceptance.objects.exists()


def test_templates_fill_only_what_is_empty(publish):
    publish()
    made = publish_templates(texts=[("terms", "模板", "模板"), ("privacy", "模板", "模板")])
    assert [(one.kind, one.version) for one in made] == [("privacy", 1)]
    assert [(one.kind, one.version) for one in selectors.agreements_in_force()] == [
        ("terms", 1),
        ("privacy", 1),
    ]


def test_agreements_are_asked_of_the_database_in_one_query(publish, learner, django_assert_num_queries):
    publish(), publish("privacy")
    with django_assert_num_queries(1):
        assert len(selectors.agreements_to_accept(learner)) == 2


@pytest.mark.parametrize(("field", "limit"), [("title", 60), ("what_changed", 200)])
def test_what_no_column_holds_is_refused_with_its_limit(field, limit, publish):
    with pytest.raises(UnusableAgreement, match=rf"“长{{20}}….*{limit}"):
        publish(**{field: "长" * (limit + 1)})
    assert getattr(publish(**{field: f" {'长' * limit} "}), field) == "长" * limit


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (datetime(9999, 12, 31, tzinfo=UTC), "within a year"),
        (datetime(1, 1, 1, tzinfo=UTC), "is over"),
    ],
)
def test_a_day_that_cannot_be_meant_is_refused(day, told, publish):
    translation.activate("en")
    for moment in (day, clock.now() + timedelta(days=367), clock.now() - timedelta(seconds=1)):
        with pytest.raises(UnusableAgreement):
            publish(in_force_from=moment)
    with pytest.raises(UnusableAgreement, match=told):
        publish(in_force_from=day)
    assert (Agreement.objects.count(), AuditEntry.objects.count()) == (0, 0)
    assert publish(in_force_from=clock.now() + timedelta(days=365)).version == 1


def test_the_same_text_twice_is_no_new_version(publish):
    first = publish(body="你可以学。\n\n真的。")
    with pytest.raises(UnusableAgreement):
        publish(body="你可以学。\r\n\r\n真的。 ", what_changed="什么也没有")
    assert Agreement.objects.get() == first
    assert AuditEntry.objects.count() == 1
    assert publish(title="协议", body="你可以学。\n\n真的。").version == 2


def test_what_is_not_in_force_yet_can_be_withdrawn_and_published_anew(publish, owner):
    publish()
    wrong = publish(in_force_from=clock.now() + timedelta(days=300))
    with pytest.raises(UnusableAgreement):
        publish()
    withdraw_agreement(viewer=viewing(owner), kind="terms", version=2)
    assert [one.version for one in Agreement.objects.all()] == [1]
    entry = AuditEntry.objects.get(act="agreement.withdrawn")
    assert (entry.by_id, entry.subject_id, entry.before["body"]) == (owner.pk, str(wrong.pk), wrong.body)
    assert publish(in_force_from=clock.now() + timedelta(days=3)).version == 2


def test_the_text_of_what_was_withdrawn_is_there_until_the_next_version(publish, owner):
    publish()
    body = "很长的条款。" * 2_000
    publish(body=body, title="新协议", what_changed="退款", in_force_from=clock.now() + timedelta(days=9))
    assert selectors.withdrawn_text("terms") is None
    withdraw_agreement(viewer=viewing(owner), kind="terms", version=2)
    assert selectors.withdrawn_text("terms") == selectors.WithdrawnText(2, "新协议", body, "退款")
    assert selectors.withdrawn_text("privacy") is None
    publish()
    assert selectors.withdrawn_text("terms") is None


def test_what_is_in_force_is_withdrawn_by_nobody_and_nothing_by_others(publish, owner, operator):
    publish()
    publish(in_force_from=clock.now() + timedelta(days=3))
    entries = AuditEntry.objects.count()
    for who, version, refusal in (
        (owner, 1, UnusableAgreement),
        (owner, 9, NoSuchAgreement),
        (operator, 2, NotAllowed),
    ):
        with pytest.raises(refusal):
            withdraw_agreement(viewer=viewing(who), kind="terms", version=version)
    assert (Agreement.objects.count(), AuditEntry.objects.count()) == (2, entries)
