"""A damaged file takes nothing down: its day is read from the log, and sealed anew."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from zhiyue.analyse.selectors import interactions
from zhiyue.collect import lake, retention
from zhiyue.collect.days import give_up
from zhiyue.collect.erasing import forget_person
from zhiyue.collect.errors import LakeDamaged
from zhiyue.collect.kinds import Actor
from zhiyue.collect.lake.checking import faults_of
from zhiyue.collect.models import LakeCheck, SealedDay
from zhiyue.collect.services import record
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.monitor import selectors as monitor
from zhiyue.monitor.examination import examine
from zhiyue.recommend import inputs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def two_days(learner, stranger):
    """The learner acted on two past days and the stranger on the younger one; both days are sealed."""
    for member, days_ago in ((learner, 2), (learner, 1), (stranger, 1)):
        moment = clock.day_start(clock.business_day()) - timedelta(days=days_ago) + timedelta(hours=9)
        record("course.viewed", actor=Actor(member_id=member.pk), course_id=1, occurred_at=moment)
    assert lake.seal_past_days() == 2
    return list(SealedDay.objects.order_by("day"))


def overwrite(row, half="second"):
    """Other bytes in half of a file, which stays as long as it was."""
    path = Path(settings.ZHIYUE_DATA_DIR) / "lake" / row.file
    content = path.read_bytes()
    middle = len(content) // 2
    rubbish = bytes(range(1, 252)) * (len(content) // 251 + 1)
    first, second = (content[:middle], rubbish[: len(content) - middle])
    if half == "first":
        first, second = rubbish[:middle], content[middle:]
    path.write_bytes(first + second)
    assert path.stat().st_size == row.size


def members_in_lake():
    rows = lake.ask(lambda events: events.select("member_id").to_pyarrow(), purpose=Purpose.ANALYTICS)
    return sorted(rows["member_id"].to_pylist())


def doctor():
    [found] = [one for one in examine(thorough=False) if one.key == "lake"]
    return found


def open_days():
    return [(one.day, one.why) for one in lake.report().open_days]


@pytest.mark.parametrize("half", ["first", "second"])
def test_what_is_read_is_the_same_and_the_day_is_sealed_anew(two_days, learner, stranger, half):
    before = members_in_lake()
    overwrite(two_days[1], half)
    assert members_in_lake() == before == sorted([learner.pk, learner.pk, stranger.pk])
    assert open_days() == [(two_days[1].day, "damaged")]
    assert (doctor().state, two_days[1].day.isoformat() in doctor().said) == ("warn", True)
    assert lake.seal_past_days() == 1
    assert (open_days(), members_in_lake()) == ([], before)
    assert lake.verify().fault_count == 0
    assert doctor().state == "good"


def test_both_files_may_be_damaged(two_days, learner, stranger):
    for row in two_days:
        overwrite(row)
    assert members_in_lake() == sorted([learner.pk, learner.pk, stranger.pk])
    assert lake.seal_past_days() == 2


def test_measures_training_and_what_is_kept_are_as_they_were(two_days):
    def all_of_it():
        acts = interactions()
        return (
            monitor.today(),
            monitor.rhythm(),
            (acts.actor_key.tolist(), acts.course_id.tolist()),
            inputs.academy().learners.tolist(),
            retention.overview(),
        )

    before = all_of_it()
    for reader in (
        monitor.today,
        monitor.rhythm,
        interactions,
        inputs.academy,
        retention.overview,
        all_of_it,
    ):
        overwrite(SealedDay.objects.latest("day"))
        reader()
        assert SealedDay.objects.latest("day").file == ""
        assert lake.seal_past_days() == 1
    assert all_of_it() == before


def test_erasing_goes_on_where_another_days_file_is_damaged(two_days, learner, stranger):
    overwrite(two_days[0])
    forget_person(member_id=stranger.pk, visitor=None)
    Job.objects.filter(name="collect.compact").update(claimable_at=clock.now())
    run_due(limit=1)
    assert Job.objects.get(name="collect.compact").state == Job.State.DONE
    assert open_days() == [(two_days[0].day, "damaged")]
    assert SealedDay.objects.get(day=two_days[1].day).rows == 1
    assert lake.seal_past_days() == 1
    assert members_in_lake() == [learner.pk] * 2
    assert (lake.compact(), lake.verify().fault_count) == (0, 0)


def test_a_forgotten_persons_damaged_file_is_written_without_them(two_days, stranger):
    forget_person(member_id=stranger.pk, visitor=None)
    overwrite(two_days[1])
    assert lake.compact() == 0
    assert lake.seal_past_days() == 1
    assert SealedDay.objects.get(day=two_days[1].day).rows == 1


def test_a_verification_reopens_the_day_and_says_so(two_days, learner, capsys):
    overwrite(two_days[0], "first")
    with pytest.raises(SystemExit):
        call_command("lake", "verify")
    told = capsys.readouterr().out
    assert f"{two_days[0].day}  Its file was damaged; it waits to be sealed again." in told
    assert "Days read from the log until they are sealed anew: 1." in told
    check = LakeCheck.objects.get()
    assert check.mended == 1
    assert {fault.day for fault in faults_of(check)} == {two_days[0].day}
    assert (doctor().state, "sealed anew for that: 1" in doctor().said) == ("bad", True)
    assert lake.seal_past_days() == 1
    check = lake.verify()
    assert (check.fault_count, check.mended, doctor().state) == (0, 0, "good")


def test_a_day_that_was_sealed_anew_meanwhile_is_not_given_up(two_days):
    lake.seal(day=two_days[0].day)
    assert give_up({two_days[0].day: two_days[0].file}) == 0
    assert SealedDay.objects.get(day=two_days[0].day).file != ""


def test_a_reader_that_cannot_ask_again_is_told_to(two_days):
    overwrite(two_days[0])
    with pytest.raises(LakeDamaged, match=two_days[0].file), lake.events(purpose=Purpose.ANALYTICS) as events:
        events.select("member_id").to_pyarrow()
    with lake.events(purpose=Purpose.ANALYTICS) as events:
        assert events.count().to_pyarrow().as_py() == 3


def test_a_wrong_question_is_nobodys_damage(two_days):
    with pytest.raises(OSError, match="no such notebook"):
        lake.ask(lambda _: Path("/no such notebook").read_text(), purpose=Purpose.ANALYTICS)
    assert open_days() == []


def test_the_desk_answers_all_the_same(two_days, owner, signed_in):
    client = signed_in(owner)
    for address in ("/desk/", "/desk/activity/", "/desk/collecting/", "/desk/activity.csv"):
        overwrite(SealedDay.objects.latest("day"))
        answer = client.get(address, follow=True)
        assert answer.status_code == 200, address
        lake.seal_past_days()


def test_the_desk_says_why_where_the_place_is_gone(two_days, owner, signed_in):
    place = Path(settings.ZHIYUE_DATA_DIR) / "lake"
    place.rename(place.with_name("elsewhere"))
    place.write_text("a file where the folder should be")
    client = signed_in(owner)
    for address in ("/desk/activity/", "/desk/collecting/"):
        answer = client.get(address, headers={"accept-language": "en"})
        assert (answer.status_code, "can&#x27;t be used" in answer.content.decode()) == (200, True), address
