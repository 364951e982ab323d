"""How a course looks on its own page: its picture, or its cover as drawn."""

from django.utils.safestring import SafeString

from zhiyue.experience.shell import covers
from zhiyue.product.catalogue.models import Course


def cover_of_course(course: Course) -> SafeString:
    return covers.draw(
        slug=course.slug, topic=course.topic.slug, keyword=course.keyword, picture=course.picture
    )
