"""The product's own settings, with a data folder and a database that go with the run."""

import os
import tempfile
from pathlib import Path

os.environ["ZHIYUE_DATA_DIR"] = tempfile.mkdtemp(prefix="zhiyue-test-")
os.environ.setdefault("ZHIYUE_ENVIRONMENT", "test")
if (_worker := os.environ.get("PYTEST_XDIST_WORKER")) and "ZHIYUE_REDIS_URL" in os.environ:
    # Each parallel worker has a Redis database of its own: tests empty their cache.
    os.environ["ZHIYUE_REDIS_URL"] += f"?db={_worker.removeprefix('gw')}"

from zhiyue.config.settings import *  # noqa: F403
from zhiyue.config.settings import DATABASES, ZHIYUE_DATA_DIR

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, so that threads and other processes see the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(ZHIYUE_DATA_DIR) / "test.sqlite3")}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ZHIYUE_DEMO = True
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
# Else the first page of each test would cost the queries that come once in ten minutes.
USERSESSIONS_TRACK_ACTIVITY = False
