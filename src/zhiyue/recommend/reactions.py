"""What recommendation does when the catalogue changes."""

from zhiyue.core.jobs.facts import reaction
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit.facts import Fact
from zhiyue.product.catalogue.facts import CourseChanged, CoursePublished, CourseWithdrawn, TopicRenamed
from zhiyue.recommend.tasks import GATHERED_SECONDS, take_in


@reaction(CoursePublished, CourseChanged, CourseWithdrawn, TopicRenamed, name="recommend.follow_catalogue")
def follow_catalogue(fact: Fact) -> None:
    """Have the catalogue taken in soon, all that happens within some seconds at once. A withdrawn course isn't shown
    from the very moment, for slates ask what is published; here only its words stop counting."""
    enqueue(take_in, key="catalogue", delay_seconds=GATHERED_SECONDS)
