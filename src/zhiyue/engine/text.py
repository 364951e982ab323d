"""Chinese and English text to words. Models of words are not kept here."""

import re
import unicodedata

import rjieba

_STOP_WORDS = """
的 了 和 是 在 与 及 或 等 对 为 以 从 中 上 下 有 也 都 就 而 并 将 把 被 让 使 其 这 那 这些 那些
我们 你们 他们 它们 我 你 他 她 它 自己 一个 一些 一种 各种 可以 能够 如何 怎么 什么 为什么 以及
通过 进行 不 没有 不是 就是 到 会 要 能 还 更 最 很 又 再 则 但 但是 因为 所以 如果 之 于 由 所 个
课程 本课 本课程 学习 学生 同学 介绍 内容 课
a an and are as at be by can course for from has have how in into is it its of on or our that the their
this to we what when which will with you your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
_WORD = re.compile(r"\w")


def words(text: str) -> list[str]:
    """The words of a text in reading order, compounds together with their parts (cut for search).

    NFKC first, so that full-width letters equal plain ones, then lower case. Punctuation, single digits and
    stop words are left out.
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    cut = (word.strip() for word in rjieba.cut_for_search(plain, True))
    return [
        word
        for word in cut
        if _WORD.search(word) and word not in STOP_WORDS and not (len(word) == 1 and word.isdigit())
    ]
