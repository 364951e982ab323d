"""Texts to begin with, in Chinese. Each says at its head that a lawyer has to look at it first."""

from collections.abc import Iterator
from pathlib import Path

from zhiyue.core.academy.models import TEMPLATE_MARK, AgreementKind

_FOLDER = Path(__file__).resolve().parent


def templates(*, noted: bool = True) -> Iterator[tuple[str, str, str]]:
    """Kind, title and body of each text that ships; without the note to the operator where it isn't `noted`."""
    for kind in AgreementKind.values:
        title, _, body = (_FOLDER / f"{kind}.md").read_text("utf-8").partition("\n")
        paragraphs = body.strip().split("\n\n")
        kept = [one for one in paragraphs if noted or TEMPLATE_MARK not in one]
        yield kind, title.removeprefix("# ").strip(), "\n\n".join(kept)
