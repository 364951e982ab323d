"""The steps of a training that grow with the square of what people did, and where they are taken: in this process, or
on the Spark of the settings."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol, TypeVar

from django.conf import ENVIRONMENT_VARIABLE as SETTINGS_IN
from django.conf import settings

from zhiyue.engine.kinds import Acts, Recommender
from zhiyue.engine.recommenders import factors, item_neighbours, popular, sequence, walks
from zhiyue.engine.recommenders.factors import FactorsConfig
from zhiyue.engine.recommenders.item_neighbours import ItemNeighboursConfig
from zhiyue.engine.recommenders.popular import Popular, PopularConfig
from zhiyue.engine.recommenders.sequence import SequenceConfig
from zhiyue.engine.recommenders.walks import WalksConfig
from zhiyue.recommend import spark
from zhiyue.recommend.errors import NotPossible, SparkGone

Model = TypeVar("Model")


class Steps(Protocol):
    """Each as the `fit` of its algorithm, which says what it raises."""

    def popular(self, acts: Acts, config: PopularConfig) -> Popular: ...

    def item_neighbours(self, acts: Acts, config: ItemNeighboursConfig) -> Recommender: ...

    def sequence(self, acts: Acts, config: SequenceConfig) -> Recommender: ...

    def walks(self, acts: Acts, config: WalksConfig) -> Recommender: ...

    def factors(self, acts: Acts, config: FactorsConfig) -> Recommender: ...


class _Here:
    def popular(self, acts: Acts, config: PopularConfig) -> Popular:
        return popular.fit(acts, config)

    def item_neighbours(self, acts: Acts, config: ItemNeighboursConfig) -> Recommender:
        return item_neighbours.fit(acts, config)

    def sequence(self, acts: Acts, config: SequenceConfig) -> Recommender:
        return sequence.fit(acts, config)

    def walks(self, acts: Acts, config: WalksConfig) -> Recommender:
        return walks.fit(acts, config)

    def factors(self, acts: Acts, config: FactorsConfig) -> Recommender:
        return factors.fit(acts, config)


HERE: Steps = _Here()


class _OnDemand:
    """On a Spark that `opened` opens when it is first needed. Where it can't be had, or has ended, every step that
    needs it raises NotPossible, without trying again: what Spark was set up for would be too much for this machine.
    Popularity, which every policy has, isn't: it is counted here then, and policies without any other step go on."""

    def __init__(self, opened: Callable[[], Steps]) -> None:
        self._open = opened
        self._opened: Steps | None = None
        self._why = ""

    def popular(self, acts: Acts, config: PopularConfig) -> Popular:
        try:
            return self._taken(lambda there: there.popular(acts, config))
        except NotPossible:
            return HERE.popular(acts, config)

    def item_neighbours(self, acts: Acts, config: ItemNeighboursConfig) -> Recommender:
        return self._taken(lambda there: there.item_neighbours(acts, config))

    def sequence(self, acts: Acts, config: SequenceConfig) -> Recommender:
        return self._taken(lambda there: there.sequence(acts, config))

    def walks(self, acts: Acts, config: WalksConfig) -> Recommender:
        return self._taken(lambda there: there.walks(acts, config))

    def factors(self, acts: Acts, config: FactorsConfig) -> Recommender:
        return self._taken(lambda there: there.factors(acts, config))

    def _taken(self, step: Callable[[Steps], Model]) -> Model:
        try:
            return step(self._there())
        except SparkGone as problem:
            self._why = str(problem)
            raise

    def _there(self) -> Steps:
        if self._why:
            raise NotPossible(self._why)
        if self._opened is None:
            try:
                self._opened = self._open()
            except NotPossible as problem:
                self._why = str(problem)
                raise
        return self._opened


@contextmanager
def chosen(tell: Callable[[str], object] = lambda _: None) -> Iterator[Steps]:
    """The steps as the settings want them; without settings, as in a notebook, those of this process. `tell` hears of
    each that Spark took; a step raises NotPossible where the Spark of the settings can't be had."""
    if not (settings.configured or SETTINGS_IN in os.environ) or not settings.ZHIYUE_SPARK_MASTER:
        yield HERE
        return
    with ExitStack() as to_be_ended:

        def opened() -> Steps:
            session = to_be_ended.enter_context(spark.session(settings.ZHIYUE_SPARK_MASTER))
            return spark.OnSpark(session, tell)

        yield _OnDemand(opened)
