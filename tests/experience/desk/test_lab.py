"""The recommendation lab: comparing, choosing, and one person under each policy."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.factories import make_course, make_member
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Event
from zhiyue.collect.services import record
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.experience.desk.lab import words
from zhiyue.experience.desk.lab.comparison import WIDTH, shown
from zhiyue.product.learning.services import view_course
from zhiyue.recommend import extras, live, memory
from zhiyue.recommend.compared import Cell, Compared, Comparison, Segment
from zhiyue.recommend.comparing import BANDS, SPLITS
from zhiyue.recommend.lab import Run
from zhiyue.recommend.models import Contest, LabRun, LivePolicy
from zhiyue.recommend.moves import STEPS
from zhiyue.recommend.policies import POLICIES
from zhiyue.recommend.services import train_all

pytestmark = pytest.mark.django_db

QUERIES = {"lab": 10, "slates": 29}


@pytest.fixture
def town(db):
    """Forty members who each took three of eight courses, one after the other."""
    courses = [
        make_course(f"{topic}-{n}", title=f"{topic} {n}", topic=topic, text=f"{topic} text")
        for topic in ("data", "poems")
        for n in range(4)
    ]
    begin = clock.now() - timedelta(days=20)
    for person in range(40):
        actor = Actor(member_id=make_member(f"t{person}@test.example").pk)
        for step in range(3):
            at = begin + timedelta(hours=person, minutes=step)
            course = courses[(person + 3 * step) % 8]
            record("course.enrolled", actor=actor, course_id=course.pk, occurred_at=at)
    return courses


def start(desk, *policies, split="newest"):
    return desk.post("/desk/lab/start/", {"policy": policies, "split": split})


# --- words and drawings ---


def test_everything_that_the_lab_names_has_words():
    assert set(words.POLICIES) == set(POLICIES) | {
        part.name for policy in POLICIES.values() for part in policy.parts
    }
    assert set(words.SPLITS) == set(SPLITS)
    for key in [name for _, name in BANDS]:
        assert str(words.segment("courses", key, {})) != key
    for key in ("new", "longer"):
        assert str(words.segment("since", key, {})) != key


def compared(policy, ndcg, above, segments=()):
    cells = {"ndcg@10": ndcg, "hr@10": Cell(0.5, 0.4, 0.6), "coverage@10": Cell(0.256, 0.2, 0.3)}
    return Compared(policy, cells, 1.5, 0.25, (), above, segments)


@pytest.fixture
def invented(db):
    """Three policies: walks surely above hybrid, ease perhaps below."""
    hybrid, walks, ease = Cell(0.3, 0.2, 0.4), Cell(0.5, 0.4, 0.6), Cell(0.25, 0.2, 0.3)
    few, many = Cell(0.1, 0.05, 0.15), Cell(0.4, 0.3, 0.5)
    found = Comparison(
        acts=100,
        learners=50,
        courses=8,
        new_courses=1,
        people=40,
        hidden=40,
        policies=(
            compared("hybrid", hybrid, {"walks": Cell(-0.2, -0.3, -0.1), "ease": Cell(0.05, -0.1, 0.2)},
                     (Segment("courses", "4-9", 38, many), Segment("courses", "1-3", 30, few))),
            compared("walks", walks, {"hybrid": Cell(0.2, 0.1, 0.3)}, (Segment("courses", "1-3", 30, many),)),
            compared("ease", ease, {"hybrid": Cell(-0.05, -0.2, 0.1)}),
        ),
        passed_over={"content": "there are no texts"},
    )  # fmt: skip
    now = clock.now()
    return Run(1, "done", ("hybrid", "walks", "ease"), "newest", "hybrid", now, now, "苏运", found)


def test_policies_stand_by_what_they_found_with_their_intervals_to_one_scale(invented, in_english):
    table = shown(invented, live="hybrid", asked_of="")
    assert [row.policy for row in table.rows] == ["walks", "hybrid", "ease"]
    assert table.finding == "Walks surely finds more than the live policy, Hybrid"
    drawn = [(row.ndcg.left, row.ndcg.dot, row.ndcg.right) for row in table.rows]
    # From 0.2 to 0.6 on 112 units, half a dot of 8 before and behind.
    assert drawn == [(60.0, 88.0, 116.0), (4.0, 32.0, 60.0), (4.0, 18.0, 32.0)]
    assert WIDTH == 120
    first, own, last = (row.difference for row in table.rows)
    assert (first.value, first.is_sure, first.is_above) == ("+0.200", True, True)
    assert own is None
    assert (last.value, last.is_sure) == ("-0.050", False)
    assert table.rows[0].quality == ("0.500", "", "", "")
    assert table.rows[0].lists[0] == "26 %"
    assert [(str(name), why) for name, why in table.passed_over] == [("Content", "there are no texts")]


def test_the_groups_of_the_live_policy_stand_worst_first_with_who_serves_them_better(invented, in_english):
    table = shown(invented, live="hybrid", asked_of="")
    assert table.asked_of == "hybrid"
    assert [(str(one.name), one.people, one.is_worse, str(one.best)) for one in table.groups] == [
        ("1 to 3 courses met", 30, True, "Walks"),
        ("4 to 9 courses met", 38, False, ""),
    ]
    assert shown(invented, live="hybrid", asked_of="walks").asked_of == "walks"
    assert shown(invented, live="hybrid", asked_of="magic").asked_of == "hybrid"


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (Cell(0.1, 0.05, 0.2), "Walks finds new courses best: of those hidden from 35 people it found 40 % (30 to 50)"),
        (Cell(0.3, 0.2, 0.35), "Walks finds most new courses, though it isn't sure that others find fewer: of those "
         "hidden from 35 people it found 40 % (30 to 50)"),
    ],
)  # fmt: skip
def test_who_finds_new_courses_is_said_with_how_many_were_asked(invented, in_english, others, said):
    one = invented.found.of("walks").cells | {"new-recall@20": Cell(0.4, 0.3, 0.5)}
    two = invented.found.of("hybrid").cells | {"new-recall@20": others}
    run = as_told(invented, walks={"cells": one}, hybrid={"cells": two})
    assert shown(run, live="hybrid", asked_of="").of_new == ""
    run = replace(run, found=replace(run.found, people_of_new=35))
    table = shown(run, live="hybrid", asked_of="")
    assert (table.of_new, table.tells_few, len(table.rows[0].lists)) == (said, True, 8)
    same = {name: {"cells": cells | {"few-recall@20": cells["new-recall@20"]}}
            for name, cells in (("walks", one), ("hybrid", two))}  # fmt: skip
    table = shown(as_told(run, **same), live="hybrid", asked_of="")
    assert (table.tells_few, len(table.rows[0].lists)) == (False, 7)


def test_a_group_that_is_everybody_is_left_out(invented, in_english):
    everybody = Segment("since", "new", 40, Cell(0.05, 0.01, 0.09))
    of_hybrid = invented.found.of("hybrid")
    run = as_told(invented, hybrid={"segments": (everybody, *of_hybrid.segments)})
    assert [one.people for one in shown(run, live="hybrid", asked_of="").groups] == [30, 38]


@pytest.mark.parametrize(
    ("present", "finding"),
    [
        ("walks", "The live policy, Walks, finds most of what was hidden"),
        ("content", "Walks finds most of what was hidden"),
    ],
)
def test_the_finding_follows_the_policy_that_is_live_now(invented, in_english, present, finding):
    assert shown(invented, live=present, asked_of="").finding == finding


def keep(run):
    now = clock.now()
    return LabRun.objects.create(
        state="done", policies=list(run.policies), split=run.split, live=run.live,
        asked_at=now, finished_at=now, found=run.found.to_json(),
    )  # fmt: skip


def as_told(run, **changed):
    """The run with fields of some of its policies changed, by their names."""
    policies = tuple(replace(one, **changed.get(one.policy, {})) for one in run.found.policies)
    return replace(run, found=replace(run.found, policies=policies))


def test_a_policy_without_its_own_ranker_is_marked_and_never_said_to_win(invented, in_english):
    lost = as_told(invented, walks={"left_out": ("ranker",)})
    table = shown(lost, live="hybrid", asked_of="")
    assert table.finding == "The live policy, Hybrid, finds most of what was hidden"
    assert [(row.policy, row.is_whole) for row in table.rows][:2] == [("walks", False), ("hybrid", True)]
    assert [str(name) for name in table.not_whole] == ["Walks"]
    of_live = as_told(invented, walks={"left_out": ("ranker",)}, hybrid={"left_out": ("ranker",)})
    finding = shown(of_live, live="hybrid", asked_of="").finding
    assert finding == "The live policy, Hybrid, finds most, though without its ranker"
    # Another part that is missing takes nothing away.
    lighter = as_told(invented, walks={"left_out": ("content",)})
    assert shown(lighter, live="hybrid", asked_of="").finding.startswith("Walks surely finds more")
    every = {name: {"left_out": ("ranker",)} for name in ("walks", "hybrid", "ease")}
    assert shown(as_told(invented, **every), live="popular", asked_of="").finding == (
        "No policy was measured as itself"
    )


@pytest.mark.parametrize(("above", "is_none"), [(0.0004, True), (-0.0004, True), (0.0006, False)])
def test_a_difference_that_nobody_could_see_is_nearly_the_same(invented, in_english, above, is_none):
    run = as_told(invented, walks={"above": {"hybrid": Cell(above, -0.01, 0.01)}})
    table = shown(run, live="hybrid", asked_of="")
    assert table.rows[0].difference.is_none is is_none
    same = table.finding == "Walks and the live policy, Hybrid, find nearly the same"
    assert same is is_none


def test_the_pages_say_that_a_ranker_was_missing(read, invented):
    run = as_told(invented, walks={"left_out": ("ranker",), "above": {"hybrid": Cell(0.0001, -0.01, 0.01)}})
    keep(run)
    page = read("/desk/lab/")
    assert "without its ranker</span>" in page
    assert "Measured without its ranker: Walks." in page
    assert "nearly the same" in page
    assert 'Hits in the first ten<code class="code-name">HR@10</code>' in page
    page = read("/desk/lab/live/walks/")
    assert "It found nearly the same as Hybrid" in page
    assert "Measured without its ranker: Walks." in page
    assert "Measured without its ranker" not in read("/desk/lab/live/ease/")


# --- the page ---


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.1, 0.3, "surely better"), (-0.3, -0.1, "surely worse"), (-0.1, 0.3, "not sure")],
)
def test_how_sure_a_difference_is_stands_beside_it(read, invented, low, high, said):
    keep(
        as_told(invented, walks={"above": {"hybrid": Cell((low + high) / 2, low, high)}}, ease={"above": {}})
    )
    page = read("/desk/lab/")
    told = [one for one in ("surely better", "surely worse", "not sure") if f">{one}</span>" in page]
    assert told == [said]


def test_the_act_stands_beside_the_difference_that_it_follows_from(read, invented):
    keep(invented)
    page = read("/desk/lab/")
    cells = re.findall(r'<div class="lab-against">(.*?)</div></td>', page, re.DOTALL)
    assert len(cells) == 3
    assert [re.findall(r'href="/desk/lab/live/([a-z-]+)/"', cell) for cell in cells] == [
        ["walks"],
        [],
        ["ease"],
    ]
    assert "+0.200" in cells[0] and "surely better" in cells[0]


def test_the_legend_explains_only_columns_that_are_there(read, invented):
    keep(invented)
    assert "Little-taken ones found" not in read("/desk/lab/")
    few = invented.found.of("walks").cells | {"few-recall@20": Cell(0.4, 0.3, 0.5)}
    keep(as_told(invented, walks={"cells": few}))
    page = read("/desk/lab/")
    assert page.count("Little-taken ones found") == 2


def test_between_a_contest_and_a_comparison_it_says_that_they_measure_two_things(read, invented, operator):
    keep(invented)
    words = "The table above counts what people take up when they are shown it."
    assert words not in read("/desk/lab/")
    contest = Contest.objects.create(policies=["popular", "walks"], chances={}, began_by=operator)
    LivePolicy.objects.update_or_create(pk=1, defaults={"policy": "hybrid", "contest": contest})
    live.forget()
    page = read("/desk/lab/")
    assert page.index('id="contest"') < page.index(words) < page.index('id="found"')


def test_what_is_not_installed_is_not_ticked_and_says_what_it_needs(read, monkeypatch):
    monkeypatch.setattr(extras, "find_spec", lambda module: None if module == "torch" else object())
    page = read("/desk/lab/")
    ticked = re.findall(r'value="([a-z-]+)" checked', page)
    assert ticked == [name for name in POLICIES if name != "deep"]
    assert "“Deep” needs what isn't installed here:" in page.replace("&#x27;", "'")
    assert "zhiyue[deep]" in page
    assert "zhiyue[boost]" not in page
    monkeypatch.setattr(extras, "find_spec", lambda module: object())
    page = read("/desk/lab/")
    assert re.findall(r'value="([a-z-]+)" checked', page) == list(POLICIES)
    assert "isn't installed" not in page.replace("&#x27;", "'")


def test_before_the_first_comparison_the_page_says_what_comes(read):
    page = read("/desk/lab/")
    assert "Nothing was compared yet" in page
    assert "Nobody has chosen yet: this is the default." in page
    assert page.count('name="policy"') == len(POLICIES)


def test_a_comparison_is_asked_for_watched_and_read(desk, read, town):
    answer = start(desk, "popular", "item-neighbours")
    assert (answer.status_code, answer["Location"]) == (302, "/desk/lab/")
    run = LabRun.objects.get()
    page = read("/desk/lab/")
    assert "It begins in a moment" in page
    assert f'hx-get="/desk/lab/?watch={run.pk}" hx-trigger="every 2s"' in page
    assert "Compare them" not in page
    Job.objects.filter(pk=run.job_id).update(
        state=Job.State.RUNNING, progress_done=50, progress_total=100, progress_note="popular"
    )
    page = read("/desk/lab/", watch=run.pk)
    assert "Popular has its turn." in page
    assert 'value="50" max="100"' in page
    Job.objects.filter(pk=run.job_id).update(state=Job.State.WAITING, claimable_at=clock.now())
    run_due()
    page = read("/desk/lab/", watch=run.pk)
    assert "The comparison is through." in page
    assert "every 2s" not in page
    page = read("/desk/lab/")
    assert "The comparison is through." not in page
    assert "measured on 40 people · 40 courses to be found among 8 · learnt from 80 acts of 40 people" in page
    kept = LabRun.objects.get().found
    for one in kept["policies"]:
        assert f"<b>{one['cells']['ndcg@10']['value']:.3f}</b>" in page
    # All forty had met as many courses: there is no group but everybody.
    assert "No group but everybody has 30 people yet." in page
    assert "1 to 3 courses met" not in page
    assert "苏运" in page


def test_how_many_were_not_asked_is_said(desk, read, town):
    noon = clock.now() - timedelta(days=30)
    for person, said in enumerate(("", "1 person wasn't asked", "2 people weren't asked")):
        start(desk, "popular")
        run_due()
        page = read("/desk/lab/")
        told = f" people · {said}: their times don't tell which course was newest · "
        assert (told in page) if said else ("their times don't tell" not in page)
        # One more took three courses at once, as a file of whole days would tell it.
        actor = Actor(member_id=make_member(f"day{person}@test.example").pk)
        for course in town[:3]:
            record("course.enrolled", actor=actor, course_id=course.pk, occurred_at=noon)
    desk.cookies["zy_language"] = "zh-hans"
    assert " · 另有 2 人没有测量：从时间上看不出他们最近的是哪一门课 · " in read("/desk/lab/")


def test_where_nobody_could_be_asked_it_is_said_why(desk, read, academy):
    # Their acts were all at one moment.
    start(desk, "popular")
    run_due()
    page = read("/desk/lab/")
    assert "There were only 0 people to measure on, and it takes at least 30." in page
    assert "6 people weren't asked: their times don't tell which course was newest." in page
    desk.cookies["zy_language"] = "zh-hans"
    assert "另有 6 人没有测量：从时间上看不出他们最近的是哪一门课。" in read("/desk/lab/")


def test_an_earlier_run_and_another_policy_can_be_asked_for(desk, read, town):
    for policies in (["popular"], ["item-neighbours"]):
        start(desk, *policies)
        run_due()
    first, second = LabRun.objects.order_by("pk")
    assert '<code class="code-name">item-neighbours</code>' in read("/desk/lab/")
    page = read("/desk/lab/", run=first.pk)
    assert '<code class="code-name">popular</code>' in page
    assert f'href="?run={first.pk}&of=popular#groups" aria-current="page"' in page
    assert f'href="?run={second.pk}#found"' in page
    assert desk.get("/desk/lab/", {"run": 999}).status_code == 404
    assert desk.get("/desk/lab/", {"run": "x"}).status_code == 404


def test_a_refused_start_says_why_and_keeps_what_was_ticked(desk, town):
    answer = start(desk)
    assert (answer.status_code, "Tick at least one policy" in answer.content.decode()) == (400, True)
    answer = start(desk, "ease", split="yesterday")
    page = answer.content.decode()
    assert (answer.status_code, "Choose from the list what is to be hidden." in page) == (400, True)
    assert re.findall(r'value="([a-z-]+)" checked', page) == ["ease"]
    assert not LabRun.objects.exists()
    start(desk, "ease")
    assert start(desk, "ease").status_code == 409
    assert LabRun.objects.count() == 1


def test_a_broken_run_says_so_and_can_be_started_again(desk, read, town):
    start(desk, "popular")
    Job.objects.filter(name="recommend.compare").delete()
    page = read("/desk/lab/")
    assert "The last comparison broke off" in page
    assert "Compare them" in page
    assert start(desk, "popular").status_code == 302


def test_what_could_not_be_fitted_stands_there_with_the_reason(desk, read, town, settings):
    settings.ZHIYUE_SPARK_MASTER = "spark://127.0.0.1:1"
    start(desk, "popular", "walks")
    run_due()
    page = read("/desk/lab/")
    assert "measured on 40 people" in page
    assert re.search('“Walks” could not be fitted: <span lang="en">[^<]*Spark', page)
    start(desk, "walks")
    run_due()
    page = read("/desk/lab/")
    assert "None of the policies could be fitted." in page
    assert re.search('“Walks” could not be fitted: <span lang="en">[^<]*Spark', page)


def test_too_few_people_are_said_to_be_too_few(desk, read, academy):
    # Their acts were all at one moment, which tells nobody's newest.
    for event in Event.objects.order_by("pk"):
        event.occurred_at -= timedelta(minutes=event.course_id)
        event.save()
    start(desk, "popular")
    run_due()
    page = read("/desk/lab/")
    assert "There were only 6 people to measure on, and it takes at least 30." in page
    assert "Whom it serves worst" not in page


def test_the_number_of_queries_does_not_grow(desk, town, django_assert_num_queries):
    start(desk, "popular")
    run_due()
    desk.get("/desk/lab/")
    with django_assert_num_queries(QUERIES["lab"]):
        desk.get("/desk/lab/")
    start(desk, *POLICIES)
    run_due()
    with django_assert_num_queries(QUERIES["lab"]):
        desk.get("/desk/lab/")


# --- choosing ---


def test_another_policy_can_be_chosen_before_anything_was_compared(read):
    page = read("/desk/lab/")
    assert "Choose another policy" in page
    links = re.findall(r'href="/desk/lab/live/([a-z-]+)/"', page)
    assert links == [name for name in POLICIES if name != "hybrid"]


def test_a_policy_is_made_live_after_its_measured_difference_was_shown(desk, read, town):
    page = read("/desk/lab/live/popular/")
    assert "No comparison that is kept measured it beside Hybrid." in page
    assert "It isn't trained yet." in page
    start(desk, "popular", "hybrid")
    run_due()
    found = {one["policy"]: one for one in LabRun.objects.get().found["policies"]}
    apart = found["popular"]["above"]["hybrid"]
    page = read("/desk/lab/live/popular/")
    assert f"{apart['value']:+.3f}" in page
    assert f"({apart['low']:+.3f} … {apart['high']:+.3f})" in page
    assert "measured on 40 people" in page
    assert not LivePolicy.objects.exists()

    answer = desk.post("/desk/lab/live/popular/", {"why": "一样好，更快"})

    assert (answer.status_code, answer["Location"]) == (302, "/desk/lab/")
    assert LivePolicy.objects.get().policy == "popular"
    live.forget()
    page = read("/desk/lab/")
    assert "“Popular” is live: slates follow within a second." in page
    assert "Chosen by 苏运 on" in page
    assert "It isn't trained yet." not in page
    entry = AuditEntry.objects.get(act="recommendation.chosen")
    assert (entry.before, entry.after, entry.why) == (
        {"policy": "hybrid"}, {"policy": "popular"}, "一样好，更快",
    )  # fmt: skip
    assert "let recommend from now on the policy" in read("/desk/audit/")
    assert "It is live already." in read("/desk/lab/live/popular/")


def test_a_choice_without_a_reason_or_of_no_policy_changes_nothing(desk):
    answer = desk.post("/desk/lab/live/ease/", {"why": " "})
    assert (answer.status_code, "Say why" in answer.content.decode()) == (400, True)
    assert desk.post("/desk/lab/live/magic/", {"why": "?"}).status_code == 404
    assert not LivePolicy.objects.exists()


def test_while_the_live_policy_is_not_trained_the_page_says_what_serves(read, academy):
    LivePolicy.objects.create(policy="ease", chosen_at=clock.now())
    live.forget()
    assert "It isn't trained yet." not in read("/desk/lab/")
    memory.Artefact.objects.filter(policy="ease").delete()
    memory.forget()
    assert "It isn't trained yet. Until it is, Hybrid recommends." in read("/desk/lab/")


# --- one person ---


def test_one_person_is_seen_under_each_policy_with_the_acts_that_spoke(read, academy, reader):
    view_course(actor=reader, course=academy[0])
    page = read("/desk/lab/slates/", who=reader.member_id)
    assert page.count('<section class="panel lab-slate"') == len(POLICIES)
    # The live one comes first.
    assert page.index('id="slate-hybrid"') < page.index('id="slate-popular"')
    assert "小林: the slates go by 1 act." in page
    content = page[page.index('id="slate-content"') :]
    assert "Because you looked at “data 0”" in content
    assert re.search(r"<dt lang=\"[^\"]*\">data 0</dt><dd>\+\d\.\d{3}</dd>", content)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.subject_name, entry.subject_id) == (
        "member.slates_seen",
        "小林",
        str(reader.member_id),
    )


@pytest.mark.parametrize("page", ["/desk/lab/slates/", "/desk/follow/"])
def test_of_words_that_go_on_and_on_a_hundred_letters_are_looked_up_and_shown(desk, academy, page):
    answer = desk.get(page, {"q": "\0" + "x" * 50_000})
    assert answer.context["sought"] == "x" * 100
    # The foot of the page leads back to the address as it was asked for.
    body, _, _ = answer.content.decode().partition("<footer")
    assert "x" * 100 in body
    assert "x" * 101 not in body


def test_each_place_tells_its_own_score_and_what_lifted_it_from_where(read, desk, academy, reader):
    view_course(actor=reader, course=academy[0])
    before = desk.get("/desk/lab/slates/", {"who": reader.member_id}).context["slates"][0]
    late, early = (
        next(course for course in academy if course.title == before.places[place].title) for place in (0, 5)
    )
    late.prerequisites.set([early])
    train_all(["hybrid"])
    page = read("/desk/lab/slates/", who=reader.member_id)
    hybrid = page[page.index('id="slate-hybrid"') :]
    step = f"before “{late.title}”, which needs it"
    told = re.search(rf"<summary>Own score (\d\.\d{{3}}) · lifted from place (\d+): {step}</summary>", hybrid)
    assert told and int(told[2]) > 1
    assert f"by its own score alone</dt><dd>place {told[2]}</dd>" in hybrid
    assert f"{step}</dt><dd>place 1</dd>" in hybrid
    assert "How it came to place 1" in hybrid
    popular = page[page.index('id="slate-popular"') :].split("</section>")[0]
    assert "lifted" not in popular


def test_every_step_of_reranking_has_its_words():
    assert set(words.STEPS) | {"before", "variety"} == set(STEPS)


def test_a_look_takes_as_many_queries_for_a_long_history(
    desk, academy, reader, monkeypatch, django_assert_num_queries
):
    # The newest artefacts were asked for a moment ago, however slow the machine.
    monkeypatch.setattr(memory, "CHECK_SECONDS", 600.0)
    view_course(actor=reader, course=academy[0])
    desk.get("/desk/lab/slates/", {"who": reader.member_id})
    with django_assert_num_queries(QUERIES["slates"]):
        desk.get("/desk/lab/slates/", {"who": reader.member_id})
    for course in academy[1:]:
        view_course(actor=reader, course=course)
    with django_assert_num_queries(QUERIES["slates"]):
        desk.get("/desk/lab/slates/", {"who": reader.member_id})


def test_nobody_is_shown_before_somebody_was_chosen_or_while_one_is_sought(read, academy, reader):
    assert "Find a member above, or look at your own." in read("/desk/lab/slates/")
    page = read("/desk/lab/slates/", who=reader.member_id, q="小林")
    assert f'href="?who={reader.member_id}"' in page
    assert "lab-slate" not in page
    assert not AuditEntry.objects.exists()


def test_nothing_is_shown_of_who_does_not_consent(read, academy):
    shy = make_member("shy@test.example", "小静", granted=NOTHING)
    page = read("/desk/lab/slates/", who=shy.pk)
    assert "Nothing of 小静 is shown" in page
    assert "lab-slate" not in page
    assert not AuditEntry.objects.exists()


def test_without_an_act_or_a_training_it_says_so(read, town, learner):
    page = read("/desk/lab/slates/", who=learner.pk)
    assert "they did nothing that counts" in page
    assert page.count("Not trained yet") == len(POLICIES)


# --- who may ---

PAGES = ("/desk/lab/", "/desk/lab/slates/", "/desk/lab/live/ease/")


@pytest.mark.parametrize("page", PAGES)
def test_only_operators_and_owners_see_it(signed_in, browser, learner, creator, agent, owner, page):
    for user in (learner, creator, agent):
        assert signed_in(user).get(page).status_code == 403
    assert browser.get(page).status_code == 302
    assert signed_in(owner).get(page).status_code == 200


def test_a_stranger_can_neither_compare_nor_choose(signed_in, stranger):
    client = signed_in(stranger)
    assert client.post("/desk/lab/start/", {"policy": ["popular"], "split": "newest"}).status_code == 403
    assert client.post("/desk/lab/live/ease/", {"why": "我要"}).status_code == 403
    assert not LabRun.objects.exists()
    assert not LivePolicy.objects.exists()
