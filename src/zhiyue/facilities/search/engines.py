"""The one question both databases are asked: which documents hold these terms. Ranking what they name is `ranking`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from zhiyue.facilities.search.questions import Unit
from zhiyue.facilities.search.triggers import CLOSED, OPEN, kind_term
from zhiyue.facilities.search.triggers import TABLE as DOCUMENTS

# With no more matches than this, of all groups together, each of them is compared.
MOST_TOGETHER = 600
# Of a commoner word so many are looked at in each group: first where it stands in what a list shows.
MOST_IN_FACE = 300
MOST_MATCHES = 1000
# The best of them, by the database's own measure, are ranked.
MOST_RANKED = 60
# A member of more courses than this finds the text of the first ones only.
MOST_SCOPES = 400

# Id and kind of a match, and how well it fits by the measure of the database: the smaller the better.
_Match = tuple[int, str, float]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Documents in which all units of one of the `choices` stand. `is_near`: what is found is a guess anyway."""

    choices: tuple[tuple[Unit, ...], ...]
    scopes: tuple[int, ...] = ()
    is_near: bool = False


@contextmanager
def asking() -> Iterator[None]:
    """Within this block PostgreSQL reads indexes only: a limit makes reading the whole table look cheap to it, and
    every row of it would have to be unpacked."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        yield
        cursor.execute("SET LOCAL enable_seqscan = on")


def matches(wanted: Wanted, groups: Mapping[str, Sequence[str]]) -> dict[str, tuple[list[int], bool]]:
    """For each group of kinds the ids of matching documents, the likeliest first; and whether there are more."""
    ask = _postgresql if connection.vendor == "postgresql" else _sqlite
    # Asked for by kind, each match costs a look at the kind as well: for one group only that is worth it.
    kinds_of_all = next(iter(groups.values())) if len(groups) == 1 else ()
    together = ask(wanted, kinds_of_all, face=False, most=MOST_TOGETHER)
    if len(together) <= MOST_TOGETHER:
        return {
            name: _best([one for one in together if one[1] in kinds], more=False)
            for name, kinds in groups.items()
        }
    found = {}
    for name, kinds in groups.items():
        # What carries it in its face outranks what only speaks of it, so often nothing else need be read.
        rows = ask(wanted, tuple(kinds), face=True, most=MOST_IN_FACE)
        is_more = len(rows) > MOST_RANKED
        if not is_more and wanted.is_near:
            rows += [one for one in together if one[1] in kinds]
        elif not is_more:
            rest = ask(wanted, tuple(kinds), face=False, most=MOST_MATCHES)
            is_more = len(rest) > MOST_MATCHES
            rows = [*rows, *rest]
        found[name] = _best(rows, more=is_more)
    return found


def _by_fit(match: _Match) -> tuple[float, int]:
    return match[2], match[0]


def _best(rows: Sequence[_Match], *, more: bool) -> tuple[list[int], bool]:
    ids = list(dict.fromkeys(pk for pk, _, _ in rows))
    return ids[:MOST_RANKED], more or len(ids) > MOST_RANKED


def _sqlite(wanted: Wanted, kinds: Sequence[str], *, face: bool, most: int) -> list[_Match]:
    asked = _expression(wanted, quote='"', conjunction=" AND ", disjunction=" OR ")
    if face:
        asked = f"({{title_terms secondary_terms tags_terms}} : ({asked}))"
    if kinds:
        asked = f"{asked} AND kind : ({_any(kinds)})"
    rows = _match(OPEN, asked, most)
    if wanted.scopes:
        rows += _match(CLOSED, f"{asked} AND scope : ({_any(wanted.scopes[:MOST_SCOPES])})", most)
    return sorted(rows, key=_by_fit)


def _any(values: Sequence[object]) -> str:
    return " OR ".join(f'"{value}"' for value in values)


def _match(table: str, asked: str, most: int) -> list[_Match]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {table}.rowid, {DOCUMENTS}.kind, rank FROM {table} "  # noqa: S608 - names of ours
            f"CROSS JOIN {DOCUMENTS} ON {DOCUMENTS}.id = {table}.rowid WHERE {table} MATCH %s LIMIT %s",
            [asked, most + 1],
        )
        return list(cursor.fetchall())


def _postgresql(wanted: Wanted, kinds: Sequence[str], *, face: bool, most: int) -> list[_Match]:
    asked = _expression(wanted, quote="'", conjunction=" & ", disjunction=" | ")
    of_kinds = " | ".join(f"'{kind_term(kind)}'" for kind in kinds)
    column = "face" if face else "vector"
    # Whether a row is open is looked at where it lies: half of an index read for it would cost more.
    readable = "CASE WHEN is_open THEN true ELSE scope = ANY(%s) END"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, kind, -ts_rank('{{0.1, 0.3, 0.5, 1.0}}', face, %s::tsquery) FROM {DOCUMENTS} "  # noqa: S608
            f"WHERE {column} @@ %s::tsquery AND {readable} LIMIT %s",
            [
                asked,
                f"{asked} & ({of_kinds})" if kinds else asked,
                list(wanted.scopes[:MOST_SCOPES]),
                most + 1,
            ],
        )
        return sorted(cursor.fetchall(), key=_by_fit)


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
