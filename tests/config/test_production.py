"""Production refuses to start unsafe."""

import pytest
from django.conf import settings as live
from django.test import override_settings

from tests.factories import make_member
from zhiyue.config.checks import no_demo_accounts, production_is_safe

SAFE = {"ZHIYUE_ENVIRONMENT": "production", "SECRET_KEY": "k" * 50, "DEBUG": False, "ZHIYUE_DEMO": False}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"SECRET_KEY": "not-secret-change-me"}, "zhiyue.E001"),
        ({"SECRET_KEY": "short"}, "zhiyue.E001"),
        ({"DEBUG": True}, "zhiyue.E002"),
        ({"ZHIYUE_DEMO": True}, "zhiyue.E003"),
    ],
)
def test_one_unsafe_setting_is_refused_by_name(wrong, code):
    with override_settings(**SAFE):
        assert production_is_safe(None) == []
    with override_settings(**{**SAFE, **wrong}):
        assert [error.id for error in production_is_safe(None)] == [code]


def test_development_may_be_unsafe():
    assert live.ZHIYUE_ENVIRONMENT != "production"
    assert production_is_safe(None) == []


@pytest.mark.django_db
def test_a_database_with_the_demos_accounts_is_refused():
    with override_settings(**SAFE):
        assert no_demo_accounts(None) == []
        make_member("operator@example.com")
        assert [error.id for error in no_demo_accounts(None)] == ["zhiyue.E004"]
