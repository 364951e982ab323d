"""The stranger matrix: every address × everybody. A new address fails here until this table says whom it is for."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.conftest import BROWSER
from tests.experience.addresses import addresses
from tests.factories import make_member
from zhiyue.core.accounts.services import grant
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.product.catalogue.models import Teacher

EVERYBODY = frozenset({"visitor", "learner", "rival", "creator", "agent", "operator", "owner"})
MEMBERS = EVERYBODY - {"visitor"}
AUTHORS = frozenset({"rival", "creator", "operator", "owner"})
WHO_MAY_CHANGE_THE_COURSE = frozenset({"creator", "operator", "owner"})
SUPPORT = frozenset({"agent", "operator", "owner"})
OPERATORS = frozenset({"operator", "owner"})
OWNERS = frozenset({"owner"})
# A step of a flow that nobody here has begun, or another site's door that no setting opens.
NOBODY: frozenset[str] = frozenset()

# Whom each address is for, by the beginning of its name; the longest beginning counts.
FOR = {
    "healthz": EVERYBODY,
    "shell:": EVERYBODY,
    "site:": EVERYBODY,
    "api:": EVERYBODY,
    "api:me": MEMBERS,
    "api:my_": MEMBERS,
    "api:activity": OPERATORS,
    "entrance:": MEMBERS,
    "entrance:sign_": EVERYBODY,
    "entrance:forgotten": EVERYBODY,
    "entrance:new_password": EVERYBODY,
    "entrance:enter_code": NOBODY,
    "entrance:send_again": NOBODY,
    "entrance:finish": NOBODY,
    "entrance:arrival": NOBODY,
    "account_signup": EVERYBODY,
    "account_login": NOBODY,
    "account_inactive": NOBODY,
    "account_reauthenticate": MEMBERS,
    "mfa_": MEMBERS,
    "mfa_deactivate_totp": NOBODY,
    "mfa_view_recovery_codes": NOBODY,
    "socialaccount_connections": MEMBERS,
    "socialaccount_login_cancelled": NOBODY,
    "qq_": NOBODY,
    "github_": NOBODY,
    "google_": NOBODY,
    "weixin_": NOBODY,
    "studio:": WHO_MAY_CHANGE_THE_COURSE,
    "studio:courses": AUTHORS,
    "studio:new": AUTHORS,
    "studio:preview": AUTHORS,
    "studio:me": AUTHORS,
    "studio:topic": OPERATORS,
    "studio:new_topic": OPERATORS,
    "studio:move_topic": OPERATORS,
    "studio:teacher": OPERATORS,
    "studio:new_teacher": OPERATORS,
    "desk:": OPERATORS,
    "desk:desk": SUPPORT,
    "desk:member": OPERATORS,
    "desk:setup": OWNERS,
    "desk:staff": OWNERS,
    "desk:invite": OWNERS,
    "desk:invitation": MEMBERS,
    "desk:member_grant-role": OWNERS,
    "desk:member_revoke-role": OWNERS,
}
# Exactly these; what only begins like them is another line's.
# The page of a course in the studio leads on to its outline, which refuses.
FOR_EXACTLY = {"desk:members": SUPPORT, "desk:member": SUPPORT, "studio:course": AUTHORS}

# About one row of a kind that is made by a flow of its own; the tests of that flow ask as every role.
TESTED_WITH_THEIR_FLOW = {
    "api:api/^(?P<rest>.*)$", "desk:change_synonyms", "desk:courses_apply", "desk:courses_sheet",
    "desk:members_apply", "desk:members_sheet", "desk:open_invitation", "desk:remove_synonyms", "desk:set_aside",
    "desk:setup_try", "desk:withdraw_invitation", "entrance:disconnect", "entrance:end_device",
    "entrance:end_token", "mfa_edit_webauthn", "mfa_remove_webauthn", "openid_connect_callback",
    "openid_connect_login", "shell:logo", "shell:picture", "studio:chapter_act", "studio:lesson_act",
    "studio:publication_act",
}  # fmt: skip
# Old addresses of the API, without a name: they lead on.
MOVED = {"api:api/schema", "api:api/docs", "api:api/v1/schema", "api:api/v1/docs"}


def audience(name: str) -> frozenset[str]:
    if name in FOR_EXACTLY:
        return FOR_EXACTLY[name]
    fitting = [beginning for beginning in FOR if name.startswith(beginning)]
    assert fitting, f"Say in FOR whom the address “{name}” is for."
    return FOR[max(fitting, key=len)]


@pytest.fixture
def cast(learner, creator, agent, operator, owner):
    """Everybody by role. The rival is a creator too, but nothing in the catalogue is theirs."""
    rival = make_member("rival@test.example", "同行")
    grant(user=rival, role="creator")
    return {
        "visitor": None,
        "learner": learner,
        "rival": rival,
        "creator": creator,
        "agent": agent,
        "operator": operator,
        "owner": owner,
    }


@pytest.fixture
def samples(course, creator, stranger):
    """Something that exists for what varies in an address, by its parameter; the course is the creator's."""
    Teacher.objects.filter(pk=course.teacher_id).update(user=creator)
    dead = Job.objects.create(
        name="recommend.train", kwargs={}, state=Job.State.DEAD, enqueued_at=clock.now(), claimable_at=None
    )
    return {
        "slug": course.slug,
        "course": course.slug,
        "lesson": "one",
        "course_slug": course.slug,
        "lesson_slug": "one",
        "course_id": course.pk,
        "lesson_id": course.lessons.all()[0].pk,
        "topic_id": course.topic_id,
        "teacher_id": course.teacher_id,
        "member_id": stranger.pk,
        "job_id": dead.pk,
        "kind": "terms",
        "site:topic slug": "data",
        "site:teacher slug": "he-mu",
        "api:teacher slug": "he-mu",
    }


def is_refused(response) -> bool:
    """Sent to sign in, refused, or told that there is nothing: all the same to a stranger."""
    if response.status_code in (301, 302, 303):
        return response["Location"].startswith((reverse("entrance:sign_in"), reverse("account_login")))
    return response.status_code in (401, 403, 404, 405)


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_every_address_opens_to_whom_it_is_for_and_to_nobody_else(role, cast, samples):
    wrong = []
    for address in addresses():
        if address.name in TESTED_WITH_THEIR_FLOW | MOVED:
            continue
        given = {one: samples.get(f"{address.name} {one}") or samples[one] for one in address.parameters}
        path = reverse(address.name, kwargs=given)
        answers = {method: _ask(cast[role], method, path) for method in ("get", "post", "put")}
        told = {method: answer.status_code for method, answer in answers.items()}
        if any(status >= 500 for status in told.values()):
            wrong.append(f"{address.name}: breaks for {role} {told}")
        opens = not all(is_refused(answer) for answer in answers.values())
        if opens != (role in audience(address.name)):
            wrong.append(f"{address.name}: {'opens' if opens else 'is closed'} to {role} {told}")
    assert wrong == []


def _ask(user, method, path):
    """One request whose traces are rolled back."""
    with transaction.atomic():
        client = Client(headers={"user-agent": BROWSER}, raise_request_exception=False)
        if user:
            client.force_login(user)
        answer = getattr(client, method)(path)
        transaction.set_rollback(True)
    return answer


def test_no_line_of_the_tables_is_idle():
    names = {address.name for address in addresses()}
    assert set(FOR_EXACTLY) | TESTED_WITH_THEIR_FLOW | MOVED <= names
    walked = names - set(FOR_EXACTLY) - TESTED_WITH_THEIR_FLOW - MOVED
    used = {max((one for one in FOR if name.startswith(one)), key=len) for name in walked}
    assert set(FOR) - used == set()
