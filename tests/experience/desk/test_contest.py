"""Learning by lot which policy to show, as the lab shows it: begun with a reason, watched, ended in one tap."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import translation

from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.engine.evaluate import Estimate
from zhiyue.engine.off_policy import Lead, Why
from zhiyue.experience.desk.lab import words
from zhiyue.experience.desk.lab.comparison import WIDTH
from zhiyue.experience.desk.lab.contest import percent, shown_contest
from zhiyue.recommend import live
from zhiyue.recommend.arms import Arm, Standings, Untellable
from zhiyue.recommend.models import ArmDay, Artefact, Contest, LivePolicy

pytestmark = pytest.mark.django_db
QUERIES = 10


@pytest.fixture
def trained(db):
    for policy in ("hybrid", "walks", "content"):
        Artefact.objects.create(
            policy=policy, version="v", created_at=clock.now(), interactions=1, items=1, fit_seconds=0.1
        )


def begin(desk, *policies, why="看哪个好"):
    return desk.post("/desk/lab/contest/", {"policy": policies, "why": why})


@pytest.fixture
def contest(trained, operator):
    now = clock.now()
    found = Contest.objects.create(
        policies=["walks", "hybrid"],
        chances={clock.business_day(now).isoformat(): {"walks": 0.7, "hybrid": 0.3}},
        began_at=now - timedelta(days=3),
        began_by=operator,
    )
    LivePolicy.objects.create(policy="hybrid", contest=found)
    live.forget()
    return found


def counted(contest, **arms):
    day = clock.business_day() - timedelta(days=1)
    for policy, (shown, chosen, taken) in arms.items():
        ArmDay.objects.create(
            contest=contest, day=day, policy=policy, shown=shown, chosen=chosen, taken=taken
        )


# --- words and drawings ---


def arm(policy, mean, low, high, best, *, seen=100.0):
    return Arm(policy, 120, 50, 40, mean, low, high, best, share=0.25, people=40, seen=seen, hits=30.0)


def ahead(**gaps):
    return Lead("walks", {policy: Estimate(*gap, "bootstrap") for policy, gap in gaps.items()})


def test_rates_are_drawn_to_one_scale_and_never_said_to_be_certain(in_english):
    arms = (arm("walks", 0.3, 0.2, 0.4, 0.97), arm("hybrid", 0.2, 0.1, 0.3, 0.03))
    found = Standings(1, clock.now(), "苏运", clock.business_day(), arms)
    table = shown_contest(found)
    drawings = [(row.rate.left, row.rate.dot, row.rate.right) for row in table.rows]
    # From 0.1 to 0.4 on 112 units, half a dot of 8 before and behind.
    assert drawings == [(41.3, 78.7, 116.0), (4.0, 41.3, 78.7)]
    assert WIDTH == 120
    first = table.rows[0]
    assert (first.rate.value, first.rate.low, first.rate.high) == ("30.0 %", "20.0 %", "40.0 %")
    assert (str(first.name), first.best, first.share) == ("Walks", "97.0 %", "25.0 %")
    assert [percent(value) for value in (0, 1e-5, 0.5, 0.99999, 1)] == [
        "0.0 %", "< 0.1 %", "50.0 %", "> 99.9 %", "100.0 %",
    ]  # fmt: skip


ARMS = (arm("walks", 0.3, 0.2, 0.4, 0.97), arm("hybrid", 0.2, 0.1, 0.3, 0.03))


def test_a_policy_is_called_the_best_by_how_far_it_is_above_the_nearest_one(in_english):
    lead = ahead(content=(0.09, 0.03, 0.15), hybrid=(0.0312, 0.0104, 0.0521))
    settled = Standings(1, clock.now(), "", clock.business_day(), ARMS, lead=lead, is_settled=True)
    said = "Walks is taken up most: 3.1 percentage points more than Hybrid (1.0 to 5.2)"
    assert shown_contest(settled).finding == said
    # However much is believed of it, it isn't before it was so on nights running.
    unsettled = replace(settled, is_settled=False)
    assert shown_contest(unsettled).finding == "Not decided yet: Walks is ahead, but not surely enough"


@pytest.mark.parametrize(
    ("seen", "lead"), [(29.0, ahead(hybrid=(0.1, 0.05, 0.15))), (100.0, None)], ids=["few days", "untellable"]
)
def test_of_too_little_nothing_is_found(in_english, seen, lead):
    arms = (ARMS[0], replace(ARMS[1], seen=seen))
    found = Standings(1, clock.now(), "", clock.business_day(), arms, lead=lead, is_settled=True)
    assert shown_contest(found).finding == "Not enough data yet to tell which policy is taken up most"


def test_every_reason_why_the_log_cannot_tell_has_words_with_its_figures():
    figures = {
        "units": 29, "fewest": 30, "uncovered": 1.0, "most": 0.05, "weight": 0.8, "low": 0.7, "high": 0.9,
        "effective": 49.6, "rewarded": 19,
    }  # fmt: skip
    with translation.override("zh-hans"):
        said = {why: words.untellable(Untellable(why, figures)) for why in Why}
    assert said[Why.FEW_UNITS] == "日志里目前只有 29 人，至少要有 30 人"
    assert "0.80（0.70 至 0.90）" in said[Why.HARDLY_MADE]
    # What falls short doesn't look as if it were enough.
    assert "49 人" in said[Why.FEW_EFFECTIVE]
    assert len(set(said.values())) == len(Why)


def test_of_what_was_shown_to_nobody_no_rate_is_told_and_it_comes_last(in_english):
    never = replace(arm("ease", 0.5, 0.025, 0.975, 0.81), shown=0, chosen=0, taken=0, seen=0.0, hits=0.0)
    arms = (never, arm("walks", 0.3, 0.2, 0.4, 0.16), arm("hybrid", 0.2, 0.1, 0.3, 0.03))
    table = shown_contest(Standings(1, clock.now(), "", clock.business_day(), arms))
    assert [row.policy for row in table.rows] == ["walks", "hybrid", "ease"]
    # Drawn to the scale of the others, and nobody is the best yet.
    assert [row.rate and row.rate.dot for row in table.rows] == [78.7, 41.3, None]
    assert {row.best for row in table.rows} == {""}


# --- beginning and ending ---


def test_it_is_begun_with_a_reason_and_ended_in_one_tap(desk, read, trained):
    assert "Learn by lot which policy to show" in read("/desk/lab/")
    page = read("/desk/lab/contest/")
    # Only what is trained can be shown; the live one is ticked.
    assert re.findall(r'name="policy" value="([a-z-]+)"', page) == ["walks", "content", "hybrid"]
    assert re.findall(r'value="([a-z-]+)" checked', page) == ["hybrid"]

    answer = begin(desk, "hybrid", "walks")

    assert (answer.status_code, answer["Location"]) == (302, "/desk/lab/")
    assert Contest.objects.get().policies == ["walks", "hybrid"]
    live.forget()
    page = read("/desk/lab/")
    assert "The academy is learning: the lot decides within a second." in page
    assert "Begun by 苏运 on" in page
    assert "Nothing counted yet" in page
    assert page.count('<td class="number">50.0 %</td>') == 2
    assert "The academy is learning already." in read("/desk/lab/contest/")
    assert "That ends with this." in read("/desk/lab/live/walks/")
    assert "From now on it recommends to everybody" in read("/desk/lab/live/hybrid/")

    answer = desk.post("/desk/lab/contest/end/")

    assert (answer.status_code, answer["Location"]) == (302, "/desk/lab/")
    live.forget()
    page = read("/desk/lab/")
    assert "It is over: “Hybrid” recommends to everybody within a second." in page
    assert "Nothing counted yet" not in page
    assert LivePolicy.objects.get().contest is None
    assert [entry.act for entry in AuditEntry.objects.order_by("pk")] == ["contest.begun", "contest.ended"]
    audit = read("/desk/audit/")
    assert "let the academy learn by lot which policy to show" in audit
    assert "<dt>Policies tried by lot</dt>" in audit and "<dt>Policy for everybody</dt>" in audit
    desk.post("/desk/lab/contest/end/")
    assert "Nothing to do: “Hybrid” recommends to everybody already." in read("/desk/lab/")
    assert AuditEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("policies", "why", "status", "says"),
    [
        (("hybrid",), "试", 422, "Choose two to 4 policies"),
        (("hybrid", "factors"), "试", 422, "Choose policies that are trained"),
        (("hybrid", "magic"), "试", 400, "There is no policy of this name."),
        (("hybrid", "walks"), " ", 400, "Say why"),
    ],
)
def test_a_refused_beginning_says_why_and_keeps_what_was_typed(desk, trained, policies, why, status, says):
    answer = begin(desk, *policies, why=why)
    page = answer.content.decode()
    assert (answer.status_code, says in page) == (status, True)
    assert set(re.findall(r'value="([a-z-]+)" checked', page)) == set(policies) - {"factors", "magic"}
    assert f'value="{why}"' in page
    assert not Contest.objects.exists()


def test_with_less_than_two_trained_policies_the_page_says_what_is_missing(read):
    page = read("/desk/lab/contest/")
    assert "Fewer than two policies are trained" in page
    assert 'name="policy"' not in page


def test_who_may_only_look_sees_how_they_do_and_no_buttons(signed_in, contest, learner):
    client = signed_in(learner)
    for address in ("/desk/lab/contest/", "/desk/lab/contest/end/"):
        assert client.post(address, {"policy": ["hybrid", "walks"], "why": "?"}).status_code == 403
    assert Contest.objects.get().ended_at is None


# --- how they do ---


def test_the_table_tells_what_was_shown_chosen_taken_up_and_believed(read, contest):
    counted(contest, walks=(40, 20, 18), hybrid=(33, 12, 5))
    Contest.objects.update(
        valued={
            "policies": {
                "walks": {"people": 31, "dr": [0.41, 0.3, 0.52]},
                "hybrid": {"people": 30, "why": "few-rewarded", "figures": {"rewarded": 5, "fewest": 20}},
            },
            "lead": {"best": "walks", "gaps": {"hybrid": [0.26, 0.04, 0.4]}},
            "nights": {f"2026-01-0{day}": "walks" for day in range(1, 8)},
        }
    )
    page = read("/desk/lab/")
    assert "Walks is taken up most: 26.0 percentage points more than Hybrid (4.0 to 40.0)" in page
    assert '41.0 % <span class="block text-faint">30.0 %–52.0 %</span>' in page
    table = page[page.index('aria-labelledby="contest"') :]
    assert table.index("Walks") < table.index(">Hybrid<")
    for cell in ("70.0 %", "30.0 %", "20", "18", "12", "5"):
        assert f'<td class="number">{cell}</td>' in table
    for days, people in ((40, 31), (33, 30)):
        assert f'{days} <span class="block text-faint">{people} people</span>' in table
    assert "counted here" not in table
    assert '<svg class="interval"' in table
    why = "days on which it was drawn and something was taken up: 5; at least 20 are needed"
    assert f"Hybrid: {why}." in table
    assert "until the table says much" not in page


def test_what_simulated_members_did_is_said_to_be_simulated(read, contest):
    counted(contest, walks=(40, 20, 18), hybrid=(33, 12, 5))
    Contest.objects.update(valued={"policies": {}, "simulated": 1268})
    page = read("/desk/lab/")
    part = page[page.index('aria-labelledby="contest"') :]
    assert '<span class="badge">Simulated</span> 1,268 of the people counted here are invented' in part


def test_the_last_contest_stays_on_the_page_and_its_policies_can_be_made_live(read, contest, desk):
    counted(contest, walks=(40, 20, 12), hybrid=(35, 10, 6))
    assert desk.post("/desk/lab/contest/end/").status_code == 302
    page = read("/desk/lab/")
    part = page[page.index('id="contest"') :]
    assert "ended on" in part and "Share today" not in part
    assert 'action="/desk/lab/contest/end/"' not in page
    assert 'href="/desk/lab/live/walks/"' in part
    # Another one may begin.
    assert 'href="/desk/lab/contest/"' in page


def test_few_days_are_said_to_be_few(read, contest):
    counted(contest, walks=(29, 20, 20), hybrid=(30, 12, 3))
    page = read("/desk/lab/")
    assert "Not enough data yet to tell which policy is taken up most" in page
    assert (
        "It takes 30 people for each policy, as many of their days, and 20 days on which something was taken"
        in page
    )


def test_the_number_of_queries_does_not_grow_with_the_days(desk, contest, django_assert_num_queries):
    counted(contest, walks=(29, 20, 20), hybrid=(30, 12, 3))
    desk.get("/desk/lab/")
    with django_assert_num_queries(QUERIES):
        desk.get("/desk/lab/")
    for ago in range(2, 40):
        day = clock.business_day() - timedelta(days=ago)
        ArmDay.objects.create(contest=contest, day=day, policy="walks", shown=9, chosen=5, taken=1)
    with django_assert_num_queries(QUERIES):
        desk.get("/desk/lab/")
