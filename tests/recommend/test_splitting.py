"""`zhiyue recommend evaluate --split`: a part of the training file is hidden instead of a test file."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from zhiyue.recommend import splitting
from zhiyue.recommend.coded import training

PEOPLE, COURSES, EACH = 160, 30, 6


@pytest.fixture
def log(tmp_path):
    """Everybody takes courses in a row, one a day, beginning anywhere."""
    random = np.random.default_rng(5)
    rows = ["user_id,item_id,time"]
    for person in range(PEOPLE):
        start, day = random.integers(0, COURSES), random.integers(0, 100)
        rows += [
            f"{person},{(start + step) % COURSES},{1_700_000_000 + 86_400 * (day + step)}"
            for step in range(EACH)
        ]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def without(log, column):
    """The same file without its third column, or with it as a position."""
    head, *rows = log.read_text().splitlines()
    path = log.with_name("other.csv")
    if column is None:
        path.write_text("\n".join(row.rsplit(",", 1)[0] for row in [head, *rows]) + "\n")
    else:
        path.write_text("\n".join([f"user_id,item_id,{column}", *rows]) + "\n")
    return path


def evaluated(log, split, *words):
    out, err = StringIO(), StringIO()
    given = ["--train", log, "--split", split, "--json", log.with_name("report.json"), "--policy", "sequence"]
    call_command("recommend", "evaluate", *map(str, [*given, *words]), stdout=out, stderr=err)
    return out.getvalue(), json.loads(log.with_name("report.json").read_text())


def test_whole_people_are_held_out_by_the_command(log):
    out, report = evaluated(log, "people", "--policy", "popular", "--seed", "3")

    assert (report["learners"], report["test_learners"]) == (128, 32)
    assert report["interactions"] == 128 * EACH
    assert report["test_pairs"] == 32 * (EACH // 2)
    assert "32 people held out whole (seed 3): lists from their older half, the rest hidden" in out
    follows, popular = report["results"]
    # Of people who were no part of the fit, too, what comes next in the row is found.
    assert follows["policy"] == "sequence"
    assert follows["measures"]["hr@5"]["value"] > popular["measures"]["hr@5"]["value"]


def test_the_newest_of_each_is_hidden(log):
    out, report = evaluated(log, "newest")

    assert (report["test_learners"], report["test_pairs"]) == (PEOPLE, PEOPLE)
    assert report["interactions"] == PEOPLE * (EACH - 1)
    assert "hidden of the training file: the newest item of 160 people" in out
    assert report["results"][0]["measures"]["hr@5"]["value"] > 0.9


def test_the_last_fifth_of_the_time_is_hidden(log):
    known = training(log, None, print)
    hidden = splitting.by_name("time", known, 0)

    assert hidden.fitted is hidden.shown
    assert 0.75 * PEOPLE * EACH < len(hidden.fitted.user) <= 0.81 * PEOPLE * EACH
    assert hidden.fitted.days.max() < known.acts.days.max() - 5
    out, report = evaluated(log, "time")
    assert "in the last fifth of the acts" in out
    assert report["test_learners"] == len(hidden.asked.people)


def together(log, people):
    """The same file, in which the first people took everything on one day."""
    head, *rows = log.read_text().splitlines()
    rows = [row.rsplit(",", 1)[0] + ",1700000000" for row in rows[: people * EACH]] + rows[people * EACH :]
    path = log.with_name("together.csv")
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def test_whose_newest_item_is_not_told_is_not_asked_about_and_that_is_said(log):
    out, report = evaluated(together(log, 10), "newest")

    assert (report["test_learners"], report["test_pairs"]) == (PEOPLE - 10, PEOPLE - 10)
    # All that the ten took stays.
    assert report["interactions"] == (PEOPLE - 10) * (EACH - 1) + 10 * EACH
    assert (
        "the newest item of 150 people; 10 more have other items at the same moment as their newest and are not "
        "asked about"
    ) in out
    with pytest.raises(
        CommandError, match=r"here these are 0, at least 30 are needed \(160 more have other items"
    ):
        evaluated(together(log, PEOPLE), "newest")


def test_a_last_fifth_that_is_none_is_not_called_so(log):
    head, *rows = log.read_text().splitlines()
    acts = [row.rsplit(",", 1) for row in rows]
    moments = sorted(int(time) for _, time in acts)
    first, last = moments[len(moments) // 2], moments[len(moments) * 41 // 50]
    moved = [f"{ids},{first if first < int(time) <= last else time}" for ids, time in acts]
    path = log.with_name("days.csv")
    path.write_text("\n".join([head, *moved]) + "\n")

    hidden = splitting.by_name("time", training(path, None, print), 0)

    later = sum(int(time) > last for _, time in acts)
    assert len(hidden.fitted.user) == len(acts) - later
    share = f"the last {later / len(acts):.1%} (no fifth: too many acts have the same time) of the acts"
    assert share in hidden.says
    with pytest.raises(
        CommandError, match=r"--split time: 100% of the acts have the newest time of the file"
    ):
        evaluated(together(log, PEOPLE), "time")


def test_without_an_order_what_is_hidden_is_drawn_and_said_to_be(log):
    plain = without(log, None)
    halves = [
        splitting.by_name("people", training(plain, None, print), seed).asked.relevant.toarray()
        for seed in (1, 1, 2)
    ]

    assert (halves[0] == halves[1]).all() and (halves[0] != halves[2]).any()
    assert "drawn at random (seed 4; the file has no order)" in evaluated_popular(plain, "newest")
    assert "half (drawn, the file has no order)" in evaluated_popular(plain, "people")


def evaluated_popular(log, split):
    out = StringIO()
    words = ["--train", log, "--split", split, "--policy", "popular", "--seed", "4"]
    call_command("recommend", "evaluate", *map(str, words), stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.parametrize(
    ("people", "column", "words", "reason"),
    [
        (
            PEOPLE,
            "time",
            ["--split", "magic"],
            "There is no split “magic”. Choose from: newest, time, people.",
        ),
        (PEOPLE, "time", ["--split", ""], "There is no split “”."),
        (PEOPLE, "position", ["--split", "time"], "--split time needs a column “time”"),
        (PEOPLE, None, ["--split", "time"], "--split time needs a column “time”"),
        (140, "time", ["--split", "people"], "here these are 28, at least 30 are needed"),
        (29, "time", ["--split", "newest"], "--split newest: too few people."),
        (29, "time", ["--split", "time"], "--split time: too few people."),
    ],
)
def test_what_cannot_be_split_says_why_ends_with_2_and_writes_nothing(log, people, column, words, reason):
    head, *rows = log.read_text().splitlines()
    log.write_text("\n".join([head, *rows[: people * EACH]]) + "\n")
    file = log if column == "time" else without(log, column)
    before = sorted(file.parent.iterdir())

    with pytest.raises(CommandError) as refusal:
        call_command(
            "recommend", "evaluate", "--train", str(file), *words, "--json", str(log.with_name("report.json")),
            stdout=StringIO(), stderr=StringIO(),
        )  # fmt: skip

    assert reason in str(refusal.value)
    assert refusal.value.returncode == 2
    assert sorted(file.parent.iterdir()) == before


@pytest.mark.parametrize("words", [[], ["--split", "newest", "--test", "test.csv"]])
def test_either_a_test_file_or_a_split_is_wanted(log, words):
    with pytest.raises(CommandError, match="--split"):
        call_command("recommend", "evaluate", "--train", str(log), *words, stderr=StringIO())
