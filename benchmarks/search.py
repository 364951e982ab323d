"""Search over 50,000 documents: CPU of each question on SQLite and on PostgreSQL, beside plain LIKE and FTS5 trigrams.

Documents are made of the demo academy's own sentences and titles, shuffled with a fixed seed. PostgreSQL works in a
process of its own: its CPU time is read from /proc and added to ours. Run as `python -m benchmarks search`.
"""

import os
import random
import re
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import on_each_database

DOCUMENTS = int(os.environ.get("BENCHMARK_DOCUMENTS", "50000"))
QUESTIONS = 300
WARM_UP = 20
SENTENCES = 6
_INSIDE = "BENCHMARK_SEARCH_DATABASE"


def main() -> None:
    if os.environ.get(_INSIDE):
        _measure(os.environ[_INSIDE])
        return
    on_each_database("search", flag=_INSIDE)


def _measure(name: str) -> None:
    from zhiyue.config.sqlite import use_current_sqlite  # noqa: PLC0415

    use_current_sqlite()
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    from zhiyue.facilities.search import selectors  # noqa: PLC0415
    from zhiyue.facilities.search.words import vocabulary  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    sentences, titles = _demo_words()
    chance = random.Random(7)
    built = _build(sentences, titles, chance)
    print(f"\n{name}: {DOCUMENTS:,} documents in {built:.0f} s CPU of ours, {_size_mb():.0f} MB")
    began = time.process_time()
    vocabulary()
    print(f"  vocabulary of titles: {1000 * (time.process_time() - began):.0f} ms, once after a change")
    groups = {"courses": ("course",), "people": ("teacher", "topic"), "lessons": ("lesson",)}
    asked = list(_questions(titles, sentences, chance))
    for sort in ("words", "typos", "commonest"):
        questions = [question for kind, question in asked if kind == sort]
        _report(f"ours, {sort}", questions, lambda question: selectors.find(question, groups=groups).count)
    _report(
        "ours, suggestions",
        [q[:3] for _, q in asked],
        lambda q: selectors.suggest(q, kinds=("course",)).count,
    )
    plain = [question for kind, question in asked if kind == "words"]
    for peer, ask in _peers():
        _report(peer, plain, ask)


def _demo_words() -> tuple[list[str], list[str]]:
    from zhiyue.core.kit import clock  # noqa: PLC0415
    from zhiyue.demo import academy  # noqa: PLC0415
    from zhiyue.product.catalogue.indexing import plain  # noqa: PLC0415

    drafts = academy.courses(now=clock.now())
    lessons = [lesson for draft in drafts for chapter in draft.chapters for lesson in chapter.lessons]
    sentences = [
        sentence
        for lesson in lessons
        for sentence in re.split(r"(?<=[。！？\n])", plain(lesson.body))
        if len(sentence) > 8
    ]
    return sentences, [draft.title for draft in drafts] + [lesson.title for lesson in lessons]


def _build(sentences: list[str], titles: list[str], chance: random.Random) -> float:
    from django.db import connection  # noqa: PLC0415

    from zhiyue.facilities.search.kinds import Text  # noqa: PLC0415
    from zhiyue.facilities.search.services import put_documents  # noqa: PLC0415

    began = time.process_time()
    for start in range(0, DOCUMENTS, 1000):
        put_documents(
            Text(
                kind="course" if ref % 12 == 0 else "lesson",
                ref=ref,
                title=f"{chance.choice(titles)}，{chance.choice(titles)}"[:60],
                secondary=f"老师{chance.randrange(400)}",
                tags=tuple(chance.sample(titles, 1)),
                body="".join(chance.choices(sentences, k=SENTENCES)),
                # Two lessons of three are closed, as they are in an academy that sells.
                is_open=ref % 12 == 0 or ref % 3 == 0,
                scope=ref // 12 + 1,
            )
            for ref in range(start + 1, min(start + 1000, DOCUMENTS) + 1)
        )
    spent = time.process_time() - began
    with connection.cursor() as cursor:
        # As PostgreSQL's own housekeeping does a minute later.
        cursor.execute("ANALYZE")
    return spent


def _questions(titles: list[str], sentences: list[str], chance: random.Random) -> Iterator[tuple[str, str]]:
    from zhiyue.engine.terms import asked_words, fold  # noqa: PLC0415

    def words_of(text: str) -> list[str]:
        return [word for word, _ in asked_words(fold(text)) if len(word) > 1]

    for number in range(QUESTIONS):
        words = words_of(chance.choice(titles if number % 2 else sentences))
        question = " ".join(words[: 1 + number % 4])
        if question:
            yield "words", question
            if number % 3 == 0:
                yield "typos", _mistyped(question, chance)
    for word in ("一个", "的", "时候", "就是", "问题", "数据", "python", "不是 自己", "老师1", "先 再 后"):
        yield "commonest", word


def _mistyped(question: str, chance: random.Random) -> str:
    at = chance.randrange(len(question))
    if question[at].isascii():
        return question[:at] + question[at + 1 : at + 2] + question[at : at + 1] + question[at + 2 :]
    return question[:at] + chance.choice("时事是十市式世") + question[at + 1 :]


def _report(name: str, questions: list[str], ask: Callable[[str], int]) -> None:
    for question in questions[:WARM_UP]:
        ask(question)
    spent, found = [], 0
    for question in questions:
        began = _cpu_ms()
        found += ask(question) > 0
        spent.append(_cpu_ms() - began)
    spent.sort()
    middle, last = spent[len(spent) // 2], spent[min(len(spent) - 1, int(len(spent) * 0.99))]
    print(
        f"  {name:<22} p50 {middle:6.1f} ms   p99 {last:6.1f} ms   answered {found} of {len(questions)}",
        flush=True,
    )


def _cpu_ms() -> float:
    """CPU of this process and of the database server that serves it, where there is one."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (own.ru_utime + own.ru_stime) + _server_ms()


def _server_ms() -> float:
    from django.db import connection  # noqa: PLC0415

    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid
    # Nanoseconds on a processor; /proc/PID/stat counts in hundredths of a second only.
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6


def _size_mb() -> float:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_total_relation_size('search_document')")
            return float(cursor.fetchone()[0]) / 1e6
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        return float(cursor.fetchone()[0]) / 1e6


def _peers() -> Iterator[tuple[str, Callable[[str], int]]]:
    from django.db import connection  # noqa: PLC0415

    def rows(sql: str, words: list[object]) -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql, words)
            return len(cursor.fetchall())

    def like(question: str) -> int:
        words: list[object] = [f"%{word}%" for word in question.split()]
        where = " AND ".join(["title || body LIKE %s"] * len(words))
        return rows(f"SELECT id FROM search_document WHERE is_open AND {where} LIMIT 60", words)

    yield "peer: LIKE", like
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE VIRTUAL TABLE peer USING fts5(title, body, content='', tokenize='trigram')"
            )
            cursor.execute(
                "INSERT INTO peer(rowid, title, body) SELECT id, title, body FROM search_document WHERE is_open"
            )

        def trigram(question: str) -> int:
            asked = " AND ".join('"' + word.replace('"', "") + '"' for word in question.split())
            return rows("SELECT rowid FROM peer WHERE peer MATCH %s ORDER BY rank LIMIT 60", [asked])

        yield "peer: FTS5 trigram", trigram
