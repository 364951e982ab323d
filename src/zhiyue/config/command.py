"""`zhiyue …`: the one console command, Django's own commands and ours. Ours speak one language, English."""

import sys
from importlib import import_module

from django.core.exceptions import ImproperlyConfigured
from django.core.management import BaseCommand, ManagementUtility
from django.utils import translation

from zhiyue.config.environment import SETTINGS, choose_settings

LANGUAGE = "en"
# These serve people, or work for them, in the language of the academy or in theirs.
_FOR_PEOPLE = frozenset({"serve", "worker", "scheduler", "demo"})


class _Commands(ManagementUtility):
    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        if type(command).__module__.startswith("zhiyue.") and subcommand not in _FOR_PEOPLE:
            # What a command says comes from many rooms, and some of it is translated for pages.
            translation.activate(LANGUAGE)
        return command


def main() -> None:
    choose_settings()
    try:
        import_module(SETTINGS)
    except ImproperlyConfigured as why:
        sys.exit(f"zhiyue: {why}")
    try:
        _Commands(["zhiyue", *sys.argv[1:]]).execute()
    finally:
        translation.deactivate()
