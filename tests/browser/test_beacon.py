"""What a page tells the event log, and what it does when nobody listens."""

import json

import pytest
from playwright.sync_api import expect

EVENTS = "**/api/v1/events"
COURSE = "/courses/intuition-for-statistics/"


@pytest.fixture
def listening(open_browser):
    """`listening(answers)`: a member's page, or a visitor's where no address is given, and the batches it sends. The
    last answer is given for ever."""

    def listen(*answers, email="learner@example.com"):
        page = open_browser(email=email).new_page()
        batches, left = [], list(answers)

        def take(route):
            batches.append(json.loads(route.request.post_data_buffer))
            status = left.pop(0) if len(left) > 1 else left[0]
            if status:
                route.fulfill(status=status, body="{}", content_type="application/json")
            else:
                route.abort()

        page.route(EVENTS, take)
        return page, batches

    return listen


def told(batches, name=None):
    events = [event for batch in batches for event in batch["events"]]
    return [event for event in events if name in (None, event["name"])]


def until(page, ready):
    for _ in range(200):
        if ready():
            return
        page.wait_for_timeout(100)
    pytest.fail("It was not told within 20 s.")


def test_shelves_and_choices_are_told_with_place_and_propensity(listening):
    page, batches = listening(202)
    # What is told on leaving can't be listened to: let the next page tell it.
    page.add_init_script("navigator.sendBeacon = () => false")
    page.goto("/")
    shelf = page.locator("[data-slate]").first
    shelf.scroll_into_view_if_needed()
    until(page, lambda: told(batches, "slate.shown"))
    shown = told(batches, "slate.shown")[0]["properties"]
    # The fourth place is drawn among new courses, with a chance that the page knows; the others leave nothing to it.
    drawn = shown["propensities"][3]
    assert shown["propensities"] == [1, 1, 1, drawn, *[1] * (len(shown["courses"]) - 4)]
    assert drawn == float(shelf.locator("[data-course]").nth(3).get_attribute("data-propensity") or 0)
    card = shelf.locator("[data-course]").nth(1)
    card.locator("a").first.click()
    until(page, lambda: told(batches, "slate.chosen"))
    chosen = told(batches, "slate.chosen")[0]
    assert chosen["course_id"] == shown["courses"][1]
    assert chosen["properties"] == {
        "slate": shown["slate"],
        "policy": shown["policy"],
        "position": 2,
        "propensity": 1,
    }
    assert all(batch["sent_at"] >= batch["events"][0]["at"] for batch in batches)


def test_a_price_that_came_into_view_is_told_once(listening):
    page, batches = listening(202)
    page.goto("/courses/?price=paid")
    page.locator("main [data-course] a").first.click()
    page.wait_for_url("**/courses/*/")
    until(page, lambda: told(batches, "offer.seen"))
    page.wait_for_timeout(2500)
    assert len(told(batches, "offer.seen")) == 1
    assert told(batches, "offer.seen")[0]["properties"]["price_fen"] > 0


def test_what_was_not_received_is_sent_again_under_the_same_ids(listening):
    page, batches = listening(503, 0, 202)
    page.goto(COURSE)
    until(page, lambda: len(batches) >= 3)
    ids = [[event["id"] for event in batch["events"]] for batch in batches[:3]]
    assert ids[0][0] == ids[1][0] == ids[2][0]
    assert batches[0]["sent_at"] < batches[1]["sent_at"] < batches[2]["sent_at"]


def test_what_is_refused_as_malformed_is_not_sent_again(listening):
    page, batches = listening(400)
    page.goto("/help/")
    until(page, lambda: batches)
    page.wait_for_timeout(4000)
    assert len(told(batches, "page.viewed")) == 1


def test_what_the_browser_will_not_take_on_leaving_is_told_by_the_next_page(listening):
    page, batches = listening(0, 202)
    page.add_init_script("navigator.sendBeacon = () => false")
    page.goto("/help/")
    until(page, lambda: batches)
    page.goto(COURSE)
    until(page, lambda: len(batches) >= 2)
    paths = [event["properties"]["path"] for event in told(batches[1:], "page.viewed")]
    assert paths[0] == "/help/"


def test_a_page_that_may_tell_nothing_keeps_and_sends_nothing(listening):
    page, batches = listening(0)
    page.add_init_script("navigator.sendBeacon = () => false")
    page.goto("/help/")
    until(page, lambda: batches)
    kept = "sessionStorage.getItem('zy-beacon')"

    def without_address(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('name="zy-events"', 'name="none"'))

    page.route("**/courses/", without_address)
    page.goto("/courses/")
    sent = len(batches)
    page.wait_for_timeout(2500)
    assert (page.evaluate(kept), len(batches)) == (None, sent)


def settled(page):
    """More than a shelf needs to be seen and a batch to be sent."""
    page.wait_for_timeout(3500)


def test_who_has_not_chosen_tells_nothing_and_begins_with_accepting(listening):
    page, batches = listening(202, email="")
    page.goto("/")
    page.locator("[data-slate]").first.scroll_into_view_if_needed()
    settled(page)
    assert batches == []
    page.get_by_role("button", name="全部同意").click()
    until(page, lambda: told(batches, "slate.shown"))
    settled(page)
    assert told(batches, "page.viewed") == []
    slates = [event["properties"]["slate"] for event in told(batches, "slate.shown")]
    assert len(slates) == len(set(slates))
    page.goto("/help/")
    until(page, lambda: told(batches, "page.viewed"))
    assert told(batches, "page.viewed")[0]["properties"] == {"path": "/help/"}


def test_who_refused_tells_nothing_but_how_far_they_read(listening):
    page, batches = listening(202, email="")
    page.goto("/")
    page.get_by_role("button", name="只用必要的").click()
    expect(page.locator("#consent-bar")).to_have_count(0)
    settled(page)
    page.goto(COURSE)
    settled(page)
    assert batches == []
    page.goto(f"{COURSE}means-lie/")
    page.mouse.move(50, 50)
    until(page, lambda: batches)
    assert {event["name"] for event in told(batches)} == {"lesson.progressed"}


def test_what_waits_from_before_a_withdrawal_is_forgotten(listening):
    page, batches = listening(0, email="")
    page.add_init_script("navigator.sendBeacon = () => false")
    page.goto("/")
    page.get_by_role("button", name="全部同意").click()
    expect(page.locator("#consent-bar")).to_have_count(0)
    page.goto("/help/")
    until(page, lambda: told(batches, "page.viewed"))
    page.goto("/privacy/")
    for box in page.locator("input[name=purpose]").all():
        box.uncheck()
    page.get_by_role("button", name="保存").click()
    page.wait_for_url("**withdrawn=1")
    sent = len(batches)
    settled(page)
    assert (page.evaluate("sessionStorage.getItem('zy-beacon')"), len(batches)) == (None, sent)
