"""Invented content for the /design/ page alone."""

from datetime import UTC, datetime
from math import cos, sin

from django import forms
from django.utils.translation import pgettext_lazy

from zhiyue.experience.shell import cards, covers
from zhiyue.experience.shell.charts import Cell, Chart
from zhiyue.product.catalogue.kinds import CourseCard

_COURSES = (
    ("sample-intuition", "统计学的直觉", "何牧", "data", "直觉", 9900, 12900),
    ("sample-first-page", "写好第一页：给不爱写作的人", "文朔", "writing", "起步", 0, None),
    ("sample-system-design", "系统设计二十讲", "陆远舟", "programming", "取舍", 26800, 39800),
    (
        "sample-interview",
        "用户访谈这门手艺，以及怎样把它用在每一次小决定里",
        "谭致远",
        "product",
        "追问",
        12900,
        None,
    ),
    ("sample-index-fund", "指数基金定投", "秦小禾", "finance", "定投", 4900, None),
    ("sample-emotion", "情绪是怎样工作的", "贺闻", "psychology", "情绪", 6900, 9900),
    ("sample-rust", "从零写 Rust", "石一苇", "programming", "Rust", 19900, None),
    ("sample-silk-road", "商路上的世界史", "顾明溪", "humanities", "商路", 0, None),
)


class SampleForm(forms.Form):
    email = forms.EmailField(
        label=pgettext_lazy("sample", "E-mail"), help_text=pgettext_lazy("sample", "Only used to sign in.")
    )
    name = forms.CharField(label=pgettext_lazy("sample", "Name"), max_length=40)
    portrait = forms.FileField(
        label=pgettext_lazy("sample", "Portrait"),
        help_text=pgettext_lazy("sample", "JPEG or PNG, up to 5 MB."),
    )


def everything() -> dict[str, object]:
    form = SampleForm({"email": "learner@", "name": ""})
    form.is_valid()
    shown = cards.show(_cards(), learners={1: 38217, 2: 512, 3: 1204, 4: 87, 5: 64, 6: 2048, 7: 930, 8: 5})
    because = pgettext_lazy("sample", "Because you just finished “Why averages mislead”")
    reasoned = cards.show(_cards()[::-1], reasons={8: because, 6: because, 4: because})
    return {
        "form": form,
        "empty_form": SampleForm(),
        "shelf": cards.Shelf(
            key="sample", title=pgettext_lazy("sample", "For you"), reason=because, items=reasoned
        ),
        "grid": cards.Shelf(key="grid", title=pgettext_lazy("sample", "Popular this week"), items=shown[:4]),
        "covers": [
            covers.draw(
                slug=f"cover-{n}",
                topic=topic,
                keyword=word,
                wear=covers.Wear(variant=n - covers.motif_of(f"cover-{n}")),
            )
            for n, (topic, word) in enumerate(zip(_TOPICS, _WORDS, strict=True))
        ],
        "charts": [_line(), _bars(), _heat()],
        "table": _bars(),
        "icons": _ICONS,
    }


_ICONS = (
    "house", "library", "book-open", "user", "bookmark", "bookmark-check", "check", "circle-check", "circle",
    "circle-dot", "lock", "clock", "play", "arrow-right", "arrow-left", "chevron-left", "chevron-right",
    "chevron-down", "x", "sun", "moon", "sun-moon", "languages", "sparkles", "flame", "users", "info",
    "triangle-alert", "circle-alert", "log-out", "log-in", "activity", "mouse-pointer-click", "list-checks",
    "download", "a-large-small", "rotate-cw", "graduation-cap", "hourglass", "table-2", "ellipsis",
    "sliders", "share", "copy", "list", "message", "bold", "heading", "quote", "code", "link", "image", "upload",
)  # fmt: skip
_TOPICS = (
    "data",
    "product",
    "programming",
    "ai",
    "business",
    "finance",
    "psychology",
    "writing",
    "humanities",
    "art",
)
_WORDS = ("直觉", "追问", "Rust", "泛化", "交付", "年化", "情绪", "开场", "汴京", "水彩")


def _cards() -> list[CourseCard]:
    return [
        CourseCard(
            id=number, slug=slug, title=title, subtitle="", keyword=word, topic_slug=topic, topic_name=topic,
            topic_name_en=topic, teacher_name=teacher, level="beginner", level_label="", price_fen=price,
            list_price_fen=list_price, lesson_count=12 + number, published_lesson_count=4,
            free_lesson_slug=None,
            published_at=datetime(2026, 1, number, tzinfo=UTC), tags=(),
        )
        for number, (slug, title, teacher, topic, word, price, list_price) in enumerate(_COURSES, start=1)
    ]  # fmt: skip


def _line() -> Chart:
    rows: list[list[Cell]] = [
        [f"10-{day:02d}", 210 + 4 * day + round(26 * sin(day)), 120 + day + round(14 * cos(day))]
        for day in range(1, 31)
    ]
    title = pgettext_lazy("sample", "Active members rose by a third in October")
    return Chart("sample-line", "line", title, ["日", "活跃", "学习"], rows, note="DAU")


def _bars() -> Chart:
    rows: list[list[Cell]] = [["浏览", 4210], ["学习", 2875], ["互动", 640], ["购买", 212], ["账户", 98]]
    title = pgettext_lazy("sample", "Two of three acts are browsing")
    return Chart("sample-bars", "bars", title, ["类", "次数"], rows)


def _heat() -> Chart:
    rows: list[list[Cell]] = [
        [day, *[round(40 + 40 * sin((hour - 9) / 3.2) + 6 * number) for hour in range(24)]]
        for number, day in enumerate("一二三四五六日")
    ]
    title = pgettext_lazy("sample", "People learn in the evening, most of all on Sundays")
    return Chart("sample-heat", "heat", title, ["", *[str(hour) for hour in range(24)]], rows)
