"""`zhiyue …`: the one console command, Django's own commands and ours."""

import sys
from importlib import import_module

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from zhiyue.config.environment import SETTINGS, choose_settings


def main() -> None:
    choose_settings()
    try:
        import_module(SETTINGS)
    except ImproperlyConfigured as why:
        sys.exit(f"zhiyue: {why}")
    execute_from_command_line(["zhiyue", *sys.argv[1:]])
