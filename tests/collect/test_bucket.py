"""The lake in a bucket of a real server that speaks S3."""

from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import translation

from tests.services import s3_server
from zhiyue.collect import lake
from zhiyue.collect.erasing import forget_person
from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.kinds import Actor
from zhiyue.collect.lake.checking import faults_of
from zhiyue.collect.lake.claiming import MARK
from zhiyue.collect.lake.places import place
from zhiyue.collect.models import SealedDay
from zhiyue.collect.services import record
from zhiyue.collect.tasks import seal
from zhiyue.core.consent.purposes import Purpose
from zhiyue.core.jobs.models import Job
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.jobs.worker import run_due
from zhiyue.core.kit import clock
from zhiyue.monitor.examination import examine

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture(scope="module")
def server():
    with s3_server() as bucket:
        yield bucket


@pytest.fixture
def bucket(server, settings):
    """The settings name the bucket; what another test left in it is gone."""
    settings.ZHIYUE_LAKE_URL = f"s3://{server.name}"
    settings.ZHIYUE_S3_ENDPOINT = server.endpoint
    settings.ZHIYUE_S3_REGION = "us-east-1"
    settings.ZHIYUE_S3_KEY_ID, settings.ZHIYUE_S3_SECRET = server.key_id, server.secret
    for name in place().files():
        place().delete(name)
    return server


def act(actor, *days_ago):
    for days in days_ago:
        moment = clock.day_start(clock.business_day()) - timedelta(days=days) + timedelta(hours=1)
        record("course.viewed", actor=actor, course_id=1, occurred_at=moment)


def members_in_lake():
    with lake.events(purpose=Purpose.ANALYTICS) as events:
        return sorted(
            events.filter(events.course_id == 1).select("member_id").to_pyarrow()["member_id"].to_pylist()
        )


def lying(folder):
    return sorted(path.name for path in folder.rglob("*.parquet"))


def test_days_are_sealed_read_verified_and_compacted_in_a_bucket(bucket, learner, stranger, monkeypatch):
    act(Actor(member_id=learner.pk), 0, 1, 2)
    act(Actor(member_id=stranger.pk), 1)
    assert lake.seal_past_days() == 2
    assert lying(bucket.folder) == sorted(SealedDay.objects.values_list("file", flat=True))
    # An object is the file and nothing else: other readers open it, too.
    newest = SealedDay.objects.latest("day")
    path = bucket.folder / newest.file
    assert (path.stat().st_size, pq.read_table(path).num_rows) == (newest.size, 2)
    assert members_in_lake() == sorted([learner.pk] * 3 + [stranger.pk])
    assert (lake.verify().fault_count, lake.seal_past_days()) == (0, 0)

    forget_person(member_id=learner.pk, visitor=None)
    assert members_in_lake() == [stranger.pk]
    assert lake.compact() == 2
    assert (members_in_lake(), lake.verify().fault_count) == ([stranger.pk], 0)

    kept = SealedDay.objects.exclude(file="").get().file
    assert lake.sweep() == 0
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert (lake.sweep(), lying(bucket.folder)) == (2, [kept])
    monkeypatch.undo()
    (bucket.folder / kept).unlink()
    assert members_in_lake() == [stranger.pk]
    assert [fault.code for fault in faults_of(lake.verify())] == ["missing"]


def test_a_prefix_keeps_an_academy_apart(bucket, learner, settings):
    act(Actor(member_id=learner.pk), 1)
    settings.ZHIYUE_LAKE_URL = f"s3://{bucket.name}/school/lake"
    lake.seal_past_days()
    assert place().files().keys() == {SealedDay.objects.get().file, MARK}
    assert (bucket.folder / "school" / "lake" / SealedDay.objects.get().file).exists()
    assert members_in_lake() == [learner.pk]
    settings.ZHIYUE_LAKE_URL = f"s3://{bucket.name}/other"
    assert place().files() == {}
    assert members_in_lake() == [learner.pk]


@pytest.mark.parametrize(
    ("changed", "value", "told"),
    [
        ("ZHIYUE_S3_SECRET", "not-the-secret", "signature"),
        ("ZHIYUE_S3_KEY_ID", "nobody", "Access Key Id"),
        ("ZHIYUE_LAKE_URL", "s3://no-such-bucket", "no bucket of this name"),
        ("ZHIYUE_S3_ENDPOINT", "http://127.0.0.1:9", "127.0.0.1"),
    ],
)
def test_a_place_that_lets_nobody_in_is_told_and_the_job_tried_again(
    bucket, learner, settings, changed, value, told
):
    act(Actor(member_id=learner.pk), 1)
    setattr(settings, changed, value)
    with pytest.raises(LakeUnreachable) as refused:
        lake.seal_past_days()
    assert told in str(refused.value)
    assert settings.ZHIYUE_S3_SECRET not in str(refused.value)
    enqueue(seal)
    run_due(limit=1)
    job = Job.objects.get(name="collect.seal")
    assert (job.state, job.attempts, "LakeUnreachable" in job.error) == (Job.State.WAITING, 1, True)
    assert not SealedDay.objects.exclude(file="").exists()
    [found] = [one for one in examine(thorough=False) if one.key == "lake"]
    assert found.state == "bad"
    assert settings.ZHIYUE_S3_SECRET not in found.said


def test_the_last_file_under_a_prefix_can_go(bucket, settings):
    """The server refuses the empty object that is put there for the prefix then."""
    settings.ZHIYUE_LAKE_URL = f"s3://{bucket.name}/school/gone"
    place().put("one.parquet", pa.py_buffer(b"one"))
    for _ in range(2):
        place().delete("one.parquet")
        assert place().files() == {}
