"""Setting up: an owner sees what is left, tries it, and does it; nobody else does."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.core.academy.test_academy import picture
from tests.factories import make_course
from zhiyue.core.academy.models import Academy, Agreement, Proof
from zhiyue.core.academy.selectors import academy
from zhiyue.core.academy.services import accept_agreements, record_proof
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.experience.desk.setting_up import steps
from zhiyue.facilities.notices.delivery import CONSOLE_MAIL

pytestmark = pytest.mark.django_db

PAGES = ["setup/", "setup/looks/", "setup/agreements/terms/", "setup/health/"]
ACTS = [
    "setup/ready/",
    "setup/try/mail/",
    "setup/try/storage/",
    "setup/looks/",
    "setup/agreements/terms/",
    "setup/agreements/terms/1/withdraw/",
]


@pytest.fixture
def desk(signed_in, owner):
    client = signed_in(owner)
    client.cookies["zy_language"] = "en"
    return client


@pytest.fixture
def viewer(owner):
    return Viewer(user=owner, visitor=None, roles=frozenset({"owner"}))


def done(viewer):
    return {step.key for step in steps(viewer) if step.is_done}


@pytest.mark.parametrize("who", ["learner", "creator", "agent", "operator"])
def test_only_owners_set_up(who, request, signed_in):
    client = signed_in(request.getfixturevalue(who))
    assert {client.get(f"/desk/{page}").status_code for page in PAGES} == {403}
    assert {client.post(f"/desk/{act}", {"name": "改名"}).status_code for act in ACTS} == {403}
    assert not Academy.objects.exists()
    assert not Proof.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_new_academy_has_everything_left(desk, viewer, settings):
    settings.EMAIL_BACKEND = CONSOLE_MAIL
    assert done(viewer) == set()
    page = desk.get("/desk/setup/").content.decode()
    assert "0 of 9 needed steps are done" in page
    for words in ("Name and looks", "No mail server is set", "Missing: ", "Nothing is published yet"):
        assert words in page


def test_what_is_left_and_done_adds_up(desk, settings):
    settings.EMAIL_BACKEND = CONSOLE_MAIL
    make_course("intuition")
    page = " ".join(desk.get("/desk/setup/").content.decode().split())
    for words in (
        "1 of 9 needed steps are done",
        "8 that are needed · 2 that are optional",
        "1 needed</span>",
    ):
        assert words in page
    # Lists part as the language does.
    assert "Missing: " in page and "、" not in page[page.index("Missing: ") :][:80]


def test_the_list_asks_the_database_little(desk, django_assert_num_queries, viewer):
    steps(viewer)
    with django_assert_num_queries(11):
        steps(viewer)


def test_each_step_is_done_when_it_is_true(desk, viewer, settings):
    make_course("intuition")
    assert done(viewer) == {"course"}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    desk.post("/desk/setup/try/mail/")
    desk.post("/desk/setup/try/storage/")
    record_proof(kind="backup", worked=True)
    assert done(viewer) == {"course", "mail", "storage", "backup"}
    assert [message.to for message in mail.outbox] == [["owner@test.example"]]


def test_a_mail_server_that_refuses_is_quoted(desk, viewer, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert desk.post("/desk/setup/try/mail/").status_code == 302
    proof = Proof.objects.get()
    assert (proof.kind, proof.worked) == ("mail", False)
    assert "refused" in proof.detail.lower()
    assert proof.detail in desk.get("/desk/setup/").content.decode().replace("&#x27;", "'")


def test_storage_that_cannot_be_written_is_quoted(desk, tmp_path, settings):
    (tmp_path / "file").write_text("in the way")
    settings.MEDIA_ROOT = tmp_path / "file"
    desk.post("/desk/setup/try/storage/")
    proof = Proof.objects.get()
    assert (proof.kind, proof.worked) == ("storage", False)
    assert proof.detail


def test_there_is_nothing_else_to_try(desk, settings):
    settings.ZHIYUE_SMS_PROVIDER = "aliyun"
    assert desk.post("/desk/setup/try/luck/").status_code == 404
    answer = desk.post("/desk/setup/try/sms/", {"phone": "nobody"})
    assert answer.status_code == 400
    assert "Write it in digits" in answer.content.decode()
    assert not Proof.objects.exists()


def test_looks_are_saved_and_shown_everywhere(desk):
    logo = SimpleUploadedFile("logo.png", picture((300, 300)), "image/png")
    facts = {"name": "青禾学院", "accent": "violet", "icp_number": "京ICP备1号", "logo": logo}
    assert desk.post("/desk/setup/looks/", facts).status_code == 302
    page = desk.get("/").content.decode()
    assert 'data-accent="violet"' in page
    assert "京ICP备1号" in page
    kept = academy().logo
    desk.post("/desk/setup/looks/", {"name": "青禾学院", "accent": "teal"})
    assert academy().logo == kept
    desk.post("/desk/setup/looks/", {"name": "青禾学院", "accent": "teal", "without_logo": "on"})
    assert academy().logo == ""


def test_a_logo_that_is_no_picture_keeps_what_was_typed(desk):
    wrong = SimpleUploadedFile("logo.png", b"no picture", "image/png")
    answer = desk.post("/desk/setup/looks/", {"name": "青禾学院", "accent": "teal", "logo": wrong})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "a picture we can read" in page
    assert 'value="青禾学院"' in page
    assert not Academy.objects.exists()


def test_an_agreement_is_looked_at_then_published(desk, learner):
    text = {"title": "用户协议", "body": "## 第一条\n\n你可以学。"}
    looked = desk.post("/desk/setup/agreements/terms/", text | {"preview": "1"})
    assert "<h2>第一条</h2>" in looked.content.decode()
    assert not Agreement.objects.exists()
    assert desk.post("/desk/setup/agreements/terms/", text | {"publish": "1"}).status_code == 302
    made = Agreement.objects.get()
    accept_agreements(user=learner, agreement_ids=[made.pk])
    page = desk.get("/desk/setup/agreements/terms/").content.decode()
    assert "version 2" in page
    assert '<td class="number">1</td>' in page


def test_an_agreement_as_long_as_is_said_is_published_and_a_longer_one_stays_in_the_form(desk):
    address, rare = "/desk/setup/agreements/terms/", "𠮷"
    body = "\r\n".join([rare * 99] * 1000)
    text = {"title": "用户协议", "publish": "1"}
    longer = desk.post(address, text | {"body": body + rare * 2})
    page = longer.content.decode()
    assert longer.status_code == 400 and "100000 characters at most" in page
    assert page.count(rare) == 99_002 and 'maxlength="100000"' not in page
    assert not Agreement.objects.exists()
    assert desk.post(address, text | {"body": body + rare}).status_code == 302
    assert len(Agreement.objects.get().body) == 100_000


def test_an_agreement_without_text_keeps_its_title(desk):
    answer = desk.post("/desk/setup/agreements/terms/", {"title": "用户协议", "body": "", "publish": "1"})
    assert answer.status_code == 400
    assert 'value="用户协议"' in answer.content.decode()
    assert not Agreement.objects.exists()
    assert desk.get("/desk/setup/agreements/marriage/").status_code == 404


def test_the_desk_reminds_until_an_owner_closes_the_list(desk):
    assert "quite set up yet" in desk.get("/desk/jobs/").content.decode()
    desk.post("/desk/setup/ready/")
    assert "quite set up yet" not in desk.get("/desk/jobs/").content.decode()
    assert AuditEntry.objects.get().act == "academy.ready"


def test_health_says_what_the_doctor_says(desk):
    page = desk.get("/desk/setup/health/").content.decode()
    for words in ("Versions", "Up to this version", "None was ever made. Run: zhiyue backup"):
        assert words in page


def test_a_mistyped_year_is_refused_in_the_form_and_a_slip_is_withdrawn(desk):
    text = {"title": "用户协议", "body": "你可以学。", "publish": "1"}
    for day in ("9999-12-31", "0001-01-01"):
        answer = desk.post("/desk/setup/agreements/terms/", text | {"in_force_on": day})
        assert answer.status_code == 400
        assert f'value="{day}"' in answer.content.decode()
    assert not Agreement.objects.exists()
    later = clock.business_day() + timedelta(days=300)
    assert (
        desk.post("/desk/setup/agreements/terms/", text | {"in_force_on": later.isoformat()}).status_code
        == 302
    )
    page = desk.get("/desk/setup/agreements/terms/").content.decode()
    assert f"{later:%-d %B %Y}" in page
    assert desk.post("/desk/setup/agreements/terms/1/withdraw/").status_code == 302
    assert not Agreement.objects.exists()


def test_the_text_of_a_withdrawn_version_stands_in_the_form(desk):
    later = (clock.business_day() + timedelta(days=3)).isoformat()
    text = {"title": "用户协议", "body": "你可以学。" * 300, "what_changed": "退款", "in_force_on": later}
    desk.post("/desk/setup/agreements/terms/", text | {"publish": "1"})
    desk.post("/desk/setup/agreements/terms/1/withdraw/")
    answer = desk.get("/desk/setup/agreements/terms/")
    form = answer.context["form"]
    shown = {name: form[name].value() for name in ("title", "body", "what_changed")}
    assert shown == {name: text[name] for name in shown}
    page = answer.content.decode()
    assert text["body"] in page and "the text of version 1" in page
    published = desk.post("/desk/setup/agreements/terms/", text | {"in_force_on": "", "publish": "1"})
    assert published.status_code == 302
    assert "which was withdrawn" not in desk.get("/desk/setup/agreements/terms/").content.decode()


def test_today_is_at_once(desk):
    text = {"title": "用户协议", "body": "你可以学。", "in_force_on": clock.business_day().isoformat()}
    assert desk.post("/desk/setup/agreements/terms/", text | {"publish": "1"}).status_code == 302
    assert Agreement.objects.get().in_force_from <= clock.now()
    assert "/withdraw/" not in desk.get("/desk/setup/agreements/terms/").content.decode()


def test_the_same_text_again_is_refused_above_the_form_not_at_its_day(desk):
    text = {"title": "用户协议", "body": "你可以学。", "publish": "1"}
    later = (clock.business_day() + timedelta(days=3)).isoformat()
    assert desk.post("/desk/setup/agreements/terms/", text).status_code == 302
    again = desk.post("/desk/setup/agreements/terms/", text | {"in_force_on": later})
    assert again.status_code == 400
    assert "word for word" in again.content.decode()
    assert 'id="id_in_force_on-error"' not in again.content.decode()
    assert Agreement.objects.count() == 1
