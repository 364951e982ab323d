"""What a log says of choices that were made by chance, and what another policy would have chosen. What follows from
the two is in `off_policy`."""

from dataclasses import dataclass

import numpy as np

from zhiyue.engine.kinds import Bools, Floats, Ints

# Chances that people write down with six digits add up to 1 within this.
ROUNDING = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """One row per shown thing: which of `actions` it was, the reward, and the chance with which the log's policy chose
    it there.

    action  (rounds,) codes below `actions`; reward  (rounds,) finite, higher is better
    propensity  (rounds,) in (0, 1]: of this action in this place, known from the policy, not guessed afterwards
    position  (rounds,) codes from 0 of the place in a slate (None: one place)
    person  (rounds,) whose round it is, any codes (None: rounds are independent of each other)
    context  (rounds, features) what was known before the choice (None: nothing)
    Raises ValueError where columns don't fit or a value is impossible.
    """

    action: Ints
    reward: Floats
    propensity: Floats
    actions: int
    position: Ints | None = None
    person: Ints | None = None
    context: Floats | None = None

    def __post_init__(self) -> None:
        columns = {
            "action": self.action,
            "reward": self.reward,
            "propensity": self.propensity,
            "position": self.position,
            "person": self.person,
            "context": self.context,
        }
        lengths = {name: len(column) for name, column in columns.items() if column is not None}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                f"the columns of rounds differ in length ({_told(lengths)}): give one row per round"
            )
        if not len(self.action):
            raise ValueError("there are no rounds: give at least one")
        _refuse(
            "action",
            self.action,
            (self.action < 0) | (self.action >= self.actions),
            f"a code in 0..{self.actions - 1}",
        )
        _refuse(
            "reward",
            self.reward,
            ~np.isfinite(self.reward),
            "a finite number; leave rounds out whose reward isn't known",
        )
        # NaN compares as false, so it is refused as well.
        beyond = np.asarray(~((self.propensity > 0) & (self.propensity <= 1)), dtype=np.bool_)
        _refuse(
            "propensity",
            self.propensity,
            beyond,
            "above 0 and at most 1, the chance with which the log chose this action",
        )
        if self.position is not None:
            _refuse("position", self.position, self.position < 0, "a code from 0")
        if self.context is not None:
            if self.context.ndim != 2:
                raise ValueError("context must have two dimensions: (rounds, features)")
            _refuse(
                "context",
                self.context,
                np.asarray(~np.isfinite(self.context).all(axis=1), dtype=np.bool_),
                "finite; fill what is missing first",
            )

    def __len__(self) -> int:
        return len(self.action)

    @property
    def place(self) -> Ints:
        """The position, 0 where there is but one."""
        return np.zeros(len(self), dtype=np.int64) if self.position is None else self.position

    def where(self, kept: Bools) -> "Rounds":
        """Some of the rounds."""
        return Rounds(
            self.action[kept],
            self.reward[kept],
            self.propensity[kept],
            self.actions,
            None if self.position is None else self.position[kept],
            None if self.person is None else self.person[kept],
            None if self.context is None else self.context[kept],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The policy whose value is asked for: with which chance it takes each action.

    chances  (rows, actions), at least 0, each row adds up to 1
    row  (rounds,) which row is for which round: one per position, say, or per person (None: the rows are the rounds)
    Raises ValueError where they aren't chances.
    """

    chances: Floats
    row: Ints | None = None

    def __post_init__(self) -> None:
        if self.chances.ndim != 2:
            raise ValueError("chances must have two dimensions: (rows, actions)")
        wrong = ~np.isfinite(self.chances).all(axis=1) | (self.chances < 0).any(axis=1)
        wrong |= np.abs(self.chances.sum(axis=1) - 1.0) > ROUNDING
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"row {at} of chances adds up to {self.chances[at].sum():.6g}: chances must be at least 0, none "
                "missing, and add up to 1 in each row"
            )
        if self.row is not None:
            _refuse(
                "row",
                self.row,
                (self.row < 0) | (self.row >= len(self.chances)),
                f"in 0..{len(self.chances) - 1}",
            )

    def rows(self, rounds: Rounds) -> Ints:
        """Which row is for which round. Raises ValueError if the target is not for these rounds."""
        rows = np.arange(len(self.chances), dtype=np.int64) if self.row is None else self.row
        if len(rows) != len(rounds):
            raise ValueError(
                f"chances are given for {len(rows):,} rounds, the log has {len(rounds):,}: give one row each"
            )
        if self.chances.shape[1] != rounds.actions:
            raise ValueError(
                f"chances are given for {self.chances.shape[1]} actions, the log has {rounds.actions}: "
                "give one column each"
            )
        return rows

    def where(self, kept: Bools) -> "Target":
        """The same policy for some of the rounds."""
        return Target(self.chances[kept]) if self.row is None else Target(self.chances, self.row[kept])


def _refuse(name: str, values: Floats | Ints, wrong: Bools, wanted: str) -> None:
    at = np.flatnonzero(wrong)
    if len(at):
        raise ValueError(f"{name} of round {at[0]} is {values[at[0]]}: it must be {wanted}")


def _told(lengths: dict[str, int]) -> str:
    return ", ".join(f"{name}: {length:,}" for name, length in lengths.items())
