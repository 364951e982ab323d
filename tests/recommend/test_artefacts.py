"""Artefacts: files that are mapped rather than read, found out when they aren't what was written, and never missed."""

import os
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.conf import settings
from scipy.sparse import csr_array

from tests.recommend.teachable import TAUGHT
from zhiyue.collect.kinds import Actor
from zhiyue.engine.kinds import Profiles
from zhiyue.engine.matrix import owned, profiles
from zhiyue.product.learning.services import view_course
from zhiyue.recommend import artefacts, memory, serve
from zhiyue.recommend.artefacts import Damaged
from zhiyue.recommend.fitting import fit, from_arrays, to_arrays
from zhiyue.recommend.inputs import academy
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.offers import COLD
from zhiyue.recommend.policies import POLICIES, PROFILE
from zhiyue.recommend.selectors import similar, slate
from zhiyue.recommend.services import take_in, train, train_all

ARRAYS = {
    "rows": np.arange(12, dtype=np.float32).reshape(3, 4),
    "part/columns": np.asarray(np.arange(12).reshape(3, 4), order="F"),
    "words": np.asarray(["统计", "poems"]),
    "nothing": np.zeros(0, dtype=np.int64),
    "number": np.asarray(0.5),
}


def file_of(artefact: Artefact) -> Path:
    return Path(settings.ZHIYUE_DATA_DIR) / artefact.path


def folder() -> Path:
    return Path(settings.ZHIYUE_DATA_DIR) / "artefacts"


def flip(path: Path, place: int) -> None:
    """Another byte in a file of the same length, put in its place by a rename, as a disk's damage isn't."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    draft = path.with_name("damaged")
    draft.write_bytes(content)
    draft.replace(path)


def version_shown() -> str:
    memory.forget()
    return slate(Actor(visitor=uuid4())).version


# --- the file ---


def test_arrays_come_back_as_they_were_read_only_and_aligned():
    path, digest = artefacts.keep("some", ARRAYS)

    found = artefacts.take_up(path, digest).arrays

    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert np.array_equal(found[name], array)
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].flags.f_contiguous == array.flags.f_contiguous
        assert found[name].ctypes.data % artefacts.ALIGNMENT == 0
        # In the map, not in memory of its own.
        assert not found[name].flags.owndata and not found[name].flags.writeable
    with np.load(Path(settings.ZHIYUE_DATA_DIR) / path, allow_pickle=False) as opened:
        assert {name: opened[name].tolist() for name in opened} == {
            name: array.tolist() for name, array in ARRAYS.items()
        }


def test_a_file_costs_a_process_one_open_file_however_many_arrays():
    path, digest = artefacts.keep("some", {f"part/{n}": np.arange(9) for n in range(50)})
    before = len(list(Path("/proc/self/fd").iterdir()))

    taken = artefacts.take_up(path, digest)

    assert len(list(Path("/proc/self/fd").iterdir())) == before + 1
    assert len(taken.arrays) == 50


def test_the_same_arrays_make_the_same_file():
    (_, one), (_, other) = artefacts.keep("one", ARRAYS), artefacts.keep("other", dict(ARRAYS))
    assert one == other


def test_objects_are_refused_and_nothing_is_left_behind():
    with pytest.raises(ValueError, match="allow_pickle"):
        artefacts.keep("some", {"rows": np.zeros(3), "bad": np.asarray([{}], dtype=object)})
    assert list(folder().iterdir()) == []


def test_any_flipped_byte_is_found():
    path, digest = artefacts.keep("some", ARRAYS)
    file = Path(settings.ZHIYUE_DATA_DIR) / path
    whole = file.read_bytes()
    for place in range(0, len(whole), 17):
        flip(file, place)
        with pytest.raises(Damaged, match="SHA-256"):
            artefacts.take_up(path, digest)
        file.write_bytes(whole)
    assert artefacts.take_up(path, digest).arrays["number"] == 0.5


@pytest.mark.parametrize("path", ["../secret.npz", "/etc/../secret.npz", "artefacts/../../secret.npz"])
def test_no_path_leads_out_of_the_folder(path, tmp_path):
    kept, digest = artefacts.keep("some", ARRAYS)
    outside = Path(settings.ZHIYUE_DATA_DIR).parent / "secret.npz"
    outside.write_bytes((Path(settings.ZHIYUE_DATA_DIR) / kept).read_bytes())

    with pytest.raises(FileNotFoundError):
        artefacts.take_up(path, digest)
    artefacts.drop([path])
    assert outside.exists()


def test_what_no_row_names_goes_after_an_hour(tmp_path):
    for name in ("known", "left", "fresh", ".left.npz.draft"):
        artefacts.keep("made", {})
        (folder() / "made.npz").rename(folder() / (name if name.startswith(".") else f"{name}.npz"))
    for name in ("known.npz", "left.npz", ".left.npz.draft"):
        os.utime(folder() / name, (1_700_000_000, 1_700_000_000))

    artefacts.sweep(["artefacts/known.npz"])

    assert sorted(path.name for path in folder().iterdir()) == ["fresh.npz", "known.npz"]


# --- files of versions before ---


def old_file(arrays):
    """As versions before wrote it: nothing aligned, no checksum but those of the archive."""
    folder().mkdir(parents=True, exist_ok=True)
    np.savez(folder() / "old.npz", allow_pickle=False, **arrays)
    return "artefacts/old.npz"


def test_a_file_of_a_version_before_is_read_until_the_next_training():
    found = artefacts.take_up(old_file(ARRAYS), "").arrays
    assert {name: array.tolist() for name, array in found.items()} == {
        name: array.tolist() for name, array in ARRAYS.items()
    }
    assert all(array.flags.aligned for array in found.values())


def test_a_flipped_byte_in_its_arrays_is_found_too():
    path = old_file({"rows": np.arange(1000.0)})
    flip(folder() / "old.npz", 4000)
    with pytest.raises(Damaged, match=r"rows\.npy"):
        artefacts.take_up(path, "")


def test_objects_in_it_are_refused():
    folder().mkdir(parents=True)
    np.savez(folder() / "old.npz", bad=np.asarray([{}], dtype=object))
    with pytest.raises(Damaged, match="holds objects"):
        artefacts.take_up("artefacts/old.npz", "")


def test_a_compressed_one_is_refused():
    folder().mkdir(parents=True)
    np.savez_compressed(folder() / "old.npz", rows=np.zeros(100))
    with pytest.raises(Damaged, match="is compressed"):
        artefacts.take_up("artefacts/old.npz", "")


# --- serving from it ---


@pytest.mark.django_db
@pytest.mark.parametrize("policy", TAUGHT)
def test_every_policy_serves_from_maps_as_from_memory(town, policy):
    read = academy()
    arrays = to_arrays(fit(POLICIES[policy], read.acts, read.texts))
    path, digest = artefacts.keep(policy, arrays)
    mapped, plain = from_arrays(artefacts.take_up(path, digest).arrays), from_arrays(arrays)
    people = profiles(read.acts, PROFILE)
    nobody = Profiles(csr_array((1, read.acts.items), dtype=np.float32), np.asarray([-1]))
    taken = owned(read.acts)
    for vary in (True, False):
        one, other = (
            serve.rank(pipeline, people, taken, 6, vary=vary, explain=True) for pipeline in (mapped, plain)
        )
        assert np.array_equal(one.items, other.items)
        assert np.array_equal(one.scores, other.scores)
        assert np.array_equal(one.reasons, other.reasons)
    assert np.array_equal(mapped.model.scores(nobody), plain.model.scores(nobody))
    # Taking a catalogue in makes a model of the mapped one, and writes it again.
    places = np.arange(mapped.model.items)
    wider = to_arrays(from_arrays(to_arrays(mapped)))
    assert wider.keys() == arrays.keys()
    assert mapped.model.spread(places, mapped.model.items + 1).items == plain.model.items + 1


@pytest.mark.django_db
def test_with_a_flipped_byte_the_artefact_before_is_served_and_it_is_logged(town, caplog):
    first = train(policy="hybrid")
    second = train(policy="hybrid")
    assert version_shown() == second.version

    flip(file_of(second), file_of(second).stat().st_size // 2)

    # It is found out although the file was mapped already, for it isn't the same any more.
    assert version_shown() == first.version
    assert f"Artefact {second} cannot be read, the one before it is served" in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("traits/level", lambda level: level[:-1]),
        ("traits/groups", lambda groups: groups[:, :-1]),
        ("novelty", lambda novelty: novelty[:-1]),
        ("model/1/similar/columns", lambda columns: columns - 1),
        ("model/1/similar/columns", lambda columns: columns + 1),
        ("model/1/similar/start", lambda start: start[::-1].copy()),
        ("model/1/similar/cells", lambda cells: cells[:-1]),
    ],
)
def test_arrays_that_do_not_fit_one_another_are_found_before_anybody_is_served(town, caplog, name, wrong):
    first, second = train(policy="hybrid"), train(policy="hybrid")
    arrays = {
        each: np.array(array) for each, array in artefacts.take_up(second.path, second.digest).arrays.items()
    }
    arrays[name] = wrong(arrays[name])
    path, digest = artefacts.keep("hybrid", arrays)
    Artefact.objects.filter(pk=second.pk).update(path=path, digest=digest)

    assert version_shown() == first.version
    assert f"Artefact {second} cannot be read, the one before it is served" in caplog.text


@pytest.mark.django_db
def test_a_file_that_is_cut_short_under_a_map_is_let_go(town):
    first, second = train(policy="hybrid"), train(policy="hybrid")
    assert version_shown() == second.version

    with file_of(second).open("r+b") as file:
        file.truncate(100)

    assert version_shown() == first.version


@pytest.mark.django_db
def test_where_every_artefact_is_damaged_there_is_a_slate_all_the_same(town, visitor):
    train_all()
    actor = Actor(visitor=visitor)
    view_course(actor=actor, course=town[0])
    for path in folder().iterdir():
        path.write_bytes(b"half a file")
    memory.forget()

    for policy in POLICIES:
        found = slate(actor, k=4, policy=policy)
        assert (found.version, len(found.items)) == (COLD, 4)
    for course_id in (town[0].pk, 987_654_321):
        assert similar(course_id, k=3).version == COLD
    assert not take_in()


@pytest.mark.django_db
def test_an_unknown_course_and_an_unknown_visitor_get_a_slate(town):
    train_all()
    assert similar(987_654_321, k=3).items == ()
    found = slate(Actor(visitor=uuid4()), k=3)
    assert [item.reason.kind for item in found.items] == ["popular"] * 3


@pytest.mark.django_db
def test_arrays_that_are_not_of_one_academy_are_passed_over(town):
    first, second = train(policy="hybrid"), train(policy="hybrid")
    arrays = dict(artefacts.take_up(second.path, second.digest).arrays)
    path, digest = artefacts.keep("other", arrays | {"course_ids": arrays["course_ids"][1:]})
    Artefact.objects.filter(pk=second.pk).update(path=path, digest=digest)
    assert version_shown() == first.version


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("course_ids", lambda ids: np.full_like(ids, -7)),
        ("course_ids", lambda ids: np.full_like(ids, 10**6)),
        ("course_ids", lambda ids: ids[::-1].copy()),
        ("course_ids", lambda ids: ids.astype(np.float64)),
        ("traits/twins", lambda twins: np.full_like(twins, -7)),
        ("traits/twins", lambda twins: np.full_like(twins, len(twins))),
        ("traits/twins", lambda twins: twins.astype("U8")),
        ("popular/score", lambda score: np.full_like(score, np.nan)),
        ("novelty", lambda novelty: np.full_like(novelty, np.inf)),
    ],
)
def test_without_a_digest_what_names_no_course_is_found_all_the_same(town, caplog, name, wrong):
    first, second = train(policy="hybrid"), train(policy="hybrid")
    arrays = dict(artefacts.take_up(second.path, second.digest).arrays)
    path, _ = artefacts.keep("other", arrays | {name: wrong(arrays[name])})
    Artefact.objects.filter(pk=second.pk).update(path=path, digest="")
    assert version_shown() == first.version
    assert f"Artefact {second} cannot be read, the one before it is served" in caplog.text


@pytest.mark.django_db
def test_a_damaged_file_is_not_read_again_at_every_look(town, monkeypatch):
    first, second = train(policy="hybrid"), train(policy="hybrid")
    flip(file_of(second), 2000)
    read = []
    take_up = artefacts.take_up
    monkeypatch.setattr(memory, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(
        artefacts, "take_up", lambda path, digest, **how: read.append(path) or take_up(path, digest, **how)
    )
    memory.forget()

    assert [memory.newest("hybrid").version for _ in range(5)] == [first.version] * 5
    assert read == [second.path, first.path]
    monkeypatch.setattr(memory, "AGAIN_SECONDS", 0.0)
    memory.newest("hybrid")
    assert read == [second.path, first.path, second.path]


@pytest.mark.django_db
def test_whoever_maps_an_artefact_goes_on_when_it_is_dropped(
    town, visitor, django_capture_on_commit_callbacks
):
    train(policy="hybrid")
    held = memory.newest("hybrid")
    people = profiles(academy().acts, PROFILE)
    before = held.pipeline.model.scores(people)

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            train(policy="hybrid")

    assert not Artefact.objects.filter(pk=held.artefact_id).exists()
    assert not any(held.version in path.name for path in folder().iterdir())
    assert np.array_equal(held.pipeline.model.scores(people), before)
