"""What search engines and chat windows are told of a page: title, description, one address, picture, plain data.

Both languages of a page have the same address (a cookie chooses), so it has no `hreflang`: that would name one page
twice. Courses that are editions of one have pages of their own, and each names them all.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import pgettext

from zhiyue.core.academy.selectors import academy
from zhiyue.experience.shell.cards import in_language
from zhiyue.experience.site.course_prices import CoursePrice
from zhiyue.product.catalogue.editions import Edition
from zhiyue.product.catalogue.models import Course, Lesson, Teacher, Topic

_DESCRIPTION = 150
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@dataclass(frozen=True, slots=True)
class Meta:
    """`image` and `canonical` are whole addresses; `data`: JSON-LD objects; `alternates`: languages and whole addresses
    of the same in each, this one included."""

    title: str
    description: str
    canonical: str
    kind: str = "website"
    image: str = ""
    data: Sequence[Mapping[str, object]] = ()
    for_robots: bool = True
    alternates: Sequence[tuple[str, str]] = ()

    @property
    def scripts(self) -> list[SafeString]:
        """The data as the text of script elements. They are never run, so the content policy lets them be."""
        return [
            mark_safe(json.dumps(one, ensure_ascii=False).translate(_ESCAPES))  # noqa: S308 - can't close its element
            for one in self.data
        ]


def home(request: HttpRequest) -> Meta:
    name = academy().name
    site = {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": name,
        "url": request.build_absolute_uri("/"),
    }
    return Meta(
        pgettext("home", "Learn the thing you meant to learn"),
        pgettext("home", "Courses to read, chapter by chapter, with free lessons to begin with."),
        request.build_absolute_uri("/"),
        data=[site],
    )


def courses(request: HttpRequest, heading: str) -> Meta:
    """One address for all that facets and orders make of it; its title says what is chosen."""
    return Meta(
        heading,
        pgettext("courses", "Every course and column, by topic, level, price and length."),
        request.build_absolute_uri(reverse("site:courses")),
    )


def topic(request: HttpRequest, found: Topic, n_courses: int) -> Meta:
    name = in_language(found.name, found.name_en)
    said = pgettext("topic", "%(n)s courses on %(topic)s, and where to begin.") % {
        "n": n_courses,
        "topic": name,
    }
    return Meta(
        name,
        _short(found.description or said),
        request.build_absolute_uri(reverse("site:topic", args=[found.slug])),
        data=[_trail(request, [(pgettext("courses", "Courses"), reverse("site:courses")), (name, "")])],
    )


def teacher(request: HttpRequest, found: Teacher) -> Meta:
    address = request.build_absolute_uri(reverse("site:teacher", args=[found.slug]))
    person = {
        "@context": "https://schema.org",
        "@type": "Person",
        "name": found.name,
        "jobTitle": found.headline,
        "url": address,
    }
    return Meta(found.name, _short(found.bio or found.headline), address, kind="profile", data=[person])


def course(request: HttpRequest, found: Course, price: CoursePrice, beside: Sequence[Edition] = ()) -> Meta:
    """The title and description an author wrote for search engines win. `beside`: its other editions."""
    address = request.build_absolute_uri(reverse("site:course", args=[found.slug]))
    image = request.build_absolute_uri(reverse("site:card", args=[found.slug]))
    description = _short(found.seo_description or found.subtitle or found.summary)
    about = {
        "@context": "https://schema.org",
        "@type": "Course",
        "name": found.title,
        "description": description,
        "url": address,
        "image": image,
        "inLanguage": found.language,
        "educationalLevel": str(found.get_level_display()),
        "provider": {"@type": "Organization", "name": academy().name, "url": request.build_absolute_uri("/")},
        "offers": _offer(found, price),
        "hasCourseInstance": {"@type": "CourseInstance", "courseMode": "online", "courseWorkload": _workload(found)},
    }  # fmt: skip
    name = in_language(found.topic.name, found.topic.name_en)
    trail = [(name, reverse("site:topic", args=[found.topic.slug])), (found.title, "")]
    return Meta(
        found.seo_title or f"{found.title} – {found.teacher.name}",
        description,
        address,
        image=image,
        data=[about, _trail(request, trail)],
        for_robots=found.is_published,
        alternates=_alternates(request, found, beside) if found.is_published else (),
    )


def _offer(found: Course, price: CoursePrice) -> dict[str, object]:
    """What it costs now; a price for a short time with its end."""
    told: dict[str, object] = {
        "@type": "Offer",
        "category": "Free" if found.is_free else "Paid",
        "price": f"{price.without_coupons_fen // 100}.{price.without_coupons_fen % 100:02d}",
        "priceCurrency": "CNY",
    }
    return told | ({"priceValidUntil": price.flash.sale.ends_at.isoformat()} if price.flash else {})


def _alternates(request: HttpRequest, found: Course, beside: Sequence[Edition]) -> list[tuple[str, str]]:
    """The same on the page of each edition, so that search engines believe it."""
    if not beside:
        return []
    slugs = sorted({found.language: found.slug, **{one.language: one.slug for one in beside}}.items())
    return [
        (language, request.build_absolute_uri(reverse("site:course", args=[slug])))
        for language, slug in slugs
    ]


def lesson(request: HttpRequest, found: Lesson) -> Meta:
    of_course = reverse("site:course", args=[found.course.slug])
    return Meta(
        f"{found.title} · {found.course.title}",
        _short(found.course.seo_description or found.course.subtitle or found.course.summary),
        request.build_absolute_uri(reverse("site:lesson", args=[found.course.slug, found.slug])),
        kind="article",
        image=request.build_absolute_uri(reverse("site:card", args=[found.course.slug])),
        data=[_trail(request, [(found.course.title, of_course), (found.title, "")])],
        for_robots=found.course.is_published and found.is_free,
    )


def plain(request: HttpRequest, title: str, description: str = "") -> Meta:
    """A page whose address is its own."""
    return Meta(title, description, request.build_absolute_uri(request.path))


def _workload(found: Course) -> str:
    minutes = sum(lesson.minutes for chapter in found.chapters.all() for lesson in chapter.lessons.all())
    return f"PT{minutes}M"


def _trail(request: HttpRequest, steps: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Breadcrumbs; the last step is the page itself and has no address."""
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": position,
                "name": name,
                **({"item": request.build_absolute_uri(address)} if address else {}),
            }
            for position, (name, address) in enumerate(steps, start=1)
        ],
    }


def _short(text: str) -> str:
    """The first plain words: Markdown's signs and line ends mean nothing in a search result."""
    plain = " ".join(text.replace("*", "").replace("#", "").replace("`", "").split())
    return Truncator(plain).chars(_DESCRIPTION)
