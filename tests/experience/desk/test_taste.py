"""The page about what learners care about, and since when."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_course
from zhiyue.core.kit import clock
from zhiyue.monitor.models import TasteMeasure

pytestmark = pytest.mark.django_db

DAY = date(2026, 6, 28)


@pytest.fixture
def topics():
    return [make_course(topic, topic=topic) for topic in ("data", "money", "poems")]


def found(**columns):
    weeks = [[(DAY - timedelta(days=7 * n + 6)).isoformat(), 60, 0, 20 + n] for n in range(25, -1, -1)]
    TasteMeasure.objects.create(
        **{
            "day": DAY, "first_day": DAY - timedelta(days=181), "people": 321, "half_life_days": 15.0,
            "topics": ["data", "money", "poems"], "weeks": weeks, "computed_at": clock.now(), **columns,
        }
    )  # fmt: skip


CHANGE = {
    "day": "2026-05-10",
    "earliest": "2026-05-08",
    "latest": "2026-05-13",
    "chance": 0.002,
    "divergence": [0.0179, 0.0137, 0.022],
    "variation": [0.119, 0.104, 0.134],
    "rises": [
        ["poems", 0.25, 0.369, 0.119, 0.1, 0.14],
        ["money", 0.05, 0.05, 0.0, -0.01, 0.01],
        ["data", 0.7, 0.581, -0.119, -0.14, -0.1],
    ],
}


def test_a_found_change_is_dated_and_told_with_its_intervals(read, topics):
    found(changes=[CHANGE])
    page = read("/desk/taste/")
    assert "What 321 people chose in the half year up to 28 June 2026, as far as there are data" in page
    assert "Since 10 May 2026 more is chosen of: Topic poems; less of: Topic data" in page
    assert "The day lies between 8 May 2026 and 13 May 2026." in page
    assert (
        "Of 100 choices 11.9 are others now (10.4 to 13.4); the divergence is 0.018 bits (0.014 to 0.022)."
        in page
    )
    assert "Where nothing changed, so much would be seen 0.2 times in 100." in page
    assert '10.0 … 14.0</td><td class="number">25.0 %</td><td class="number">36.9 %</td></tr>' in page
    assert '<b>+11.9</b></td><td class="number">10.0 … 14.0</td>' in page
    assert "<b>-11.9</b>" in page
    assert '<td class="number">0.0</td><td class="number">-1.0 … 1.0</td>' in page
    assert "it fades by half in 15 days; interests fade by half in 30. Letting them fade" in page
    assert "was tried and recommended no better" in page
    # Topics that moved come first; one that nobody chose has no line.
    assert '"columns": ["Week", "Topic poems", "Topic data"]' in page
    assert '["22 Jun", 25.0, 75.0]' in page
    assert page.count("data-chart") == 1


def test_of_two_changes_the_newest_is_told_first(read, topics):
    found(changes=[{**CHANGE, "day": "2026-03-01", "rises": CHANGE["rises"][:1]}, CHANGE])
    page = read("/desk/taste/")
    assert page.index("The change of 10 May 2026") < page.index("The change of 1 March 2026")
    # The chart's title tells of the newest; what is older is told with it.
    assert page.count("Since 1 March 2026 more is chosen of: Topic poems.") == 1
    assert "Since 10 May 2026 more is chosen of: Topic poems; less of: Topic data." not in page


def test_what_moved_only_a_little_each_is_said_so(read, topics):
    found(changes=[{**CHANGE, "rises": [["poems", 0.25, 0.26, 0.01, -0.01, 0.03]]}])
    assert "Since 10 May 2026 other topics are chosen, each a little more or less" in read("/desk/taste/")


def test_no_change_is_said_so(read, topics):
    found()
    page = read("/desk/taste/")
    assert "No change found in 26 weeks of choices by 321 people" in page
    assert "The day lies between" not in page


def test_weeks_of_which_there_are_no_data_are_not_counted(read, topics):
    weeks = [[(DAY - timedelta(days=7 * n + 6)).isoformat(), 0, 0, 0] for n in range(25, 8, -1)]
    weeks += [[(DAY - timedelta(days=7 * n + 6)).isoformat(), 6, 0, 2] for n in range(8, -1, -1)]
    found(weeks=weeks)
    assert "No change found in 9 weeks of choices by 321 people" in read("/desk/taste/")


@pytest.mark.parametrize(
    ("why_not", "said"),
    [
        ("few-days", "once there are four weeks of acts"),
        ("one-topic", "there is one topic"),
        ("few-people", "at least 50 people must have chosen something"),
    ],
)
def test_not_enough_data_says_what_is_missing(read, topics, why_not, said):
    found(why_not=why_not)
    page = read("/desk/taste/")
    assert "Not enough data: " in page
    assert said in page
    assert "No change found" not in page


def test_before_anything_was_chosen_the_page_says_so_and_leads_on(read):
    for page in (read("/desk/taste/"), _with_nobody(read)):
        assert "Nothing was chosen yet" in page
        assert 'href="/desk/activity/"' in page
        assert "data-chart" not in page


def _with_nobody(read):
    found(people=0, weeks=[[DAY.isoformat()]], topics=[], why_not="few-days", half_life_days=None)
    return read("/desk/taste/")


def test_the_csv_holds_choices_by_week_and_topic(desk, topics):
    assert desk.get("/desk/taste.csv").content.decode() == "week\r\n"
    found()
    answer = desk.get("/desk/taste.csv")
    assert answer["Content-Disposition"] == 'attachment; filename="taste-2026-06-28.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(rows) == 26
    assert rows[-1] == {"week": "2026-06-22", "data": "60", "money": "0", "poems": "20"}


def test_the_page_asks_little_of_the_database(desk, topics):
    found(changes=[CHANGE])
    desk.get("/desk/taste/")
    with CaptureQueriesContext(connection) as asked:
        desk.get("/desk/taste/")
    assert len(asked) <= 8
