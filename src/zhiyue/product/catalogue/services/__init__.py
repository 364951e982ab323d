"""Writes to the catalogue. What the studio does asks `authoring` for the right, notes itself in the audit log and
brings the search index up to date."""

from zhiyue.product.catalogue.services.courses import (
    CourseFacts,
    change_course,
    create_course,
    facts_of,
    move_course,
    put_keyword,
    put_picture,
    remove_course,
    remove_picture,
)
from zhiyue.product.catalogue.services.lessons import (
    LessonFacts,
    add_picture,
    change_lesson,
    move_lesson_address,
)
from zhiyue.product.catalogue.services.outline import (
    add_chapter,
    add_lesson,
    bring_back_lesson,
    move_chapter,
    move_lesson,
    remove_chapter,
    remove_lesson,
    rename_chapter,
    withdraw_lesson,
)
from zhiyue.product.catalogue.services.portraits import put_portrait, remove_portrait
from zhiyue.product.catalogue.services.publication import publish, schedule, withdraw
from zhiyue.product.catalogue.services.shelving import (
    change_own_teacher,
    change_teacher,
    change_topic,
    create_teacher,
    create_topic,
    move_topic,
    teacher_for,
)
from zhiyue.product.catalogue.services.whole import (
    ChapterDraft,
    CourseDraft,
    LessonDraft,
    name_prerequisites,
    put_course,
    put_teacher,
    put_topic,
)

__all__ = [
    "ChapterDraft", "CourseDraft", "CourseFacts", "LessonDraft", "LessonFacts", "add_chapter", "add_lesson",
    "add_picture", "bring_back_lesson", "change_course", "change_lesson", "change_own_teacher", "change_teacher",
    "change_topic", "create_course", "create_teacher", "create_topic", "facts_of", "move_chapter", "move_course",
    "move_lesson", "move_lesson_address", "move_topic", "name_prerequisites", "publish", "put_course",
    "put_keyword", "put_picture", "put_portrait", "put_teacher", "put_topic", "remove_chapter", "remove_course",
    "remove_lesson", "remove_picture", "remove_portrait", "rename_chapter", "schedule", "teacher_for", "withdraw",
    "withdraw_lesson",
]  # fmt: skip
