"""What of the catalogue can be searched: every write of `services` puts the course's documents anew."""


def index_course(course_id: int) -> None:
    """Put what may be found of a course into the search index, or take it out where it isn't published."""
