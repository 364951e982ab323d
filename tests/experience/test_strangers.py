"""The stranger matrix: every address × everybody. A new address fails here until this table says whom it is for."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tests.conftest import BROWSER
from tests.experience.addresses import addresses
from tests.factories import make_member
from zhiyue.core.accounts.services import grant

EVERYBODY = frozenset({"visitor", "learner", "rival", "creator", "agent", "operator", "owner"})
MEMBERS = EVERYBODY - {"visitor"}
WHO_SEES_ACTIVITY = frozenset({"operator", "owner"})

# Whom each address is for, by the beginning of its name; the longest beginning counts.
FOR = {
    "healthz": EVERYBODY,
    "shell:": EVERYBODY,
    "site:": EVERYBODY,
    "api:": EVERYBODY,
    "api:activity": WHO_SEES_ACTIVITY,
    "desk:": WHO_SEES_ACTIVITY,
    "desk:setup": frozenset({"owner"}),
}


def audience(name: str) -> frozenset[str]:
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
def samples(course):
    """Something that exists for everything that varies in an address."""
    return {"slug": course.slug, "course_slug": course.slug, "lesson_slug": "one", "job_id": 1, "rest": "x"}


def is_refused(response) -> bool:
    """Sent to sign in, refused, or told that there is nothing: all the same to a stranger."""
    if response.status_code in (301, 302, 303):
        return response["Location"].startswith(reverse("entrance:sign_in"))
    return response.status_code in (401, 403, 404, 405)


@pytest.mark.parametrize("role", sorted(EVERYBODY))
def test_every_address_opens_to_whom_it_is_for_and_to_nobody_else(role, cast, samples):
    wrong = []
    for address in addresses():
        given = {name: samples[name] for name in address.parameters}
        path = reverse(address.name, kwargs=given)
        answers = {method: _ask(cast[role], method, path) for method in ("get", "post")}
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


def test_no_line_of_the_table_is_idle():
    names = [address.name for address in addresses()]
    used = {max((one for one in FOR if name.startswith(one)), key=len) for name in names}
    assert set(FOR) - used == set()
