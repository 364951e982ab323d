"""`zhiyue doctor`: how this installation is, in plain lines."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import translation

from zhiyue.monitor.examination import examine

_MARKS = {"good": "ok  ", "warn": "warn", "bad": "BAD "}


class Command(BaseCommand):
    help = "Look at everything an academy needs. Exits with 1 where something is bad."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="For programs.")
        parser.add_argument("--quick", action="store_true", help="Leave out what reads the whole database.")

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override("en"):
            found = examine(thorough=not options["quick"])
        states = [one.state for one in found]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
        else:
            for one in found:
                self.stdout.write(f"{_MARKS[one.state]}  {one.name}: {one.said}")
            self.stdout.write(f"\n{states.count('bad')} bad, {states.count('warn')} to look at.")
        if "bad" in states:
            raise SystemExit(1)
