"""The table of events as docs/events.md shows it; a test compares the two."""

from collections.abc import Iterator

from zhiyue.collect.vocabulary import KINDS
from zhiyue.collect.vocabulary.kinds import EventKind, Property

HEAD = (
    "| event | what happened | told by | about | properties | serves | days |",
    "|---|---|---|---|---|---|---|",
)
_PURPOSES = {
    "ANALYTICS": "analysis",
    "PERSONALISATION": "personal",
    "MESSAGES": "messages",
    "EXPERIMENTS": "trials",
}
_UNBOUNDED = 2**53


def table() -> str:
    """A table for each family, under its name."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    for family in dict.fromkeys(kind.family for kind in KINDS.values()):
        yield from (f"### {family}", "", *HEAD)
        yield from (_row(kind) for kind in KINDS.values() if kind.family == family)
        yield ""


def _row(kind: EventKind) -> str:
    # Everything may be imported.
    origins = ", ".join(sorted(kind.origins - {"import"}))
    serves = ", ".join(
        words for name, words in _PURPOSES.items() if name in {one.name for one in kind.serves}
    )
    cells = (
        f"`{kind.name}`",
        kind.meaning,
        origins,
        "" if kind.about == "nothing" else f"{kind.about}{'?' * kind.is_course_optional}",
        "; ".join(map(_property, kind.properties)),
        f"**needed**; {serves}" if kind.is_necessary else serves,
        str(kind.days_kept),
    )
    return f"| {' | '.join(cells)} |"


def _property(one: Property) -> str:
    return f"`{one.name}`{'' if one.required else '?'} {_bounds(one)}"


def _bounds(one: Property) -> str:
    bounds = f"{one.least:,.10g}–{one.most:,.10g}"
    says = {
        "choice": " / ".join(one.choices),
        "bool": "yes or no",
        "text": f"text, {bounds} letters",
        "int_list": f"{bounds} ids",
        "number_list": f"as many numbers as `{one.along}`, {bounds}",
        "int": "id" if one.most > _UNBOUNDED else f"whole number, {bounds}",
        "number": f"number, {bounds}",
    }
    return says[one.type]
