"""`zhiyue serve`: web, worker and scheduler of an installation on one machine."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhiyue.config.supervisor import CannotServe, check_port, children, run


class Command(BaseCommand):
    help = "Serve the academy: web, worker and scheduler under one supervisor."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument(
            "--reload", action="store_true", help="Start the web process again when the code changes."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            check_port(options["host"], options["port"])
        except CannotServe as why:
            raise CommandError(str(why)) from why
        self.check(databases=["default"])
        self.stdout.write(f"Zhiyue serves on http://{options['host']}:{options['port']}/")
        status = run(children(host=options["host"], port=options["port"], reload=options["reload"]))
        if status:
            raise SystemExit(status)
