"""The contest of policies that the demo's operator began some weeks ago: the academy learnt by lot while its past was
lived, by the same services and with the same nights as any other."""

from datetime import date, timedelta

from zhiyue.core.accounts.selectors import simulated_members
from zhiyue.core.kit import clock
from zhiyue.demo.staff_acts import operator
from zhiyue.recommend import arms, live
from zhiyue.recommend.contests import begin_contest
from zhiyue.recommend.models import Contest
from zhiyue.recommend.services import train_all

# All go by what a person did: whoever looks at the demo is drawn for, too.
POLICIES = ("hybrid", "walks", "content")
DAYS = 14
# Of a shorter past there is too little to learn from before it begins.
FEWEST_DAYS = 45


def begin_in_the_past(day: date, *, today: date, history_days: int) -> None:
    """Begin the contest if `day`, which is about to be lived, is the one, and nobody did."""
    if day != today - timedelta(days=DAYS) or history_days < FEWEST_DAYS or Contest.objects.exists():
        return
    if not simulated_members():
        # Nobody who lives this past would count.
        return
    train_all(POLICIES)
    why = "想知道：默认策略推荐的课，是不是真的更多人开始学"
    begin_contest(viewer=operator(), policies=POLICIES, why=why, at=clock.day_start(day))
    live.forget()


def count_the_night_after(day: date) -> None:
    """What the night after `day`, which was just lived, counted and decided."""
    contest = Contest.objects.filter(ended_at=None).first()
    if contest is not None:
        arms.count(contest, today=day + timedelta(days=1))
        live.forget()
