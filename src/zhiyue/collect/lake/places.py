"""Where the files of the lake lie, and what is said when that place can't be used."""

from pathlib import Path

from django.conf import settings
from django.utils.translation import pgettext

from zhiyue.collect import places
from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.places import UNFINISHED, Stored

__all__ = ["UNFINISHED", "Place", "Stored", "place"]


class Place(places.Place):
    """Every trouble is a LakeUnreachable."""

    def trouble(self, why: OSError) -> Exception:
        words = pgettext("lake", "The lake at %(place)s can't be used: %(why)s")
        return LakeUnreachable(words % {"place": self.shown, "why": str(why)[:300]})


def place() -> Place:
    """The place that the settings name."""
    return Place.at(settings.ZHIYUE_LAKE_URL or (Path(settings.ZHIYUE_DATA_DIR) / "lake").as_uri())
