"""What machines read: head of pages, plain data, sitemap, robots, manifest, and the pictures of links."""

import json
import re
from datetime import timedelta
from io import BytesIO
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from limits import RateLimitItemPerMinute
from PIL import Image

from tests.factories import make_course
from zhiyue.core.kit import clock
from zhiyue.experience.shell import covers
from zhiyue.experience.site.drawing import compose, fonts, paint, shapes
from zhiyue.experience.site.views import share
from zhiyue.product.catalogue.models import Course, Topic

pytestmark = pytest.mark.django_db


def data_of(page):
    scripts = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    return [json.loads(script) for script in scripts]


def test_a_course_is_told_to_search_engines_and_chat_windows(english, course):
    page = english.get(f"/courses/{course.slug}/").content.decode()
    address = f"http://testserver/courses/{course.slug}/"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'<meta property="og:image" content="http://testserver/share/{course.slug}/card.png">' in page
    assert '<meta name="twitter:card" content="summary_large_image">' in page
    about, trail = data_of(page)
    assert about["@type"] == "Course"
    assert about["name"] == course.title
    assert about["offers"]["price"] == "99.00"
    assert about["hasCourseInstance"]["courseWorkload"] == "PT20M"
    assert [step["name"] for step in trail["itemListElement"]] == ["Topic data", course.title]
    assert "hreflang" not in page


def test_each_edition_names_all_of_them_to_search_engines(english, course):
    make_course("intuition-en", language="en", edition_of=course.slug)
    alternates = (
        '<link rel="alternate" hreflang="en" href="http://testserver/courses/intuition-en/">\n'
        '  <link rel="alternate" hreflang="zh-hans" href="http://testserver/courses/intuition/">'
    )
    for slug in ("intuition", "intuition-en"):
        page = english.get(f"/courses/{slug}/").content.decode()
        assert alternates in page
        assert f'<link rel="canonical" href="http://testserver/courses/{slug}/">' in page


def test_no_two_pages_of_a_course_have_one_title(english, course):
    addresses = ["", "one/", "two/", "three/", "four/"]
    pages = [english.get(f"/courses/{course.slug}/{end}").content.decode() for end in addresses]
    titles = [re.search("<title>(.*?)</title>", page)[1] for page in pages]
    assert titles[0] == "课程 intuition – 何牧 · 知跃"
    assert titles[1] == "第 one 讲 · 课程 intuition · 知跃"
    assert len(set(titles)) == len(titles)


def test_what_the_author_wrote_for_search_engines_wins(english, course):
    Course.objects.filter(pk=course.pk).update(
        seo_title="统计学入门课", seo_description="写给看报表的人的统计学。"
    )
    page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "<title>统计学入门课 · " in page
    assert '<meta name="description" content="写给看报表的人的统计学。">' in page


def test_a_title_can_not_break_out_of_the_data(english, course):
    Course.objects.filter(pk=course.pk).update(title="</script><script>alert(1)</script>")
    page = english.get(f"/courses/{course.slug}/").content.decode()
    assert "<script>alert" not in page
    assert data_of(page)[0]["name"] == "</script><script>alert(1)</script>"


def test_facets_have_one_canonical_address(english, course):
    page = english.get("/courses/?topic=data&sort=price").content.decode()
    assert '<link rel="canonical" href="http://testserver/courses/">' in page


def test_the_sitemap_names_published_things_alone(client, course):
    make_course("draft")
    make_course("later")
    Course.objects.filter(slug="draft").update(status="draft")
    Course.objects.filter(slug="later").update(published_at=clock.now() + timedelta(days=1))
    Topic.objects.create(slug="empty", name="空", name_en="Empty")
    answer = client.get("/sitemap.xml")
    assert answer["Content-Type"] == "application/xml"
    tree = ElementTree.fromstring(answer.content)
    found = {element.text for element in tree.iter() if element.tag.endswith("}loc")}
    assert {address.removeprefix("http://testserver") for address in found} == {
        "/", "/courses/", "/help/", "/topics/data/", "/teachers/he-mu/",
        f"/courses/{course.slug}/", f"/courses/{course.slug}/one/",
    }  # fmt: skip


def test_robots_are_kept_from_what_is_not_theirs(client):
    answer = client.get("/robots.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    lines = answer.content.decode().splitlines()
    assert "Disallow: /desk/" in lines
    assert "Sitemap: http://testserver/sitemap.xml" in lines
    assert "Disallow: /courses/" not in lines


def test_phones_can_put_the_academy_on_their_home_screen(client):
    manifest = client.get("/site.webmanifest")
    assert manifest["Content-Type"] == "application/manifest+json"
    assert manifest.json()["start_url"] == "/"
    for icon in (*[one["src"] for one in manifest.json()["icons"]], client.get("/favicon.ico")["Location"]):
        assert client.get(icon).status_code == 200


def shared(**words):
    plain = {
        "slug": "intuition", "topic_slug": "data", "topic": "数据分析", "keyword": "直觉", "title": "统计学的直觉",
        "subtitle": "不背公式",
        "teacher": "何牧", "academy": "知跃", "address": "https://academy.example/courses/intuition/", "call": "扫码",
    }  # fmt: skip
    return compose.Shared(**{**plain, **words})


def size_of(picture):
    return Image.open(BytesIO(picture)).size


def test_the_card_of_a_link_is_a_picture_of_its_course(client, course):
    answer = client.get(f"/share/{course.slug}/card.png")
    assert answer["Content-Type"] == "image/png"
    assert size_of(answer.content) == (1200, 630)
    again = client.get(f"/share/{course.slug}/card.png")
    assert again.content == answer.content
    Course.objects.filter(pk=course.pk).update(
        title="另一个名字", topic=Topic.objects.create(slug="art", name="艺术")
    )
    assert client.get(f"/share/{course.slug}/card.png").content != answer.content


def test_without_a_font_the_card_has_no_words_and_the_poster_is_drawn_by_the_browser(
    client, course, settings
):
    settings.ZHIYUE_CARD_FONT = "/nowhere/font.ttc"
    assert fonts.font(40) is None
    answer = client.get(f"/share/{course.slug}/card.png")
    assert size_of(answer.content) == (1200, 630)
    poster = client.get(f"/share/{course.slug}/poster.png")
    assert (poster.status_code, poster["Location"]) == (302, f"/share/{course.slug}/poster.svg")


def test_the_poster_as_a_drawing_holds_the_words_and_the_code(client, course):
    answer = client.get(f"/share/{course.slug}/poster.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    words = [element.text for element in ElementTree.fromstring(answer.content).iter() if element.text]
    assert {course.title, course.keyword, "扫码开始学"} <= set(words)


@pytest.mark.parametrize("name", ["card.png", "poster.png", "poster.svg"])
def test_a_course_that_is_not_out_has_no_picture(client, course, name):
    Course.objects.filter(pk=course.pk).update(status="draft")
    assert client.get(f"/share/{course.slug}/{name}").status_code == 404


def test_the_code_says_the_address():
    segno = pytest.importorskip("segno")
    address = "https://academy.example/courses/intuition/"
    boxes = compose.poster(shared(address=address)).boxes
    dark = sum(box.colour == "#1c2631" for box in boxes)
    assert dark == sum(sum(row) for row in segno.make(address, error="m", micro=False).matrix)


def test_pictures_wear_the_colours_of_the_cover_on_the_page():
    for slug in ("intuition", "long-tail", "sampling"):
        page = covers.draw(slug=slug, topic="data", keyword="直觉")
        for picture in (compose.card(shared(slug=slug)), compose.poster(shared(slug=slug))):
            assert f'<path fill="{picture.ground}" d="M0 0h320' in page
            assert picture.motifs[0].shapes in page


def test_the_shapes_of_a_card_fade_towards_its_words():
    """One row of the veil by its brightness: as the ground under the words, then ever less of it."""
    veil = compose.card(shared()).boxes
    on_white = paint.png(compose.Picture((1200, 630), "#ffffff", [], veil, []))
    row = [Image.open(BytesIO(on_white)).convert("L").getpixel((x, 300)) for x in range(1200)]
    assert len(set(row[:600])) == 1
    assert row[600:900] == sorted(row[600:900])
    assert max(b - a for a, b in pairwise(row)) < 4
    assert row[900] == 255


def test_long_words_are_cut_to_two_lines():
    assert compose.wrap("统计学", 60, 520) == ["统计学"]
    assert compose.wrap("用户访谈这门手艺以及怎样用", 60, 520) == ["用户访谈这门手艺", "以及怎样用"]
    cut = compose.wrap("用户访谈这门手艺以及怎样把它用在每一次小决定里", 60, 520)
    assert cut == ["用户访谈这门手艺", "以及怎样把它用…"]
    assert compose.wrap("Python data analysis", 60, 520) == ["Python data", "analysis"]
    assert compose.wrap("", 60, 520) == []


def test_a_half_circle_is_a_half_circle():
    """`M0 10 a10 10 0 0 1 20 0`: from (0, 10) over (10, 0) to (20, 10)."""
    (arc,) = shapes.read('<path fill="#fff" d="M0 10a10 10 0 0 1 20 0z"/>')
    top = min(arc.points, key=lambda point: point[1])
    assert top == pytest.approx((10, 0))
    assert arc.points[-2] == pytest.approx((20, 10))
    assert all(((x - 10) ** 2 + (y - 10) ** 2) ** 0.5 == pytest.approx(10) for x, y in arc.points)


def test_every_motif_of_a_cover_can_be_painted():
    for number in range(len(covers.MOTIFS)):
        slug = next(f"s{n}" for n in range(1000) if covers.motif_of(f"s{n}") == number)
        assert size_of(paint.png(compose.plain(shared(slug=slug)))) == (1200, 630)


@pytest.fixture
def two_ports(client, course, settings):
    settings.ALLOWED_HOSTS = ["academy.example", "127.0.0.1"]

    def ask(name="poster.svg"):
        hosts = ("academy.example:1234", "academy.example:4321", "127.0.0.1:9999")
        return {client.get(f"/share/{course.slug}/{name}", headers={"host": host}).content for host in hosts}

    return ask


def test_whatever_port_a_request_names_the_picture_is_the_same(two_ports, settings, tmp_path):
    assert len(two_ports()) == 3
    settings.CSRF_TRUSTED_ORIGINS = ["https://elsewhere.example", "https://academy.example"]
    assert len(two_ports()) == 1
    two_ports("poster.png")
    kept = [*(settings.ZHIYUE_DATA_DIR / "cards").glob("*.png")]
    assert len(kept) <= 1


def test_pictures_for_sharing_are_counted(client, course, monkeypatch, settings):
    monkeypatch.setattr(share, "PICTURES", RateLimitItemPerMinute(2))
    asked = [client.get(f"/share/{course.slug}/card.png").status_code for _ in range(3)]
    assert asked == [200, 200, 429]
