"""Staff, invited by a link that is shown once."""

import re
from html import unescape

import pytest
from django.contrib.sessions.models import Session

from tests.factories import PASSWORD
from zhiyue.core.accounts.models import StaffInvitation
from zhiyue.core.accounts.selectors import roles_of
from zhiyue.core.audit.models import AuditEntry
from zhiyue.core.kit import clock
from zhiyue.facilities.notices.models import OutgoingMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_owner(signed_in, owner):
    client = signed_in(owner)
    client.cookies["zy_language"] = "en"
    return client


def invited(client, **sent):
    page = unescape(client.post("/desk/staff/invite/", {"role": "agent", **sent}).content.decode())
    return re.search(r'value="http://testserver(/desk/invitation/[\w-]{43}/)"', page)[1], page


def test_the_link_is_shown_once_and_listed_without_its_secret(as_owner, owner):
    link, page = invited(as_owner, remark="王老师")
    assert "The link is ready" in page and "王老师" in page
    again = as_owner.get("/desk/staff/").content.decode()
    assert link.split("/")[3] not in again and "王老师" in again
    assert "周全" in again
    assert StaffInvitation.objects.get().note == "王老师"
    assert not OutgoingMessage.objects.exists()


def test_the_link_is_sent_where_an_address_is_given(as_owner):
    link, page = invited(as_owner, email="new@test.example")
    assert "new@test.example" in page
    mail = OutgoingMessage.objects.get()
    assert mail.to == "new@test.example" and mail.is_secret
    assert link in mail.content["text"]


@pytest.mark.parametrize("sent", [{"role": "king"}, {"role": ""}, {"email": "nonsense"}])
def test_a_bad_form_makes_no_link_and_keeps_what_was_typed(as_owner, sent):
    answer = as_owner.post("/desk/staff/invite/", {"role": "agent", "remark": "王老师", **sent})
    assert answer.status_code == 400
    assert 'value="王老师"' in answer.content.decode()
    assert not StaffInvitation.objects.exists()


def test_a_member_opens_it_and_says_yes(as_owner, signed_in, learner):
    link, _ = invited(as_owner)
    client = signed_in(learner)
    opened = client.get(link)
    # The page's own address holds no secret, so none goes into a referrer or a history.
    assert opened["Location"] == "/desk/invitation/"
    assert "no-store" in opened["Cache-Control"]
    assert "小林" in client.get("/desk/invitation/").content.decode()
    assert roles_of(learner) == frozenset()
    assert client.post("/desk/invitation/")["Location"] == "/desk/"
    assert roles_of(learner) == {"agent"}
    assert client.get("/desk/members/").status_code == 200
    assert AuditEntry.objects.get(act="staff.invitation_accepted").by_id == learner.pk


def test_a_visitor_signs_in_first_and_comes_back(as_owner, browser, learner):
    link, _ = invited(as_owner)
    page = browser.get(link, follow=True).content.decode()
    assert "/sign-in/?next=/desk/invitation/" in page and "/sign-up/?next=/desk/invitation/" in page
    assert browser.post("/desk/invitation/").status_code == 200
    assert StaffInvitation.objects.get().accepted_at is None
    assert browser.login(email=learner.email, username=learner.email, password=PASSWORD)
    browser.get(link)
    browser.post("/desk/invitation/")
    assert roles_of(learner) == {"agent"}


def test_used_withdrawn_expired_and_invented_links_say_so(as_owner, signed_in, learner, stranger):
    client = signed_in(stranger)
    used, _ = invited(as_owner)
    first = signed_in(learner)
    first.get(used)
    first.post("/desk/invitation/")
    withdrawn, _ = invited(as_owner)
    made = StaffInvitation.objects.order_by("-pk").first()
    assert as_owner.post(f"/desk/staff/{made.pk}/withdraw/")["Location"] == "/desk/staff/"
    expired, _ = invited(as_owner)
    StaffInvitation.objects.order_by("-pk")[:1].get()
    StaffInvitation.objects.filter(accepted_at=None, withdrawn_at=None).update(expires_at=clock.now())
    for link in (used, withdrawn, expired, "/desk/invitation/invented/"):
        answer = client.get(link, follow=True)
        assert answer.status_code == 404
        assert client.post("/desk/invitation/").status_code == 409
    assert client.get("/desk/invitation/").status_code == 404
    assert roles_of(stranger) == frozenset()


def test_who_has_the_role_is_not_asked_to_use_the_link_up(as_owner, signed_in, agent):
    link, _ = invited(as_owner)
    client = signed_in(agent)
    client.cookies["zy_language"] = "en"
    page = client.get(link, follow=True).content.decode()
    assert "has this role already" in page and ">Accept<" not in page


@pytest.mark.parametrize("role", ["stranger", "creator", "agent", "operator"])
def test_only_owners_see_invite_and_withdraw(request, as_owner, signed_in, role):
    invited(as_owner)
    made = StaffInvitation.objects.get()
    client = signed_in(request.getfixturevalue(role))
    assert client.get("/desk/staff/").status_code == 403
    assert client.post("/desk/staff/invite/", {"role": "owner"}).status_code == 403
    assert client.post(f"/desk/staff/{made.pk}/withdraw/").status_code == 403
    made.refresh_from_db()
    assert made.withdrawn_at is None and StaffInvitation.objects.count() == 1


@pytest.mark.parametrize("secret", ["anything", "x" * 43])
def test_a_link_that_opens_nothing_leaves_no_session_behind(client, secret):
    answer = client.get(f"/desk/invitation/{secret}/")
    assert (answer.status_code, answer["Location"]) == (302, "/desk/invitation/")
    assert not Session.objects.exists()
    assert "zy_session" not in answer.cookies


def test_a_link_that_opens_nothing_forgets_the_one_before(as_owner, client):
    link, _ = invited(as_owner)
    client.get(link)
    assert client.get("/desk/invitation/").status_code == 200
    client.get("/desk/invitation/anything/")
    assert client.get("/desk/invitation/").status_code == 404


def test_the_same_form_sent_twice_shows_one_link_and_sends_one_mail(as_owner):
    sent = {"email": "new@test.example", "csrfmiddlewaretoken": "m" * 64}
    first, second = (invited(as_owner, **sent)[0] for _ in range(2))
    assert first == second
    other = invited(as_owner, **{**sent, "email": "another@test.example"})[0]
    assert other != first
    assert StaffInvitation.objects.count() == OutgoingMessage.objects.count() == 2
