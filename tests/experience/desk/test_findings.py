"""What the charts' titles claim, against numbers made by hand."""

from datetime import date, timedelta

from django.utils import translation

from zhiyue.experience.desk import findings
from zhiyue.monitor.measures import Measure

FIRST = date(2026, 3, 1)


def day(number, *, learn=4.0, browse=3.0, dau=10, wau=40, mau=80, members=100):
    parts = {"learn": learn, "browse": browse, "interact": 1.0, "buy": 1.0}
    return Measure(FIRST + timedelta(days=number), members, sum(parts.values()), parts, dau, wau, mau)


def in_english(function, *args):
    with translation.override("en"):
        return str(function(*args))


def test_a_is_compared_with_four_weeks_before_and_names_what_moved_it():
    series = [day(number) for number in range(28)]
    higher = [*series, day(28, learn=5.5, browse=2.8)]
    lower = [*series, day(28, learn=4.2, browse=1.0)]
    assert in_english(findings.index_finding, higher) == (
        "A is 1.3 points higher than four weeks before, mostly from: Learning"
    )
    assert in_english(findings.index_finding, lower) == (
        "A is 1.8 points lower than four weeks before, mostly from: Browsing"
    )


def test_a_change_that_one_decimal_would_not_show_is_none():
    series = [day(number) for number in range(28)]
    assert in_english(findings.index_finding, [*series, day(28, learn=4.04)]) == (
        "A is where it was four weeks before: 9.0"
    )


def test_without_a_day_four_weeks_before_nothing_is_compared():
    assert in_english(findings.index_finding, [day(0), day(27)]) == "A stood at 9.0 at the end of 28 Mar"


def test_the_parts_of_a_day_add_up_to_its_total_in_the_chart():
    chart = findings.index_chart([day(0)], day(1, learn=6.25), csv_url="")
    assert [row[1:] for row in chart.rows] == [[9.0, 4.0, 3.0, 1.0, 1.0], [11.25, 6.25, 3.0, 1.0, 1.0]]
    assert all(row[1] == sum(row[2:]) for row in chart.rows)


def test_today_is_the_last_point_of_both_charts_and_of_no_finding():
    ended, today = [day(0), day(1)], day(2, learn=40.0, dau=70, mau=71)
    with translation.override("en"):
        index = findings.index_chart(ended, today, csv_url="")
        people = findings.people_chart(ended, today, csv_url="")
    assert [row[0] for row in index.rows] == [row[0] for row in people.rows] == ["1 Mar", "2 Mar", "Today"]
    assert (index.rows[-1][1], list(people.rows[-1][1:])) == (45.0, [70, 40, 71])
    assert index.finding == "A stood at 9.0 at the end of 2 Mar"
    assert people.finding == "Of 100 people active in a month, 12 come on an ordinary day"
    assert index.spec["open"] is people.spec["open"] is True


def test_people_are_told_as_a_share_of_the_monthly_active_over_the_last_week():
    days = [day(number, dau=100) for number in range(20)] + [day(20 + number, dau=16) for number in range(7)]
    assert in_english(findings.people_finding, days) == (
        "Of 100 people active in a month, 20 come on an ordinary day"
    )
    assert in_english(findings.people_finding, [day(0, dau=0, mau=0)]) == (
        "Nobody was active in the last four weeks"
    )


def test_the_busiest_hour_is_found_and_an_empty_grid_has_none():
    grid = [[0] * 24 for _ in range(7)]
    assert in_english(findings.rhythm_finding, grid) == "No act in the last four whole weeks"
    grid[6][21], grid[0][9] = 12, 11
    assert in_english(findings.rhythm_finding, grid) == "The academy is busiest on Sunday from 21:00 to 22:00"
    grid[6][23] = 13
    assert in_english(findings.rhythm_finding, grid) == "The academy is busiest on Sunday from 23:00 to 24:00"


def test_the_headline_says_how_today_stands_to_yesterday():
    with translation.override("en"):
        shown = findings.figures([day(0, dau=20), day(1, learn=3.5, dau=5)])
        alone = findings.figures([day(1)])
    assert [(figure.value, figure.note) for figure in shown] == [
        ("8.50", "of 100; 0.50 less than yesterday's 9.00, and the day isn't over"),
        ("5", "20 in all of yesterday"),
        ("40", "40 % of 100 members"),
        ("80", "80 % of 100 members"),
        ("25.0 %", "Yesterday, 20 of 80"),
    ]
    assert alone[0].note == "of 100; yesterday isn't measured yet"
    assert alone[-1].value == "–"
