"""Text to the terms a search index holds and is asked for: the same cut on both sides. Words for likeness of courses
are `engine.text`."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import rjieba
from opencc import OpenCC

# The ways a word may be indexed; of a way, all terms.
Ways = tuple[tuple[str, ...], ...]

# A longer "word" is a key or an address; its beginning is enough to find it.
LONGEST_TERM = 40
# Stands before a character pair, so that no word equals one.
PAIR = "·"

_HAN = "\u3005\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(
    rf"(?P<han>[{_HAN}]+)|(?P<latin>\.net\b|[a-z0-9]+(?:[-./_'’&][a-z0-9]+)*(?:\+\+|#)?)|(?P<other>[^\W_{_HAN}]+)"
)
_JOINT = re.compile(r"[-./_'’&]")
_SPELT = (("++", "plusplus"), ("#", "sharp"))
_VOWEL = re.compile(r"[aeiouy]")
# Letters with marks that stand alone, as their plain letters: é is e.
_PLAIN = {
    code: unicodedata.normalize("NFD", chr(code))[0]
    for code in range(0xC0, 0x250)
    if len(unicodedata.normalize("NFD", chr(code))) > 1
}

# Words that narrow nothing down: left out of what is asked as long as another word remains.
EMPTY_WORDS = frozenset(
    [
        "的",
        "了",
        "和",
        "是",
        "在",
        "与",
        "及",
        "或",
        "之",
        "吗",
        "呢",
        "吧",
        "啊",
        "怎么",
        "怎样",
        "如何",
        "什么",
        "哪些",
        "一个",
        "我",
        "你",
        "想",
        "要",
        "学",
        "课",
        "课程",
        "教程",
        "讲",
        "请问",
        "有关",
        "关于",
        "a",
        "an",
        "and",
        "are",
        "at",
        "by",
        "course",
        "courses",
        "for",
        "how",
        "i",
        "in",
        "is",
        "it",
        "learn",
        "lesson",
        "lessons",
        "of",
        "on",
        "or",
        "the",
        "to",
        "what",
        "with",
    ]
)


def fold(text: str) -> str:
    """A text in the one form that is compared: NFKC, small letters without marks, simplified characters.

    Half a surrogate pair, as JSON may carry one, is no character and becomes “?”.
    """
    whole = text.encode("utf-8", "replace").decode()
    plain = unicodedata.normalize("NFKC", whole).lower().translate(_PLAIN)
    return str(_simplifier().convert(plain))


@lru_cache(maxsize=20_000)
def fold_sign(sign: str) -> str:
    """One character folded by itself; may come out as several, or as none."""
    return fold(sign)


def terms(text: str) -> list[str]:
    """What a text is indexed under: its words in reading order, compounds after their parts."""
    return [term for kind, word in _tokens(fold(text)) for term in _indexed(kind, word)]


def pairs(text: str, *, singles: bool = False) -> list[str]:
    """Every two neighbouring Chinese characters, each pair once; with `singles` each character too.

    Whatever stands in a text is found by its pairs, however either was cut into words.
    """
    found: dict[str, None] = {}
    for run in han_runs(fold(text)):
        if singles or len(run) == 1:
            found.update(dict.fromkeys(PAIR + sign for sign in run))
        found.update(dict.fromkeys(PAIR + run[at : at + 2] for at in range(len(run) - 1)))
    return list(found)


def han_runs(folded: str) -> list[str]:
    return [match["han"] for match in _TOKEN.finditer(folded) if match["han"]]


def asked_words(folded: str) -> list[tuple[str, Ways]]:
    """The words of a folded question, each with the ways it may be indexed: a way is terms that all must be there.

    `c/c++` may stand as one word or as its parts. Characters that make no word together are looked for as they stand
    beside each other. Empty words are left out unless there is nothing else.
    """
    found: list[tuple[str, Ways]] = []
    for kind, word in _tokens(folded):
        if kind == "han":
            found += [_asked(piece) for piece in _joined_singles(rjieba.cut(word, True))]
        else:
            found.append((word, _ways(kind, word)))
    telling = [one for one in found if one[0] not in EMPTY_WORDS]
    return telling or found


def _asked(piece: str) -> tuple[str, Ways]:
    known = len(piece) == 1 or rjieba.cut(piece, True) == [piece]
    return piece, ((piece[:LONGEST_TERM],) if known else tuple(pairs(piece)),)


def _joined_singles(pieces: list[str]) -> list[str]:
    joined: list[str] = []
    open_end = False
    for piece in pieces:
        is_single = len(piece) == 1 and piece not in EMPTY_WORDS
        if is_single and open_end:
            joined[-1] += piece
        else:
            joined.append(piece)
        open_end = is_single
    return joined


def latin_words(folded: str) -> Iterator[tuple[int, int, list[str]]]:
    """Words not in Chinese characters with where they begin and end, and their terms."""
    for match in _TOKEN.finditer(folded):
        kind = str(match.lastgroup)
        if kind != "han":
            yield match.start(), match.end(), _indexed(kind, match.group())


def stem(word: str) -> str:
    """An English word without the endings of number and tense: courses, course → cours; learning → learn.

    Light on purpose: two words that share a stem must nearly always be the same word.
    """
    if len(word) < 4 or not (word.isascii() and word.isalpha()):
        return word
    word = _singular(word)
    for ending, shortest in (("ing", 6), ("ed", 5)):
        root = word.removesuffix(ending)
        if root != word and len(word) >= shortest and _VOWEL.search(root):
            doubled = root[-1] == root[-2] and root[-1] not in "lsz"
            return root[:-1] if doubled else root
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _tokens(folded: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(folded):
        yield str(match.lastgroup), match.group()


def _indexed(kind: str, word: str) -> list[str]:
    if kind == "han":
        return [piece[:LONGEST_TERM] for piece in rjieba.cut_for_search(word, True)]
    if kind == "other":
        return [word[:LONGEST_TERM]]
    return list(dict.fromkeys(term for way in _ways(kind, word) for term in way))


def _ways(kind: str, word: str) -> Ways:
    if kind != "latin":
        return ((word[:LONGEST_TERM],),)
    spelt = "dotnet" if word == ".net" else word
    for sign, letters in _SPELT:
        spelt = spelt.replace(sign, letters)
    parts = _JOINT.split(spelt)
    if len(parts) == 1:
        return ((stem(spelt)[:LONGEST_TERM],),)
    joined = "".join(parts)[:LONGEST_TERM]
    # A/B is one word; its letters alone would be found everywhere.
    if all(len(part) == 1 for part in parts):
        return ((joined,),)
    return (joined,), tuple(stem(part)[:LONGEST_TERM] for part in parts)


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")
