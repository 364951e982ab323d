"""Every number of the model, with its unit and where it is from. `[C]` marks those found by calibration on OULAD
(`python -m benchmarks simulator`); `[A]` those where a paid academy must differ; the page in docs says how."""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Wave:
    """A fashion that is planted: from `day` (ordinal) on, within `ramp_days`, interest in `topic` moves by `strength`
    (in logits) for a `share` of the people; `people.carried` tells which."""

    day: int
    topic: str
    strength: float
    ramp_days: int = 14
    share: float = 1.0

    def __post_init__(self) -> None:
        _check_share(self.share)


@dataclass(frozen=True, slots=True)
class Turn:
    """Turns of single people that are planted: on `day` (ordinal) a `share` of the people, each on their own, have all
    their interests drawn anew; `people.turned` tells which."""

    day: int
    share: float

    def __post_init__(self) -> None:
        _check_share(self.share)


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"a share of the people lies in 0..1, not {share:g}")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When people come.

    rate: median sittings a day of a fresh member without habit. spread: standard deviation of its logarithm.
    novelty: how many times livelier the first day is; novelty_half_life_days: how fast that fades.
    habit_boost: how many times livelier full habit makes (plus one); habit_half_life_days: of its memory.
    rest_after, rest: of each active day above so many in the last 7, the rate falls by so much.
    stay_days, stay_spread: median length of a spell of membership and the spread of its logarithm (a long tail:
    who stayed long will stay: Fader and Hardie 2007). away_days: median of the absence that follows; who is away
    comes at `leak` of the rate. weekday: Monday first. hour: by hour of the day, personal by `hour_spread`.
    """

    rate: float = 0.052  # [A] 0.095 in OPEN_UNIVERSITY [C]
    spread: float = 0.6  # [C]
    novelty: float = 1.1  # [C]
    novelty_half_life_days: float = 12.0  # [C]
    habit_boost: float = 8.0  # [C]
    habit_half_life_days: float = 9.7  # [C]
    rest_after: int = 5
    rest: float = 0.12
    stay_days: float = 110.0  # [A] 195 [C]
    stay_spread: float = 1.16  # [C]
    away_days: float = 90.0  # [A] 167 [C]
    leak: float = 0.05  # [C]
    most_sittings: int = 4
    weekday: tuple[float, ...] = (1.0, 1.05, 1.05, 1.0, 0.85, 0.8, 1.1)
    hour: tuple[float, ...] = (
        1, 0.4, 0.2, 0.1, 0.1, 0.3, 1.2, 3, 4, 3, 2.5, 2.5, 4.5, 3.5, 2, 2, 2, 2.5, 3.5, 5, 8, 9, 7, 3,
    )  # fmt: skip
    hour_spread: float = 0.7


@dataclass(frozen=True, slots=True)
class Interest:
    """What people like.

    concentration: standard deviation of a topic's logit; about 2 gives most people two or three topics.
    drifting: share of that variance that drifts; knot_days: the drift is made anew within so many days.
    shift_share: chance that interests are drawn anew once within `shift_block_days` (another post, another town).
    topic_weight: of topic against tags. charm_floor: the least pull a course has for everybody, of 1.
    """

    concentration: float = 2.1
    drifting: float = 0.35
    knot_days: int = 90
    shift_share: float = 0.3
    shift_block_days: int = 360
    topic_weight: float = 0.65
    charm_floor: float = 0.6


@dataclass(frozen=True, slots=True)
class Choice:
    """What people choose.

    shelf_seen: chance that the shelf on the home page comes into view. shelf_length: courses on it.
    examination_power: the k-th place is examined with chance 1/k^power (about 1: Joachims et al. 2017).
    attraction_*: logit of choosing an examined course by liking. exploring: evenness of the shelf's order (0: by
    popularity alone). looks: mean further courses looked at. sameness: how much each earlier look at a topic in a
    sitting lowers its pull. search_share: of looks that began with a search; in_vain: for what isn't there.
    preview_*: chance to open the free lesson. save: chance of a saver per unit of liking.
    buy_*: logit of taking a course: base, by liking, for free ones, after a finished preview, against price over
    purse, against price over the usual price (Kalyanaraman and Winer 1995: reference price). purse: median and
    log-spread in fen.
    opening_*: chance to read the opening of a closed lesson of a course with a price. hesitation: for each who takes a
    course with a price, so many open the checkout and don't; unpaid: of those, who order and don't pay within
    order_minutes.
    study_share: of sittings that go on with a course of one's own. finish_*: chance to read a lesson to its end.
    tiring: each lesson read in a sitting lowers the chance of the next by this. go_on: chance of a next lesson.
    creators, contributors: 1 % and 9 % (Nielsen 2006); others interact at lurker_share of their rate.
    sign_in_after_days: who was away so long signs in again.
    """

    shelf_seen: float = 0.5
    shelf_length: int = 8
    examination_power: float = 1.0
    attraction_base: float = -3.6
    attraction_liking: float = 3.4
    exploring: float = 1.0
    looks: float = 0.8
    sameness: float = 0.7
    search_share: float = 0.16
    in_vain: float = 0.22
    preview_base: float = 0.22
    preview_liking: float = 0.5
    save: float = 0.9
    buy_base: float = -5.6
    buy_liking: float = 5.2
    buy_free: float = 1.6
    buy_preview: float = 0.9
    buy_purse: float = 1.3
    buy_reference: float = 0.6
    purse_fen: float = 5400.0
    purse_spread: float = 0.8
    opening_base: float = 0.04
    opening_liking: float = 0.22
    hesitation: float = 1.5
    unpaid: float = 0.25
    order_minutes: int = 30
    study_share: float = 0.6
    finish_own: float = 0.8
    finish_preview: float = 0.35
    finish_liking: float = 0.55
    tiring: float = 0.45
    go_on: float = 0.55
    creators: float = 0.01
    contributors: float = 0.09
    lurker_share: float = 0.12
    sign_in_after_days: int = 14


@dataclass(frozen=True, slots=True)
class Lending:
    """What people do about trials, memberships and bundles, where there are any.

    trying, joining: for each who takes a course with a price, so many who don't try it, or see to a membership that
    opens it (see `choice.in_band`). buy_tried: logit of taking a course that was tried. cheaper: of several plans the
    odds fall with price^cheaper. plan_trial: of those who see to a plan that may be tried, who try it first;
    converting: of these, who pay for it around its end. renewal: of periods, how many are renewed, by who comes in
    their last renewal_days or their grace; upgrading: of these, who take a dearer plan that opens as much. bundling: of
    those who take a course that is in a bundle, who take that. giving: of closed lessons finished, so many are shown to
    friends. invited: of those who looked round before they joined, who came by such a gift; passing: of those who pass
    by.
    """

    trying: float = 1.6
    buy_tried: float = 1.2
    joining: float = 0.45
    cheaper: float = 0.7
    plan_trial: float = 0.6
    converting: float = 0.3
    renewal: float = 0.6
    renewal_days: int = 5
    upgrading: float = 0.12
    bundling: float = 0.25
    giving: float = 0.02
    invited: float = 0.2
    passing: float = 0.04


@dataclass(frozen=True, slots=True)
class Message:
    """How a message moves somebody who could come back: the chance of a visit within a week, by how they take to
    messages. lift is the mean of that effect, lift_spread its standard deviation: for some it is below 0 (the
    “sleeping dogs” of Radcliffe and Surry 2011). weariness: each message of the last 28 days lowers it by so much."""

    lift: float = 0.03
    lift_spread: float = 0.03
    weariness: float = 0.25


@dataclass(frozen=True, slots=True)
class Traffic:
    """Who comes from outside: visitors a day for each member, and members who join a day.

    visitor_share: visits without an account for each member there is. came_before: share of those who join who
    had looked round under a visitor's key; lag_days: mean days between. joiners: new members a day for each member.
    """

    visitor_share: float = 0.012
    came_before: float = 0.55
    lag_days: float = 2.5
    joiners: float = 0.003


@dataclass(frozen=True, slots=True)
class Parameters:
    """The whole model. `seed` decides every life. `waves` and `turns` are planted drift; the academy has none."""

    seed: int = 20_260
    rhythm: Rhythm = field(default_factory=Rhythm)
    interest: Interest = field(default_factory=Interest)
    choice: Choice = field(default_factory=Choice)
    lending: Lending = field(default_factory=Lending)
    message: Message = field(default_factory=Message)
    traffic: Traffic = field(default_factory=Traffic)
    waves: tuple[Wave, ...] = ()
    turns: tuple[Turn, ...] = ()


ACADEMY = Parameters()
# As found in OULAD: everybody begins on a date, has paid for the year, and is examined. Kept for calibration.
OPEN_UNIVERSITY = replace(
    ACADEMY,
    rhythm=Rhythm(
        rate=0.095,
        stay_days=195.0,
        away_days=167.0,
        weekday=(1.12, 1.13, 1.10, 0.99, 0.83, 0.79, 0.92),
    ),
)
