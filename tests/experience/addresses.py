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


def _below(
    patterns: list[URLPattern | URLResolver], before: str, space: str, varies: tuple[str, ...] = ()
) -> Iterator[Address]:
    for pattern in patterns:
        route, here = before + str(pattern.pattern), (*varies, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            # Django's own surface; that it opens to owners alone is tested beside it, table by table.
            if pattern.namespace == "admin":
                continue
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _below(pattern.url_patterns, route, inner, here)
        else:
            yield Address(f"{space}{pattern.name or route}", route, here)
