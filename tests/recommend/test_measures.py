"""The second table of `zhiyue recommend evaluate`: what lists are like, sampled metrics, differences."""

import json
import re
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from zhiyue.engine.evaluate import sampled
from zhiyue.engine.kinds import Profiles
from zhiyue.engine.matrix import profiles
from zhiyue.recommend import fitting, serve
from zhiyue.recommend.coded import asked_by, training
from zhiyue.recommend.files import read_pairs
from zhiyue.recommend.fitting import NothingLeft
from zhiyue.recommend.policies import POLICIES, PROFILE, Part, Policy

PEOPLE = 40
ITEMS = 12


@pytest.fixture
def folder(tmp_path):
    """Forty people with four courses each in order; the fifth is hidden, with five negatives. One more has the rest."""
    random = np.random.default_rng(2)
    train, test = ["user_id,item_id,position"], ["user_id,item_id,negatives"]
    for user in range(PEOPLE):
        start = user % 4
        rest = random.permutation([item for item in range(ITEMS) if not start <= item < start + 5])
        train += [f"{user},{start + place},{place}" for place in range(4)]
        test.append(f"{user},{start + 4},{'|'.join(map(str, rest[:5]))}")
    (tmp_path / "train.csv").write_text(
        "\n".join([*train, *(f"99,{item},0" for item in range(7, ITEMS))]) + "\n"
    )
    (tmp_path / "test.csv").write_text("\n".join(test) + "\n")
    return tmp_path


def run(folder, *words):
    out, err = StringIO(), StringIO()
    files = "--train", folder / "train.csv", "--test", folder / "test.csv", "--json", folder / "report.json"
    call_command("recommend", "evaluate", *map(str, [*files, *words]), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue(), json.loads((folder / "report.json").read_text())


def test_the_second_table_says_what_lists_are_like_and_which_policy_is_best(folder):
    out, _, report = run(folder, "--policy", "popular", "--policy", "sequence")

    heads = [line for line in out.splitlines() if line.startswith("policy")]
    assert heads[1].split() == [
        "policy", "MAP@10", "novelty", "diversity", "ARP", "ARP", "ratio", "calibration",
        "few", "share", "few", "Recall", "HR@10", "smpl", "NDCG@10", "smpl", "NDCG@10", "against", "the", "best",
    ]  # fmt: skip
    assert max(len(line) for line in out.splitlines()) < 160
    popular, follows = report["results"]
    assert follows["against_best"] == {}
    apart = popular["against_best"]["ndcg@10"]
    expected = popular["measures"]["ndcg@10"]["value"] - follows["measures"]["ndcg@10"]["value"]
    assert apart["value"] == pytest.approx(expected)
    assert apart["low"] <= apart["value"] <= apart["high"] < 0
    row = next(line for line in out.splitlines() if line.startswith("popular") and "[" in line)
    assert f"{apart['value']:+.4f} [{apart['low']:+.4f}, {apart['high']:+.4f}]" in row
    assert popular["beyond_accuracy"]["calibration@10"] == {"reason": "items have no topics", "value": None}
    assert "–: items have no topics." in out
    assert (report["negatives"], "among 5 sampled ones" in out) == (5, True)


def test_sampled_metrics_are_those_of_the_scores_that_lists_are_made_of(folder):
    _, _, report = run(folder, "--policy", "item-neighbours")
    known = training(folder / "train.csv", None, print)
    asked = asked_by(read_pairs(folder / "test.csv"), known)
    pipeline = fitting.fit(POLICIES["item-neighbours"], known.acts)
    shaped = profiles(known.acts, PROFILE)
    mine = Profiles(shaped.weights[asked.people], shaped.newest[asked.people])
    scores = pipeline.model.scores(mine)
    popular = pipeline.popular.score
    rows = np.where(scores > 0, scores, popular - 1.0)
    everybody = np.arange(PEOPLE)[:, None]
    mark = rows[everybody, asked.sampled.hidden[:, None]]
    others = rows[everybody, asked.sampled.negatives]
    rank = 1 + (others > mark).sum(axis=1)
    equal = (others == mark).sum(axis=1)
    expected = np.mean(1 / np.log2(rank + (equal + 1) // 2 + 1))

    assert asked.sampled.hidden.tolist() == [user % 4 + 4 for user in range(PEOPLE)]
    found = report["results"][0]["sampled"]
    assert found["sampled-ndcg@10"]["value"] == pytest.approx(expected)
    assert found["sampled-hr@10"]["value"] == 1.0


def test_an_item_that_is_in_no_other_file_ranks_last_among_its_negatives(folder):
    (folder / "test.csv").write_text("user_id,item_id,negatives\n0,77,7|88\n0,77,8|9\n1,2,7|8\n98,5,77|88\n")
    known = training(folder / "train.csv", None, print)
    asked = asked_by(read_pairs(folder / "test.csv"), known)
    pipeline = fitting.fit(POLICIES["popular"], known.acts)
    shaped = profiles(known.acts, PROFILE)

    scores = serve.scored(
        pipeline,
        Profiles(shaped.weights[[0, 0]], shaped.newest[[0, 0]]),
        asked.owned[[0, 0]],
        np.column_stack([asked.sampled.hidden, asked.sampled.negatives]),
    )

    # The pair (0, 77) counts once, (1, 2) is in the training file; of user 98 nothing is known.
    assert asked.sampled.person.tolist() == [0, 1]
    assert np.isneginf(scores).tolist() == [[True, False, True], [False, True, True]]
    assert sampled(np.arange(30), np.full(30, -np.inf), np.zeros((30, 99)))["sampled-hr@10"].value == 0.0


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("0,4,7|8\n1,5,7\n", "negatives is empty or not as long as in the first row"),
        ("0,4,7|\n1,5,7|8\n", "negatives holds something that is not an item id"),
        ("0,4,7|8\n1,5,7|7\n", "data row 2 (line 3): negatives holds an item twice"),
        ("0,4,7|8\n1,5,7|8\n1,6,6|8\n", "data row 3 (line 4): negatives holds the row's own item"),
        ("0,4,7|8\n1,5,7|x\n1,6,8| 6\n", "data row 3 (line 4): negatives holds the row's own item"),
    ],
)
def test_negatives_that_cannot_be_ranked_are_refused(folder, rows, reason):
    (folder / "test.csv").write_text("user_id,item_id,negatives\n" + rows)

    with pytest.raises(CommandError, match=re.escape(reason)):
        run(folder, "--policy", "popular")


def test_how_many_negatives_are_in_no_file_is_said(folder):
    test = (folder / "test.csv").read_text().splitlines()
    for n in (1, 2):
        test[n] = test[n].rsplit("|", 1)[0] + "|88"
    (folder / "test.csv").write_text("\n".join(test) + "\n")
    _, err, _ = run(folder, "--policy", "popular")
    assert "test.csv: 2 of 200 negatives are in neither the training nor the items file" in err


def test_without_an_order_the_sequence_is_left_out_and_a_blend_names_what_it_lacks(folder):
    rows = (folder / "train.csv").read_text().splitlines()
    (folder / "train.csv").write_text("\n".join(row.rsplit(",", 1)[0] for row in rows) + "\n")
    known = training(folder / "train.csv", None, print)
    blend = Policy("blend", "", (Part("sequence"), Part("popular", 0.5)))

    _, err, report = run(folder, "--policy", "sequence", "--policy", "popular")

    assert (
        "sequence: left out. The policy “sequence” cannot be fitted: nothing says which act came first."
        in err
    )
    assert [result["policy"] for result in report["results"]] == ["popular"]
    assert fitting.fit(blend, known.acts).left_out == {"sequence": "nothing says which act came first"}
    with pytest.raises(NothingLeft, match="which act came first"):
        fitting.fit(POLICIES["sequence"], known.acts)
