"""What keeps the index in step with `Document`: triggers, so that no write can forget it.

SQLite: two FTS5 tables without content, one for open rows and one for closed ones. PostgreSQL: two tsvector columns
with GIN indexes, of everything and of what a list shows. They hold the terms as Python cut them. On SQLite a migration
that alters the table makes it anew, without these: it must call `remove` before and `install` after.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "search_document"
OPEN, CLOSED = "search_open", "search_closed"
_COLUMNS = ("title_terms", "secondary_terms", "tags_terms", "body_terms", "pairs", "kind", "scope")
# How much a term counts by where it stands, when more is found than can be ranked.
_WEIGHTS = "10.0, 5.0, 3.0, 1.0, 0.5, 0.0, 0.0"


def kind_term(kind: str) -> str:
    """On PostgreSQL a kind is a term of both vectors, so that the index alone finds the rows of a kind."""
    return f"kind:{kind}"


def install(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for statement in _POSTGRESQL if connection.vendor == "postgresql" else _sqlite():
            cursor.execute(statement)


def put_kinds_into_the_index(connection: BaseDatabaseWrapper) -> None:
    """For rows from before a kind was a term: the function anew, and every row through it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(_PUT)
            cursor.execute(f"UPDATE {TABLE} SET title_terms = title_terms")  # noqa: S608 - a name of ours


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for statement in _NO_POSTGRESQL if connection.vendor == "postgresql" else _no_sqlite():
            cursor.execute(statement)


def _sqlite() -> list[str]:
    """Every name in these is one of ours, written above."""
    statements = []
    for table in (OPEN, CLOSED):
        statements += [
            f"CREATE VIRTUAL TABLE {table} USING fts5({', '.join(_COLUMNS)}, "
            "content='', detail=column, tokenize='ascii')",
            f"INSERT INTO {table}({table}, rank) VALUES ('rank', 'bm25({_WEIGHTS})')",  # noqa: S608
        ]
        which = "" if table == OPEN else "NOT "
        put = f"INSERT INTO {table}(rowid, {', '.join(_COLUMNS)}) VALUES (new.id, {_of('new')});"  # noqa: S608
        take = (
            f"INSERT INTO {table}({table}, rowid, {', '.join(_COLUMNS)}) "  # noqa: S608
            f"VALUES ('delete', old.id, {_of('old')});"
        )
        statements += [
            f"CREATE TRIGGER {table}_put AFTER INSERT ON {TABLE} WHEN {which}new.is_open BEGIN {put} END",
            f"CREATE TRIGGER {table}_take AFTER DELETE ON {TABLE} WHEN {which}old.is_open BEGIN {take} END",
            f"CREATE TRIGGER {table}_change AFTER UPDATE OF {', '.join(_COLUMNS)} ON {TABLE} "
            f"WHEN {which}new.is_open BEGIN {take} {put} END",
        ]
    # A row that changed sides would stay in the index it was in.
    statements.append(
        f"CREATE TRIGGER search_side BEFORE UPDATE OF is_open, id ON {TABLE} "
        "WHEN old.is_open <> new.is_open OR old.id <> new.id "
        "BEGIN SELECT RAISE(ABORT, 'a document keeps its id and side'); END"
    )
    return statements


def _of(row: str) -> str:
    return ", ".join(f"{row}.{column}" for column in _COLUMNS)


def _no_sqlite() -> list[str]:
    drops = [
        f"DROP TRIGGER IF EXISTS {table}_{verb}"
        for table in (OPEN, CLOSED)
        for verb in ("put", "take", "change")
    ]
    return [
        *drops,
        "DROP TRIGGER IF EXISTS search_side",
        f"DROP TABLE IF EXISTS {OPEN}",
        f"DROP TABLE IF EXISTS {CLOSED}",
    ]


# Terms are letters and digits, so they need no quoting inside ''; the weights are those of fields.
_PUT = (
    "CREATE OR REPLACE FUNCTION search_put() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN NEW.face := (search_lexemes(NEW.title_terms, '1A') || ' ' || "
    "search_lexemes(NEW.secondary_terms, '2B') || ' ' || search_lexemes(NEW.tags_terms, '3C') || "
    f"' ''{kind_term('')}' || NEW.kind || '''')::tsvector; "
    "NEW.vector := strip(NEW.face) || (search_lexemes(NEW.body_terms, '4D') || ' ' || "
    "search_lexemes(NEW.pairs, '5D'))::tsvector; RETURN NEW; END $$"
)
_POSTGRESQL = [
    "CREATE OR REPLACE FUNCTION search_lexemes(terms text, place text) RETURNS text LANGUAGE sql IMMUTABLE AS "
    "$$ SELECT coalesce(string_agg(DISTINCT '''' || term || ''':' || place, ' '), '') "
    "FROM unnest(string_to_array(terms, ' ')) AS term WHERE term <> '' $$",
    _PUT,
    # What is compared for order is small and lies in the row; what is only matched lies in the index.
    f"ALTER TABLE {TABLE} ADD COLUMN vector tsvector, ADD COLUMN face tsvector",
    f"CREATE INDEX search_vector ON {TABLE} USING gin (vector) WITH (fastupdate = off)",
    f"CREATE INDEX search_face ON {TABLE} USING gin (face) WITH (fastupdate = off)",
    f"CREATE TRIGGER search_put BEFORE INSERT OR UPDATE OF title_terms, secondary_terms, tags_terms, body_terms, pairs "
    f"ON {TABLE} FOR EACH ROW EXECUTE FUNCTION search_put()",
]
_NO_POSTGRESQL = [
    f"DROP TRIGGER IF EXISTS search_put ON {TABLE}",
    "DROP INDEX IF EXISTS search_vector",
    "DROP INDEX IF EXISTS search_face",
    f"ALTER TABLE {TABLE} DROP COLUMN IF EXISTS vector, DROP COLUMN IF EXISTS face",
    "DROP FUNCTION IF EXISTS search_put()",
    "DROP FUNCTION IF EXISTS search_lexemes(text, text)",
]
