"""kill -9 between any two steps of an order, a membership, a refund, a reconciliation or a night: afterwards the books
balance, each right is there exactly once, and money came, went back and was paid out exactly once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.collect.test_killing import database_url

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "program", ["killed", "killed_refunding", "killed_reconciling", "killed_offers", "killed_nightly"]
)
def test_killed_at_any_moment_money_comes_and_goes_once(program):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("ZHIYUE_", "DJANGO_"))}
    ended = subprocess.run(
        [sys.executable, "-m", f"tests.product.commerce.{program}"],
        cwd=ROOT,
        env=clean
        | {
            "DJANGO_SETTINGS_MODULE": "zhiyue.config.settings",
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "ZHIYUE_ENVIRONMENT": "test",
            "ZHIYUE_PAYMENT_PROVIDERS": "sandbox",
            "ZHIYUE_DATABASE_URL": database_url(),
            "ZHIYUE_DATA_DIR": str(settings.ZHIYUE_DATA_DIR),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "the books balance" in ended.stdout
