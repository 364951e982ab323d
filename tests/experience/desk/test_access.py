"""Who the desk opens to."""

import pytest

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.services import grant
from zhiyue.core.jobs.models import Job
from zhiyue.core.kit import clock
from zhiyue.experience.desk.places import GROUPS, open_groups

pytestmark = pytest.mark.django_db

PAGES = (
    "/desk/",
    "/desk/activity/",
    "/desk/activity/now/",
    "/desk/activity.csv",
    "/desk/follow/",
    "/desk/follow/stream/",
    "/desk/follow/counted/",
    "/desk/jobs/",
)


@pytest.mark.parametrize("page", PAGES)
def test_a_visitor_signs_in_first_and_comes_back(browser, page):
    answer = browser.get(page, {"days": "30"})
    assert answer.status_code == 302
    assert answer["Location"] == f"/sign-in/?next={page.replace('/', '%2F')}%3Fdays%3D30"


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_is_refused_with_a_page_of_words(signed_in, stranger, page):
    client = signed_in(stranger)
    client.cookies["zy_language"] = "en"
    answer = client.get(page)
    assert answer.status_code == 403
    assert "This page isn&#x27;t open to you" in answer.content.decode()
    assert "/desk/follow/" not in client.get("/").content.decode()


@pytest.mark.parametrize("role", ["learner", "creator", "agent"])
def test_other_roles_do_not_see_what_members_did(signed_in, stranger, role):
    grant(user=stranger, role=role)
    assert signed_in(stranger).get("/desk/activity/").status_code == 403
    assert signed_in(stranger).get("/desk/jobs/").status_code == 403


@pytest.mark.parametrize("role", ["learner", "creator"])
def test_who_has_no_page_of_the_desk_is_not_led_to_it(signed_in, stranger, role):
    grant(user=stranger, role=role)
    assert signed_in(stranger).get("/desk/").status_code == 403
    assert 'href="/desk/"' not in signed_in(stranger).get("/").content.decode()


def test_the_desk_leads_to_the_first_page_that_opens(signed_in, operator):
    assert signed_in(operator).get("/desk/")["Location"] == "/desk/activity/"
    assert 'href="/desk/"' in signed_in(operator).get("/").content.decode()


def test_the_navigation_names_every_page_that_exists(owner, settings):
    settings.ZHIYUE_DEMO = False
    viewer = Viewer(user=owner, visitor=None, roles=frozenset({"owner"}))
    groups = open_groups(viewer)
    assert groups == list(GROUPS)
    tabs = [place.tab for group in groups for place in group.places]
    assert len(set(tabs)) == len(tabs)
    for group in groups:
        assert all(place.url.startswith("/desk/") for place in group.places)


def test_an_owner_may_see_it_and_nothing_is_kept_in_caches(signed_in, stranger):
    grant(user=stranger, role="owner")
    answer = signed_in(stranger).get("/desk/jobs/")
    assert answer.status_code == 200
    assert set(answer["Cache-Control"].split(", ")) == {"private", "no-store"}


def test_a_stranger_can_neither_retry_nor_discard(signed_in, browser, stranger):
    now = clock.now()
    dead = Job.objects.create(name="collect.seal", state=Job.State.DEAD, enqueued_at=now, finished_at=now)
    for act in ("retry", "discard"):
        assert signed_in(stranger).post(f"/desk/jobs/{dead.pk}/{act}/").status_code == 403
        assert browser.post(f"/desk/jobs/{dead.pk}/{act}/")["Location"] == "/sign-in/?next=%2Fdesk%2F"
    dead.refresh_from_db()
    assert dead.state == Job.State.DEAD


def test_a_live_part_whose_session_ended_sends_the_page_to_sign_in(browser):
    here = "http://testserver/desk/follow/?who=me"
    answer = browser.get("/desk/follow/stream/", headers={"HX-Request": "true", "HX-Current-URL": here})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["HX-Redirect"] == "/sign-in/?next=%2Fdesk%2Ffollow%2F%3Fwho%3Dme"


def test_the_desk_tells_the_event_log_nothing(desk):
    assert '<meta name="zy-events" content="">' in desk.get("/desk/follow/").content.decode()
