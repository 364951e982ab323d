"""`zhiyue events`: the table of events, as docs/events.md shows it."""

from typing import Any

from django.core.management.base import BaseCommand

from zhiyue.collect.vocabulary.page import table


class Command(BaseCommand):
    help = "Print the table of events: what is recorded, who may tell it, what for, and how long it is kept."
    requires_system_checks = ()
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(table(), ending="")
