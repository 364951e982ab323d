"""The studio's pages: what they say, what they cost, what they keep when something is refused."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from tests.factories import lesson_of, make_course
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.audit.models import AuditEntry
from zhiyue.product.catalogue import likeness, services
from zhiyue.product.catalogue.models import Course, Lesson, Teacher, Topic

HTMX = {"hx-request": "true"}


@pytest.fixture
def author(creator, signed_in):
    return signed_in(creator)


@pytest.fixture
def draft(creator, db):
    """One chapter with the lesson “a”, without a text."""
    viewer = viewer_of(creator)
    topic = services.put_topic(slug="data", name="数据", name_en="Data", position=0)
    course = services.create_course(viewer=viewer, title="概率的日常用法", topic=topic)
    chapter = services.add_chapter(viewer=viewer, course_id=course.pk, title="先看一眼")
    services.add_lesson(viewer=viewer, chapter_id=chapter.pk, title="a")
    return Course.objects.get(pk=course.pk)


@pytest.fixture
def lesson(draft):
    return Lesson.objects.get(course=draft)


def typed(lesson, **changed):
    return {
        "seen": lesson.updated_at.isoformat(), "title": lesson.title, "kind": "article", "body": "概率是一种语言。",
        "minutes": "", **changed,
    }  # fmt: skip


def facts(course, **changed):
    return {
        "seen": course.updated_at.isoformat(), "title": course.title, "topic": course.topic_id, "form": "course",
        "level": "beginner", "language": "zh-hans", "summary": "给看报表的人。", "outcomes": "甲\n乙", "price": "19.9",
        "tags": "概率，统计", **changed,
    }  # fmt: skip


def picture(size=(1600, 1000), form="JPEG", **more):
    made = io.BytesIO()
    Image.new("RGB", size, "teal").save(made, form, **more)
    return made.getvalue()


def test_a_visitor_signs_in_and_comes_back_a_stranger_is_refused(browser, stranger, signed_in, draft):
    answer = browser.get(reverse("studio:outline", args=[draft.pk]))
    assert answer.status_code == 302
    assert f"next=%2Fstudio%2Fcourses%2F{draft.pk}%2Foutline%2F" in answer["Location"]
    assert signed_in(stranger).get(reverse("studio:courses")).status_code == 403


def test_another_creators_draft_is_closed_on_every_side(signed_in, draft, lesson):
    from tests.factories import make_member  # noqa: PLC0415
    from zhiyue.core.accounts.services import grant  # noqa: PLC0415

    other = make_member("other@test.example", "别人")
    grant(user=other, role="creator")
    client = signed_in(other)
    for name in ("outline", "facts", "look", "publication"):
        assert client.get(reverse(f"studio:{name}", args=[draft.pk])).status_code == 403
    assert client.get(reverse("studio:lesson", args=[lesson.pk])).status_code == 403
    assert client.post(reverse("studio:lesson", args=[lesson.pk]), typed(lesson)).status_code == 403
    assert client.get(reverse("site:course", args=[draft.slug])).status_code == 404
    assert Lesson.objects.get(pk=lesson.pk).body == ""


def test_the_studio_invites_to_a_first_course(author):
    page = author.get(reverse("studio:courses")).content.decode()
    assert "开始你的第一门课" in page
    assert reverse("studio:new") in page


def test_a_course_is_begun_with_a_title_and_a_topic(author, draft):
    answer = author.post(
        reverse("studio:new"), {"title": "第二门课", "topic": draft.topic_id, "form": "column"}
    )
    made = Course.objects.get(title="第二门课")
    assert answer["Location"] == reverse("studio:outline", args=[made.pk])
    refused = author.post(
        reverse("studio:new"), {"title": "长" * 61, "topic": draft.topic_id, "form": "course"}
    )
    assert refused.status_code == 422
    assert "长" * 61 in refused.content.decode()
    assert Course.objects.count() == 2


def test_my_courses_say_their_state(author, draft, django_assert_num_queries):
    author.get(reverse("studio:courses"))
    with django_assert_num_queries(6):
        page = author.get(reverse("studio:courses")).content.decode()
    assert "概率的日常用法" in page
    assert "已写 0 / 1 讲" in page
    assert "草稿" in page


def test_the_outline_asks_as_much_for_many_lessons_as_for_one(
    author, creator, draft, lesson, django_assert_num_queries
):
    for n in range(12):
        services.add_lesson(viewer=viewer_of(creator), chapter_id=lesson.chapter_id, title=f"第 {n} 讲")
    author.get(reverse("studio:courses"))
    with django_assert_num_queries(8):
        page = author.get(reverse("studio:outline", args=[draft.pk])).content.decode()
    assert "第 11 讲" in page


def test_a_lesson_is_added_in_place_and_without_a_script(author, draft, lesson):
    address = reverse("studio:chapter_act", args=[lesson.chapter_id, "add-lesson"])
    part = author.post(address, {"title": "b"}, headers=HTMX)
    assert part.content.decode().startswith('<div id="outline"')
    assert author.post(address, {"title": "c"})["Location"] == reverse("studio:outline", args=[draft.pk])
    assert list(draft.lessons.values_list("title", flat=True)) == ["a", "b", "c"]
    refused = author.post(address, {"title": "长" * 81})
    assert refused.status_code == 422
    assert "长" * 81 in refused.content.decode()
    assert draft.lessons.count() == 3


def test_an_unknown_act_or_lesson_is_not_there(author, lesson):
    assert author.post(reverse("studio:lesson_act", args=[lesson.pk, "explode"])).status_code == 404
    assert author.get(reverse("studio:lesson", args=[999_999])).status_code == 404
    assert author.get(reverse("studio:lesson_act", args=[lesson.pk, "up"])).status_code == 405


def test_a_lesson_is_saved_in_place(author, lesson):
    address = reverse("studio:lesson", args=[lesson.pk])
    part = author.post(address, typed(lesson, is_free="on"), headers=HTMX)
    lesson.refresh_from_db()
    assert (lesson.body, lesson.is_free, lesson.minutes) == ("概率是一种语言。", True, 1)
    assert "studio:saved" in part["HX-Trigger"]
    assert f'value="{lesson.updated_at.isoformat()}"' in part.content.decode()


def test_two_tabs_lose_nothing(author, lesson):
    address, stale = reverse("studio:lesson", args=[lesson.pk]), typed(lesson, body="第二个标签页")
    author.post(address, typed(lesson, body="第一个标签页"))
    told = author.post(address, stale)
    page = told.content.decode()
    assert told.status_code == 409
    assert "第一个标签页" in page
    assert "第二个标签页" in page
    lesson.refresh_from_db()
    assert lesson.body == "第一个标签页"
    assert f'value="{lesson.updated_at.isoformat()}"' in page
    again = author.post(address, {**stale, "seen": lesson.updated_at.isoformat()})
    assert again.status_code == 302
    lesson.refresh_from_db()
    assert lesson.body == "第二个标签页"


def test_what_is_refused_stays_in_the_form(author, lesson):
    address = reverse("studio:lesson", args=[lesson.pk])
    page = author.post(address, typed(lesson, minutes="9999", body="别丢了这句"))
    assert page.status_code == 422
    assert "别丢了这句" in page.content.decode()
    lesson.refresh_from_db()
    assert lesson.body == ""
    garbled = author.post(address, typed(lesson, seen="yesterday"))
    assert garbled.status_code == 409


def test_the_preview_shows_safe_html_and_keeps_nothing(author, lesson):
    text = "## 题\n\n<script>alert(1)</script>"
    part = author.post(reverse("studio:preview"), {"body": text}).content.decode()
    assert "<h2>题</h2>" in part
    assert "<script>" not in part
    page = author.post(reverse("studio:lesson", args=[lesson.pk]), typed(lesson, body=text, preview="1"))
    assert page.status_code == 200
    assert "<h2>题</h2>" in page.content.decode()
    lesson.refresh_from_db()
    assert lesson.body == ""


def test_facts_are_saved_in_fen_and_lists(author, draft):
    answer = author.post(reverse("studio:facts", args=[draft.pk]), facts(draft, skills="概率、统计"))
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert (draft.price_fen, draft.price_decided, draft.outcomes) == (1990, True, ["甲", "乙"])
    assert (draft.tags, draft.skills) == (["概率", "统计"], ["概率", "统计"])


def test_facts_changed_meanwhile_are_named(author, creator, draft):
    stale = facts(draft, subtitle="我的副标题")
    author.post(reverse("studio:facts", args=[draft.pk]), facts(draft, subtitle="别处的副标题"))
    told = author.post(reverse("studio:facts", args=[draft.pk]), stale)
    page = told.content.decode()
    assert told.status_code == 409
    assert "别处的副标题" in page
    assert 'value="我的副标题"' in page
    draft.refresh_from_db()
    assert draft.subtitle == "别处的副标题"


def test_only_a_course_that_is_offered_is_asked_for_before(author, draft):
    address, first, hidden = (
        reverse("studio:facts", args=[draft.pk]),
        make_course("first"),
        make_course("hidden"),
    )
    Course.objects.filter(pk=hidden.pk).update(status=Course.Status.DRAFT)
    for pk in (hidden.pk, "x", f" {first.pk}", "9" * 30, "9" * 5000):
        page = author.post(address, facts(draft, prerequisites=[first.pk, pk]))
        assert page.status_code == 422
        assert not draft.prerequisites.exists()
    assert author.post(address, facts(draft, prerequisites=[first.pk])).status_code == 302
    assert list(draft.prerequisites.all()) == [first]
    assert f'value="{first.pk}" id="id_prerequisites_0" checked' in author.get(address).content.decode()


def test_a_creator_names_the_original_among_their_own_courses(author, creator, draft):
    address = reverse("studio:facts", args=[draft.pk])
    make_course("anothers")
    anothers = Course.objects.get(slug="anothers")
    mine = Course.objects.create(
        slug="mine", title="我的英文课", topic=draft.topic, teacher=draft.teacher, keyword="x", language="en"
    )
    page = author.get(address).content.decode()
    assert f'<option value="{mine.pk}">我的英文课 (英文)</option>' in page
    assert f'<option value="{anothers.pk}">' not in page
    for pk in (anothers.pk, draft.pk, "x", "9" * 30, "9" * 5000):
        assert author.post(address, facts(draft, edition_of=pk)).status_code == 422
    draft.refresh_from_db()
    assert draft.edition_of is None
    assert author.post(address, facts(draft, edition_of=mine.pk)).status_code == 302
    draft.refresh_from_db()
    assert draft.edition_of == mine
    assert f'<option value="{mine.pk}" selected>' in author.get(address).content.decode()
    # The original shows its edition, and is offered none to be one of.
    other = author.get(reverse("studio:facts", args=[mine.pk])).content.decode()
    assert f'href="{address}" lang="zh-hans">概率的日常用法</a>' in other
    assert 'name="edition_of"' not in other


def test_an_edition_in_the_same_language_is_refused_beside_its_field(author, draft):
    mine = Course.objects.create(
        slug="mine", title="我的课", topic=draft.topic, teacher=draft.teacher, keyword="x"
    )
    page = author.post(reverse("studio:facts", args=[draft.pk]), facts(draft, edition_of=mine.pk))
    assert page.status_code == 409
    assert "《我的课》已经是这种语言了" in page.content.decode()
    draft.refresh_from_db()
    assert draft.edition_of is None


def test_a_wrong_price_is_said_beside_its_field(author, draft):
    page = author.post(reverse("studio:facts", args=[draft.pk]), facts(draft, list_price="19.9"))
    assert page.status_code == 422
    assert "划线价要高于售价" in page.content.decode()
    draft.refresh_from_db()
    assert draft.list_price_fen is None


def test_the_checklist_leads_to_publication(author, draft, lesson):
    address = reverse("studio:publication_act", args=[draft.pk, "now"])
    refused = author.post(address)
    assert refused.status_code == 409
    assert "发布前还缺一些内容" in refused.content.decode()
    author.post(reverse("studio:lesson", args=[lesson.pk]), typed(lesson))
    author.post(reverse("studio:facts", args=[draft.pk]), facts(draft))
    assert author.post(address).status_code == 302
    draft.refresh_from_db()
    assert draft.is_published
    answer = author.post(reverse("studio:publication_act", args=[draft.pk, "withdraw"]), {"why": "要改"})
    assert answer.status_code == 302
    assert AuditEntry.objects.get(act="course.withdrawn").why == "要改"


def test_a_time_is_read_by_the_academys_clock(author, draft, lesson):
    author.post(reverse("studio:lesson", args=[lesson.pk]), typed(lesson))
    author.post(reverse("studio:facts", args=[draft.pk]), facts(draft))
    address = reverse("studio:publication_act", args=[draft.pk, "schedule"])
    past = author.post(address, {"at": "2020-01-01T08:00"})
    assert past.status_code == 422
    assert "请选择将来的时间" in past.content.decode()
    day = (timezone.now() + timedelta(days=3)).date()
    assert author.post(address, {"at": f"{day}T08:00"}).status_code == 302
    draft.refresh_from_db()
    assert (draft.published_at.hour, draft.published_at.date()) == (0, day)
    assert draft.is_scheduled


def test_a_moved_course_is_found_at_its_old_address(author, draft):
    old = draft.slug
    author.post(reverse("studio:address", args=[draft.pk]), {"slug": "everyday-odds"})
    answer = author.get(reverse("site:course", args=[old]))
    assert (answer.status_code, answer["Location"]) == (301, reverse("site:course", args=["everyday-odds"]))
    bad = author.post(reverse("studio:address", args=[draft.pk]), {"slug": "Every Day"})
    assert bad.status_code == 422
    draft.refresh_from_db()
    assert draft.slug == "everyday-odds"


def test_an_author_sees_the_draft_as_a_learner(author, draft, lesson):
    author.post(reverse("studio:lesson", args=[lesson.pk]), typed(lesson))
    assert "概率的日常用法" in author.get(reverse("site:course", args=[draft.slug])).content.decode()
    page = author.get(reverse("site:lesson", args=[draft.slug, lesson.slug]))
    assert "概率是一种语言" in page.content.decode()


def test_a_picture_is_made_anew_without_where_it_was_taken(author, draft, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    upload = SimpleUploadedFile("a.jpg", picture(exif=exif), "image/jpeg")
    assert author.post(reverse("studio:look", args=[draft.pk]), {"picture": upload}).status_code == 302
    draft.refresh_from_db()
    served = author.get("/media/" + draft.picture)
    content = b"".join(served.streaming_content)
    assert b"SecretCamera" not in content
    assert Image.open(io.BytesIO(content)).size == (1280, 800)
    assert (served["Content-Type"], served["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "immutable" in served["Cache-Control"]
    assert f'src="/media/{draft.picture}"' in author.get(reverse("studio:courses")).content.decode()
    author.post(reverse("studio:drawn", args=[draft.pk]))
    draft.refresh_from_db()
    assert draft.picture == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg onload='alert(1)'/>",
        b"\x89PNG\r\n\x1a\nbroken",
        picture(form="GIF"),
        picture((50, 50)),
        b"x" * 5_000_001,
    ],
    ids=["empty", "svg", "broken", "gif", "tiny", "huge"],
)
def test_no_other_file_becomes_a_cover(author, draft, settings, tmp_path, content):
    settings.MEDIA_ROOT = tmp_path / "media"
    upload = SimpleUploadedFile("a.png", content, "image/png")
    assert author.post(reverse("studio:look", args=[draft.pk]), {"picture": upload}).status_code == 422
    draft.refresh_from_db()
    assert draft.picture == ""
    assert not (tmp_path / "media").exists()


def test_pictures_lead_nowhere_else(browser):
    for name in ("../zhiyue.sqlite3", "a.jpg", "0" * 32 + ".png"):
        assert browser.get(f"/media/pictures/{name}").status_code == 404
    assert browser.get(f"/media/pictures/{'0' * 32}.jpg").status_code == 404


def test_a_creator_writes_about_themselves_and_orders_nothing(author, creator):
    author.post(reverse("studio:me"), {"name": "何牧", "headline": "统计学教师", "bio": ""})
    assert Teacher.objects.get(user=creator).headline == "统计学教师"
    for name in ("topics", "new_topic", "teachers", "new_teacher"):
        assert author.get(reverse(f"studio:{name}")).status_code == 403
    assert (
        author.post(reverse("studio:new_topic"), {"name": "x", "name_en": "x", "slug": "x"}).status_code
        == 403
    )
    assert not Topic.objects.exists()


def test_an_operator_orders_topics_and_teachers(signed_in, operator, creator):
    client = signed_in(operator)
    for slug in ("one", "two"):
        client.post(reverse("studio:new_topic"), {"name": slug, "name_en": slug, "slug": slug})
    two = Topic.objects.get(slug="two")
    part = client.post(reverse("studio:move_topic", args=[two.pk]), {"by": "up"}, headers=HTMX)
    assert part.content.decode().startswith('<div id="topics"')
    assert list(Topic.objects.values_list("slug", flat=True)) == ["two", "one"]
    page = part.content.decode()
    assert page.index(f"/studio/topics/{two.pk}/") < page.index(
        f"/studio/topics/{Topic.objects.get(slug='one').pk}/"
    )
    new = {"name": "何牧", "headline": "", "bio": "", "slug": "he-mu", "account": "nobody@test.example"}
    assert client.post(reverse("studio:new_teacher"), new).status_code == 422
    assert not Teacher.objects.exists()
    assert client.post(reverse("studio:new_teacher"), {**new, "account": creator.email}).status_code == 302
    assert Teacher.objects.get().user == creator


def test_the_creator_is_asked_what_sets_a_copy_apart(author, creator, draft, lesson):
    text = "平均数会骗人，中位数不会。把三个数放在一起看，才知道这群人到底过得怎么样，也才知道谁被平均掉了。"
    make_course("mean", title="平均数的真相", text=text)
    author.post(reverse("studio:lesson", args=[lesson.pk]), typed(lesson, body=text))
    likeness.find_likenesses()
    page = author.get(reverse("studio:publication", args=[draft.pk])).content.decode()
    assert "平均数的真相" in page
    assert "有什么不同" in page


def test_the_desk_shows_pairs_and_sets_them_aside(signed_in, operator, agent):
    text = "平均数会骗人，中位数不会。把三个数放在一起看，才知道这群人到底过得怎么样，也才知道谁被平均掉了。"
    one, two = make_course("mean", text=text), make_course("mean-again", text=text)
    assert lesson_of(one, "one").body == lesson_of(two, "one").body
    likeness.find_likenesses()
    client = signed_in(operator)
    page = client.get(reverse("desk:sameness")).content.decode()
    assert "课程 mean-again" in page
    assert "中位数不会" in page
    row = likeness.Likeness.objects.get()
    address = reverse("desk:set_aside", args=[row.pk])
    assert page.count(f'href="/studio/lessons/{lesson_of(one, "one").pk}/"') == 1
    assert client.post(address, {"why": " "}).status_code == 422
    assert signed_in(agent).post(address, {"why": "随便看看"}).status_code == 403
    row.refresh_from_db()
    assert row.dismissed_at is None
    assert client.post(address, {"why": "新版替换旧版"}).status_code == 302
    assert "没有相似的课程" in client.get(reverse("desk:sameness")).content.decode()
    assert "新版替换旧版" in client.get(reverse("desk:sameness") + "?which=aside").content.decode()


# Four bytes of UTF-8, so twelve in a form: the most that a character takes.
RARE = "𠮷"


def test_a_lesson_as_long_as_is_said_can_be_looked_at_and_saved(author, lesson):
    body = "\r\n".join([RARE * 99] * 2000)
    assert len(body.replace("\r\n", "\n")) == 199_999
    address = reverse("studio:lesson", args=[lesson.pk])
    assert author.post(reverse("studio:preview"), {"body": body}).status_code == 200
    assert author.post(address, typed(lesson, body=body + RARE)).status_code == 302
    lesson.refresh_from_db()
    assert len(lesson.body) == 200_000


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_lesson_longer_than_that_stands_in_the_editor_again_with_what_to_do(author, lesson, headers):
    body = RARE * 300_000
    author.cookies["zy_language"] = "en"
    answer = author.post(
        reverse("studio:lesson", args=[lesson.pk]), typed(lesson, body=body), headers=headers
    )
    page = answer.content.decode()
    assert answer.status_code == 422 and "200,000" in page and body in page
    lesson.refresh_from_db()
    assert lesson.body == ""


def test_a_summary_and_a_portrait_in_words_may_be_as_long_as_is_said_in_many_lines(author, creator, draft):
    summary, bio = "行\n" * 2_499 + "行行", "行\n" * 999 + "行行"
    address, as_sent = reverse("studio:facts", args=[draft.pk]), summary.replace("\n", "\r\n")
    assert author.post(address, facts(draft, summary=as_sent)).status_code == 302
    draft.refresh_from_db()
    assert draft.summary == summary
    me = {"name": "周老师", "headline": "", "bio": bio.replace("\n", "\r\n")}
    assert author.post(reverse("studio:me"), me).status_code == 302
    assert Teacher.objects.get(user=creator).bio == bio
    assert author.post(reverse("studio:me"), me | {"bio": me["bio"] + "行"}).status_code == 422
    assert Teacher.objects.get(user=creator).bio == bio
