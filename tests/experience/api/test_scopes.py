"""Every operation of the schema, asked with every scope: each token opens what the schema says, and nothing else."""

import json
import re

import pytest
from drf_spectacular.renderers import OpenApiJsonRenderer

from zhiyue.core.accounts.tokens import Scope
from zhiyue.experience.api.views.ground import written

pytestmark = pytest.mark.django_db

OPERATIONS = [
    (method, path, one)
    for path, methods in json.loads(written(OpenApiJsonRenderer))["paths"].items()
    for method, one in methods.items()
]
# Where a token opens no more than no token does.
WITHOUT_SCOPE = {"getRoot", "listEventKinds"}
_SAID = re.compile(r"A token needs the scope `([a-z:]+)`\.")


def scope_of(operation) -> Scope | None:
    said = _SAID.search(operation.get("description", ""))
    return Scope(said[1]) if said else None


def test_every_operation_names_its_scope():
    assert {one["operationId"] for *_, one in OPERATIONS if scope_of(one) is None} == WITHOUT_SCOPE


def test_every_scope_opens_something():
    assert {scope_of(one) for *_, one in OPERATIONS} - {None} == set(Scope)


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[one["operationId"] for *_, one in OPERATIONS]
)
def test_an_operation_opens_to_its_scope_and_to_no_other(owner, course, program, method, path, operation):
    address = path.format(
        slug="intuition",
        course="intuition",
        lesson="one",
        offer=f"course:{course.pk}",
        number="Z1",
        secret="s",
        mark="M",
        settlement_id=1,
    )
    needed = scope_of(operation)
    for scope in Scope:
        answer = program(owner, scope).generic(method.upper(), address)
        is_closed = answer.status_code == 403 and answer.json()["code"] == "insufficient_scope"
        assert is_closed == (needed not in {None, scope}), scope
        if is_closed:
            assert f'scope="{needed.value}"' in answer["WWW-Authenticate"]
    # None but its own: what all others together open is still not this.
    others = [scope for scope in Scope if scope is not needed]
    assert program(owner, *others).generic(method.upper(), address).status_code == (
        200 if needed is None else 403
    )
