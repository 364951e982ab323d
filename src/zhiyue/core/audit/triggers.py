"""What makes the audit log append-only: the database refuses UPDATE and DELETE, whoever asks, and the ways round them:
TRUNCATE of PostgreSQL, and INSERT OR REPLACE of SQLite, which removes a row without asking the trigger for DELETE.

On SQLite a migration that alters the table makes it anew, without these: it must install them again.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "audit_auditentry"


def install(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for statement in _POSTGRESQL if connection.vendor == "postgresql" else _SQLITE:
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    on = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for verb in ("update", "delete", "replace", "truncate"):
            cursor.execute(f"DROP TRIGGER IF EXISTS audit_no_{verb}{on}")


_REFUSE = "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
_IS_THERE = f"EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"  # noqa: S608 - a table's name
_SQLITE = [
    *(
        f"CREATE TRIGGER IF NOT EXISTS audit_no_{verb} BEFORE {verb.upper()} ON {TABLE} {_REFUSE}"
        for verb in ("update", "delete")
    ),
    f"CREATE TRIGGER IF NOT EXISTS audit_no_replace BEFORE INSERT ON {TABLE} WHEN {_IS_THERE} {_REFUSE}",
]
_POSTGRESQL = [
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    *(
        f"CREATE OR REPLACE TRIGGER audit_no_{verb} BEFORE {verb.upper()} ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
        for verb in ("update", "delete")
    ),
    f"CREATE OR REPLACE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
]
