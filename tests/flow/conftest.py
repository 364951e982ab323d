"""A small living academy, filled once by the demo's own services."""

import pytest
from django.conf import settings

from zhiyue.demo import services


@pytest.fixture
def academy(db, own_data_dir):
    """Forty courses, sixty members who lived three weeks, measured and trained on."""
    services.seed(members=60, history_days=21)
    return settings.ZHIYUE_DATA_DIR
