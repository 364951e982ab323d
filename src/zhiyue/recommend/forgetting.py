"""What becomes of people's rows in artefacts that no training replaces: a week after they were read they are gone."""

import logging
from datetime import timedelta

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from zhiyue.collect.places import Unreachable
from zhiyue.core.kit import clock
from zhiyue.recommend import artefacts, memory
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.parts import OF_PEOPLE

# A week, less what a job may come late: the page of privacy promises it to whoever deletes what they did.
ROWS_KEPT = timedelta(days=7) - timedelta(hours=1)

log = logging.getLogger(__name__)


def forget_people() -> list[str]:
    """Drop artefacts with rows of people whose acts were read a week ago, files first; the default policy stands in
    for what has none any more, and for that what most learners begin with. Those without such rows serve on. What lies
    in a place that can't be reached keeps its row, and its turn at the next call.

    returns  the policies of what was dropped
    """
    dropped = []
    for artefact in _expired():
        if not _holds_people(artefact):
            continue
        try:
            artefacts.drop([artefact.path])
        except Unreachable as problem:
            log.warning(
                "Artefact %s holds rows of people for a week and can't be dropped: %s", artefact, problem
            )
            continue
        artefact.delete()
        log.warning(
            "Artefact %s holds rows of people and was replaced by none for a week: dropped.", artefact
        )
        dropped.append(artefact.policy)
    if dropped:
        memory.forget()
    artefacts.sweep(Artefact.objects.exclude(path="").values_list("path", flat=True))
    return dropped


def _expired() -> QuerySet[Artefact]:
    read = Artefact.objects.filter(refusal="").annotate(acts_read_at=Coalesce("measured_at", "created_at"))
    return read.filter(acts_read_at__lte=clock.now() - ROWS_KEPT).order_by("pk")


def _holds_people(artefact: Artefact) -> bool:
    """By the parts that it was fitted with, whatever the policy has now; an older version didn't say."""
    return not artefact.parts or not OF_PEOPLE.isdisjoint(artefact.parts.split(", "))
