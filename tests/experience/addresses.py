"""Every address of the academy, read from the URL configuration itself, so that none can be forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True, slots=True)
class Address:
    """One pattern: its full name (`desk:jobs`), its route and the names of what varies in it."""

    name: str
    route: str
    parameters: tuple[str, ...]


def addresses() -> list[Address]:
    return list(_below(get_resolver().url_patterns, "", ""))


def _below(patterns: list[URLPattern | URLResolver], before: str, space: str) -> Iterator[Address]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if getattr(pattern, "namespace", None) == "admin":
            # Django's own addresses, many a table: tests/config/test_admin.py walks them.
            continue
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _below(pattern.url_patterns, route, inner)
        else:
            named = pattern.pattern.converters or getattr(pattern.pattern, "regex", None)
            parameters = tuple(named) if isinstance(named, dict) else tuple(named.groupindex) if named else ()
            yield Address(f"{space}{pattern.name or route}", route, parameters)
