"""The cast: a learner, a teacher, an operator and a stranger; and a small catalogue they share."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client, override_settings
from django.utils import translation

from tests.factories import make_course, make_member, make_visitor
from zhiyue.collect.lake import sealing
from zhiyue.core.academy.models import Academy
from zhiyue.core.academy.selectors import ACADEMY_KEY
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit import triggers as audit_triggers
from zhiyue.experience.shell.viewers import VISITOR_COOKIE, signed_key
from zhiyue.product.catalogue.models import Course
from zhiyue.product.commerce import triggers as commerce_triggers
from zhiyue.recommend import live

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"


# How fast this machine draws examples is no property of the code.
hypothesis.settings.register_profile(
    "zhiyue", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("zhiyue")


@pytest.fixture(autouse=True)
def own_data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has its own lake and artefacts, and nothing cached by another."""
    monkeypatch.setattr(settings, "ZHIYUE_DATA_DIR", tmp_path / "data")
    cache.clear()
    # Asked a moment ago, as nearly always: queries are counted without this one.
    cache.set(ACADEMY_KEY, Academy(name=settings.ZHIYUE_SITE_NAME), timeout=None)
    # So is the live policy, however long a test takes.
    monkeypatch.setattr(live, "CHECK_SECONDS", 600.0)
    # Yesterday is over for a while, also where the tests run just after midnight.
    monkeypatch.setattr(sealing, "SETTLING", timedelta(0))
    # A request leaves its language behind in the thread.
    translation.activate(settings.LANGUAGE_CODE)
    with override_settings(MEDIA_ROOT=tmp_path / "data" / "media"):
        yield


@pytest.fixture(autouse=True)
def append_only_audit(request: pytest.FixtureRequest) -> Iterator[None]:
    """A transactional test ends by emptying every table, which the audit log and the books refuse: their triggers stand
    aside then."""
    mark = request.node.get_closest_marker("django_db")
    by_mark = mark is not None and mark.kwargs.get("transaction", False)
    if not (by_mark or {"transactional_db", "live_server"} & set(request.fixturenames)):
        yield
        return
    request.getfixturevalue("transactional_db")
    for triggers in (audit_triggers, commerce_triggers):
        triggers.install(connection)
    yield
    for triggers in (audit_triggers, commerce_triggers):
        triggers.remove(connection)


@pytest.fixture
def learner(db: None) -> User:
    return make_member("learner@test.example", "小林")


@pytest.fixture
def stranger(db: None) -> User:
    return make_member("stranger@test.example", "路人")


@pytest.fixture
def operator(db: None) -> User:
    user = make_member("operator@test.example", "苏运")
    grant(user=user, role="operator")
    return user


@pytest.fixture
def owner(db: None) -> User:
    user = make_member("owner@test.example", "周全")
    grant(user=user, role="owner")
    return user


@pytest.fixture
def agent(db: None) -> User:
    user = make_member("agent@test.example", "方知")
    grant(user=user, role="agent")
    return user


@pytest.fixture
def creator(db: None) -> User:
    """A creator who has no course yet."""
    user = make_member("creator@test.example", "何牧")
    grant(user=user, role="creator")
    return user


@pytest.fixture
def visitor(db: None) -> UUID:
    """The key of a visitor who consents to everything."""
    return make_visitor()


@pytest.fixture
def course(db: None) -> Course:
    """A paid course of three written lessons, the first one free, and a fourth announced."""
    return make_course("intuition", price_fen=9900)


@pytest.fixture
def browser(visitor: UUID) -> Client:
    """The browser of a visitor who was here before and consents to everything; it keeps cookies."""
    client = Client(headers={"user-agent": BROWSER})
    client.cookies[VISITOR_COOKIE] = signed_key(visitor)
    return client


@pytest.fixture
def new_browser() -> Client:
    """A browser that was never here; it keeps cookies."""
    return Client(headers={"user-agent": BROWSER})


@pytest.fixture
def signed_in() -> Callable[[User], Client]:
    """A browser in which somebody is signed in."""

    def sign_in(user: User) -> Client:
        client = Client(headers={"user-agent": BROWSER})
        client.force_login(user)
        return client

    return sign_in
