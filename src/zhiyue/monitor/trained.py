"""How the recommenders are: trained lately, and let serve."""

from collections.abc import Iterator

from django.utils.translation import pgettext

from zhiyue.core.kit import clock
from zhiyue.monitor.findings import Finding
from zhiyue.recommend.kinds import RefusedTraining
from zhiyue.recommend.trainings import LateTraining, late_trainings, not_there, refused_trainings


def recommenders() -> Finding:
    """Is every recommender served as it was trained last, and was that lately?"""
    name = pgettext("health", "Recommenders")
    refused, late, lacking = refused_trainings(), late_trainings(), not_there()
    if not (refused or late or lacking):
        return Finding("recommenders", name, "good", pgettext("health", "No training was refused"))
    said = [*_refused(refused), *_late(late)]
    if late or {one.policy for one in refused} - set(lacking):
        said.append(pgettext("health", "What was trained before serves on."))
    if goes := [one.policy for one in late if one.goes]:
        words = pgettext(
            "health",
            "Files that hold rows of people are dropped a week after their training: %(policies)s.",
        )
        said.append(words % {"policies": ", ".join(goes)})
    if lacking:
        words = pgettext("health", "There is no training of %(policies)s: another list stands in.")
        said.append(words % {"policies": ", ".join(lacking)})
    if any(one.is_worse for one in refused):
        advice = pgettext(
            "health",
            "If the academy changed so, run: zhiyue recommend train --policy NAME --accept. After six days the newest "
            "training serves in any case.",
        )
        said.append(advice)
    return Finding("recommenders", name, "warn", " ".join(said))


def _refused(refused: list[RefusedTraining]) -> Iterator[str]:
    for one in refused:
        told = {"policy": one.policy, "why": one.why, "was": f"{one.was:.3f}", "became": f"{one.became:.3f}"}
        words = pgettext("health", "The training of %(policy)s broke off: %(why)s.")
        if one.is_worse:
            words = pgettext(
                "health",
                "%(policy)s foretells worse: NDCG@10 fell from %(was)s to %(became)s, by more than chance explains.",
            )
        yield words % told


def _late(late: list[LateTraining]) -> Iterator[str]:
    if late:
        words = pgettext(
            "health",
            "Not trained anew for more than a day: %(policies)s. Why says “zhiyue recommend train --policy NAME”.",
        )
        since = [f"{one.policy} ({clock.business_day(one.since).isoformat()})" for one in late]
        yield words % {"policies": ", ".join(since)}
