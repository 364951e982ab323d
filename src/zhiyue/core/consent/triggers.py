"""What keeps choices as they were made: the database refuses UPDATE, whoever asks. Rows go with their person.

On SQLite a migration that alters the table makes it anew, without the trigger: it must install it again.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "consent_choice"


def install(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for statement in _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    on = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_stays{on}")


_SQLITE = [
    f"CREATE TRIGGER IF NOT EXISTS {TABLE}_stays BEFORE UPDATE ON {TABLE} "
    "BEGIN SELECT RAISE(ABORT, 'what was chosen never changes'); END"
]
_POSTGRESQL = [
    "CREATE OR REPLACE FUNCTION consent_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION "
    "'what was chosen never changes' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    f"CREATE OR REPLACE TRIGGER {TABLE}_stays BEFORE UPDATE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION consent_refuse()",
]
