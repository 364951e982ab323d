"""Ways in through other sites: real round trips to a small server that speaks OAuth 2, OIDC and QQ's dialect."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from tests.conftest import BROWSER
from tests.experience.entrance.conftest import age
from tests.factories import PASSWORD
from zhiyue.collect.models import Event
from zhiyue.config import social
from zhiyue.core.academy.models import Agreement, AgreementAcceptance
from zhiyue.core.academy.services import publish_templates
from zhiyue.core.accounts.models import User
from zhiyue.product.learning.models import SavedCourse

pytestmark = pytest.mark.django_db

APP, SECRET = "our-app", "our-secret-that-is-long-enough-for-a-key"


class Elsewhere:
    """The other site: who is signed in there, and what it answers."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.person: dict[str, object] = {"sub": "u-1", "name": "Ada", "email": "", "email_verified": False}
        self.token_answer: dict[str, object] | None = None
        self.qq_app = APP
        self.asked: list[tuple[str, dict[str, list[str]]]] = []

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, object]]:
        self.asked.append((path, query))
        answers = {
            "/.well-known/openid-configuration": self.configuration,
            "/token": self.token,
            "/userinfo": lambda _: self.person,
            "/oauth2.0/token": self.token,
            "/oauth2.0/me": self.qq_me,
            "/user/get_user_info": self.qq_about,
        }
        return (200, answers[path](query)) if path in answers else (404, {})

    def configuration(self, _: object) -> dict[str, object]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "jwks_uri": f"{self.address}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def token(self, query: dict[str, list[str]]) -> dict[str, object]:
        if self.token_answer is not None:
            return self.token_answer
        if query["client_secret"] != [SECRET] or query["code"] != ["good"]:
            return {"error": 100020, "error_description": "code is reused error"}
        claims = {"iss": self.address, "aud": APP, "exp": 4_000_000_000, "iat": 1_700_000_000} | self.person
        return {"access_token": "t", "id_token": jwt.encode(claims, SECRET, algorithm="HS256")}

    def qq_me(self, query: dict[str, list[str]]) -> dict[str, object]:
        assert query["fmt"] == ["json"]
        return {"client_id": self.qq_app, "openid": "OPEN", "unionid": "UNION"}

    def qq_about(self, query: dict[str, list[str]]) -> dict[str, object]:
        assert query["openid"] == ["OPEN"]
        return {
            "ret": 0,
            "nickname": "小企鹅",
            "gender": "女",
            "year": "1990",
            "figureurl_qq_1": "http://q/1.png",
        }


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, dict[str, Elsewhere]]]:
    holder: dict[str, Elsewhere] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say(parse_qs(urlsplit(self.path).query))

        def do_POST(self) -> None:
            self.say(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def say(self, query: dict[str, list[str]]) -> None:
            status, body = holder["now"].answer(urlsplit(self.path).path, query)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}", holder
    listening.shutdown()


@pytest.fixture
def elsewhere(server, settings) -> Elsewhere:
    address, holder = server
    holder["now"] = Elsewhere(address)
    found = social.providers({"QQ": (APP, SECRET)}, oidc=("学校", address, APP, SECRET))
    found["qq"]["HOME"] = address
    settings.SOCIALACCOUNT_PROVIDERS = found
    return holder["now"]


@pytest.fixture
def english() -> Client:
    client = Client(headers={"user-agent": BROWSER})
    client.cookies["zy_language"] = "en"
    return client


@pytest.fixture
def agreement(db) -> Agreement:
    (made,) = publish_templates(texts=[("terms", "用户协议", "这里是条款。")])
    return made


def set_out(client, provider="sso", **form):
    """The button is pressed; what the other site gets to read."""
    answer = client.post(f"/sign-in/with/{provider}/login/", form)
    return {key: value[0] for key, value in parse_qs(urlsplit(answer["Location"]).query).items()}


def come_back(client, asked, provider="sso", **query):
    told = {"code": "good", "state": asked["state"]} | query
    return client.get(f"/sign-in/with/{provider}/login/callback/", told)


def round_trip(client, provider="sso", **form):
    return come_back(client, set_out(client, provider, **form), provider)


def is_signed_in(client):
    return "_auth_user_id" in client.session


def nothing_written():
    return not SocialAccount.objects.exists() and not Event.objects.filter(name="member.signed_up").exists()


def test_only_what_is_set_up_is_offered(english, elsewhere, settings):
    page = english.get("/sign-in/").content.decode()
    assert "Sign in with 学校" in page
    assert "Sign in with QQ" in page
    assert "GitHub" not in page
    assert english.post("/sign-in/with/github/login/").status_code == 404
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Sign in with QQ" not in english.get("/sign-in/").content.decode()
    assert english.post("/sign-in/with/qq/login/").status_code == 404


def test_what_the_other_site_is_asked(english, elsewhere):
    asked = set_out(english)
    assert asked["client_id"] == APP
    assert asked["redirect_uri"] == "http://testserver/sign-in/with/sso/login/callback/"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) >= 16
    assert english.get("/sign-in/with/sso/login/").status_code == 200


def test_somebody_new_is_asked_before_anything_is_written(english, elsewhere, course):
    elsewhere.person |= {"email": "Ada@School.example", "email_verified": True}
    english.post(f"/save/{course.slug}/", {"saved": "1"})
    answer = round_trip(english, next="/learning/")
    assert answer["Location"] == "/sign-in/welcome/"
    assert nothing_written()
    page = english.get("/sign-in/welcome/").content.decode()
    assert 'value="Ada"' in page
    answer = english.post("/sign-in/welcome/", {"display_name": "艾达"})
    assert answer["Location"] == "/learning/"
    member = User.objects.get()
    assert (member.display_name, member.email, member.has_usable_password()) == (
        "艾达",
        "ada@school.example",
        False,
    )
    assert EmailAddress.objects.get().verified is True
    assert SocialAccount.objects.get().user == member
    assert SavedCourse.objects.get().user == member
    assert Event.objects.filter(name="member.signed_up", member=member).count() == 1
    assert is_signed_in(english)


def test_next_time_they_are_in_at_once(english, elsewhere):
    round_trip(english)
    english.post("/sign-in/welcome/", {"display_name": "艾达"})
    english.post("/sign-out/")
    assert round_trip(english, next="/learning/")["Location"] == "/learning/"
    assert is_signed_in(english)
    assert User.objects.count() == 1


def test_a_missing_name_is_said_and_nothing_is_written(english, elsewhere):
    round_trip(english)
    page = english.post("/sign-in/welcome/", {"display_name": " "})
    assert page.status_code == 422
    assert 'id="id_display_name-error"' in page.content.decode()
    assert nothing_written()


@pytest.mark.parametrize("address", ["", "ada@school.example"])
def test_without_a_verified_address_the_account_has_none(english, elsewhere, address):
    elsewhere.person |= {"email": address, "email_verified": False}
    round_trip(english)
    english.post("/sign-in/welcome/", {"display_name": "艾达"})
    member = User.objects.get()
    assert member.email is None
    assert member.username.startswith("sso_")
    assert not EmailAddress.objects.exists()


def verified(user):
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )


def test_the_same_verified_address_takes_over_nothing_and_joins_after_signing_in(english, elsewhere, learner):
    verified(learner)
    elsewhere.person |= {"email": learner.email, "email_verified": True}
    round_trip(english)
    page = english.get("/sign-in/welcome/").content.decode()
    assert "You have an account here" in page
    assert 'name="display_name"' not in page
    english.post("/sign-in/welcome/", {"display_name": "艾达"})
    assert nothing_written()
    assert User.objects.count() == 1
    assert not is_signed_in(english)
    form = {"username": learner.email, "password": PASSWORD, "next": "/sign-in/welcome/"}
    assert english.post("/sign-in/", form)["Location"] == "/sign-in/welcome/"
    assert "Connect 学校?" in english.get("/sign-in/welcome/").content.decode()
    assert not SocialAccount.objects.exists()
    assert english.post("/sign-in/welcome/")["Location"] == "/settings/safety/connected/"
    assert SocialAccount.objects.get().user == learner


def test_an_unverified_address_there_matches_nobody(english, elsewhere, learner):
    verified(learner)
    elsewhere.person |= {"email": learner.email, "email_verified": False}
    round_trip(english)
    assert learner.email not in english.get("/sign-in/welcome/").content.decode()
    english.post("/sign-in/welcome/", {"display_name": "艾达"})
    assert SocialAccount.objects.get().user != learner


def test_an_unverified_address_here_is_left_to_whoever_has_it(english, elsewhere, learner):
    EmailAddress.objects.filter(user=learner).update(verified=False)
    elsewhere.person |= {"email": learner.email, "email_verified": True}
    round_trip(english)
    assert "nobody ever proved that it is theirs" in english.get("/sign-in/welcome/").content.decode()
    english.post("/sign-in/welcome/", {"display_name": "艾达"})
    account = SocialAccount.objects.get()
    assert account.user != learner
    assert account.user.email is None


def test_a_member_connects_after_a_proof_and_disconnects(english, elsewhere, learner):
    english.post("/sign-in/", {"username": learner.email, "password": PASSWORD})
    assert round_trip(english, process="connect")["Location"] == "/settings/safety/connected/"
    account = SocialAccount.objects.get()
    assert account.user == learner
    assert "Ada" in english.get("/settings/safety/connected/").content.decode()
    answer = english.post(f"/settings/safety/connected/{account.pk}/remove/")
    assert answer["Location"] == "/settings/safety/connected/"
    assert not SocialAccount.objects.exists()


def test_what_opens_an_account_there_lies_in_no_session_here(english, elsewhere, learner):
    elsewhere.token_answer = elsewhere.token({"client_secret": [SECRET], "code": ["good"]})
    elsewhere.token_answer |= {"access_token": "opens-all", "refresh_token": "for-ever"}
    round_trip(english)
    kept = json.dumps(dict(english.session))
    assert '"arrival"' in kept
    assert "opens-all" not in kept
    assert "for-ever" not in kept
    english.post("/sign-in/", {"username": learner.email, "password": PASSWORD})
    age(english)
    assert round_trip(english, process="connect")["Location"] == "/settings/safety/confirm/"
    assert "opens-all" not in json.dumps(dict(english.session))
    assert english.post("/settings/safety/confirm/", {"password": PASSWORD}).status_code == 302
    assert SocialAccount.objects.get().user == learner


def test_whoever_joins_or_disconnects_too_late_proves_themselves_and_does_it_then(
    english, elsewhere, learner
):
    round_trip(english)
    english.post("/sign-in/", {"username": learner.email, "password": PASSWORD})
    age(english)
    confirm = english.post("/sign-in/welcome/")["Location"]
    assert confirm == "/settings/safety/confirm/?next=%2Fsign-in%2Fwelcome%2F"
    assert not SocialAccount.objects.exists()
    assert english.post(confirm, {"password": PASSWORD})["Location"] == "/sign-in/welcome/"
    english.post("/sign-in/welcome/")
    account = SocialAccount.objects.get()
    age(english)
    confirm = english.post(f"/settings/safety/connected/{account.pk}/remove/")["Location"]
    assert confirm == "/settings/safety/confirm/?next=%2Fsettings%2Fsafety%2Fconnected%2F"
    assert SocialAccount.objects.get() == account


def test_what_opens_somebody_elses_account_is_not_taken_from_them(english, elsewhere, learner, stranger):
    SocialAccount.objects.create(user=stranger, provider="sso", uid="u-1")
    english.post("/sign-in/", {"username": learner.email, "password": PASSWORD})
    page = english.get(round_trip(english, process="connect")["Location"]).content.decode()
    assert "connected to somebody else" in page
    assert SocialAccount.objects.get().user == stranger


def test_a_stranger_disconnects_nothing(signed_in, elsewhere, learner, stranger):
    account = SocialAccount.objects.create(user=stranger, provider="sso", uid="u-1")
    assert signed_in(learner).post(f"/settings/safety/connected/{account.pk}/remove/").status_code == 404
    assert SocialAccount.objects.get() == account


def test_the_last_way_in_stays(english, elsewhere):
    round_trip(english)
    english.post("/sign-in/welcome/", {"display_name": "艾达"})
    account = SocialAccount.objects.get()
    page = english.post(f"/settings/safety/connected/{account.pk}/remove/")
    assert page.status_code == 409
    assert "This is your last way in" in page.content.decode()
    assert SocialAccount.objects.get() == account


@pytest.mark.parametrize("state", ["", "made-up"])
def test_an_answer_nobody_asked_for_is_refused(english, elsewhere, state):
    asked = set_out(english)
    answer = come_back(english, asked, state=state)
    assert answer.status_code == 401
    assert "That sign-in didn't work" in answer.content.decode()
    assert "token" not in str(elsewhere.asked)
    assert nothing_written()


def test_an_answer_counts_once_and_only_in_its_browser(english, elsewhere):
    asked = set_out(english)
    other = Client(headers={"user-agent": BROWSER})
    assert come_back(other, asked).status_code == 401
    assert come_back(english, asked).status_code == 302
    assert come_back(english, asked).status_code == 401


def test_a_state_for_one_site_is_none_for_another(english, elsewhere):
    assert come_back(english, set_out(english, "sso"), "qq").status_code == 401
    assert nothing_written()


def test_who_turns_back_there_is_back_at_the_sign_in(english, elsewhere):
    asked = set_out(english)
    query = {"error": "access_denied", "state": asked["state"]}
    answer = english.get("/sign-in/with/sso/login/callback/", query, follow=True)
    assert answer.redirect_chain[-1][0] == "/sign-in/"
    assert "Not signed in: you turned back." in answer.content.decode()


@pytest.mark.parametrize("provider", ["sso", "qq"])
@pytest.mark.parametrize("answer", [{}, {"error": "invalid_grant"}, {"access_token": ""}])
def test_a_token_that_is_none_signs_nobody_in(english, elsewhere, provider, answer):
    elsewhere.token_answer = answer
    if answer == {"access_token": ""}:
        elsewhere.person = {}
        elsewhere.qq_app = "another-app"
    page = round_trip(english, provider)
    assert page.status_code == 401
    assert nothing_written()


def test_an_error_is_answered_with_words(english, elsewhere):
    asked = set_out(english)
    page = english.get(
        "/sign-in/with/sso/login/callback/", {"error": "server_error", "state": asked["state"]}
    )
    assert page.status_code == 401


def test_qq_tells_a_nickname_and_no_more_is_kept(english, elsewhere):
    assert round_trip(english, "qq")["Location"] == "/sign-in/welcome/"
    assert 'value="小企鹅"' in english.get("/sign-in/welcome/").content.decode()
    english.post("/sign-in/welcome/", {"display_name": "小企鹅"})
    account = SocialAccount.objects.get()
    assert account.uid == "UNION"
    assert account.extra_data == {
        "nickname": "小企鹅", "figureurl_qq_1": "http://q/1.png", "openid": "OPEN", "unionid": "UNION",
    }  # fmt: skip


def test_a_token_of_qq_for_another_site_is_refused(english, elsewhere):
    elsewhere.qq_app = "another-app"
    assert round_trip(english, "qq").status_code == 401
    assert nothing_written()


def test_an_arrival_is_forgotten_after_half_an_hour(english, elsewhere):
    round_trip(english)
    session = english.session
    session["arrival"]["at"] -= 1801
    session.save()
    assert english.get("/sign-in/welcome/")["Location"] == "/sign-in/"
    english.post("/sign-in/welcome/", {"display_name": "艾达"})
    assert nothing_written()


@pytest.mark.parametrize("next_url", ["https://evil.example/", "//evil.example/"])
def test_the_way_on_stays_in_the_academy(english, elsewhere, next_url):
    round_trip(english, next=next_url)
    assert english.post("/sign-in/welcome/", {"display_name": "艾达"})["Location"] == "/"


def test_who_is_new_by_another_site_is_asked_what_they_care_about(english, elsewhere, course):
    round_trip(english)
    there = english.post("/sign-in/welcome/", {"display_name": "艾达"})["Location"]
    assert there == "/welcome/?next=%2F"


def test_a_closed_account_stays_closed(english, elsewhere, learner):
    SocialAccount.objects.create(user=learner, provider="sso", uid="u-1")
    User.objects.update(is_active=False)
    english.get(round_trip(english)["Location"])
    assert not is_signed_in(english)


def test_agreements_in_force_are_accepted_first(english, elsewhere, agreement):
    round_trip(english)
    page = english.get("/sign-in/welcome/").content.decode()
    assert "I have read and accept" in page
    assert "checked" not in page
    page = english.post("/sign-in/welcome/", {"display_name": "艾达"})
    assert (page.status_code, "Please read and accept them first." in page.content.decode()) == (422, True)
    assert nothing_written()
    for other in (str(agreement.pk + 1), "9" * 5000):
        page = english.post("/sign-in/welcome/", {"display_name": "艾达", "agreement": other})
        assert page.status_code == 422, "a version that the page didn't show"
    assert nothing_written()
    english.post("/sign-in/welcome/", {"display_name": "艾达", "agreement": str(agreement.pk)})
    assert AgreementAcceptance.objects.get().user == User.objects.get(display_name="艾达")


@pytest.mark.parametrize(
    ("keys", "oidc", "named"),
    [
        ({"GITHUB": ("id", "")}, ("", "", "", ""), "ZHIYUE_SOCIAL_GITHUB_SECRET"),
        ({"QQ": ("", "secret")}, ("", "", "", ""), "ZHIYUE_SOCIAL_QQ_ID"),
        ({}, ("学校", "", "id", "secret"), "ZHIYUE_SOCIAL_OIDC_NAME"),
        ({}, ("学校", "id.school.example", "id", "secret"), "ZHIYUE_SOCIAL_OIDC_URL"),
    ],
)
def test_half_a_setting_is_refused_by_name(keys, oidc, named):
    with pytest.raises(ImproperlyConfigured, match=named):
        social.providers(keys, oidc=oidc)


def test_forms_may_lead_to_the_sites_set_up_and_no_others():
    found = social.providers(
        {"GITHUB": ("id", "secret"), "GOOGLE": ("", "")},
        oidc=("学校", "https://id.school.example/realm/", "a", "b"),
    )
    assert social.form_origins(found) == ["https://github.com", "https://id.school.example"]
