"""Production refuses to start unsafe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as live
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from tests.config.test_supervisor import free_port
from tests.factories import make_member
from zhiyue.config.checks import (
    no_demo_accounts,
    pages_are_collected,
    production_is_safe,
    providers_can_take_payments,
    refuse_unsafe_production,
)
from zhiyue.config.environment import Environment
from zhiyue.product.commerce.providers.register import offered

ROOT = Path(__file__).resolve().parents[2]
SAFE = {
    "ZHIYUE_ENVIRONMENT": "production",
    "SECRET_KEY": "k" * 50,
    "DEBUG": False,
    "ZHIYUE_DEMO": False,
    "ZHIYUE_PAYMENT_PROVIDERS": [],
    "ZHIYUE_INVOICES": "off",
}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"SECRET_KEY": "not-secret-change-me"}, "zhiyue.E001"),
        ({"SECRET_KEY": "short"}, "zhiyue.E001"),
        ({"DEBUG": True}, "zhiyue.E002"),
        ({"ZHIYUE_DEMO": True}, "zhiyue.E003"),
        ({"ZHIYUE_PAYMENT_PROVIDERS": ["sandbox"]}, "zhiyue.E006"),
        ({"ZHIYUE_INVOICES": "sandbox"}, "zhiyue.E008"),
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


def test_servers_refuse_production_without_collected_pages(tmp_path):
    with override_settings(**SAFE, STATIC_ROOT=tmp_path):
        assert [error.id for error in pages_are_collected()] == ["zhiyue.E005"]
        (tmp_path / "built").mkdir()
        (tmp_path / "built" / "manifest.json").write_text("{}")
        assert pages_are_collected() == []


@pytest.mark.parametrize("command", ["worker", "scheduler", "serve"])
def test_no_process_starts_in_unsafe_production(command, tmp_path):
    answer = run_zhiyue(command, tmp_path, ZHIYUE_ENVIRONMENT="production")
    assert answer.returncode == 1
    assert "ZHIYUE_SECRET_KEY" in answer.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ZHIYUE_ENVIRONMENT", "Production"),
        ("ZHIYUE_JOBS_KEEP_DAYS", "x"),
        ("ZHIYUE_LAKE_URL", "s3://academy/lake?region=x"),
        ("ZHIYUE_LAKE_URL", "file:///srv/lake#1"),
        ("ZHIYUE_ARTEFACTS_URL", "s3:///models"),
        ("ZHIYUE_EVENTS_KEEP_DAYS", "x"),
        ("ZHIYUE_TIME_ZONE", "Mars"),
        ("ZHIYUE_WEBHOOK_NETWORKS", "10.0.0.1/8"),
        ("ZHIYUE_DEBUG", "maybe"),
        ("ZHIYUE_DEMO_DRIFT", "ai+2@yesterday"),
        ("ZHIYUE_ALIPAY_PRIVATE_KEY_FILE", "/nowhere/key.pem"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line_that_names_it(variable, value, tmp_path):
    answer = run_zhiyue("check", tmp_path, **{variable: value})
    assert answer.returncode == 1
    [line] = answer.stderr.strip().splitlines()
    assert line.startswith(f"zhiyue: {variable} ")
    assert value in line


def test_a_secret_lies_in_its_variable_or_in_a_file_and_not_in_both(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("line 1\nline 2\n")
    assert Environment().secret("ZHIYUE_TRIED_KEY") == ""
    monkeypatch.setenv("ZHIYUE_TRIED_KEY_FILE", str(tmp_path / "key"))
    assert Environment().secret("ZHIYUE_TRIED_KEY") == "line 1\nline 2"
    monkeypatch.setenv("ZHIYUE_TRIED_KEY", "here")
    with pytest.raises(ImproperlyConfigured, match="ZHIYUE_TRIED_KEY or ZHIYUE_TRIED_KEY_FILE, not both"):
        Environment().secret("ZHIYUE_TRIED_KEY")
    monkeypatch.delenv("ZHIYUE_TRIED_KEY_FILE")
    assert Environment().secret("ZHIYUE_TRIED_KEY") == "here"


@pytest.mark.django_db
def test_a_payment_provider_that_is_none_or_lacks_something_is_named_and_not_offered(settings):
    assert providers_can_take_payments(None) == []
    settings.ZHIYUE_PAYMENT_PROVIDERS = ["alipey", "sandbox"]

    [error] = providers_can_take_payments(None)

    assert error.id == "zhiyue.E007"
    assert error.msg.startswith("ZHIYUE_PAYMENT_PROVIDERS names “alipey”, which is none: there are sandbox, ")
    assert [one.name for one in offered()] == ["sandbox"]
    settings.ZHIYUE_PAYMENT_PROVIDERS = ["alipay"]
    assert "Payments through alipay: ZHIYUE_ALIPAY_APP_ID isn't set." in [
        error.msg for error in providers_can_take_payments(None)
    ]
    with override_settings(**SAFE | {"ZHIYUE_PAYMENT_PROVIDERS": ["alipay"]}):
        assert production_is_safe(None) == []
        with pytest.raises(ImproperlyConfigured, match="ZHIYUE_ALIPAY_APP_ID isn't set"):
            refuse_unsafe_production()


@pytest.mark.parametrize(
    ("days", "warned"), [("", False), ("0", False), ("1", True), ("29", True), ("30", False)]
)
def test_the_check_warns_where_events_are_kept_less_than_a_month(days, warned, tmp_path):
    answer = run_zhiyue("check", tmp_path, ZHIYUE_EVENTS_KEEP_DAYS=days)
    assert (answer.returncode, "zhiyue.W001" in answer.stderr) == (0, warned), answer.stderr


def test_serve_asks_for_a_migrated_database(tmp_path):
    answer = run_zhiyue("serve", tmp_path, PORT="0")
    assert answer.stderr.strip() == "CommandError: PORT must be a number from 1 to 65535, not “0”."
    answer = run_zhiyue("serve", tmp_path, PORT=str(free_port()))
    assert (
        answer.stderr.strip()
        == "CommandError: The database isn't up to this version. First run: zhiyue migrate"
    )


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, "1 1"),
        ({"OPENBLAS_NUM_THREADS": "3"}, "1 3"),
        ({"OMP_NUM_THREADS": "2"}, "2 2"),
        ({"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "3"}, "2 3"),
        ({"OMP_NUM_THREADS": "", "OPENBLAS_NUM_THREADS": ""}, "1 1"),
    ],
)
def test_a_web_process_multiplies_small_matrices_on_one_thread(chosen, found, tmp_path):
    clean = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
    code = (
        "import os; import zhiyue.config.asgi; "
        "print(os.environ['OMP_NUM_THREADS'], os.environ['OPENBLAS_NUM_THREADS'])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=clean | {"PYTHONPATH": str(ROOT / "src"), "ZHIYUE_DATA_DIR": str(tmp_path), **chosen},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert answer.stdout.strip() == found


def run_zhiyue(command, folder, **variables):
    clean = {
        key: value for key, value in os.environ.items() if not key.startswith(("ZHIYUE_", "DJANGO_", "PORT"))
    }
    environment = clean | {"PYTHONPATH": str(ROOT / "src"), "ZHIYUE_DATA_DIR": str(folder), **variables}
    return subprocess.run(
        [sys.executable, "-m", "zhiyue", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
