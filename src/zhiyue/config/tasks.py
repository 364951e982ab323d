"""Background entries of the installation itself."""

from pathlib import Path

from django.conf import settings

from zhiyue.config import backup
from zhiyue.core.jobs.registry import daily, job


@job(name="config.backup", attempts=3, lease_seconds=120, backoff_seconds=600)
def back_up() -> None:
    """The daily backup, where the operator named a folder for it."""
    if settings.ZHIYUE_BACKUP_FOLDER:
        folder = Path(settings.ZHIYUE_BACKUP_FOLDER)
        backup.make(to=folder)
        backup.thin_out(folder=folder, keep=settings.ZHIYUE_BACKUP_KEEP)


daily(at="03:20", job=back_up)
