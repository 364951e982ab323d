"""How this installation is: what `zhiyue doctor` prints and the desk shows. It looks and changes nothing but a file it
writes and removes again."""

import os
import platform
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.checks import run_checks
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import npgettext, pgettext

from zhiyue import __version__
from zhiyue.collect import lake
from zhiyue.collect.checks import events_are_kept_long_enough
from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.models import Event
from zhiyue.collect.zones import other_zone
from zhiyue.core.academy.models import Academy, Proof
from zhiyue.core.academy.selectors import newest_proofs
from zhiyue.core.jobs import selectors as jobs
from zhiyue.core.kit import clock
from zhiyue.facilities.notices import delivery, sms
from zhiyue.facilities.notices.models import OutgoingMessage
from zhiyue.facilities.webhooks.selectors import ailing
from zhiyue.monitor.books import books
from zhiyue.monitor.findings import Finding, State
from zhiyue.monitor.trained import recommenders
from zhiyue.product.catalogue.indexing import unindexed

# Before this version a WAL database could be corrupted by two connections resetting the log at once.
SAFE_SQLITE = (3, 51, 3)
LAG_WARN_SECONDS, LAG_BAD_SECONDS = 300, 3600
DISK_WARN_BYTES, DISK_BAD_BYTES = 2 * 2**30, 200 * 2**20
BACKUP_WARN = timedelta(days=2)


def examine(*, thorough: bool) -> list[Finding]:
    """Everything there is to look at. `thorough` also reads the whole database, which takes long.

    Where the database doesn't answer, or hasn't this version's tables, what needs them is left out.
    """
    found = [_versions(), _disk(), _folder()]
    database = _database()
    found.append(database)
    if database.state == "bad":
        return [*found, *_production()]
    asked: list[Callable[[], Finding]] = [_integrity] if thorough else []
    tables = _migrations()
    found.append(tables)
    if tables.state == "good":
        asked += [
            _queue,
            _dead_jobs,
            _lake,
            _events,
            _search,
            recommenders,
            _storage,
            _mail,
            _sms,
            _webhooks,
            books,
            _backup,
            _clock,
        ]
    return [*found, *(ask() for ask in asked), *_production()]


def _versions() -> Finding:
    name = pgettext("health", "Versions")
    said = f"Zhiyue {__version__} · Python {platform.python_version()} · SQLite {sqlite3.sqlite_version}"
    old = connection.vendor == "sqlite" and sqlite3.sqlite_version_info < SAFE_SQLITE
    if old:
        advice = pgettext(
            "health",
            "This SQLite can damage a database that is written by two processes. Use 3.51.3 or newer.",
        )
        return Finding("versions", name, "warn", f"{said}. {advice}")
    return Finding("versions", name, "good", said)


def _disk() -> Finding:
    name = pgettext("health", "Disk")
    try:
        free = shutil.disk_usage(settings.ZHIYUE_DATA_DIR).free
    except OSError as why:
        return Finding("disk", name, "bad", str(why))
    state: State = "bad" if free < DISK_BAD_BYTES else "warn" if free < DISK_WARN_BYTES else "good"
    return Finding(
        "disk", name, state, pgettext("health", "%(gib)s GiB free") % {"gib": f"{free / 2**30:.1f}"}
    )


def _folder() -> Finding:
    """Can the data folder be written, and can nobody else on this machine read it?"""
    name = pgettext("health", "Data folder")
    folder = Path(settings.ZHIYUE_DATA_DIR)
    probe = folder / ".doctor"
    try:
        probe.write_bytes(b"ok")
        probe.unlink()
    except OSError as why:
        return Finding("folder", name, "bad", f"{folder}: {why.strerror}")
    if settings.ZHIYUE_ENVIRONMENT == "production" and folder.stat().st_mode & 0o007:
        advice = pgettext("health", "Every user of this machine can look into it. Run: chmod o-rwx")
        return Finding("folder", name, "warn", f"{advice} {folder}")
    return Finding("folder", name, "good", str(folder))


def _database() -> Finding:
    name = pgettext("health", "Database")
    nothing = pgettext("health", "There is no academy here. Run: zhiyue init")
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        # Asking it would make the file.
        return Finding("database", name, "bad", nothing)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        version = ".".join(map(str, connection.get_database_version()))
        is_there = Academy._meta.db_table in connection.introspection.table_names()
    except DatabaseError as why:
        return Finding("database", name, "bad", str(why).strip())
    if not is_there:
        return Finding("database", name, "bad", nothing)
    return Finding("database", name, "good", f"{connection.display_name} {version}")


def _migrations() -> Finding:
    name = pgettext("health", "Tables")
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        said = pgettext("health", "Not up to this version. Run: zhiyue migrate")
        return Finding("migrations", name, "bad", said)
    return Finding("migrations", name, "good", pgettext("health", "Up to this version"))


def _integrity() -> Finding:
    """SQLite looks through the whole file; PostgreSQL is asked about broken indexes."""
    name = pgettext("health", "Integrity")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA integrity_check")
            [told] = cursor.fetchone()
            broken = "" if told == "ok" else str(told)
            if not broken:
                cursor.execute("PRAGMA foreign_key_check")
                row = cursor.fetchone()
                broken = f"{row[0]} → {row[2]}" if row else ""
        else:
            cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
            broken = ", ".join(index for (index,) in cursor.fetchall())
    if broken:
        return Finding("integrity", name, "bad", broken[:300])
    return Finding("integrity", name, "good", pgettext("health", "Nothing broken"))


def _queue() -> Finding:
    name = pgettext("health", "Background work")
    lag = jobs.queue_lag_seconds()
    said = pgettext("health", "%(minutes)s min behind") % {"minutes": round(lag / 60)}
    if lag >= LAG_WARN_SECONDS:
        advice = pgettext("health", "Is a worker running? “zhiyue serve” starts one.")
        return Finding("queue", name, "bad" if lag >= LAG_BAD_SECONDS else "warn", f"{said}. {advice}")
    return Finding("queue", name, "good", said)


def _dead_jobs() -> Finding:
    name = pgettext("health", "Jobs given up")
    dead = jobs.counts().dead
    if dead:
        advice = pgettext("health", "They wait on the desk, with the error, to be run again or discarded.")
        return Finding("dead_jobs", name, "warn", f"{dead}. {advice}")
    return Finding("dead_jobs", name, "good", pgettext("health", "None"))


def _lake() -> Finding:
    """Can its place be used, are ended days sealed and their files whole, and what did the last verification find?"""
    name = pgettext("health", "Lake")
    try:
        broken = lake.broken_files()
        found = lake.report()
    except LakeUnreachable as why:
        return Finding("lake", name, "bad", str(why))
    if found.last_check and found.last_check.fault_count:
        said = pgettext(
            "health",
            "The last verification found faults: %(n)s. Days read from the log and sealed anew for that: %(mended)s. "
            "Run: zhiyue lake verify",
        )
        told = {"n": found.last_check.fault_count, "mended": found.last_check.mended}
        return Finding("lake", name, "bad", said % told)
    if found.damaged:
        said = pgettext(
            "health",
            "Damaged since the last verification: %(days)s. Such days are read from the log and sealed anew. Look at "
            "the disk, then run: zhiyue lake verify",
        )
        days = ", ".join(day.isoformat() for day in found.damaged[:3])
        return Finding("lake", name, "warn", said % {"days": days})
    if broken:
        said = pgettext("health", "%(file)s can't be read; its day is read from the log instead.")
        return Finding("lake", name, "warn", said % {"file": ", ".join(broken[:3])})
    ended = clock.business_day(clock.now() - lake.SETTLING - timedelta(hours=1))
    waiting = [one for one in found.open_days if one.day < ended]
    if waiting:
        said = pgettext(
            "health", "%(days)s ended days aren't sealed yet. A worker does so every ten minutes."
        )
        return Finding("lake", name, "warn", said % {"days": len(waiting)})
    said = pgettext("health", "Sealed up to yesterday: %(place)s")
    return Finding("lake", name, "good", said % {"place": found.place})


def _events() -> Finding:
    """Are events kept as long as measures look back?"""
    name = pgettext("health", "Events")
    if events_are_kept_long_enough():
        said = pgettext(
            "health",
            "ZHIYUE_EVENTS_KEEP_DAYS is %(days)s: events go before a month of them is measured. Set it to 30 or more.",
        )
        return Finding("events", name, "warn", said % {"days": settings.ZHIYUE_EVENTS_KEEP_DAYS})
    return Finding("events", name, "good", pgettext("health", "Kept as long as measures look back"))


def _search() -> Finding:
    """Can everything be found that is out?"""
    name = pgettext("health", "Search")
    missing = unindexed()
    if missing:
        advice = pgettext("health", "Published courses that can't be found: %(n)s. Run: zhiyue reindex")
        return Finding("search", name, "warn", advice % {"n": missing})
    return Finding("search", name, "good", pgettext("health", "Every published course can be found"))


def _storage() -> Finding:
    name = pgettext("health", "Pictures")
    if problem := try_storage():
        return Finding("storage", name, "bad", problem)
    return Finding("storage", name, "good", pgettext("health", "Written, read and removed"))


def try_storage() -> str:
    """Write, read and remove a file in the storage of pictures. Returns what went wrong, or nothing."""
    wanted = os.urandom(16)
    try:
        kept = default_storage.save("trial/zhiyue", ContentFile(wanted))
        with default_storage.open(kept) as file:
            came_back = file.read()
        default_storage.delete(kept)
    except OSError as why:
        return str(why)
    if came_back != wanted:
        return pgettext("health", "What was read isn't what was written.")
    return ""


def _mail() -> Finding:
    name = pgettext("health", "E-mail")
    if delivery.is_console(OutgoingMessage.Channel.MAIL):
        return Finding("mail", name, "warn", pgettext("health", "Not set up: ZHIYUE_SMTP_URL"))
    return _proved("mail", name, Proof.Kind.MAIL)


def _sms() -> Finding:
    name = pgettext("health", "SMS")
    if sms.provider() is None or delivery.is_console(OutgoingMessage.Channel.SMS):
        return Finding("sms", name, "good", pgettext("health", "Not set up; members sign in by e-mail"))
    return _proved("sms", name, Proof.Kind.SMS)


def _proved(key: str, name: str, kind: Proof.Kind) -> Finding:
    proof = newest_proofs().get(kind)
    if proof is None:
        return Finding(key, name, "warn", pgettext("health", "Set up, never tried. Try it on the desk."))
    if not proof.worked:
        return Finding(key, name, "bad", proof.detail)
    said = pgettext("health", "Worked on %(day)s") % {"day": clock.business_day(proof.at).isoformat()}
    return Finding(key, name, "good", said)


def _webhooks() -> Finding:
    """Does what is told other systems arrive?"""
    name = pgettext("health", "Webhooks")
    paused, failing = ailing()
    if paused:
        said = npgettext(
            "health",
            "%(n)s address failed for days and was paused; what happens waits. Look at it on the desk.",
            "%(n)s addresses failed for days and were paused; what happens waits. Look at them on the desk.",
            paused,
        )
        return Finding("webhooks", name, "bad", said % {"n": paused})
    if failing:
        said = npgettext(
            "health",
            "To %(n)s address nothing has arrived for an hour or more. Look at it on the desk.",
            "To %(n)s addresses nothing has arrived for an hour or more. Look at them on the desk.",
            failing,
        )
        return Finding("webhooks", name, "warn", said % {"n": failing})
    return Finding("webhooks", name, "good", pgettext("health", "Whatever is told other systems arrives"))


def _backup() -> Finding:
    name = pgettext("health", "Backup")
    proof = newest_proofs().get(Proof.Kind.BACKUP)
    if proof is None:
        return Finding("backup", name, "warn", pgettext("health", "None was ever made. Run: zhiyue backup"))
    if not proof.worked:
        return Finding("backup", name, "bad", proof.detail)
    day = clock.business_day(proof.at).isoformat()
    said = pgettext("health", "The last one is of %(day)s") % {"day": day}
    return Finding("backup", name, "warn" if clock.now() - proof.at > BACKUP_WARN else "good", said)


def _clock() -> Finding:
    name = pgettext("health", "Clock")
    now = clock.now()
    said = f"{now.astimezone(clock.business_zone()):%Y-%m-%d %H:%M} {settings.ZHIYUE_TIME_ZONE}"
    if counted := other_zone():
        advice = pgettext(
            "health",
            "Days of the event log were counted in %(zone)s. Set ZHIYUE_TIME_ZONE back, or stop the worker and run: "
            "zhiyue lake recount",
        )
        return Finding("clock", name, "warn", f"{said}. {advice % {'zone': counted}}")
    newest = Event.objects.order_by("-pk").values_list("recorded_at", flat=True).first()
    if newest is not None and newest - now > timedelta(minutes=5):
        advice = pgettext("health", "The clock goes after: there are events of later than now.")
        return Finding("clock", name, "bad", f"{said}. {advice}")
    return Finding("clock", name, "good", said)


def _production() -> Iterator[Finding]:
    name = pgettext("health", "Safe to be reached from outside")
    if settings.ZHIYUE_ENVIRONMENT != "production":
        said = pgettext("health", "This isn't production: ZHIYUE_ENVIRONMENT isn't “production”.")
        yield Finding("production", name, "warn", said)
        return
    wrong = run_checks(tags=["production"])
    for one in wrong:
        yield Finding("production", name, "bad", str(one.msg))
    if not wrong:
        yield Finding("production", name, "good", pgettext("health", "Nothing stands against it"))
