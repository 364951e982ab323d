"""Reads the help file of a language. A paragraph that leads to `#contact` is left out where no contact is set."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.safestring import SafeString
from django.utils.text import slugify

from zhiyue.product.catalogue import prose

_FOLDER = Path(__file__).parent
LANGUAGES = ("zh-hans", "en")
_TO_CONTACT = "(#contact)"


@dataclass(frozen=True, slots=True)
class Question:
    """`key` is the anchor of the question, the same in every language."""

    key: str
    words: str
    answer: SafeString


@dataclass(frozen=True, slots=True)
class Section:
    key: str
    title: str
    questions: Sequence[Question]


def read(language: str, *, with_contact: bool) -> list[Section]:
    """The sections in `language`, in Chinese where there is no such file."""
    return _read(language if language in LANGUAGES else LANGUAGES[0], with_contact)


@cache
def _read(language: str, with_contact: bool) -> list[Section]:
    text = (_FOLDER / f"{language}.md").read_text(encoding="utf-8")
    if not with_contact:
        text = "\n\n".join(one for one in text.split("\n\n") if _TO_CONTACT not in one)
    return [_section(block) for block in f"\n{text}".split("\n## ")[1:]]


def _section(block: str) -> Section:
    title, *blocks = block.split("\n### ")
    key, words = _keyed(title)
    return Section(key, words, [_question(one) for one in blocks])


def _question(block: str) -> Question:
    head, _, answer = block.partition("\n")
    key, words = _keyed(head)
    return Question(key, words, prose.render(answer))


def _keyed(head: str) -> tuple[str, str]:
    """`#anchor Words` → both."""
    key, _, words = head.strip().partition(" ")
    return slugify(key.lstrip("#")), words.strip()
