"""The database out of an academy and into another: SQLite as its file, PostgreSQL as one COPY a table.

PostgreSQL goes without `pg_dump`, whose version has to fit the server's and which isn't there in many containers: all
tables are copied in one snapshot, and put back into tables that our own migrations make.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from zhiyue.config.archive import BackupFailed, Manifest
from zhiyue.core.academy.models import Academy

FOLDER = "database"
SQLITE_FILE = f"{FOLDER}/zhiyue.sqlite3"


def applied_migrations() -> list[list[str]]:
    return sorted([app, name] for app, name in MigrationRecorder(connection).applied_migrations())


def dump(folder: Path) -> tuple[dict[str, int], dict[str, list[str]]]:
    """Write the database below `folder` as it is at one moment. Returns rows and columns by table."""
    (folder / FOLDER).mkdir(parents=True)
    if connection.vendor == "postgresql":
        return _dump_postgresql(folder)
    target = folder / SQLITE_FILE
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(target)])
    return check_sqlite(target), {}


def check_sqlite(path: Path) -> dict[str, int]:
    """Rows by table. Raises BackupFailed where SQLite finds the file damaged."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            [found] = copy.execute("PRAGMA integrity_check").fetchone()
            if found != "ok":
                raise BackupFailed(f"The database is damaged: {found}.")
            tables = copy.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
            ).fetchall()
            return {
                name: copy.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - a table's name
                for (name,) in tables
            }
    except sqlite3.DatabaseError as why:
        raise BackupFailed(f"The database is damaged: {why}.") from why


def _dump_postgresql(folder: Path) -> tuple[dict[str, int], dict[str, list[str]]]:
    rows: dict[str, int] = {}
    columns: dict[str, list[str]] = {}
    with transaction.atomic(), connection.cursor() as cursor:
        # Before the first read, so that all tables are those of one moment.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in _tables(cursor):
            columns[table] = _columns(cursor, table)
            rows[table] = 0
            with (
                (folder / FOLDER / f"{table}.copy").open("wb") as out,
                cursor.copy(f"COPY {_named(table, columns[table])} TO STDOUT") as copy,
            ):
                for chunk in copy:
                    # One row a line: COPY writes a line break inside a value as \n.
                    rows[table] += bytes(chunk).count(b"\n")
                    out.write(chunk)
    return rows, columns


def _tables(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind = 'r' AND n.nspname = current_schema() ORDER BY c.relname"
    )
    return [name for (name,) in cursor.fetchall()]


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attgenerated = '' ORDER BY attnum",
        [f'"{table}"'],
    )
    return [name for (name,) in cursor.fetchall()]


def _named(table: str, columns: list[str]) -> str:
    return f'"{table}" ({", ".join(f"{chr(34)}{one}{chr(34)}" for one in columns)})'


def is_empty() -> bool:
    """Is there no table in the database of the settings? A SQLite file that isn't there isn't made by asking."""
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return True
    return not connection.introspection.table_names()


def holds_academy() -> bool:
    """Are an academy's tables in the database of the settings?"""
    return not is_empty() and Academy._meta.db_table in connection.introspection.table_names()


def check_fits(manifest: Manifest) -> None:
    """Raises BackupFailed where this installation can't take the backup."""
    if manifest.vendor != connection.vendor:
        raise BackupFailed(
            f"The backup is of a {manifest.vendor} database and this installation uses {connection.vendor}. "
            "Set ZHIYUE_DATABASE_URL to one of the same kind."
        )
    ours = set(MigrationExecutor(None).loader.disk_migrations)
    wanted = [f"{FOLDER}/{table}.copy" for table in manifest.columns] or [SQLITE_FILE]
    if missing := [name for name in wanted if name not in manifest.files]:
        raise BackupFailed(f"The backup holds no {missing[0]}, so it isn't whole. Take another one.")
    unknown = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in ours]
    if unknown:
        raise BackupFailed(
            f"The backup was made by another version of Zhiyue ({manifest.version}, with {unknown[0]}). "
            "Install that version or a newer one."
        )


def load(folder: Path, manifest: Manifest) -> None:
    """Put the unpacked database in the place of whatever is there. Raises BackupFailed."""
    if connection.vendor == "postgresql":
        _load_postgresql(folder, manifest)
        return
    if check_sqlite(folder / SQLITE_FILE) != manifest.rows:
        raise BackupFailed("The database in the backup doesn't hold the rows it should. Take another one.")
    connection.close()
    target = Path(connection.settings_dict["NAME"])
    target.parent.mkdir(parents=True, exist_ok=True)
    for old in ("-wal", "-shm"):
        target.with_name(target.name + old).unlink(missing_ok=True)
    shutil.move(folder / SQLITE_FILE, target)
    target.chmod(0o600)


def _load_postgresql(folder: Path, manifest: Manifest) -> None:
    """In one transaction: where a row can't be put back, all that was there before is there still."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in _tables(cursor):
            cursor.execute(f'DROP TABLE "{table}" CASCADE')
        # A migration may alter a table into which an earlier one put rows: PostgreSQL wants nothing left to check then.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        _migrate_as_far_as(manifest.migrations)
        # Rows come table by table, so what they point at may come later.
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        here = set(_tables(cursor))
        if missing := sorted(set(manifest.columns) - here):
            raise BackupFailed(f"This version has no table {missing[0]}, which the backup holds.")
        _empty(cursor, here)
        for table, columns in manifest.columns.items():
            with (
                (folder / FOLDER / f"{table}.copy").open("rb") as source,
                cursor.copy(f"COPY {_named(table, columns)} FROM STDIN") as copy,
            ):
                shutil.copyfileobj(source, _Into(copy), 1 << 20)
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')  # noqa: S608 - a table's name
            if cursor.fetchone() != (manifest.rows[table],):
                raise BackupFailed(f"{table} doesn't hold the rows it should. Take another backup.")
        _set_sequences(cursor)


def _empty(cursor: Any, tables: set[str]) -> None:
    """Take out what migrations put in. The others aren't touched: the audit log refuses it, empty or not."""
    filled = []
    for table in sorted(tables):
        cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}")')  # noqa: S608 - a table's name
        if cursor.fetchone() == (True,):
            filled.append(f'"{table}"')
    if filled:
        cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")


class _Into:
    def __init__(self, copy: Any) -> None:
        self.write = copy.write


def _migrate_as_far_as(migrations: list[list[str]]) -> None:
    """The tables as they were: newer migrations come after the rows."""
    executor = MigrationExecutor(connection)
    wanted = {(app, name) for app, name in migrations}
    graph = executor.loader.graph
    targets = [
        node
        for node in wanted
        if node in graph.nodes
        and not any(
            child.key in wanted and child.key[0] == node[0] for child in graph.node_map[node].children
        )
    ]
    executor.migrate(sorted(targets))


def _set_sequences(cursor: Any) -> None:
    """Numbers go on after the highest that was restored."""
    cursor.execute(
        "SELECT t.relname, a.attname, pg_get_serial_sequence(quote_ident(t.relname), a.attname) FROM pg_class t "
        "JOIN pg_attribute a ON a.attrelid = t.oid JOIN pg_namespace n ON n.oid = t.relnamespace "
        "WHERE t.relkind = 'r' AND n.nspname = current_schema() AND a.attnum > 0 AND NOT a.attisdropped"
    )
    for table, column, sequence in [row for row in cursor.fetchall() if row[2]]:
        cursor.execute(
            f'SELECT setval(%s, COALESCE(MAX("{column}"), 1), MAX("{column}") IS NOT NULL) FROM "{table}"',  # noqa: S608
            [sequence],
        )
