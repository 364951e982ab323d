"""An evaluation as text, JSON and picture. What is measured is decided in `offline`."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from matplotlib.figure import Figure

from zhiyue.engine.beyond_accuracy import FEW_PEOPLE
from zhiyue.engine.evaluate import Measure, Missing
from zhiyue.recommend.offline import Report
from zhiyue.recommend.outputs import Place

COLUMNS = ("hr@5", "hr@10", "recall@20", "ndcg@10", "mrr@20", "coverage@10")
HEADINGS = {
    "hr@5": "HR@5",
    "hr@10": "HR@10",
    "recall@20": "Recall@20",
    "ndcg@10": "NDCG@10",
    "mrr@20": "MRR@20",
    "coverage@10": "coverage@10",
}
MORE_COLUMNS = (
    "map@10",
    "novelty@10",
    "diversity@10",
    "arp@10",
    "arp-ratio@10",
    "calibration@10",
    "few-share@10",
    "few-recall@20",
)
MORE_HEADINGS = {
    "map@10": "MAP@10",
    "novelty@10": "novelty",
    "diversity@10": "diversity",
    "arp@10": "ARP",
    "arp-ratio@10": "ARP ratio",
    "calibration@10": "calibration",
    "few-share@10": "few share",
    "few-recall@20": "few Recall",
}
SAMPLED_COLUMNS = ("sampled-hr@10", "sampled-ndcg@10")
SAMPLED_HEADINGS = {"sampled-hr@10": "HR@10 smpl", "sampled-ndcg@10": "NDCG@10 smpl"}
COMPARED = "ndcg@10"
INK = "#1f2a30"
ACCENT = "#0f6b68"


def as_text(report: Report) -> str:
    """The table of policies: value and how far the further end of its 95 % interval lies."""
    widest = max(len("policy"), *(len(result.policy) for result in report.results))
    head = "  ".join(f"{HEADINGS[name]:>14}" for name in COLUMNS)
    lines = [*_facts(report), "", f"{'policy':<{widest}}  {head}  {'fit s':>7}  {'ms/user':>8}"]
    for result in report.results:
        cells = (result.measures[name] for name in COLUMNS)
        row = "  ".join(f"{cell.value:.4f} ±{cell.reach:.4f}".rjust(14) for cell in cells)
        times = f"{result.fit_seconds:7.2f}  {result.milliseconds_per_user:8.3f}"
        lines.append(f"{result.policy:<{widest}}  {row}  {times}")
    lines += [
        "",
        "Full ranking: every item that the learner does not own competes. ± is the longer side of the 95 % interval:",
        "Wilson's for HR, normal over learners for other means; for coverage from its standard error over bootstrap",
        f"resamples of learners (seed {report.seed}).",
    ]
    return "\n".join([*lines, "", *_more(report, widest)])


def write_json(report: Report, place: Place) -> None:
    """The whole report, intervals with both ends."""
    text = json.dumps(asdict(report), ensure_ascii=False, indent=2) + "\n"
    place.fill(lambda draft: draft.write_text(text, "utf-8"))


def write_plot(report: Report, place: Place) -> None:
    """A small chart per metric, policies as points with their intervals. The suffix (.svg, .png) decides the
    kind."""
    figure = Figure(figsize=(12, 1.6 + 0.5 * len(report.results)), layout="constrained")
    names = [result.policy for result in report.results]
    for name, axes in zip(COLUMNS, figure.subplots(1, len(COLUMNS), sharey=True), strict=True):
        for row, result in enumerate(report.results):
            cell = result.measures[name]
            axes.plot([cell.low, cell.high], [row, row], color=ACCENT, linewidth=2)
            axes.plot(cell.value, row, "o", color=ACCENT, markersize=6)
            axes.annotate(
                f"{cell.value:.3f}", (cell.value, row), (0, 7), textcoords="offset points", ha="center"
            )
        axes.set_title(HEADINGS[name], fontsize=11, color=INK)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.7)
        axes.set_xlim(left=0)
        axes.margins(x=0.18)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(axis="x", alpha=0.25)
    best = max(report.results, key=lambda result: result.measures["ndcg@10"].value)
    figure.suptitle(
        f"{best.policy} ranks best: NDCG@10 {best.measures['ndcg@10'].value:.3f} "
        f"({report.test_learners:,} learners, {report.items:,} items, full ranking, 95 % intervals)",
        color=INK,
    )
    place.fill(figure.savefig)


def _more(report: Report, widest: int) -> list[str]:
    """The second table: what lists are like, sampled metrics where there are any, differences to the best policy."""
    headings = list(MORE_HEADINGS.values()) + (list(SAMPLED_HEADINGS.values()) if report.negatives else [])
    widths = [max(len(heading), len("0.0000")) for heading in headings]
    lines = [f"{'policy':<{widest}}  {_row(headings, widths)}  {'NDCG@10 against the best':>28}"]
    reasons: dict[str, None] = {}
    for result in report.results:
        found: dict[str, Measure] = {**result.measures, **result.beyond_accuracy, **result.sampled}
        cells = [found[name] for name in MORE_COLUMNS + (SAMPLED_COLUMNS if report.negatives else ())]
        apart = result.against_best.get(COMPARED)
        reasons |= {cell.reason: None for cell in [*cells, apart] if isinstance(cell, Missing)}
        row = _row(["–" if cell.value is None else f"{cell.value:.4f}" for cell in cells], widths)
        lines.append(f"{result.policy:<{widest}}  {row}  {_difference(apart):>28}".rstrip())
    lines += [
        "",
        "Of the first ten: novelty in bits; ARP: mean share of learners who took the listed items, ratio: to the",
        "hidden; calibration: divergence of a list's topics from its learner's own, 0 is best; few: of items that",
        f"fewer than {FEW_PEOPLE} learners took, share of the first ten, and found share of the hidden (of twenty).",
        "The difference to the best policy is on the same learners, 95 % paired bootstrap interval",
        f"(seed {report.seed}). --json has all.",
    ]
    if report.negatives:
        lines.append(
            f"smpl: each hidden item among {report.negatives:,} sampled ones; only to compare with papers."
        )
    return lines + [f"–: {reason}." for reason in reasons]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))


def _difference(cell: Measure | None) -> str:
    if cell is None:
        return "best"
    return "–" if isinstance(cell, Missing) else f"{cell.value:+.4f} [{cell.low:+.4f}, {cell.high:+.4f}]"


def _facts(report: Report) -> list[str]:
    lines = [
        f"train: {report.interactions:,} interactions, {report.learners:,} learners, {report.items:,} items; "
        f"test: {report.test_learners:,} learners, {report.test_pairs:,} hidden items"
    ]
    if report.split:
        lines.append(f"hidden of the training file: {report.split}")
    if report.unknown_learners:
        lines.append(
            f"{report.unknown_learners:,} test learners are not in train: they are shown the popular list"
        )
    if report.unreachable_pairs:
        lines.append(
            f"{report.unreachable_pairs:,} hidden items are in neither train nor items: they count as missed"
        )
    if report.owned_pairs:
        lines.append(f"{report.owned_pairs:,} test pairs are in train already: they are left out")
    return lines
