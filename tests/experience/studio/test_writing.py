"""What helps an author to write: pictures in a text, the bar over it, the card beside the facts."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve, reverse
from limits import RateLimitItemPerMinute
from PIL import Image

from tests.experience.studio.test_studio import HTMX, author, draft, facts, lesson, picture, typed
from tests.factories import make_member
from tests.product.test_catalogue_writing import viewer_of
from zhiyue.core.accounts.services import grant
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.experience.shell.pictures import address_of
from zhiyue.product.catalogue import pictures, services
from zhiyue.product.catalogue.models import Course, Lesson, Teacher, UnshownPicture

__all__ = ["author", "draft", "lesson"]


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media" / "pictures"


def send(client, lesson, content, name="a.png"):
    upload = SimpleUploadedFile(name, content, "image/png")
    return client.post(reverse("studio:lesson_picture", args=[lesson.pk]), {"picture": upload})


def test_a_picture_for_a_text_is_kept_whole_small_and_without_its_past(author, lesson, media):
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    answer = send(author, lesson, picture(size=(3200, 1000), exif=exif))
    assert answer.status_code == 201
    address = answer.json()["address"]
    assert re.fullmatch(r"/media/pictures/[0-9a-f]{32}-1600x500\.jpg", address)
    served = author.get(address)
    content = b"".join(served.streaming_content)
    assert b"SecretCamera" not in content
    assert Image.open(io.BytesIO(content)).size == (1600, 500)
    shown = author.post(reverse("studio:preview"), {"body": f"![一张图]({address})"}).content.decode()
    assert f'<img src="{address}" alt="一张图" width="1600" height="500" loading="lazy">' in shown
    assert 'name="picture"' not in shown


@pytest.mark.parametrize("content", [b"", b"<svg onload='alert(1)'/>", picture(size=(60, 60))])
def test_what_is_no_picture_is_refused_in_words(author, lesson, media, content):
    answer = send(author, lesson, content)
    assert answer.status_code == 422
    assert answer.json()["message"]
    assert not media.exists()


def test_a_text_names_a_picture_where_the_pages_serve_it(author, lesson, media):
    address = send(author, lesson, picture()).json()["address"]
    named = pictures.in_text(address)
    assert named is not None
    assert named.address == address == address_of(named.name)
    assert resolve(address).view_name == "shell:picture"
    # A cover's has no size in its name; a text doesn't name it.
    cover = address_of(pictures.keep(pictures.cut(picture(), width=640, height=400)))
    assert (resolve(cover).view_name, pictures.in_text(cover)) == ("shell:picture", None)


def test_a_picture_put_into_a_lesson_is_noted(author, lesson, media):
    address = send(author, lesson, picture()).json()["address"]
    entry = AuditEntry.objects.get(act="lesson.pictured")
    assert (entry.subject_kind, entry.subject_id) == ("lesson", str(lesson.pk))
    assert entry.after == {"picture": address.removeprefix("/media/")}


def test_pictures_of_all_kinds_count_together(author, draft, lesson, media, monkeypatch):
    monkeypatch.setattr(
        "zhiyue.experience.studio.uploads.PICTURES", RateLimitItemPerMinute(3, namespace="together")
    )
    look = reverse("studio:look", args=[draft.pk])
    addresses = (reverse("studio:lesson_picture", args=[lesson.pk]), look, reverse("studio:own_portrait"))

    def put(address):
        upload = SimpleUploadedFile("a.jpg", picture(), "image/jpeg")
        return author.post(address, {"picture": upload})

    # Nothing chosen counts nothing.
    assert [author.post(address).status_code for address in addresses] == [422] * 3
    assert [put(address).status_code for address in addresses] == [201, 302, 302]
    entries = AuditEntry.objects.count()
    for address in addresses:
        answer = put(address)
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 0
        said = answer.json()["message"] if address == addresses[0] else answer.content.decode()
        assert re.search("Too many tries|次数太多|太多", said)
    assert AuditEntry.objects.count() == entries


def test_nobody_else_puts_pictures_into_a_lesson(signed_in, browser, stranger, lesson, media):
    rival = make_member("rival@test.example", "同行")
    grant(user=rival, role="creator")
    assert send(signed_in(rival), lesson, picture()).status_code == 403
    assert send(signed_in(stranger), lesson, picture()).status_code == 403
    assert send(browser, lesson, picture()).status_code == 302
    assert not media.exists()


def a_week_later(monkeypatch):
    """The job that forgets pictures runs tonight, and again in seven days."""
    pictures.forget_unshown()
    later = clock.now() + timedelta(days=pictures.DAYS_UNSHOWN)
    monkeypatch.setattr(clock, "now", lambda: later)
    pictures.forget_unshown()


def say(viewer, lesson, body):
    lesson.refresh_from_db()
    facts = services.LessonFacts(title="a", kind="article", body=body, is_free=False)
    services.change_lesson(viewer=viewer, lesson_id=lesson.pk, facts=facts, seen_at=lesson.updated_at)


@pytest.fixture
def kept(creator, lesson, media):
    """A picture that the lesson shows."""
    made = services.add_picture(viewer=viewer_of(creator), lesson_id=lesson.pk, content=picture())
    say(viewer_of(creator), lesson, f"![图]({made.address})")
    return made


def test_no_picture_yet_is_none_to_forget(db, media):
    assert pictures.forget_unshown() == 0


def test_a_text_moved_into_another_lesson_keeps_its_pictures(creator, lesson, kept, monkeypatch):
    viewer = viewer_of(creator)
    other = services.add_lesson(viewer=viewer, chapter_id=lesson.chapter_id, title="b")
    # A picture that was uploaded long ago, and the night comes between cutting and pasting.
    at = clock.now() + timedelta(days=400)
    monkeypatch.setattr(clock, "now", lambda: at)
    services.remove_lesson(viewer=viewer, lesson_id=lesson.pk)
    assert pictures.forget_unshown() == 0
    say(viewer, other, f"![图]({kept.address})")
    a_week_later(monkeypatch)
    assert default_storage.exists(kept.name)
    assert not UnshownPicture.objects.exists()


def test_a_picture_is_forgotten_a_week_after_the_last_lesson_that_showed_it(
    creator, draft, lesson, kept, monkeypatch
):
    viewer = viewer_of(creator)
    other = services.add_lesson(viewer=viewer, chapter_id=lesson.chapter_id, title="b")
    say(viewer, other, f"![图]({kept.address})")
    services.remove_lesson(viewer=viewer, lesson_id=lesson.pk)
    a_week_later(monkeypatch)
    assert default_storage.exists(kept.name)
    services.remove_course(viewer=viewer, course_id=draft.pk)
    assert default_storage.exists(kept.name)
    a_week_later(monkeypatch)
    assert not default_storage.exists(kept.name)
    assert not UnshownPicture.objects.exists()


@pytest.mark.parametrize(
    ("kind", "field"),
    [(Course, "picture"), (Course, "summary"), (Teacher, "picture"), (Teacher, "bio"), (Lesson, "body")],
)
def test_what_is_shown_anywhere_is_not_forgotten(kind, field, lesson, kept, monkeypatch):
    Lesson.objects.update(body="没有图")
    shown = kept.name if field == "picture" else f"先看图：![图](https://academy.example{kept.address})"
    kind.objects.update(**{field: shown})
    a_week_later(monkeypatch)
    assert default_storage.exists(kept.name)
    kind.objects.update(**{field: ""})
    a_week_later(monkeypatch)
    assert not default_storage.exists(kept.name)


def test_a_picture_uploaded_anew_has_its_week_again(creator, lesson, kept, monkeypatch):
    viewer = viewer_of(creator)
    say(viewer, lesson, "没有图")
    pictures.forget_unshown()
    at = clock.now() + timedelta(days=pictures.DAYS_UNSHOWN)
    monkeypatch.setattr(clock, "now", lambda: at)
    assert services.add_picture(viewer=viewer, lesson_id=lesson.pk, content=picture()) == kept
    assert pictures.forget_unshown() == 0
    assert default_storage.exists(kept.name)


def test_more_pictures_do_not_mean_more_queries(creator, lesson, kept):
    def queries():
        UnshownPicture.objects.all().delete()
        with CaptureQueriesContext(connection) as asked:
            pictures.forget_unshown()
        return len(asked)

    say(viewer_of(creator), lesson, "没有图")
    few = queries()
    for width in range(300, 311):
        pictures.keep_for_text(picture((width, 300)))
    assert queries() == few
    assert UnshownPicture.objects.count() == 12


def test_the_address_of_a_lesson_is_sent_with_a_form_of_its_own(author, lesson):
    page = author.get(reverse("studio:lesson", args=[lesson.pk])).content.decode()
    assert '<form method="post" id="lesson-address"' in page
    field = re.search(r'<input type="text" name="slug"[^>]*>', page)
    assert field and 'form="lesson-address"' in field[0]
    refused = author.post(
        reverse("studio:lesson_address", args=[lesson.pk]), {"slug": "Not An Address"}
    ).content.decode()
    assert 'value="Not An Address"' in refused and "studio-more" in refused


def test_each_side_of_a_course_has_a_title_of_its_own(author, draft, lesson):
    sides = ("outline", "facts", "look", "publication")
    pages = [author.get(reverse(f"studio:{side}", args=[draft.pk])).content.decode() for side in sides]
    pages.append(author.get(reverse("studio:lesson", args=[lesson.pk])).content.decode())
    titles = {re.search(r"<title>(.*?)</title>", page, re.DOTALL)[1] for page in pages}
    assert len(titles) == 5
    assert sum(draft.title in title for title in titles) == 4


def test_topics_are_offered_in_the_readers_language(author, draft):
    for address in (reverse("studio:new"), reverse("studio:facts", args=[draft.pk])):
        assert ">数据</option>" in author.get(address).content.decode()
        author.cookies["zy_language"] = "en"
        assert ">Data</option>" in author.get(address).content.decode()
        del author.cookies["zy_language"]


def test_the_card_follows_what_is_typed_and_keeps_nothing(author, draft):
    page = author.get(reverse("studio:facts", args=[draft.pk])).content.decode()
    assert 'id="card"' in page
    sent = facts(draft, title="换个名字", subtitle="一句话", price="199", list_price="299")
    card = author.post(reverse("studio:facts_card", args=[draft.pk]), sent, headers=HTMX).content.decode()
    assert card.startswith('<div id="card">')
    for shown in ("换个名字", "一句话", "¥199", "¥299"):
        assert shown in card
    half = author.post(reverse("studio:facts_card", args=[draft.pk]), {"title": "", "price": "x"})
    assert half.status_code == 200 and draft.title in half.content.decode()
    assert Course.objects.get(pk=draft.pk).title == draft.title
    assert not AuditEntry.objects.filter(act="course.changed").exists()


def test_the_plain_field_still_saves_without_a_script(author, lesson):
    answer = author.post(reverse("studio:lesson", args=[lesson.pk]), typed(lesson, body="一\n\n二"))
    assert answer.status_code == 302
    lesson.refresh_from_db()
    assert lesson.body == "一\n\n二"
