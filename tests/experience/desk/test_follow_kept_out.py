"""Follow one click: what cleaning kept out, what was only counted, and whoever doesn't want to be looked at."""

from datetime import timedelta

import pytest
from django.utils.formats import date_format

from tests.factories import make_member, make_visitor
from zhiyue.collect.kinds import Actor
from zhiyue.collect.models import Quarantined
from zhiyue.collect.selectors import latest_events
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.consent.models import Choice
from zhiyue.core.consent.purposes import NOTHING
from zhiyue.core.consent.services import choose
from zhiyue.core.kit import clock
from zhiyue.experience.desk import people
from zhiyue.experience.desk.follow import Chosen, picture
from zhiyue.product.learning.services import save_course, view_course

pytestmark = pytest.mark.django_db


def test_refused_acts_stand_in_the_track_in_their_order(
    academy, reader, visitor, in_english, operator, refuse
):
    viewer = Viewer(user=operator, visitor=None, roles=frozenset({"operator"}))
    view_course(actor=reader, course=academy[0])
    refuse(reader, {"name": "course.bought"})
    save_course(actor=reader, course=academy[1])
    refuse(Actor(visitor=visitor), {"name": "course.viewed", "course_id": academy[0].pk})
    everyone = picture(viewer, people.who("all", viewer), Chosen()).track
    told = [(passing.who, str(passing.says), str(passing.refused)) for passing in everyone[:4]]
    assert told == [
        (f"Visitor {visitor.hex[:4]}", "Opened a course", "Sent by a side that may not report it"),
        ("小林", "Saved a course", ""),
        ("小林", "course.bought", "Not in the table of events"),
        ("小林", "Opened a course", ""),
    ]
    alone = picture(viewer, people.who(str(reader.member_id), viewer), Chosen()).track
    assert [str(passing.says) for passing in alone] == ["Saved a course", "course.bought", "Opened a course"]


def test_the_way_of_a_refused_act_ends_at_cleaning(academy, reader, read, desk, refuse):
    row = refuse(reader, {"name": "course.bought", "properties": {"x": "<script>alert(1)</script>"}})
    page = read("/desk/follow/", refused=row.pk)
    until = date_format(clock.business_day(row.received_at + timedelta(days=14)), "DATE_FORMAT")
    for words_ in (
        "Its way ends here",
        "Not in the table of events",
        "“course.bought” is not in the table of events.",
        f"until {until}",
        "so what was kept out may be looked at",
        "nobody: not in the table of events",
        f'href="/desk/quarantine/{row.pk}/">Look at it in quarantine, and judge it again</a>',
        f'id="refused-{row.pk}" href="?who=all&refused={row.pk}" aria-current="true"',
        "Back to live",
    ):
        assert words_ in page
    assert page.count('class="station"') == 3
    assert "every 1s" not in page
    assert "<script>alert" not in desk.get("/desk/follow/", {"refused": row.pk}).content.decode()


def test_a_refused_act_is_shown_live_where_nothing_of_the_person_was_stored(academy, reader, read, refuse):
    row = refuse(reader, {"name": "course.bought"})
    page = read("/desk/follow/", who=str(reader.member_id))
    assert "Its way ends here" in page
    assert f'id="live" href="?who={reader.member_id}&refused={row.pk}"' in page
    view_course(actor=reader, course=academy[0])
    assert "Its way ends here" not in read("/desk/follow/", who=str(reader.member_id))


def test_an_entry_that_was_judged_again_says_what_became_of_it(academy, reader, read, refuse):
    row = refuse(reader, {"name": "course.bought"})
    Quarantined.objects.filter(pk=row.pk).update(replayed_at=clock.now(), outcome="accepted")
    page = read("/desk/follow/", refused=row.pk)
    assert "Taken in ·" in page
    assert ">Look at it in quarantine</a>" in page


def test_of_robots_and_nobody_and_who_refuses_there_is_only_a_number(academy, reader, read, desk, refuse):
    refuse(reader, {"name": "course.bought"}, user_agent="curl/8")
    refuse(Actor(), {"name": "course.bought"})
    refuse(Actor(visitor=make_visitor(NOTHING)), {"name": "course.bought"})
    page = read("/desk/follow/")
    assert "refused=" not in page
    assert "<b>3</b> more were kept out and only counted, such as robots' acts." in page
    assert not Quarantined.objects.exists()


def test_acts_without_consent_are_told_as_a_number_that_moves(
    academy, read, desk, django_capture_on_commit_callbacks
):
    assert "Today <b>0</b> acts were not stored for want of consent: whose, nobody knows." in read(
        "/desk/follow/"
    )
    with django_capture_on_commit_callbacks(execute=True):
        view_course(actor=Actor(visitor=make_visitor(NOTHING)), course=academy[0])
    line = desk.get("/desk/follow/counted/").content.decode()
    assert "Today <b>1</b> act was not stored for want of consent: whose, nobody knows." in line
    assert 'href="/desk/collecting/"' in line
    assert "<html" not in line


# --- whoever doesn't consent to being looked at ---


def test_nothing_is_shown_of_who_does_not_consent_and_the_page_says_why(
    academy, learner, reader, read, refuse
):
    view_course(actor=reader, course=academy[0])
    row = refuse(reader, {"name": "course.bought"})
    event = latest_events(actor=reader)[0]
    assert "course.viewed" in read("/desk/follow/", who=learner.pk)
    choose(member_id=learner.pk, visitor=None, granted=NOTHING, way=Choice.Way.BAR)
    for asked in (
        {"who": learner.pk},
        {"who": learner.pk, "event": event.pk},
        {"event": event.pk},
        {"refused": row.pk},
    ):
        page = read("/desk/follow/", **asked)
        assert "Nothing of 小林 is shown" in page
        assert "They don't consent to what they do being looked at." in page
        assert "when asked on a page" in page
        assert 'class="path' not in page
        assert f'id="act-{event.pk}"' not in page
        assert f'id="refused-{row.pk}"' not in page
    everyone = read("/desk/follow/")
    assert "小林" not in everyone
    assert 'class="path' in everyone


def test_of_who_has_not_chosen_the_page_says_that(read):
    member = make_member("new@test.example", "<b>新人</b>", granted=None)
    page = read("/desk/follow/", who=member.pk)
    assert "Nothing of <b>新人</b> is shown" in page
    assert "They haven't chosen yet what they consent to." in page


def test_the_live_part_of_somebody_who_is_withheld_sleeps(academy, learner, reader, read, desk, refuse):
    view_course(actor=reader, course=academy[0])
    row = refuse(reader, {"name": "course.bought"})
    event = latest_events(actor=reader)[0]
    choose(member_id=learner.pk, visitor=None, granted=NOTHING, way=Choice.Way.BAR)
    stream = f"/desk/follow/stream/?who={learner.pk}&after={event.pk}&out={row.pk}&shown=0"
    assert f'hx-get="{stream}"' in read("/desk/follow/", who=learner.pk)
    view_course(actor=reader, course=academy[1])
    assert desk.get(stream).status_code == 204


def test_what_is_kept_out_wakes_the_live_part_too(academy, learner, reader, desk, refuse):
    view_course(actor=reader, course=academy[0])
    stream = {"who": str(learner.pk), "after": latest_events(limit=1)[0].pk, "out": 0}
    row = refuse(reader, {"name": "course.bought"})
    part = desk.get("/desk/follow/stream/", stream).content.decode()
    assert f'id="refused-{row.pk}"' in part
    assert "Kept out" in part
    assert f"out={row.pk}&amp;" in part
    assert desk.get("/desk/follow/stream/", stream | {"out": row.pk}).status_code == 204
