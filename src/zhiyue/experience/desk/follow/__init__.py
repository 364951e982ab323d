"""One act on its way round the loop, as seven stations: act, consent, cleaning, keeping, weight, slate, activity.

Nothing is decided here: each station is what `core.consent`, `collect`, `analyse`, `recommend` or `monitor` say of the
act, put side by side for the page. Everything is told as it counts now, so an old act has faded.
"""

from zhiyue.experience.desk.follow.acting import ShownAct, shown_acts, telling
from zhiyue.experience.desk.follow.journeys import Journey, journey
from zhiyue.experience.desk.follow.picture import Chosen, NoSuchAct, Picture, has_news, picture
from zhiyue.experience.desk.follow.refused import RefusedJourney, refused_journey

__all__ = [
    "Chosen",
    "Journey",
    "NoSuchAct",
    "Picture",
    "RefusedJourney",
    "ShownAct",
    "has_news",
    "journey",
    "picture",
    "refused_journey",
    "shown_acts",
    "telling",
]
