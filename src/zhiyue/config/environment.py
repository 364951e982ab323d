"""Names the settings module for every way in: command line, ASGI, tests."""

import os

SETTINGS = "zhiyue.config.settings"


def choose_settings() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
