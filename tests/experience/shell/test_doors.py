"""Doors: whoever must sign in first comes back to where they were, on every surface alike."""

import pytest

pytestmark = pytest.mark.django_db

# A page, something to post, and where one comes back to from what is no page.
SURFACES = [
    ("/desk/audit/?act=x", "/desk/jobs/1/retry/", "%2Fdesk%2F"),
    ("/studio/courses/1/?a=b", "/studio/preview/", "%2Fstudio%2F"),
    ("/settings/profile/?a=b", "/settings/tokens/", "%2Fsettings%2F"),
]


@pytest.mark.parametrize(("page", "act", "home"), SURFACES)
def test_visitors_sign_in_and_come_back_to_the_page(browser, page, act, home):
    back = page.replace("/", "%2F").replace("?", "%3F").replace("=", "%3D")
    assert browser.get(page)["Location"] == f"/sign-in/?next={back}"
    # What was posted is gone by then.
    assert browser.post(act)["Location"] == f"/sign-in/?next={home}"


@pytest.mark.parametrize(("page", "act", "home"), SURFACES)
def test_a_part_of_a_page_leads_the_whole_page(browser, page, act, home):
    part = {"HX-Request": "true"}
    here = part | {"HX-Current-URL": "http://testserver/courses/?topic=data"}
    for headers, back in ((here, "%2Fcourses%2F%3Ftopic%3Ddata"), (part, home)):
        answer = browser.get(page, headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer["HX-Redirect"] == f"/sign-in/?next={back}"


@pytest.mark.parametrize(("page", "act", "home"), SURFACES[:2])
def test_members_without_the_permission_are_refused(signed_in, learner, page, act, home):
    assert signed_in(learner).get(page).status_code == 403
    assert signed_in(learner).post(act).status_code == 403


@pytest.mark.parametrize("page", ["/desk/jobs/", "/studio/"])
def test_what_holders_see_is_kept_in_no_cache(signed_in, owner, page):
    answer = signed_in(owner).get(page)
    assert answer.status_code == 200
    assert {*answer["Cache-Control"].split(", ")} == {"private", "no-store"}


def test_what_is_not_in_the_studio_is_a_404(signed_in, owner):
    assert signed_in(owner).get("/studio/courses/987654/outline/").status_code == 404
