"""`zhiyue serve`: web, worker and scheduler of an installation on one machine."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from zhiyue.config.checks import refuse_unsafe_production
from zhiyue.config.supervisor import CannotServe, check_folder, check_port, children, port_of, run

NEEDED_BYTES = 50 * 2**20


class Command(BaseCommand):
    help = "Serve the academy: web, worker and scheduler under one supervisor."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", default=os.environ.get("PORT", "8000"))

    def handle(self, *args: Any, **options: Any) -> None:
        host = options["host"]
        try:
            port = port_of(options["port"])
            check_port(host, port, instead=f"zhiyue serve --port {port + 1}")
            check_folder(Path(settings.ZHIYUE_DATA_DIR), needed_bytes=NEEDED_BYTES)
            refuse_unsafe_production()
        except (CannotServe, ImproperlyConfigured) as why:
            raise CommandError(str(why)) from why
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError("The database isn't up to this version. First run: zhiyue migrate")
        connection.close()
        self.stdout.write(f"Zhiyue serves on http://{host}:{port}/")
        self.stdout.flush()
        proxies = settings.ZHIYUE_PROXY_ADDRESSES if settings.ZHIYUE_BEHIND_HTTPS_PROXY else ""
        if status := run(children(host=host, port=port, proxies=proxies)):
            raise SystemExit(status)
