"""Background entries of the catalogue."""

from datetime import datetime

from zhiyue.core.jobs.registry import daily, job
from zhiyue.product.catalogue import likeness, pictures, telling


@job(name="catalogue.compare", attempts=3)
def compare_courses() -> None:
    """Find the courses whose words are nearly the same."""
    likeness.find_likenesses()


@job(name="catalogue.forget_pictures", attempts=3)
def forget_pictures() -> None:
    """Remove pictures that nothing shows any more."""
    pictures.forget_unshown()


@job(name="catalogue.come_out", attempts=8)
def come_out(*, course_id: int, at: str) -> None:
    """Say of a scheduled course that its time has come; people find it by the clock, without this."""
    telling.tell_time_has_come(course_id=course_id, at=datetime.fromisoformat(at))


daily(at="03:40", job=compare_courses)
daily(at="03:50", job=forget_pictures)
