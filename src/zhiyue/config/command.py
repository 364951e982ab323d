"""`zhiyue …`: the one console command, Django's own commands and ours."""

import sys

from django.core.management import execute_from_command_line

from zhiyue.config.environment import choose_settings


def main() -> None:
    choose_settings()
    execute_from_command_line(["zhiyue", *sys.argv[1:]])
