"""Backups: everything an academy is made of into one verified file, and back into an empty place."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection

from zhiyue import __version__
from zhiyue.config import archive, records
from zhiyue.config.archive import BackupFailed, Manifest, Writer
from zhiyue.config.environment import env_file
from zhiyue.core.academy.models import Proof
from zhiyue.core.academy.services import record_proof
from zhiyue.core.kit import clock

# Folders of the data folder that belong to an academy. What can be made anew (collected static files) doesn't.
FOLDERS = ("media", "lake", "artefacts")
SETTINGS_FILE = "zhiyue.env"
ENDING = ".tar.gz"
_NAME = re.compile(r"zhiyue-\d{8}-\d{6}\.tar\.gz")
_SECRET = re.compile(r"SECRET|PASSWORD|KEY|TOKEN|URL", re.IGNORECASE)


def make(*, to: Path, with_secrets: bool = False) -> Path:
    """Back up into the folder `to`, or into the file `to` where it ends in .tar.gz. Returns the file. It is recorded,
    so that desk and doctor know. Raises BackupFailed; nothing half-written stays."""
    target = _target(to)
    if not records.holds_academy():
        raise BackupFailed(
            "There is no academy here, so there is nothing to back up. Run: zhiyue init. Or name the settings of the "
            "academy you mean, by ZHIYUE_ENV_FILE."
        )
    try:
        made = _make(target, with_secrets)
    except BackupFailed as why:
        # On a full disk the record may fail, too: what is told is why the backup did.
        with suppress(DatabaseError):
            record_proof(kind=Proof.Kind.BACKUP, worked=False, detail=str(why))
        raise
    record_proof(kind=Proof.Kind.BACKUP, worked=True, detail=made.name)
    return made


def _target(to: Path) -> Path:
    if to.name.endswith(ENDING):
        if to.exists():
            raise BackupFailed(f"{to} is already there. Choose another name.")
        return to
    return to / f"zhiyue-{clock.now():%Y%m%d-%H%M%S}{ENDING}"


def _make(target: Path, with_secrets: bool) -> Path:
    draft = target.with_name(f".{target.name}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _check_room(target.parent)
        with tempfile.TemporaryDirectory(prefix=".zhiyue-backup-", dir=target.parent) as staging:
            _write(draft, Path(staging), with_secrets)
        archive.verify(draft)
        draft.rename(target)
    except (OSError, DatabaseError) as why:
        told = why.strerror if isinstance(why, OSError) else str(why)
        raise BackupFailed(
            f"The backup couldn't be written to {target.parent} ({told}). Nothing was kept."
        ) from why
    finally:
        draft.unlink(missing_ok=True)
    return target


def _check_room(folder: Path) -> None:
    """Database copy and archive stand beside each other for a while."""
    needed = 2 * _database_bytes() + sum(path.stat().st_size for _, path in _files())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupFailed(
            f"{folder} has {free // 2**20} MiB free; the backup may need {needed // 2**20 + 1} MiB. Make room, or name "
            "another folder with --to."
        )


def _database_bytes() -> int:
    if connection.vendor == "sqlite":
        path = Path(connection.settings_dict["NAME"])
        return path.stat().st_size if path.exists() else 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _write(draft: Path, staging: Path, with_secrets: bool) -> None:
    """The database first: files that came since do no harm, and a sealed day whose file went is read from the log."""
    rows, columns = records.dump(staging)
    writer = Writer(draft)
    try:
        for path in sorted((staging / records.FOLDER).iterdir()):
            writer.add(f"{records.FOLDER}/{path.name}", path)
        for name, path in _files():
            try:
                writer.add(name, path)
            except FileNotFoundError:
                continue
        if (file := env_file()) is not None:
            # As it is, to the last sign: nothing in it becomes a line of its own.
            text = file.read_bytes().decode()
            writer.add_text(SETTINGS_FILE, text if with_secrets else without_secrets(text))
        writer.finish(
            Manifest(
                made_at=clock.now().isoformat(),
                version=__version__,
                vendor=connection.vendor,
                migrations=records.applied_migrations(),
                rows=rows,
                columns=columns,
                with_secrets=with_secrets,
            )
        )
    finally:
        writer.abandon()


def _files() -> Iterator[tuple[str, Path]]:
    root = Path(settings.ZHIYUE_DATA_DIR)
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            if not hidden and path.is_file() and not path.is_symlink():
                yield path.relative_to(root).as_posix(), path


def without_secrets(text: str) -> str:
    """The settings file with every value left out that opens something. Addresses of databases hold passwords, too."""
    lines = []
    for line in text.split("\n"):
        name = line.partition("=")[0]
        lines.append(f"# {name.strip()} was left out" if "=" in line and _SECRET.search(name) else line)
    return "\n".join(lines)


def restore(*, file: Path, replace: bool = False) -> Manifest:
    """Put a backup into the data folder and the database of the settings. Raises BackupFailed: before anything was
    changed where the archive is damaged, doesn't fit, or the place isn't empty and `replace` wasn't said."""
    root = Path(settings.ZHIYUE_DATA_DIR)
    occupied = [name for name in FOLDERS if any((root / name).glob("*"))]
    if not replace and (occupied or not records.is_empty()):
        what = f"the folder {root / occupied[0]}" if occupied else "the database"
        raise BackupFailed(
            f"This place isn't empty: {what} holds something. Restore into an empty one (--into FOLDER), or say "
            "--replace: what is there now is then gone."
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".zhiyue-restore-", dir=root) as staging:
            manifest = archive.unpack(file, Path(staging))
            records.check_fits(manifest)
            records.load(Path(staging), manifest)
            for name in FOLDERS:
                _put_folder(Path(staging) / name, root / name)
            _put_settings(Path(staging) / SETTINGS_FILE, root)
    except (OSError, DatabaseError) as why:
        told = why.strerror if isinstance(why, OSError) else str(why)
        raise BackupFailed(f"The backup couldn't be put into place ({told}).") from why
    call_command("migrate", verbosity=0)
    return manifest


def _put_folder(source: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(target)
    if source.exists():
        shutil.move(source, target)


def _put_settings(source: Path, root: Path) -> None:
    """Beside the data, for the operator to look at: the settings in force are never overwritten."""
    if source.exists():
        kept = root / "restored.env"
        shutil.move(source, kept)
        os.chmod(kept, 0o600)  # noqa: PTH101


def thin_out(*, folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups of ours in `folder`. Returns what went."""
    found = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    gone = found[:-keep] if keep > 0 else []
    for path in gone:
        path.unlink()
    return gone
