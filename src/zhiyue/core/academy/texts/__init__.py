"""Texts to begin with, in Chinese. Each says at its head that a lawyer has to look at it first."""

from collections.abc import Iterator
from pathlib import Path

from zhiyue.core.academy.models import AgreementKind

_FOLDER = Path(__file__).resolve().parent


def templates() -> Iterator[tuple[str, str, str]]:
    """Kind, title and body of each text that ships."""
    for kind in AgreementKind.values:
        title, _, body = (_FOLDER / f"{kind}.md").read_text("utf-8").partition("\n")
        yield kind, title.removeprefix("# ").strip(), body.strip()
