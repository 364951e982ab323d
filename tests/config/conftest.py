"""A small academy to back up."""

from pathlib import Path

import pytest
from django.db import connection

from tests.factories import make_course, make_member


@pytest.fixture
def academy(transactional_db, settings):
    """A small academy on SQLite, in this process."""
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's file is what is looked at here")
    make_member("owner@test.example")
    make_course("intuition")
    kept = Path(settings.ZHIYUE_DATA_DIR) / "media" / "a.png"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"picture" * 1000)
