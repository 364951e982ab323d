"""Django's admin can be looked at by an owner, changed by nobody, and isn't there in production."""

import pytest
from django.apps import apps
from django.test import RequestFactory
from django.urls import reverse

from tests.config.test_backup import run
from tests.factories import make_course, make_member
from zhiyue.config.admin import HIDDEN, SHOWN, holds_anything, label_of, our_models, shown_columns, site
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import OneTimeCode, UploadedSheet, User
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.experience.api.models import KeptAnswer

MODELS = our_models()


def names(model):
    return model._meta.app_label, model._meta.model_name


def test_every_table_of_ours_is_registered():
    ours = {model for model in apps.get_models() if model.__module__.startswith("zhiyue.")}
    assert set(site._registry) == ours
    assert len(ours) > 20


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_an_owner_looks_and_can_change_nothing(model, owner, signed_in):
    request = RequestFactory().get("/admin/")
    request.viewer = Viewer(user=owner, visitor=None, roles=frozenset({"owner"}))
    rows = site._registry[model]
    assert rows.has_view_permission(request)
    assert not rows.has_add_permission(request)
    assert not rows.has_change_permission(request)
    assert not rows.has_delete_permission(request)
    client = signed_in(owner)
    app, name = names(model)
    assert client.get(reverse(f"admin:{app}_{name}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:{app}_{name}_add")).status_code == 403
    assert client.post(reverse(f"admin:{app}_{name}_add"), {}).status_code == 403


@pytest.mark.django_db
def test_a_row_is_shown_without_what_opens_something_and_posting_changes_nothing(owner, signed_in):
    learner = make_member("learner@test.example", "小林")
    make_course("intuition")
    note(by=owner, act="member.seen", subject=("member", 1, "小林"))
    client = signed_in(owner)
    address = reverse("admin:accounts_user_change", args=[learner.pk])
    page = client.get(address).content.decode()
    assert "小林" in page
    assert learner.password not in page
    assert client.post(address, {"display_name": "改名"}).status_code == 403
    assert (
        client.post(reverse("admin:accounts_user_delete", args=[learner.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert User.objects.get(pk=learner.pk).display_name == "小林"
    assert "password" not in shown_columns(User)


def test_of_every_column_that_may_hold_anything_it_is_said_whether_it_is_shown():
    columns = [column for model in MODELS for column in model._meta.concrete_fields]
    anything = {label_of(column) for column in columns if holds_anything(column)}
    assert anything - SHOWN - HIDDEN == set(), "Say in config/admin.py whether these are shown."
    assert anything >= SHOWN and not SHOWN & HIDDEN
    assert {label_of(column) for column in columns} >= HIDDEN
    shown = {f"{model._meta.label}.{name}" for model in MODELS for name in shown_columns(model)}
    assert shown & anything == SHOWN


def test_no_column_with_the_name_of_a_secret_is_shown():
    words = ("password", "secret", "hash", "sha256", "digits")
    assert not [
        name for model in MODELS for name in shown_columns(model) if any(word in name for word in words)
    ]


@pytest.mark.django_db
def test_neither_a_code_nor_an_upload_nor_an_answer_shows_what_it_keeps(owner, signed_in):
    kept = "pbkdf2_sha256$hashed"
    rows = [
        OneTimeCode.objects.create(
            purpose="enter", to="a@b.cn", digits_hash=kept, kept={"password": kept}, expires_at=clock.now()
        ),
        UploadedSheet.objects.create(
            kind="members", by=owner, name="x.csv", text=kept, options={"text": kept}
        ),
        KeptAnswer.objects.create(whom="1", route="r", key="k", fingerprint="f", body={"token": kept}),
    ]
    for row in rows:
        page = signed_in(owner).get(reverse("admin:{}_{}_change".format(*names(type(row))), args=[row.pk]))
        assert page.status_code == 200 and kept not in page.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["learner", "creator", "agent", "operator"])
def test_nobody_else_gets_in(who, request, signed_in):
    client = signed_in(request.getfixturevalue(who))
    for model in MODELS[:3]:
        answer = client.get(reverse("admin:{}_{}_changelist".format(*names(model))))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/login/")
    assert client.get("/admin/login/")["Location"].startswith(reverse("entrance:sign_in"))


def test_in_production_there_is_no_admin(tmp_path):
    script = (
        "import django; django.setup(); from django.urls import resolve, Resolver404\n"
        "try: print(resolve('/admin/').func)\n"
        "except Resolver404: print('gone')"
    )
    answer = run(tmp_path / "var", "-c", script, ZHIYUE_ENVIRONMENT="production", ZHIYUE_SECRET_KEY="k" * 50)
    assert answer.stdout.strip().splitlines()[-1] == "gone", answer.stderr
