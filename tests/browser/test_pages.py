"""Every page, at both widths, in both themes and both languages: no axe violation, no overflow, no error."""

import pytest
from axe_playwright_python.sync_playwright import Axe

PUBLIC = (
    "/",
    "/courses/",
    "/courses/?topic=data",
    "/courses/?topic=data&level=advanced&price=free",
    "/topics/data/",
    "/teachers/he-mu/",
    "/courses/intuition-for-statistics/",
    "/courses/intuition-for-statistics/means-lie/",
    "/courses/intuition-for-statistics/median/",
    "/courses/nowhere/",
    "/learning/",
    "/me/",
    "/welcome/",
    "/help/",
    "/agreements/terms/",
    "/privacy/",
    "/privacy/history/",
    "/sign-in/",
    "/sign-up/",
    "/save/nowhere/",
    "/design/",
)
MEMBER = (
    "/",
    "/courses/intuition-for-statistics/",
    "/courses/intuition-for-statistics/means-lie/",
    "/learning/",
    "/me/",
    "/settings/safety/",
    "/settings/privacy/",
    "/privacy/history/",
    "/desk/",
)
DESK = (
    "/desk/activity/",
    "/desk/follow/",
    "/desk/lab/",
    "/desk/lab/contest/",
    "/desk/lab/live/ease/",
    "/desk/lab/slates/?who=me",
    "/desk/jobs/",
    "/desk/simulation/",
)

LOOKS = [
    (width, theme, language)
    for width in (1280, 390)
    for theme in ("light", "dark")
    for language in ("zh-hans", "en")
]


def given_up_by_browsers(issue):
    found = issue["details"].get("deprecationIssueDetails")
    return [f"{found['type']} in {found['sourceCodeLocation']['url']}"] if found else []


def check(context, address):
    page = context.new_page()
    errors = []
    issues = context.new_cdp_session(page)
    issues.on("Audits.issueAdded", lambda told: errors.extend(given_up_by_browsers(told["issue"])))
    issues.send("Audits.enable")
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda line: (
            errors.append(line.text) if line.type == "error" and "status of 40" not in line.text else None
        ),
    )
    page.goto(address, wait_until="load")
    page.wait_for_timeout(150)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    found = Axe().run(page).response["violations"]
    page.close()
    assert errors == [], address
    assert wide <= 0, f"{address} is {wide} px wider than the window"
    assert [(rule["id"], [node["target"] for node in rule["nodes"]][:3]) for rule in found] == [], address


@pytest.mark.parametrize(("width", "theme", "language"), LOOKS)
def test_pages_of_visitors(open_browser, width, theme, language):
    context = open_browser(width=width, theme=theme, language=language)
    for address in PUBLIC:
        check(context, address)


@pytest.mark.parametrize(("width", "theme", "language"), LOOKS)
def test_pages_of_members(open_browser, width, theme, language):
    context = open_browser(width=width, theme=theme, language=language, email="learner@example.com")
    for address in MEMBER:
        check(context, address)


@pytest.mark.parametrize(("width", "theme", "language"), LOOKS)
def test_pages_of_the_desk(open_browser, width, theme, language):
    context = open_browser(width=width, theme=theme, language=language, email="operator@example.com")
    for address in DESK:
        check(context, address)
