"""Words for what the lab names in code: policies and their parts, what is hidden, groups of people."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.engine.off_policy import Why
from zhiyue.product.catalogue.models import Course
from zhiyue.recommend.arms import Untellable
from zhiyue.recommend.fitting import RANKER
from zhiyue.recommend.moves import Step

Words = str | Promise

POLICIES: Mapping[str, tuple[Words, Words]] = {
    "popular": (
        pgettext_lazy("policy", "Popular"),
        pgettext_lazy("policy meaning", "What many learners took lately; the same for everybody."),
    ),
    "item-neighbours": (
        pgettext_lazy("policy", "Item neighbours"),
        pgettext_lazy("policy meaning", "Courses that learners with the same courses take."),
    ),
    "user-neighbours": (
        pgettext_lazy("policy", "User neighbours"),
        pgettext_lazy("policy meaning", "What learners with the most similar courses took besides."),
    ),
    "clusters": (
        pgettext_lazy("policy", "Clusters"),
        pgettext_lazy("policy meaning", "As user neighbours, inside groups of like taste."),
    ),
    "ease": (
        pgettext_lazy("policy", "EASE"),
        pgettext_lazy("policy meaning", "Each course foretold from all others at once."),
    ),
    "walks": (
        pgettext_lazy("policy", "Walks"),
        pgettext_lazy("policy meaning", "Where random walks over learners end, popular ends held back."),
    ),
    "factors": (
        pgettext_lazy("policy", "Factors"),
        pgettext_lazy("policy meaning", "What suits a taste, as found in everybody's choices."),
    ),
    "few-factors": (
        pgettext_lazy("policy", "Few factors"),
        pgettext_lazy("policy meaning", "As factors, short and quickly learnt; a voice in the hybrid."),
    ),
    "next-items": (
        pgettext_lazy("policy", "Next items"),
        pgettext_lazy("policy meaning", "What comes next, foretold from the order of courses."),
    ),
    "sequence": (
        pgettext_lazy("policy", "Sequence"),
        pgettext_lazy("policy meaning", "What learners took soon after the newest courses."),
    ),
    "self-attention": (
        pgettext_lazy("policy", "Self-attention"),
        pgettext_lazy("policy meaning", "What comes next, read from the whole order of courses."),
    ),
    "similar": (
        pgettext_lazy("policy", "Similar"),
        pgettext_lazy("policy meaning", "Item neighbours and content; the page of a course shows it."),
    ),
    "content": (
        pgettext_lazy("policy", "Content"),
        pgettext_lazy("policy meaning", "Courses whose title, topic and text are alike."),
    ),
    "hybrid": (
        pgettext_lazy("policy", "Hybrid"),
        pgettext_lazy(
            "policy meaning",
            "Seven of them blended, the best put in order by what people took next; the default.",
        ),
    ),
    "boosted": (
        pgettext_lazy("policy", "Boosted trees"),
        pgettext_lazy("policy meaning", "As hybrid, put in order by trees; needs LightGBM."),
    ),
    "deep": (
        pgettext_lazy("policy", "Deep"),
        pgettext_lazy("policy meaning", "As hybrid, with self-attention as a further voice; needs PyTorch."),
    ),
}
_RANKER = pgettext_lazy("policy", "its ranker")

SPLITS: Mapping[str, Words] = {
    "newest": pgettext_lazy("lab split", "The newest course of everybody who met three or more"),
    "last-7": pgettext_lazy("lab split", "All of the last 7 days"),
    "last-14": pgettext_lazy("lab split", "All of the last 14 days"),
    "last-28": pgettext_lazy("lab split", "All of the last 28 days"),
}

_BANDS: Mapping[str, Words] = {
    "0": pgettext_lazy("segment", "Nothing met before"),
    "1-3": pgettext_lazy("segment", "1 to 3 courses met"),
    "4-9": pgettext_lazy("segment", "4 to 9 courses met"),
    "10+": pgettext_lazy("segment", "10 courses or more met"),
}

_SINCE: Mapping[str, Words] = {
    "new": pgettext_lazy("segment", "Here for less than 30 days"),
    "longer": pgettext_lazy("segment", "Here for longer"),
}

# Why a log can't tell what a policy would reach alone, with its figures as `_figure` writes them.
_UNTELLABLE: Mapping[Why, Words] = {
    Why.FEW_UNITS: pgettext_lazy(
        "untellable", "people in the log so far: %(units)s; at least %(fewest)s are needed"
    ),
    Why.UNCOVERED: pgettext_lazy(
        "untellable", "it was never drawn for anybody who takes part, so the log knows nothing of it"
    ),
    Why.HARDLY_MADE: pgettext_lazy(
        "untellable",
        "it was drawn less often than the lot should have drawn it: weights average %(weight)s (%(low)s to %(high)s) "
        "where 1 is expected",
    ),
    Why.WRONG_PROPENSITIES: pgettext_lazy(
        "untellable",
        "it was drawn more often than the lot should have drawn it: weights average %(weight)s (%(low)s to %(high)s) "
        "where 1 is expected",
    ),
    Why.FEW_EFFECTIVE: pgettext_lazy(
        "untellable",
        "the days on which it was drawn say as much as %(effective)s people; at least %(fewest)s are needed",
    ),
    Why.FEW_REWARDED: pgettext_lazy(
        "untellable",
        "days on which it was drawn and something was taken up: %(rewarded)s; at least %(fewest)s are needed",
    ),
}


def policy(name: str) -> Words:
    """What a policy or a part of one is called; one without words keeps its code."""
    if name == RANKER:
        return _RANKER
    return POLICIES[name][0] if name in POLICIES else name


def meaning(name: str) -> Words:
    return POLICIES[name][1] if name in POLICIES else ""


def split(name: str) -> Words:
    return SPLITS.get(name, name)


def segment(of: str, key: str, topics: Mapping[str, str]) -> Words:
    """Who a group of people are. `topics`: names of topics by their address."""
    match of:
        case "courses":
            return _BANDS.get(key, key)
        case "since":
            return _SINCE.get(key, key)
        case "language":
            said = dict(Course.Language.choices).get(key, key)
            return pgettext("segment", "Newest course in: %(language)s") % {"language": said}
        case _:
            return pgettext("segment", "Newest course of “%(topic)s”") % {"topic": topics.get(key, key)}


STEPS: Mapping[Step, Words] = {
    "topic": pgettext_lazy("step of re-ranking", "of a topic they chose"),
    "new": pgettext_lazy("step of re-ranking", "a place kept for what is new"),
    "met": pgettext_lazy("step of re-ranking", "met already, so behind all else"),
    "rules": pgettext_lazy("step of re-ranking", "the academy's rules"),
    "level": pgettext_lazy("step of re-ranking", "how well its level fits"),
    "novelty": pgettext_lazy("step of re-ranking", "how little known it is"),
    "newest": pgettext_lazy("step of re-ranking", "answers their newest act"),
    "drawn": pgettext_lazy("step of re-ranking", "new course, drawn by lot"),
    "waited": pgettext_lazy("step of re-ranking", "waits for what is better taken first"),
    "passed": pgettext_lazy("step of re-ranking", "others were put before it"),
    "pinned": pgettext_lazy("step of re-ranking", "pinned by the academy"),
}


def step(name: Step, *, is_up: bool, needs_it: str) -> Words:
    """Which step moved a course. `needs_it`: the title of what builds on it, where it was put before that."""
    if name == "before":
        return pgettext("step of re-ranking", "before “%(title)s”, which needs it") % {"title": needs_it}
    if name == "variety":
        return (
            pgettext("step of re-ranking", "others were held back")
            if is_up
            else pgettext("step of re-ranking", "held back for variety")
        )
    return STEPS[name]


def untellable(told: Untellable) -> str:
    """Why the log can't tell what a policy would reach alone."""
    return str(_UNTELLABLE[told.why]) % {name: _figure(value) for name, value in told.figures.items()}


def _figure(value: float) -> str:
    # Cut, not rounded: what falls short by half must not look as if it were enough.
    return f"{int(value):,}" if value >= 10 or value == int(value) else f"{value:,.2f}"
