"""The environment: which settings module every way in uses, and values that can't be misread."""

import os
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

SETTINGS = "zhiyue.config.settings"
_YES_OR_NO = {"true", "on", "ok", "y", "yes", "1", "false", "off", "n", "no", "0", ""}


def choose_settings() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)


class Environment(environ.Env):  # type: ignore[misc]
    """Reads variables; one that can't be used is an ImproperlyConfigured that names it."""

    def get_value(self, var: str, cast: Any = None, *args: Any, **kwargs: Any) -> Any:
        given = os.environ.get(var)
        if cast is bool and given is not None and given.strip().lower() not in _YES_OR_NO:
            raise ImproperlyConfigured(f"{var} must be true or false, not “{given}”.")
        try:
            return super().get_value(var, cast, *args, **kwargs)
        except ValueError as wrong:
            raise ImproperlyConfigured(f"{var} can't be “{given}”: {wrong}.") from wrong
