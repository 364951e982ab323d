"""People who took the same items: what the nearest of them have besides is proposed."""

from dataclasses import dataclass

from zhiyue.engine.kinds import Acts
from zhiyue.engine.recommenders.neighbourhood import PLAIN, Nearness, Neighbourhood, neighbourhood, remembered


@dataclass(frozen=True, slots=True)
class UserNeighboursConfig:
    """people  so many people are remembered, those who acted last; without order those with most items
    weight_power  the weight of a person's acts on an item is raised to this power
    nearness  how people are compared and heard
    """

    people: int = 50_000
    weight_power: float = 1.0
    nearness: Nearness = PLAIN

    def __post_init__(self) -> None:
        if self.people < 1:
            raise ValueError("people must be at least 1")


def fit(acts: Acts, config: UserNeighboursConfig) -> Neighbourhood:
    """Remember the rows of `config.people` people with two items or more. What a profile gets from them is
    said at `Neighbourhood.scores`.

    Sources: Resnick et al. 1994, "GroupLens"; Herlocker et al. 1999.
    """
    return neighbourhood(remembered(acts, config.people, config.weight_power), config.nearness)
