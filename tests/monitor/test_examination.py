"""What the doctor finds of what can be searched."""

import pytest

from tests.factories import make_course
from zhiyue.facilities.search.models import Document
from zhiyue.monitor.examination import examine
from zhiyue.product.catalogue.indexing import rebuild
from zhiyue.product.catalogue.models import Course

pytestmark = pytest.mark.django_db


def searched():
    [found] = [finding for finding in examine(thorough=False) if finding.key == "search"]
    return found


def test_a_published_course_without_its_row_is_told_until_it_is_indexed():
    course = make_course("lost")
    make_course("kept")
    Course.objects.create(
        slug="draft", title="草稿", topic=course.topic, teacher=course.teacher, status=Course.Status.DRAFT
    )
    assert searched().state == "good"
    Document.objects.filter(kind="course", ref=course.pk).delete()
    told = searched()
    assert (told.state, "1" in told.said, "zhiyue reindex" in told.said) == ("warn", True, True)
    rebuild()
    assert searched().state == "good"
