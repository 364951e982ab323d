"""Programs that ask the API: with a token, or without."""

from collections.abc import Callable

import pytest
from django.test import Client

from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.tokens import Scope, make_token


@pytest.fixture
def program() -> Callable[..., Client]:
    """A program that sends a token of `user`, for all scopes or those named."""

    def with_token(user: User, *scopes: Scope) -> Client:
        _, key = make_token(user=user, name="test", scopes=[scope.value for scope in scopes or Scope])
        return Client(headers={"user-agent": "curl/8", "authorization": f"Bearer {key}"})

    return with_token
