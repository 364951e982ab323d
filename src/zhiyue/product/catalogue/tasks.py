"""Background entries of the catalogue."""

from zhiyue.core.jobs.registry import daily, job
from zhiyue.product.catalogue import likeness, pictures


@job(name="catalogue.compare", attempts=3)
def compare_courses() -> None:
    """Find the courses whose words are nearly the same."""
    likeness.find_likenesses()


@job(name="catalogue.forget_pictures", attempts=3)
def forget_pictures() -> None:
    """Remove pictures that nothing shows any more."""
    pictures.forget_unshown()


daily(at="03:40", job=compare_courses)
daily(at="03:50", job=forget_pictures)
