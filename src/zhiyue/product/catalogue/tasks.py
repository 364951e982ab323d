"""Background entries of the catalogue."""

from zhiyue.core.jobs.registry import daily, job
from zhiyue.product.catalogue import likeness


@job(name="catalogue.compare", attempts=3)
def compare_courses() -> None:
    """Find the courses whose words are nearly the same."""
    likeness.find_likenesses()


daily(at="03:40", job=compare_courses)
