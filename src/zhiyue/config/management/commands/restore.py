"""`zhiyue restore`: a backup into an empty place."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from zhiyue.config import backup
from zhiyue.config.archive import BackupFailed


class Command(BaseCommand):
    help = "Put a backup into the data folder and the database of the settings. Stop the academy first."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--into", help="Another data folder; with SQLite the database goes there, too.")
        parser.add_argument("--replace", action="store_true", help="Give up what is there now.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["into"]:
            self._elsewhere(Path(options["into"]).resolve(), options)
            return
        try:
            manifest = backup.restore(file=Path(options["file"]), replace=options["replace"])
        except BackupFailed as why:
            raise CommandError(str(why)) from why
        rows = sum(manifest.rows.values())
        self.stdout.write(
            f"Restored {rows} rows and {len(manifest.files)} files of {manifest.made_at[:16]}. Now run: zhiyue doctor"
        )

    def _elsewhere(self, folder: Path, options: dict[str, Any]) -> None:
        """The same command with other settings, which only a process of its own can have."""
        environment = {**os.environ, "ZHIYUE_DATA_DIR": str(folder)}
        if connection.vendor == "sqlite":
            environment["ZHIYUE_DATABASE_URL"] = f"sqlite:///{folder}/zhiyue.sqlite3"
        command = [sys.executable, "-m", "zhiyue", "restore", str(Path(options["file"]).resolve())]
        command += ["--replace"] if options["replace"] else []
        status = subprocess.run(command, env=environment, check=False).returncode
        if status:
            raise SystemExit(status)
