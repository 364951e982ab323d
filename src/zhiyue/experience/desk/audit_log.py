"""The audit log as an address asks for it: the form of its filters, and what they mean."""

from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.core.audit.selectors import Sought, actors, acts_noted
from zhiyue.experience.desk.entries import act_words
from zhiyue.experience.desk.members import day_field
from zhiyue.experience.desk.typed import WordedForm

CONSOLE = "console"


class SeekForm(WordedForm):
    """Who, which act, about whom, on which days. What can't be understood narrows nothing and says so."""

    who = forms.ChoiceField(label=pgettext_lazy("audit filter", "Who"), required=False)
    act = forms.ChoiceField(label=pgettext_lazy("audit filter", "Act"), required=False)
    subject = forms.CharField(
        label=pgettext_lazy("audit filter", "What or whom about"), required=False, max_length=80
    )
    since = day_field(pgettext_lazy("audit filter", "From"))
    until = day_field(pgettext_lazy("audit filter", "Until"))

    def __init__(self, asked: QueryDict) -> None:
        super().__init__(asked)
        anybody: list[tuple[str, str | Promise]] = [
            ("", pgettext_lazy("audit filter", "Anybody")),
            (CONSOLE, pgettext_lazy("audit", "The console")),
        ]
        any_act: list[tuple[str, str | Promise]] = [("", pgettext_lazy("audit filter", "Any act"))]
        acts = sorted(((code, str(act_words(code))) for code in acts_noted()), key=lambda pair: pair[1])
        self._choose("who", anybody + [(str(pk), name) for pk, name in actors()])
        self._choose("act", any_act + [(code, words) for code, words in acts])

    def _choose(self, name: str, choices: list[tuple[str, str | Promise]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices


def sought(form: SeekForm, asked: QueryDict) -> Sought:
    """What a form asks for; `kind` and `id` of the address name one subject exactly."""
    form.is_valid()
    found = form.cleaned_data
    who = found.get("who", "")
    return Sought(
        by_id=int(who) if who and who != CONSOLE else None,
        by_console=who == CONSOLE,
        act=found.get("act", ""),
        subject=found.get("subject", "").strip(),
        kind=asked.get("kind", "")[:20],
        subject_id=asked.get("id", "")[:40],
        since=found.get("since"),
        until=found.get("until"),
    )
