"""What keeps agreements and acceptances as they were: the database refuses UPDATE, whoever asks.

On SQLite a migration that alters these tables makes them anew, without the triggers: it must install them again.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLES = ("academy_agreement", "academy_agreementacceptance")


def install(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for statement in _postgresql() if connection.vendor == "postgresql" else _sqlite():
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {table}_stays{on}")


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table}_stays BEFORE UPDATE ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'what was agreed never changes'); END"
        for table in TABLES
    ]


def _postgresql() -> list[str]:
    function = (
        "CREATE OR REPLACE FUNCTION academy_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
        "'what was agreed never changes' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    return [
        function,
        *(
            f"CREATE OR REPLACE TRIGGER {table}_stays BEFORE UPDATE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION academy_refuse()"
            for table in TABLES
        ),
    ]
