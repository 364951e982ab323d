"""Painted pictures, kept as files."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings

from zhiyue.experience.site.drawing import compose, gallery, paint


def plain(slug):
    words = {
        "topic": "数据分析",
        "keyword": "直觉",
        "title": "统计学的直觉",
        "subtitle": "",
        "teacher": "何牧",
        "academy": "知跃",
    }
    link = {"address": "https://academy.example/", "call": "扫码"}
    return compose.plain(compose.Shared(slug=slug, topic_slug="data", **words, **link))


def kept():
    return sorted(
        (Path(settings.ZHIYUE_DATA_DIR) / "cards").iterdir(), key=lambda file: file.stat().st_mtime_ns
    )


def test_a_picture_is_painted_once_and_then_read():
    painted = gallery.png(plain("a"))
    assert painted == paint.png(plain("a"))
    [file] = kept()
    file.write_bytes(b"as it was kept")
    assert gallery.png(plain("a")) == b"as it was kept"


def test_many_who_paint_one_picture_at_once_leave_one_whole_file():
    with ThreadPoolExecutor(8) as painters:
        painted = {*painters.map(lambda _: gallery.png(plain("a")), range(16))}
    assert painted == {paint.png(plain("a"))}
    [file] = kept()
    assert file.read_bytes() in painted


def test_the_oldest_pictures_make_room(monkeypatch):
    sizes = [len(gallery.png(plain(slug)) or b"") for slug in ("a", "b")]
    old, newer = kept()
    os.utime(old, (1, 1))
    left = old.with_name("left.draft")
    left.write_bytes(b"x")
    os.utime(left, (0, 0))
    monkeypatch.setattr(gallery, "MOST_BYTES", sizes[1] + len(paint.png(plain("c")) or b""))
    gallery.png(plain("c"))
    assert (len(kept()), kept()[0]) == (2, newer)


def test_what_can_not_be_written_leaves_no_draft(tmp_path):
    """The place is taken by a folder: the last step fails."""
    place = tmp_path / "cards" / "a.png"
    place.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        gallery._put(place, b"painted")
    assert [*place.parent.iterdir()] == [place]
