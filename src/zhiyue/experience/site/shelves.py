"""Shelves of recommended courses: what `recommend` chose, as cards with their reasons in words."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import timedelta

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from zhiyue.collect.consenting import granted_by
from zhiyue.collect.kinds import Actor
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.kit import clock
from zhiyue.experience.shell.cards import Shelf, show
from zhiyue.experience.shell.reasons import in_words
from zhiyue.product.catalogue import selectors as catalogue
from zhiyue.product.catalogue.editions import language_of_reader, titles_in
from zhiyue.recommend.kinds import Reason, Recommended, Slate
from zhiyue.recommend.policies import SHELF_LENGTH
from zhiyue.recommend.selectors import similar, slate

GRID_LENGTH = 8
# Further down the list the likeness grows thin.
ALIKE = 4


def for_you(actor: Actor, *, besides: Collection[int] = ()) -> Shelf:
    """The actor's own slate, without the courses in `besides`; before they did anything (key `start`), and without
    their consent to personalisation, what they said they care about, and what most learners begin with."""
    found = slate(actor, k=SHELF_LENGTH, slot="for-you", besides=besides)
    is_personal = any(item.reason.kind in ("act", "people") for item in found.items)
    could_be = not actor.is_nobody and Purpose.PERSONALISATION not in granted_by(actor)
    if any(item.reason.kind == "interest" for item in found.items):
        title = pgettext_lazy("shelf", "To begin with")
        reason = (
            pgettext_lazy("shelf", "From the topics you chose")
            if could_be
            else pgettext_lazy(
                "shelf", "From the topics you chose; read one lesson, and it follows what you do"
            )
        )
        shown = _shelf("interests", found, title=title, reason=reason)
        return replace(shown, could_be_personal=could_be)
    if is_personal:
        title = pgettext_lazy("shelf", "For you")
        reason = pgettext_lazy(
            "shelf", "First what goes with what you read, saved and looked at; then what others learn"
        )
    else:
        title = pgettext_lazy("shelf", "A good place to start")
        reason = (
            pgettext_lazy("shelf", "What most learners begin with, and what is new")
            if could_be
            else pgettext_lazy("shelf", "Read one lesson, and this shelf becomes yours")
        )
    key = "for-you" if is_personal else "start"
    shown = _shelf(key, found, title=title, reason=reason)
    return replace(shown, could_be_personal=could_be)


def popular(actor: Actor, *, besides: Collection[int] = ()) -> Shelf:
    """What many learners are at, without the courses in `besides`."""
    found = slate(actor, k=GRID_LENGTH, policy="popular", besides=besides)
    title = pgettext_lazy("shelf", "Popular now")
    reason = pgettext_lazy("shelf", "Popular lately, besides those above")
    return _shelf("popular", found, title=title, reason=reason, more_url=reverse("site:courses"))


def newest(*, besides: Collection[int] = ()) -> Shelf:
    """The latest courses, without those in `besides`."""
    title = pgettext_lazy("shelf", "Just published")
    latest = catalogue.newest(GRID_LENGTH + len(besides), language=language_of_reader())
    cards = [card for card in latest if card.id not in besides][:GRID_LENGTH]
    week_ago = clock.now() - timedelta(days=7)
    reasons = {card.id: in_words(Reason("new"), {}) for card in cards if card.published_at > week_ago}
    items = show(cards, reasons=reasons)
    reason = pgettext_lazy("shelf", "Newest first")
    return Shelf(
        key="new", title=title, reason=reason, policy="newest", items=items, more_url=reverse("site:courses")
    )


def close_to(course_id: int) -> Shelf:
    """Courses like this one; the shelf says so once for all of them."""
    found = similar(course_id, k=ALIKE)
    cards = catalogue.courses_by_id([item.course_id for item in found])
    title = pgettext_lazy("shelf", "Goes well with it")
    reason = pgettext_lazy("shelf", "Close to this course in what they teach and who takes them")
    items = show(
        [cards[item.course_id] for item in found if item.course_id in cards], propensities=_chances(found)
    )
    return Shelf(key="similar", title=title, reason=reason, policy=found.policy, items=items)


def _shelf(
    key: str,
    found: Slate,
    *,
    title: Promise,
    reason: Promise | str = "",
    more_url: str = "",
) -> Shelf:
    chosen = found.items
    cards = catalogue.courses_by_id([item.course_id for item in chosen])
    named = [item.reason.course_id for item in chosen if item.reason.course_id]
    titles = titles_in(language_of_reader(), named)
    reasons = {item.course_id: in_words(item.reason, titles) for item in chosen}
    shown = show(
        [cards[item.course_id] for item in chosen if item.course_id in cards],
        reasons=reasons,
        propensities=_chances(chosen),
    )
    return Shelf(
        key=key,
        title=title,
        reason=reason,
        policy=found.policy,
        items=shown,
        more_url=more_url,
        contest=found.contest,
        policy_chance=found.policy_chance,
        made_for=found.made_for,
    )


def _chances(items: Iterable[Recommended]) -> dict[int, float]:
    return {item.course_id: item.propensity for item in items}
