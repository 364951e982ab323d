"""The academy's one row: name, colour, logo, and what it prints below each page."""

import io

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from PIL import Image

from zhiyue.core.academy import logo
from zhiyue.core.academy.errors import Incomplete, UnusableLogo
from zhiyue.core.academy.models import Academy, Proof
from zhiyue.core.academy.selectors import academy
from zhiyue.core.academy.services import Looks, found_academy, keep_logo, keep_trial, looks_of, set_looks
from zhiyue.core.accounts.errors import NotAllowed
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit.columns import TooLong

pytestmark = pytest.mark.django_db


def viewing(user):
    return Viewer(user=user, visitor=None, roles=roles_of(user))


def picture(size=(400, 200), kind="PNG"):
    drawn = io.BytesIO()
    Image.new("RGB", size, "#0b6b63").save(drawn, kind)
    return drawn.getvalue()


def test_before_anything_is_set_the_name_is_that_of_the_settings(settings):
    cache.clear()
    settings.ZHIYUE_SITE_NAME = "青禾学院"
    assert academy().name == "青禾学院"
    assert Academy.objects.count() == 0


def test_the_academy_is_asked_of_the_database_once_in_a_while(django_assert_num_queries):
    cache.clear()
    with django_assert_num_queries(1):
        assert academy().name == academy().name


def test_an_owner_names_the_academy_and_the_audit_log_knows(owner):
    set_looks(
        viewer=viewing(owner),
        looks=Looks(name=" 青禾学院 ", accent="indigo", icp_number="京ICP备2026000001号"),
    )
    assert (academy().name, academy().accent) == ("青禾学院", "indigo")
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.by_id, entry.before["name"], entry.after["name"]) == (
        "academy.changed",
        owner.pk,
        "知跃",
        "青禾学院",
    )
    assert "footer_text" not in entry.after


def test_saving_the_same_looks_again_writes_nothing(owner):
    set_looks(viewer=viewing(owner), looks=Looks(name="青禾学院"))
    set_looks(viewer=viewing(owner), looks=looks_of(academy()))
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize("who", ["stranger", "creator", "agent", "operator"])
def test_nobody_but_an_owner_changes_the_looks(who, request):
    viewer = viewing(request.getfixturevalue(who))
    with pytest.raises(NotAllowed):
        set_looks(viewer=viewer, looks=Looks(name="改名"))
    with pytest.raises(NotAllowed):
        keep_logo(viewer=viewer, upload=picture())
    assert not Academy.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("looks", [Looks(name="  "), Looks(name="青禾", accent="#fff")])
def test_an_academy_without_a_name_or_with_a_foreign_colour_is_refused(looks, owner):
    with pytest.raises(Incomplete):
        set_looks(viewer=viewing(owner), looks=looks)
    assert not Academy.objects.exists()


def test_looks_that_their_columns_do_not_hold_are_refused(owner):
    for looks in (Looks(name="长" * 41), Looks(name="青禾", footer_text="长" * 201)):
        with pytest.raises(TooLong):
            set_looks(viewer=viewing(owner), looks=looks)
        with pytest.raises(TooLong):
            found_academy(looks=looks)
    assert (Academy.objects.count(), AuditEntry.objects.count()) == (0, 0)


def test_there_is_one_academy():
    found_academy(looks=Looks(name="青禾"))
    for wrong in ({"id": 2, "name": "第二"}, {"id": 1, "name": "又一"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Academy.objects.create(**wrong)
    assert Academy.objects.get().set_up_at is not None


def test_a_logo_is_drawn_anew_and_named_by_its_content(owner):
    camera = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    Image.new("RGB", (800, 400), "#123456").save(camera, "JPEG", exif=exif)
    name = keep_logo(viewer=viewing(owner), upload=camera.getvalue())
    assert name == keep_logo(viewer=viewing(owner), upload=camera.getvalue())
    with Image.open(io.BytesIO(logo.read(name))) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("PNG", (256, 128), {})


@pytest.mark.parametrize(
    "upload",
    [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:60], picture((20, 400)), b"x" * 2_000_001],
    ids=["empty", "svg", "cut off", "narrow", "large"],
)
def test_what_is_no_usable_picture_is_refused_and_nothing_is_stored(upload, owner):
    with pytest.raises(UnusableLogo):
        keep_logo(viewer=viewing(owner), upload=upload)
    assert not default_storage.exists(logo.FOLDER)


def test_pages_carry_name_colour_and_logo(owner, browser):
    name = keep_logo(viewer=viewing(owner), upload=picture())
    set_looks(viewer=viewing(owner), looks=Looks(name="青禾学院", accent="violet", logo=name))
    page = browser.get("/").content.decode()
    address = "/academy/" + name.removeprefix("academy/")
    assert 'data-accent="violet"' in page
    assert "青禾学院" in page
    assert f'src="{address}"' in page
    answer = browser.get(address)
    assert answer.headers["Content-Type"] == "image/png"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.content == logo.read(name)


def test_a_logo_that_never_was_is_not_found(browser):
    assert browser.get("/academy/logo-0123456789abcdef.png").status_code == 404
    assert browser.get("/academy/logo-..%2F..%2Fsecret.png").status_code == 404


def test_what_an_owner_tried_is_kept_and_noted_together(owner):
    proof = keep_trial(viewer=viewing(owner), kind=Proof.Kind.MAIL, problem="x" * 400)
    entry = AuditEntry.objects.get()
    assert (proof.worked, proof.detail) == (False, "x" * 300)
    assert (entry.act, entry.by_id, entry.subject_name) == ("academy.tried", owner.pk, "mail")
    assert entry.after == {"worked": False, "detail": "x" * 300}
    # The audit log takes no name that isn't text, so this one fails after the proof was written.
    owner.display_name = None
    with pytest.raises(IntegrityError):
        keep_trial(viewer=viewing(owner), kind=Proof.Kind.MAIL, problem="")
    assert (Proof.objects.count(), AuditEntry.objects.count()) == (1, 1)


@pytest.mark.parametrize("who", ["stranger", "creator", "agent", "operator"])
def test_nobody_else_keeps_a_trial(who, request):
    with pytest.raises(NotAllowed):
        keep_trial(viewer=viewing(request.getfixturevalue(who)), kind=Proof.Kind.SMS, problem="")
    assert not Proof.objects.exists() and not AuditEntry.objects.exists()
