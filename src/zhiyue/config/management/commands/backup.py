"""`zhiyue backup`: the whole academy into one file, while it runs."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhiyue.config import backup
from zhiyue.config.archive import BackupFailed


class Command(BaseCommand):
    help = "Write database, pictures, lake and artefacts into one verified file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to",
            help="A folder, or a file ending in .tar.gz. Usually ZHIYUE_BACKUP_FOLDER, or backups in the data folder.",
        )
        parser.add_argument(
            "--with-secrets",
            action="store_true",
            help="Keep keys and passwords in the settings file that goes along.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        usual = settings.ZHIYUE_BACKUP_FOLDER or Path(settings.ZHIYUE_DATA_DIR) / "backups"
        try:
            made = backup.make(to=Path(options["to"] or usual), with_secrets=options["with_secrets"])
        except BackupFailed as why:
            raise CommandError(str(why)) from why
        self.stdout.write(f"{made} ({made.stat().st_size / 2**20:.1f} MiB, read again and found whole)")
