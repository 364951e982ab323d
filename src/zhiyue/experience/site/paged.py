"""Lists of one's own that may grow long: so many at a time, further by a plain link, and a box to find one among many.
What the address says of other lists on the page stays as it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.core.paginator import Paginator
from django.http import HttpRequest, QueryDict

Row = TypeVar("Row")

AT_ONCE = 20
_WORDS_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Paged(Generic[Row]):
    """One page of a list. `total` of those that are sought; `more` and `newest`: queries of the page after this one and
    of the first, empty where there is none. `kept`: what a form that searches sends besides its words."""

    key: str
    rows: Sequence[Row]
    total: int
    first: int
    last: int
    words: str
    is_long: bool
    more: str
    newest: str
    kept: Sequence[tuple[str, str]]

    @property
    def is_there(self) -> bool:
        """A search that found nothing is no empty list."""
        return bool(self.total or self.words)


def words_of(request: HttpRequest, key: str) -> str:
    """What is sought in the list `key`."""
    return request.GET.get(f"{key}-with", "").replace("\0", "").strip()[:_WORDS_LENGTH]


def paged(request: HttpRequest, key: str, pages: "Paginator[Row]") -> Paged[Row]:
    """Of `pages`, those of what holds `words_of`, newest first, the one that the address asks for; the nearest there is
    where it asks for another."""
    words, total = words_of(request, key), pages.count
    page = pages.get_page(request.GET.get(key))
    return Paged(
        key=key,
        rows=list(page.object_list),
        total=total,
        first=page.start_index(),
        last=page.end_index(),
        words=words,
        is_long=bool(words) or pages.num_pages > 1,
        more=_query(request.GET, key, str(page.number + 1)) if page.has_next() else "",
        newest=_query(request.GET, key, "") if page.has_previous() else "",
        kept=[
            (name, value)
            for name, value in request.GET.items()
            if isinstance(value, str) and name not in (key, f"{key}-with")
        ],
    )


def _query(asked: QueryDict, key: str, number: str) -> str:
    query = asked.copy()
    query.pop(key, None)
    if number:
        query[key] = number
    return f"?{query.urlencode()}"
