"""Whose a place of the lake is. It bears a mark, so that no academy sweeps what isn't its own."""

import re
from collections.abc import Collection
from contextlib import suppress

import pyarrow as pa
from django.utils.translation import pgettext

from zhiyue.collect.errors import LakeNotOurs, LakeUnreachable
from zhiyue.collect.lake.places import UNFINISHED, Place, place
from zhiyue.collect.models import Logbook, SealedDay

MARK = "zhiyue-lake.txt"
_SEALED = re.compile(r"\.?\d{4}-\d\d-\d\d-[0-9a-f]{8}\.parquet")


def claimed() -> Place:
    """The place that the settings name, to be written to. At first use it gets our mark. Raises LakeUnreachable, and
    LakeNotOurs where it is another's."""
    here = place()
    lying = here.files()
    if MARK not in lying:
        _require_unused(here, lying)
        with suppress(LakeUnreachable):
            here.put(MARK, pa.py_buffer(_our_mark()))
    # Read back even so: of two who come at once one has it, and it is there.
    _require_our_mark(here)
    return here


def require_ours(here: Place) -> None:
    """Could days be sealed there? Writes nothing. Raises LakeUnreachable, and LakeNotOurs where it is another's."""
    lying = here.files()
    if MARK in lying:
        _require_our_mark(here)
    else:
        _require_unused(here, lying)


def is_sealed_name(name: str) -> bool:
    """Is this how sealing names its files, unfinished ones too?"""
    return _SEALED.fullmatch(name) is not None


def _our_mark() -> bytes:
    Logbook.objects.bulk_create([Logbook(pk=1)], ignore_conflicts=True)
    return f"{Logbook.objects.get(pk=1).mark}\n".encode()


def _require_our_mark(here: Place) -> None:
    if here.read(MARK).to_pybytes() != _our_mark():
        words = pgettext(
            "lake",
            "%(place)s is the lake of another academy. Set ZHIYUE_LAKE_URL to a place of its own; or, if that academy "
            "is gone, remove the file %(mark)s there.",
        )
        raise LakeNotOurs(words % {"place": here.shown, "mark": MARK})


def _require_unused(here: Place, lying: Collection[str]) -> None:
    foreign = sorted(name for name in lying if not is_sealed_name(name) and name != f"{UNFINISHED}{MARK}")
    # A lake that is older than marks may have got company.
    if foreign and not SealedDay.objects.filter(file__in=list(lying)).exclude(file="").exists():
        words = pgettext(
            "lake",
            "%(place)s holds files that aren't of a lake (%(file)s). Set ZHIYUE_LAKE_URL to an empty place.",
        )
        raise LakeNotOurs(words % {"place": here.shown, "file": foreign[0]})
