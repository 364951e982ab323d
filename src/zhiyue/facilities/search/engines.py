"""The one question both databases are asked: which documents hold these terms. Ranking what they name is `ranking`."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from zhiyue.facilities.search.questions import Unit
from zhiyue.facilities.search.triggers import CLOSED, OPEN

# As many matches are looked at in one index; of those the best by the database's own measure are ranked.
MOST_MATCHES = 3000
MOST_RANKED = 60
# A member of more courses than this finds the text of the first ones only.
MOST_SCOPES = 400


@dataclass(frozen=True, slots=True)
class Wanted:
    """Documents in which all units of one of the `choices` stand."""

    choices: tuple[tuple[Unit, ...], ...]
    kinds: tuple[str, ...]
    scopes: tuple[int, ...] = ()


def matches(wanted: Wanted) -> tuple[list[int], bool]:
    """Ids of matching documents, the likeliest first; and whether there are more than were looked at."""
    ask = _postgresql if connection.vendor == "postgresql" else _sqlite
    found, is_more = ask(wanted, face=False)
    if is_more:
        # So common that the best may be among those not looked at: what carries it in its face comes first.
        first, _ = ask(wanted, face=True)
        found = [*first, *found]
    return list(dict.fromkeys(found))[:MOST_RANKED], is_more or len(found) > MOST_RANKED


def _sqlite(wanted: Wanted, *, face: bool) -> tuple[list[int], bool]:
    expression = _expression(wanted, quote='"', conjunction=" AND ", disjunction=" OR ")
    if face:
        expression = f"{{title_terms secondary_terms tags_terms}} : ({expression})"
    kinds = " OR ".join(f'"{kind}"' for kind in wanted.kinds)
    asked = f"({expression}) AND kind : ({kinds})"
    rows = _match(OPEN, asked)
    is_more = len(rows) > MOST_MATCHES
    if wanted.scopes:
        scopes = " OR ".join(f'"{scope}"' for scope in wanted.scopes[:MOST_SCOPES])
        closed = _match(CLOSED, f"{asked} AND scope : ({scopes})")
        is_more = is_more or len(closed) > MOST_MATCHES
        rows += closed
    rows.sort(key=lambda row: (row[1], row[0]))
    return [row[0] for row in rows], is_more


def _match(table: str, asked: str) -> list[tuple[int, float]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT rowid, rank FROM {table} WHERE {table} MATCH %s LIMIT %s",  # noqa: S608 - a name of ours
            [asked, MOST_MATCHES + 1],
        )
        return list(cursor.fetchall())


def _postgresql(wanted: Wanted, *, face: bool) -> tuple[list[int], bool]:
    asked = _expression(wanted, quote="'", conjunction=" & ", disjunction=" | ")
    column = "face" if face else "vector"
    with transaction.atomic(), connection.cursor() as cursor:
        # A limit makes reading the whole table look cheap, and every row of it would have to be unpacked.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "SELECT id, ts_rank('{0.1, 0.3, 0.5, 1.0}', face, %s::tsquery) FROM search_document "  # noqa: S608
            f"WHERE {column} @@ %s::tsquery AND kind = ANY(%s) AND (is_open OR scope = ANY(%s)) LIMIT %s",
            [
                asked,
                asked,
                list(wanted.kinds),
                list(wanted.scopes[:MOST_SCOPES]),
                MOST_MATCHES + 1,
            ],
        )
        rows = cursor.fetchall()
        cursor.execute("SET LOCAL enable_seqscan = on")
    rows.sort(key=lambda row: (-row[1], row[0]))
    return [row[0] for row in rows], len(rows) > MOST_MATCHES


def _expression(wanted: Wanted, *, quote: str, conjunction: str, disjunction: str) -> str:
    """The choices in the words of a database. Terms hold letters and digits only, so none can end its quotes."""

    def all_of(parts: Sequence[str]) -> str:
        return "(" + conjunction.join(parts) + ")"

    def any_of(parts: Sequence[str]) -> str:
        return "(" + disjunction.join(parts) + ")"

    return any_of(
        [
            all_of(
                [
                    any_of([all_of([f"{quote}{term}{quote}" for term in way.terms]) for way in unit.ways])
                    for unit in choice
                ]
            )
            for choice in wanted.choices
        ]
    )
