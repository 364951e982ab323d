"""An explanation as text, for whoever asks on the command line."""

from collections.abc import Mapping

from zhiyue.product.catalogue.editions import titles_in
from zhiyue.recommend.explaining import Explained, Explanation
from zhiyue.recommend.live import live_policy
from zhiyue.recommend.moves import Move, Step
from zhiyue.recommend.offers import COLD_POLICY

STEPS: dict[Step, str] = {
    "topic": "of a topic they chose",
    "new": "a place for what is new",
    "met": "met already, so behind all else",
    "rules": "the academy's rules",
    "level": "how well its level fits",
    "novelty": "how little known it is",
    "newest": "answers their newest act",
    "drawn": "new course, drawn by lot",
    "waited": "waits for what is better taken first",
    "passed": "others were put before it",
    "pinned": "pinned by the academy",
}


def explanation_as_text(found: Explanation, *, first: int) -> str:
    """The `first` courses of the slate, best first: the policy's own score, reason, how it came to its place, what each
    part gave, and the acts that gave most."""
    shown = found.courses[:first]
    about = [one.course_id for item in shown for one in item.evidence]
    about += [item.shown.reason.course_id for item in shown if item.shown.reason.course_id]
    named = titles_in(found.language, [*about, *(one.shown.course_id for one in shown)])
    head = f"{_policy(found)}, artefact {found.version}, going by {found.acts:,} acts"
    if not found.acts:
        head += " (nothing was done, or personalisation isn't consented to: the list is everybody's)"
    if any(item.parts for item in shown):
        head += "\nparts: what each gave, from 0 to 1; the score needn't be their sum: a ranker comes after"
    lines = [head]
    for item in shown:
        lines += ["", *_told(item, named)]
    return "\n".join(lines)


def _policy(found: Explanation) -> str:
    """Which one answered, and why this one."""
    by = found.assigned
    if not found.is_trained:
        return f"{COLD_POLICY} (stands in for {found.policy}, which isn't trained)"
    if by is None:
        return f"{found.policy} (as asked for)"
    if by.contest is not None:
        return f"{found.policy} (drawn by lot for them today, with chance {by.chance:.2f})"
    if (live := live_policy()) != found.policy:
        return f"{found.policy} (stands in for {live}, which is live and isn't trained)"
    return f"{found.policy} (the live policy)"


def _told(item: Explained, named: Mapping[int, str]) -> list[str]:
    shown, placing = item.shown, item.placing
    chance = "" if shown.propensity == 1 else f", chance {shown.propensity:.3f}"
    score = "no score of its own" if placing is None or placing.score is None else f"{placing.score:.3f}"
    lines = [f"{shown.position:>2}. {named[shown.course_id]}  {score}  ({shown.reason.kind}{chance})"]
    if placing is not None and placing.moves:
        alone = "by its own score" if placing.score is not None else "by the popular list"
        way = [f"{alone} place {placing.place}"]
        before = placing.place
        for move in placing.moves:
            way.append(
                f"{_step(move, before, named.get(shown.reason.course_id or 0, ''))}: place {move.place}"
            )
            before = move.place
        lines.append("    " + "; ".join(way))
    if item.parts:
        lines.append("    " + "  ".join(f"{name} {score:.3f}" for name, score in item.parts.items()))
    lines += [f"    {one.share:+.3f}  {named.get(one.course_id, one.course_id)}" for one in item.evidence]
    return lines


def _step(move: Move, before: int, needs_it: str) -> str:
    match move.step:
        case "before":
            return f"before “{needs_it}”, which needs it"
        case "variety":
            return "others were held back" if move.place < before else "held back for variety"
        case step:
            return STEPS[step]
