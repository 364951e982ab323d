"""An explanation as text, for whoever asks on the command line."""

from zhiyue.product.catalogue.selectors import titles
from zhiyue.recommend.explaining import Explained, Explanation


def explanation_as_text(found: Explanation) -> str:
    """The slate, best first: score, reason, what each part gave, and the acts that gave most."""
    about = [one.course_id for item in found.courses for one in item.evidence]
    about += [one.shown.course_id for one in found.courses]
    named = titles(about)
    head = f"{found.policy}, artefact {found.version}, going by {found.acts:,} acts"
    if not found.acts:
        head += " (nothing was done, or personalisation isn't consented to: the list is everybody's)"
    if any(item.parts for item in found.courses):
        head += "\nparts: what each gave, from 0 to 1; the score needn't be their sum: a ranker and variety come after"
    lines = [head]
    for item in found.courses:
        lines += ["", *_told(item, named)]
    return "\n".join(lines)


def _told(item: Explained, named: dict[int, str]) -> list[str]:
    shown = item.shown
    chance = "" if shown.propensity == 1 else f", chance {shown.propensity:.3f}"
    lines = [
        f"{shown.position:>2}. {named[shown.course_id]}  {shown.score:.3f}  ({shown.reason.kind}{chance})"
    ]
    if item.parts:
        lines.append("    " + "  ".join(f"{name} {score:.3f}" for name, score in item.parts.items()))
    lines += [f"    {one.share:+.3f}  {named.get(one.course_id, one.course_id)}" for one in item.evidence]
    return lines
