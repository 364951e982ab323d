"""Topics, teachers and courses with their chapters and lessons."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock


class Topic(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=20)
    name_en = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Teacher(models.Model):
    """Who teaches. `user` is their account, where they have one."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="teacher"
    )
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=40)
    headline = models.CharField(max_length=60)
    bio = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name


class Level(models.TextChoices):
    BEGINNER = "beginner", pgettext_lazy("course level", "Beginner")
    INTERMEDIATE = "intermediate", pgettext_lazy("course level", "Intermediate")
    ADVANCED = "advanced", pgettext_lazy("course level", "Advanced")


class CourseQuerySet(models.QuerySet["Course"]):
    def published(self) -> "CourseQuerySet":
        """What learners may find: published, and not in the future."""
        return self.filter(status=Course.Status.PUBLISHED, published_at__lte=clock.now())


class Course(models.Model):
    """A course or column. Prices are in fen; 0 is free, `list_price_fen` is the one crossed out."""

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("course status", "Draft")
        PUBLISHED = "published", pgettext_lazy("course status", "Published")
        WITHDRAWN = "withdrawn", pgettext_lazy("course status", "Withdrawn")

    slug = models.SlugField(unique=True, max_length=80)
    title = models.CharField(max_length=60)
    subtitle = models.CharField(max_length=80, blank=True)
    summary = models.TextField(blank=True)
    outcomes = models.JSONField(default=list)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="courses")
    teacher = models.ForeignKey(Teacher, on_delete=models.PROTECT, related_name="courses")
    level = models.CharField(max_length=12, choices=Level.choices, default=Level.BEGINNER)
    keyword = models.CharField(max_length=12)
    tags = models.JSONField(default=list)
    price_fen = models.PositiveIntegerField(default=0)
    list_price_fen = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True, db_index=True)

    objects = CourseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(list_price_fen=None) | models.Q(list_price_fen__gt=models.F("price_fen")),
                name="list_price_above_price",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="published") | models.Q(published_at__isnull=False),
                name="published_course_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_free(self) -> bool:
        return self.price_fen == 0

    @property
    def is_published(self) -> bool:
        return (
            self.status == self.Status.PUBLISHED
            and self.published_at is not None
            and self.published_at <= clock.now()
        )


class Chapter(models.Model):
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="chapters")
    title = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "position"], name="chapter_position")
        ]

    def __str__(self) -> str:
        return self.title


class Lesson(models.Model):
    """One lesson, an article for now. One without a body is announced but not written yet."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="lessons")
    chapter = models.ForeignKey(Chapter, on_delete=models.CASCADE, related_name="lessons")
    slug = models.SlugField(max_length=80)
    title = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField()
    is_free = models.BooleanField(default=False)
    body = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "slug"], name="lesson_slug"),
            models.UniqueConstraint(fields=["course", "position"], name="lesson_position"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_written(self) -> bool:
        return bool(self.body)

    @property
    def is_published(self) -> bool:
        return self.is_written and self.course.is_published
