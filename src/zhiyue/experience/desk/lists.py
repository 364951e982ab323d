"""What the desk's lists have alike: a form that finds by words and state, and the page that an address asks for."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.experience.desk.typed import WordedForm

PAGE_SIZE = 50
# Rows of a table that leaves the academy are read so many at a time.
CHUNK = 500

State = tuple[str, str | Promise]


class FindForm(WordedForm):
    """The filters of a list. What can't be understood narrows nothing and says so."""

    q = forms.CharField(required=False, max_length=80)
    status = forms.ChoiceField(label=pgettext_lazy("order filter", "State"), required=False)

    def __init__(self, asked: QueryDict, *, finds: str | Promise, states: Iterable[State]) -> None:
        """`finds` says what words are looked for."""
        super().__init__(asked)
        self.fields["q"].label = str(finds)
        any_state = ("", pgettext_lazy("order filter", "Any"))
        self.fields["status"].choices = [any_state, *states]  # type: ignore[attr-defined]

    def sought(self) -> dict[str, str]:
        """What was understood, by the names that what is sought has."""
        self.is_valid()
        found = self.cleaned_data
        return {"words": found.get("q", ""), "status": found.get("status", "")}


def page_asked(found: QuerySet[Any], asked: QueryDict) -> Page[Any]:
    """The page of a list that an address asks for; where that is none, the nearest."""
    return Paginator(found, PAGE_SIZE).get_page(asked.get("page", ""))


def filters_asked(asked: QueryDict) -> dict[str, object]:
    """For the page of a list: the address of its filters without a page, and whether anything narrows it."""
    kept = asked.copy()
    kept.pop("page", None)
    return {"asked": kept.urlencode(), "narrowed": any(kept.values())}
