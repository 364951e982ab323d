"""The tables of commerce that are only ever added to: the database refuses UPDATE and DELETE, whoever asks, and the
ways round them: TRUNCATE of PostgreSQL, and INSERT OR REPLACE of SQLite, which removes a row without asking the trigger
of DELETE.

On SQLite a migration that alters such a table makes it anew, without these: it must install them again.
"""

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

FIRST_TABLES = ("commerce_orderstep", "commerce_entry", "commerce_posting", "commerce_providernotice")
# What came later: a migration names those of its own day.
PAYOUT_TABLES = ("commerce_payoutline",)
TABLES = (*FIRST_TABLES, *PAYOUT_TABLES)
_VERBS = ("update", "delete", "replace", "truncate")


def install(connection: BaseDatabaseWrapper, tables: Iterable[str] = TABLES) -> None:
    for table in tables:
        _install(connection, table)


def remove(connection: BaseDatabaseWrapper, tables: Iterable[str] = TABLES) -> None:
    for table in tables:
        _remove(connection, table)


def _install(connection: BaseDatabaseWrapper, table: str) -> None:
    statements = _postgresql(table) if connection.vendor == "postgresql" else _sqlite(table)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _remove(connection: BaseDatabaseWrapper, table: str) -> None:
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for verb in _VERBS:
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{verb}{on}")


def _sqlite(table: str) -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    is_there = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608 - a table's name
    return [
        *(
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{verb} BEFORE {verb.upper()} ON {table} {refuse}"
            for verb in ("update", "delete")
        ),
        f"CREATE TRIGGER IF NOT EXISTS {table}_no_replace BEFORE INSERT ON {table} WHEN {is_there} {refuse}",
    ]


def _postgresql(table: str) -> list[str]:
    return [
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$",
        *(
            f"CREATE OR REPLACE TRIGGER {table}_no_{verb} BEFORE {verb.upper()} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION append_only()"
            for verb in ("update", "delete")
        ),
        f"CREATE OR REPLACE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION append_only()",
    ]
