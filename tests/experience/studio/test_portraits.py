"""A teacher's picture: put and taken away by themselves or by operators, shown wherever they are."""

import io

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from tests.experience.studio.test_studio import picture
from tests.experience.studio.test_writing import a_week_later
from tests.factories import make_course
from zhiyue.core.audit.models import AuditEntry
from zhiyue.product.catalogue.models import Teacher
from zhiyue.product.catalogue.services import teacher_for


@pytest.fixture
def author(creator, signed_in):
    return signed_in(creator)


def test_a_creator_shows_their_face(author, creator, browser, monkeypatch):
    course = make_course("with-face")
    Teacher.objects.filter(pk=course.teacher_id).update(user=creator)
    upload = SimpleUploadedFile("me.jpg", picture((900, 1200)), "image/jpeg")
    assert author.post(reverse("studio:own_portrait"), {"picture": upload}).status_code == 302
    teacher = Teacher.objects.get(user=creator)
    with Image.open(io.BytesIO(author.get(f"/media/{teacher.picture}").getvalue())) as served:
        assert served.size == (640, 640)
    for address in ("/teachers/he-mu/", "/courses/with-face/", "/courses/"):
        shows = f'src="/media/{teacher.picture}"' in browser.get(address).content.decode()
        assert shows == (address != "/courses/")
    told = browser.get("/api/v1/teachers/he-mu").json()
    assert told["picture"] == f"/media/{teacher.picture}"
    entry = AuditEntry.objects.get(act="teacher.pictured")
    assert (entry.before, entry.after) == ({"picture": ""}, {"picture": teacher.picture})
    author.post(reverse("studio:own_portrait"), {"remove": "1"})
    assert Teacher.objects.get(user=creator).picture == ""
    assert browser.get("/api/v1/teachers/he-mu").json()["picture"] is None
    assert default_storage.exists(teacher.picture)
    a_week_later(monkeypatch)
    assert browser.get(f"/media/{teacher.picture}").status_code == 404


def test_a_picture_that_cant_be_read_changes_no_face(author, creator, signed_in, operator):
    teacher = teacher_for(user=creator)
    for address, client in (
        (reverse("studio:own_portrait"), author),
        (reverse("studio:portrait", args=[teacher.pk]), signed_in(operator)),
    ):
        for upload in (SimpleUploadedFile("a.jpg", b"GIF89a", "image/jpeg"), ""):
            answer = client.post(address, {"picture": upload})
            assert answer.status_code == 422
            assert 'id="picture-error"' in answer.content.decode()
    assert Teacher.objects.get(pk=teacher.pk).picture == ""
    assert not AuditEntry.objects.filter(act="teacher.pictured").exists()


def test_a_creator_gives_nobody_else_a_face(author, course):
    upload = SimpleUploadedFile("a.jpg", picture(), "image/jpeg")
    assert (
        author.post(reverse("studio:portrait", args=[course.teacher_id]), {"picture": upload}).status_code
        == 403
    )
    assert Teacher.objects.get(pk=course.teacher_id).picture == ""
