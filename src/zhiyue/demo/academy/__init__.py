"""The invented academy, as files: a TOML file a teacher, a Markdown file a course. This module reads them."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from zhiyue.product.catalogue.services import ChapterDraft, CourseDraft, LessonDraft

FOLDER = Path(__file__).parent
_LESSON = re.compile(
    r"^## (?P<title>.+?) \{#(?P<slug>[a-z0-9-]+)(?P<free> free)? minutes=(?P<minutes>\d+)\}$"
)

# Two courses that are nearly the same on purpose: the second repeats much of the first.
TWINS = frozenset({"ab-testing-in-practice", "ab-testing-for-managers"})

# An address that can't be anybody's (RFC 2606), and a number that no register knows.
CONTACT = "help@example.com"
FOOTER = "示范学院：课程、老师和学员都是虚构的。"
ICP_NUMBER = "京ICP备00000000号"

# Slug, name, English name, and what it is about in one line.
TOPICS = (
    ("data", "数据分析", "Data", "从看懂一张报表，到用数字回答一个问题。"),
    ("programming", "编程开发", "Programming", "写下第一行代码，也弄清大系统为什么那样搭。"),
    ("ai", "人工智能", "AI", "弄清模型怎样学会东西，再动手做一个能用的。"),
    ("product", "产品设计", "Product", "听懂用户，想清取舍，把一个功能做到恰好。"),
    ("writing", "写作表达", "Writing", "把话写清楚，把事讲明白，让人愿意看完、听完。"),
    ("business", "商业管理", "Business", "带团队、谈条件、读报表：做事的人迟早用得上的功课。"),
    ("finance", "投资理财", "Finance", "算清家里的账，再谈投资；不荐股，不许诺收益。"),
    ("psychology", "心理成长", "Psychology", "认识自己的情绪和习惯，也把身边的关系处好一点。"),
    ("humanities", "历史人文", "Humanities", "从一首诗、一件货物、一个问题，走进很远的年代。"),
    ("life", "生活艺术", "Life and arts", "咖啡、跑步、水彩、摄影：给每天添一点自己的手艺。"),
)


class BadCourseFile(ValueError):
    """A course file that can't be read; the message names file and line."""


@dataclass(frozen=True, slots=True)
class TeacherFile:
    slug: str
    name: str
    headline: str
    bio: str


def teachers() -> list[TeacherFile]:
    return [
        TeacherFile(**tomllib.loads(path.read_text(encoding="utf-8")))
        for path in sorted(FOLDER.glob("teachers/*.toml"))
    ]


def courses(*, now: datetime) -> list[CourseDraft]:
    """Every course of the academy, published so many days before `now` as its file says; editions after the
    originals."""
    found = [read_course(path, now=now) for path in sorted(FOLDER.glob("courses/*.md"))]
    return sorted(found, key=lambda draft: bool(draft.edition_of))


def workshop(*, now: datetime) -> list[CourseDraft]:
    """What authors are at work on or took back: drafts, one that comes out in a few days, one that is withdrawn."""
    return [read_course(path, now=now) for path in sorted(FOLDER.glob("workshop/*.md"))]


def read_course(path: Path, *, now: datetime) -> CourseDraft:
    """One course file: TOML between two lines `+++`, then `#` chapters and `##` lessons. Raises BadCourseFile."""
    try:
        _, front, text = path.read_text(encoding="utf-8").split("+++\n", 2)
        facts: dict[str, Any] = tomllib.loads(front)
    except ValueError as why:
        raise BadCourseFile(f"{path.name}: no front matter between two lines “+++” ({why})") from why
    return CourseDraft(
        slug=facts["slug"],
        title=facts["title"],
        subtitle=facts["subtitle"],
        summary=facts["summary"].strip(),
        outcomes=tuple(facts["outcomes"]),
        topic_slug=facts["topic"],
        teacher_slug=facts["teacher"],
        level=facts["level"],
        keyword=facts["keyword"],
        tags=tuple(facts["tags"]),
        price_fen=facts["price_fen"],
        list_price_fen=facts.get("list_price_fen"),
        published_at=_published_at(facts, now),
        chapters=tuple(_chapters(path.name, text)),
        form=facts.get("form", "course"),
        language=facts.get("language", "zh-hans"),
        skills=tuple(facts.get("skills", ())),
        prerequisites=tuple(facts.get("prerequisites", ())),
        withdrawn=facts.get("withdrawn", False),
        edition_of=facts.get("edition_of", ""),
    )


def _published_at(facts: dict[str, Any], now: datetime) -> datetime | None:
    """So many days ago or ahead; None for a draft."""
    if "published_days_ahead" in facts:
        return now + timedelta(days=facts["published_days_ahead"])
    return now - timedelta(days=facts["published_days_ago"]) if "published_days_ago" in facts else None


def _chapters(name: str, text: str) -> Iterator[ChapterDraft]:
    for title, block in _sections(text, "# "):
        lessons = []
        for head, body in _sections(block, "## "):
            found = _LESSON.match(f"## {head}")
            if found is None:
                raise BadCourseFile(f"{name}: “## {head}” lacks its {{#slug [free] minutes=N}}")
            lessons.append(
                LessonDraft(
                    slug=found["slug"],
                    title=found["title"],
                    minutes=int(found["minutes"]),
                    is_free=bool(found["free"]),
                    body=body.strip(),
                )
            )
        yield ChapterDraft(title=title, lessons=tuple(lessons))


def _sections(text: str, mark: str) -> Iterator[tuple[str, str]]:
    """Split `text` at the lines that begin with `mark`, but for those inside a code fence."""
    head: str | None = None
    lines: list[str] = []
    fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if line.startswith(mark) and not fenced:
            if head is not None:
                yield head, "\n".join(lines)
            head, lines = line.removeprefix(mark).strip(), []
        else:
            lines.append(line)
    if head is not None:
        yield head, "\n".join(lines)
