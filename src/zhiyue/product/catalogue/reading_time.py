"""How long a text is: its characters and words, and the minutes reading them takes."""

import math
import re

# Chinese is read at some 300 to 400 characters a minute where one wants to learn from it, English at some 180 words.
CHARACTERS_A_MINUTE = 350
WORDS_A_MINUTE = 180
_CHARACTER = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[A-Za-z0-9]+(?:['’.-][A-Za-z0-9]+)*")


def length(text: str) -> int:
    """Chinese characters plus words of other scripts, as a word processor counts them."""
    return len(_CHARACTER.findall(text)) + len(_WORD.findall(text))


def minutes(text: str) -> int:
    """At least 1."""
    needed = len(_CHARACTER.findall(text)) / CHARACTERS_A_MINUTE + len(_WORD.findall(text)) / WORDS_A_MINUTE
    return max(1, math.ceil(needed))
