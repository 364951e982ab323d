"""Recommending from files: policies compared on a hidden part, and lists for many users. No database is
touched."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from zhiyue.engine import evaluate as measures
from zhiyue.engine.evaluate import Estimate, Measure
from zhiyue.engine.kinds import Floats, Ints
from zhiyue.engine.matrix import owned
from zhiyue.engine.ranking import NOTHING
from zhiyue.recommend import splitting
from zhiyue.recommend.coded import Training, codes, training
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.extras import needs_extra
from zhiyue.recommend.files import IdColumn, read_users
from zhiyue.recommend.fitting import RANKER, NothingLeft, Pipeline, fit
from zhiyue.recommend.folding import asked_with
from zhiyue.recommend.measuring import Step, lists_of, measured
from zhiyue.recommend.outputs import Place, reserved
from zhiyue.recommend.parts import OF_TEXTS
from zhiyue.recommend.policies import DEFAULT_POLICY, POLICIES, Policy
from zhiyue.recommend.splitting import Split
from zhiyue.recommend.steps import Steps, chosen
from zhiyue.recommend.tables import Tell

# Lists are held until they make a row group of so many rows, never all at once.
ROWS_AT_ONCE = 500_000
NO_WORDS = "the items file has no words that two items share"


@dataclass(frozen=True, slots=True)
class Result:
    """One policy's measures. `sampled` is empty for a test file without negatives, `against_best` (differences to the
    policy with the highest NDCG@10, on the same people) for that policy itself."""

    policy: str
    measures: dict[str, Estimate]
    fit_seconds: float
    milliseconds_per_user: float
    left_out: tuple[str, ...]
    beyond_accuracy: dict[str, Measure]
    sampled: dict[str, Measure]
    against_best: dict[str, Measure]


@dataclass(frozen=True, slots=True)
class Report:
    """What `evaluate` found out. `split`: what was hidden of the training file, in a line; empty for a test file."""

    interactions: int
    learners: int
    items: int
    test_learners: int
    unknown_learners: int
    test_pairs: int
    unreachable_pairs: int
    owned_pairs: int
    negatives: int
    seed: int
    results: tuple[Result, ...]
    split: str = ""


def chosen_policies(names: Sequence[str]) -> list[Policy]:
    """Policies by name, all for no name, each once. Raises NotPossible for a name that is not in the
    table."""
    unknown = [name for name in names if name not in POLICIES]
    if unknown:
        raise NotPossible(f"There is no policy “{unknown[0]}”. Choose from: {', '.join(POLICIES)}.")
    return [POLICIES[name] for name in dict.fromkeys(names or POLICIES)]


def evaluate(
    *,
    train: Path,
    test: Path | None = None,
    split: str | None = None,
    items: Path | None = None,
    policies: Sequence[str] = (),
    with_dear: bool = False,
    seed: int = 0,
    tell: Tell = print,
) -> Report:
    """Fit policies on `train` and measure on `test`, or on what `split` hides of it, under full ranking: every item of
    the catalogue that a user does not own competes. The catalogue is the items of the training file and of the items
    file. Where no policy is named it is all but those that need an extra, which are dear; `with_dear`: these, too.

    Raises NotPossible, ValueError unless there is either a test file or a split.
    """
    if (test is None) == (split is None):
        raise ValueError("give a test file or a split")
    wanted = chosen_policies(policies)
    if not policies and not with_dear:
        wanted = [policy for policy in wanted if not needs_extra(policy.name)]
    if items is None and policies and any(policy.needs_texts for policy in wanted):
        raise NotPossible("The policy “content” compares texts: give them with --items FILE.")
    known = training(train, items, tell)
    hidden = splitting.by_file(test, known, tell) if test else splitting.by_name(split or "", known, seed)
    left, asked = replace(known, acts=hidden.fitted), hidden.asked
    with chosen(tell) as steps:
        each = (_measured(policy, left, hidden, seed, steps, tell) for policy in wanted)
        found = [one for one in each if one is not None]
    results = _compared(found, seed)
    if not results:
        raise NotPossible("None of the policies could be fitted; see the messages above.")
    return Report(
        interactions=len(left.acts.user),
        learners=len(np.unique(left.acts.user)),
        items=known.acts.items,
        test_learners=len(asked.people),
        test_pairs=int(asked.relevant.nnz),
        unknown_learners=int((asked.people == NOTHING).sum()),
        unreachable_pairs=int((asked.relevant.indices >= known.acts.items).sum()),
        owned_pairs=asked.owned_pairs,
        negatives=0 if asked.sampled is None else asked.sampled.negatives.shape[1],
        seed=seed,
        results=results,
        split=hidden.says,
    )


def batch(
    *,
    train: Path,
    users: Path,
    out: Path,
    k: int,
    items: Path | None = None,
    policy: str = DEFAULT_POLICY,
    tell: Tell = print,
) -> int:
    """Write k items for each user of a file as long form user_id, item_id, score, best first. Items that a
    user has in `train` are left out; a user who is not in `train` gets the popular list. returns  the number
    of rows.

    Raises NotPossible; then nothing has been written.
    """
    (wanted,) = chosen_policies([policy])
    if k < 1:
        raise NotPossible(f"--k is {k}; it must be 1 or more.")
    check_target(out, {".parquet"})
    if items is None and wanted.needs_texts:
        raise NotPossible(f"The policy “{policy}” compares texts: give them with --items FILE.")
    with reserved(out) as place:
        return _write_lists(place, train, users, items, wanted, k, tell)


def check_target(out: Path, suffixes: set[str]) -> None:
    """Raises NotPossible unless the name suits a file of this kind. Whether the folder takes it shows when it
    is reserved."""
    if out.suffix.lower() not in suffixes:
        raise NotPossible(f"{out}: the name must end in {' or '.join(sorted(suffixes))}.")
    try:
        if out.is_dir():
            raise NotPossible(f"{out} is a folder.")
        if not out.parent.is_dir():
            raise NotPossible(f"{out}: the folder {out.parent} does not exist.")
    except OSError as problem:
        raise NotPossible(f"{out}: nothing can be written there: {problem.strerror}.") from problem


def _measured(
    policy: Policy, known: Training, hidden: Split, seed: int, steps: Steps, tell: Tell
) -> tuple[Result, dict[str, Floats]] | None:
    """A policy's result, still without its differences, and its metrics person by person."""
    try:
        pipeline, fit_seconds = _fitted(policy, known, steps, tell)
    except NotPossible as problem:
        tell(f"{policy.name}: left out. {problem}")
        return None
    with _shown_on_bar(len(hidden.asked.people), policy.name) as step:
        groups = None if known.texts is None else known.texts.groups
        found = measured(pipeline, hidden.shown, groups, hidden.asked, seed=seed, step=step)
    result = Result(
        policy.name,
        found.measures,
        fit_seconds,
        found.milliseconds_per_user,
        tuple(pipeline.left_out),
        found.beyond_accuracy,
        found.sampled,
        {},
    )
    return result, found.per_person


def _compared(found: Sequence[tuple[Result, dict[str, Floats]]], seed: int) -> tuple[Result, ...]:
    """Results with their differences to the best one."""
    if not found:
        return ()
    best, of_best = max(found, key=lambda one: one[0].measures["ndcg@10"].value)
    return tuple(
        result
        if result is best
        else replace(result, against_best=measures.differences(mine, of_best, seed=seed))
        for result, mine in found
    )


def _fitted(policy: Policy, known: Training, steps: Steps, tell: Tell) -> tuple[Pipeline, float]:
    tell(f"{policy.name}: fitting …")
    started = time.perf_counter()
    try:
        pipeline = fit(policy, known.acts, known.texts, steps)
    except NothingLeft as problem:
        if OF_TEXTS.issuperset(problem.left_out):
            given = NO_WORDS if known.texts else "give texts with --items FILE"
            raise NotPossible(f"The policy “{policy.name}” compares texts: {given}.") from None
        raise NotPossible(f"The policy “{policy.name}” cannot be fitted: {problem}.") from None
    seconds = time.perf_counter() - started
    tell(f"{policy.name}: fitted in {seconds:.1f} s")
    without = {name: said for name, said in pipeline.left_out.items() if name != RANKER}
    if without:
        why = [
            (NO_WORDS if known.texts else "no texts given with --items") if name in OF_TEXTS else said
            for name, said in without.items()
        ]
        parts = ", ".join(part.name for part in policy.parts if part.name not in without)
        tell(f"{policy.name}: {'; '.join(dict.fromkeys(why))}, so it falls back to {parts}")
    if RANKER in pipeline.left_out:
        tell(f"{policy.name}: {pipeline.left_out[RANKER]}, so its courses stay in the order of the blend")
    return pipeline, seconds


@contextmanager
def _shown_on_bar(people: int, name: str = "users") -> Iterator[Step]:
    with tqdm(total=people, desc=name, unit=" users", file=sys.stderr) as bar:
        yield bar.update


def _write_lists(
    place: Place, train: Path, users: Path, items: Path | None, policy: Policy, k: int, tell: Tell
) -> int:
    asked = read_users(users, tell)
    known = training(train, items, tell)
    with chosen(tell) as steps:
        pipeline, _ = _fitted(policy, known, steps, tell)
    people = codes(asked, known.users)
    if strangers := int((people == NOTHING).sum()):
        tell(f"{strangers:,} of {len(people):,} users are not in {train}: they get the popular list")
    if k > known.acts.items:
        tell(f"--k is {k:,}, but there are only {known.acts.items:,} items: lists are shorter")
        k = known.acts.items
    shaped = asked_with(known.acts, pipeline.groups, people[people != NOTHING])
    taken = owned(known.acts)
    rows = 0

    def write(draft: Path) -> None:
        nonlocal rows
        with _shown_on_bar(len(people)) as step:
            lists = lists_of(pipeline, shaped, taken, people, k, vary=policy.is_varied, step=step)
            tables = _long(lists, asked, known)
            first = next(tables)
            with pq.ParquetWriter(draft, first.schema) as writer:
                for table in _grouped(chain([first], tables)):
                    writer.write_table(table)
                    rows += table.num_rows

    place.fill(write)
    return rows


def _long(blocks: Iterable[tuple[Ints, Floats]], asked: IdColumn, known: Training) -> Iterator[pa.Table]:
    """Blocks of lists in long form, the users in the order of `asked`; all tables have the same types."""
    users = asked.restored(asked.values)
    items = known.item_kind.restored(known.items)
    low = 0
    for lists, scores in blocks:
        listed = lists != NOTHING
        person = low + np.repeat(np.arange(len(lists)), listed.sum(axis=1))
        low += len(lists)
        yield pa.table(
            {
                "user_id": users.take(pa.array(person)),
                "item_id": items.take(pa.array(lists[listed])),
                "score": pa.array(scores[listed], pa.float32()),
            }
        )


def _grouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of ROWS_AT_ONCE or a little more: a row group each."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        if rows >= ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting, rows = [], 0
    if rows:
        yield pa.concat_tables(waiting)
