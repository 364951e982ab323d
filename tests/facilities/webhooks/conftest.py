"""A receiver on loopback that may be sent to, two topics, an endpoint, and a clock that can be set."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.facilities.webhooks.receiving import Receiver, receiver
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.kit import clock
from zhiyue.facilities.webhooks import topics
from zhiyue.facilities.webhooks.endpoints import make_endpoint
from zhiyue.facilities.webhooks.models import Endpoint


class SetClock:
    def __init__(self) -> None:
        self.moment = clock.now()

    def __call__(self) -> datetime:
        return self.moment

    def go_on(self, by: timedelta) -> None:
        self.moment += by


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Time stands still until a test lets it go on."""
    moving = SetClock()
    monkeypatch.setattr(clock, "now", moving)
    return moving


@pytest.fixture(autouse=True)
def two_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_topics", {"shelf.fallen": "A shelf fell", "book.burnt": "A book burnt"})


@pytest.fixture
def there(settings) -> Iterator[Receiver]:
    settings.ZHIYUE_WEBHOOK_NETWORKS = ["127.0.0.1/32"]
    with receiver() as told:
        yield told


@pytest.fixture
def viewer(operator: User) -> Viewer:
    return Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))


@pytest.fixture
def endpoint(there: Receiver, viewer: Viewer) -> Endpoint:
    return make_endpoint(viewer=viewer, address=there.address, wanted=["shelf.fallen"])[0]
