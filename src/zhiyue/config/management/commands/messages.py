"""`zhiyue messages`: keep the translation catalogues."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from zhiyue.config import catalogues


class Command(BaseCommand):
    help = "Bring the translation catalogues up to the code and compile them."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--compile", action="store_true", help="Only compile what the catalogues hold.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["compile"]:
            for language in catalogues.LANGUAGES:
                self.stdout.write(f"{language}: {catalogues.update(language)} without a translation")
        catalogues.compile_all()
