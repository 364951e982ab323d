"""How long a text is: its characters and words, and the minutes reading them takes."""

import math
import re

# Chinese is read at some 300 to 400 characters a minute where one wants to learn from it, English at some 180 words.
CHARACTERS_A_MINUTE = 350
WORDS_A_MINUTE = 180
_CHARACTER = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
# A picture's address isn't read; what is said of it is. Bounded, so that no text takes long.
_PICTURE = re.compile(r"!\[([^\[\]\n]{0,300})\]\([^()\n]{0,500}\)")
_WORD = re.compile(r"[A-Za-z0-9]+(?:['’.-][A-Za-z0-9]+)*")


def length(text: str) -> int:
    """Chinese characters plus words of other scripts, as a word processor counts them."""
    characters, words = _counted(text)
    return characters + words


def minutes(text: str) -> int:
    """At least 1."""
    characters, words = _counted(text)
    needed = characters / CHARACTERS_A_MINUTE + words / WORDS_A_MINUTE
    return max(1, math.ceil(needed))


def _counted(text: str) -> tuple[int, int]:
    read = _PICTURE.sub(r"\1", text)
    return len(_CHARACTER.findall(read)), len(_WORD.findall(read))
