"""What an author typed stays on the page when it is refused; and what others write stays theirs."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from limits import RateLimitItemPerMinute
from PIL import Image

from tests.factories import make_course, make_member
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.experience.studio.views import lessons
from zhiyue.product.catalogue import likeness, pictures, services
from zhiyue.product.catalogue.models import Chapter, Course, Lesson, Teacher

HTMX = {"HX-Request": "true"}
TEXT = "平均数会骗人，中位数不会。把三个数放在一起看，才知道这群人到底过得怎么样，也才知道谁被平均掉了。"


@pytest.fixture
def author(signed_in, creator):
    client = signed_in(creator)
    client.cookies["zy_language"] = "en"
    return client


@pytest.fixture
def draft(creator, db):
    topic = services.put_topic(slug="data", name="数据", name_en="Data", position=0)
    return services.create_course(viewer=viewer_of(creator), title="概率的用法", topic=topic)


@pytest.fixture
def lesson(creator, draft):
    viewer = viewer_of(creator)
    chapter = services.add_chapter(viewer=viewer, course_id=draft.pk, title="第一章")
    return services.add_lesson(viewer=viewer, chapter_id=chapter.pk, title="第一讲")


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["in place", "without a script"])
def test_a_name_too_long_for_a_chapter_stays_in_its_field(author, lesson, headers):
    chapter, long = lesson.chapter, "长" * 81
    entries = AuditEntry.objects.count()
    answer = author.post(
        reverse("studio:chapter_act", args=[chapter.pk, "rename"]), {"title": long}, headers=headers
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="name-{chapter.pk}" name="title" value="{long}"' in page
    assert '<details class="confirm" open' in page
    # The fields beside it stay as they were.
    assert page.count(long) == 1
    assert (Chapter.objects.get().title, AuditEntry.objects.count()) == ("第一章", entries)


def test_a_title_too_long_for_a_lesson_or_chapter_stays_in_its_field(author, draft, lesson):
    long = "长" * 81
    for address, field in (
        (
            reverse("studio:chapter_act", args=[lesson.chapter_id, "add-lesson"]),
            f"add-lesson-{lesson.chapter_id}",
        ),
        (reverse("studio:add_chapter", args=[draft.pk]), "add-chapter"),
    ):
        page = author.post(address, {"title": long}).content.decode()
        [tag] = [tag for tag in re.findall("<input[^>]*>", page) if f'id="{field}"' in tag]
        assert f'value="{long}"' in tag
        assert page.count(long) == 1
    assert (Chapter.objects.count(), Lesson.objects.count()) == (1, 1)


def test_a_day_that_cannot_be_read_is_shown_as_it_was_typed(author, creator, draft, lesson):
    Lesson.objects.update(body="写好了")
    Course.objects.update(summary="给看报表的人。", price_decided=True)
    address = reverse("studio:publication_act", args=[draft.pk, "schedule"])
    answer = author.post(address, {"at": "下周一早上"})
    [tag] = [tag for tag in re.findall("<input[^>]*>", answer.content.decode()) if 'name="at"' in tag]
    assert answer.status_code == 422
    assert 'value="下周一早上"' in tag and 'type="text"' in tag
    assert "2026-12-01 09:00" in answer.content.decode()
    # One that can be read, but is over, stays in the browser's own field.
    [tag] = [
        tag
        for tag in re.findall(
            "<input[^>]*>", author.post(address, {"at": "2020-01-01T09:00"}).content.decode()
        )
        if 'name="at"' in tag
    ]
    assert 'value="2020-01-01T09:00"' in tag and 'type="datetime-local"' in tag
    assert Course.objects.get().status == Course.Status.DRAFT


def test_previews_are_counted_and_saving_is_not(author, lesson, monkeypatch):
    monkeypatch.setattr(lessons, "PREVIEWS", RateLimitItemPerMinute(2))
    form = {"title": "第一讲", "kind": "article", "body": "存下来", "seen": lesson.updated_at.isoformat()}
    editor = reverse("studio:lesson", args=[lesson.pk])
    asked = [
        author.post(reverse("studio:preview"), {"body": "x"}, headers=HTMX),
        author.post(editor, {**form, "preview": "1"}),
        author.post(reverse("studio:preview"), {"body": "x"}, headers=HTMX),
    ]
    assert [answer.status_code for answer in asked] == [200, 200, 429]
    assert asked[2]["HX-Retarget"] == "#toasts"
    assert author.post(editor, form).status_code == 302
    assert Lesson.objects.get().body == "存下来"


def test_of_somebody_elses_draft_only_that_it_is_alike_is_told(author, draft, lesson, operator, signed_in):
    rival = make_member("rival@test.example", "白云飞")
    grant(user=rival, role="creator")
    theirs = make_course("mean", title="平均数的真相", text=TEXT)
    Course.objects.filter(pk=theirs.pk).update(status=Course.Status.DRAFT, published_at=None)
    theirs.teacher.user = rival
    theirs.teacher.save()
    Lesson.objects.filter(pk=lesson.pk).update(body=TEXT)
    likeness.find_likenesses()
    address = reverse("studio:publication", args=[draft.pk])
    page = author.get(address).content.decode()
    assert re.search(r"\d+ % of its words stand in a draft by somebody else too", page)
    assert "平均数的真相" not in page and theirs.teacher.name not in page and "/courses/mean/" not in page
    for_the_operator = signed_in(operator).get(address).content.decode()
    assert "平均数的真相" in for_the_operator
    Course.objects.filter(pk=theirs.pk).update(
        status=Course.Status.PUBLISHED, published_at=theirs.published_at
    )
    assert "平均数的真相" in author.get(address).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_picture_is_read_and_kept_before_anybody_has_to_wait(creator, draft, monkeypatch):
    in_transaction = []

    def noting(act):
        return lambda given: in_transaction.append(connection.in_atomic_block) or act(given)

    for name in ("_read", "keep"):
        monkeypatch.setattr(pictures, name, noting(getattr(pictures, name)))
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "teal").save(file, "PNG")
    services.put_picture(viewer=viewer_of(creator), course_id=draft.pk, content=file.getvalue())
    services.put_portrait(viewer=viewer_of(creator), content=file.getvalue())
    assert in_transaction == [False] * 4
    assert Course.objects.get().picture and Teacher.objects.get().picture


def test_a_strangers_picture_is_not_even_read(signed_in, stranger, draft, monkeypatch):
    grant(user=stranger, role="creator")
    monkeypatch.setattr(pictures, "_read", lambda content: pytest.fail("It was read."))
    upload = SimpleUploadedFile("a.png", b"x", "image/png")
    assert (
        signed_in(stranger).post(reverse("studio:look", args=[draft.pk]), {"picture": upload}).status_code
        == 403
    )
    assert Course.objects.get().picture == ""
