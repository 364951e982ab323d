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
    description = models.CharField(max_length=200, blank=True)
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
    picture = models.CharField(max_length=200, blank=True)

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

    def for_readers_of(self, language: str) -> "CourseQuerySet":
        """Without the courses of which an edition in `language` is out, so that it stands for them."""
        original, beside = (
            models.OuterRef("edition_of_id"),
            Course.objects.published().filter(language=language),
        )
        better = beside.filter(
            models.Q(pk=original) | models.Q(edition_of=original) | models.Q(edition_of=models.OuterRef("pk"))
        )
        return self.filter(models.Q(language=language) | ~models.Exists(better))


class Course(models.Model):
    """A course or column. Prices are in fen; 0 is free, `list_price_fen` is the one crossed out.

    Published with a time to come is scheduled: nothing has to happen at that moment. `picture` names a file in the
    academy's storage; without one a cover is drawn. A new draft's price isn't `price_decided`: 0 may mean free, or that
    nobody has thought of it yet. `edition_of` is the original that this one tells in another language; an original is
    nobody's edition, and has one edition a language at most.
    """

    class Form(models.TextChoices):
        COURSE = "course", pgettext_lazy("course form", "Course")
        COLUMN = "column", pgettext_lazy("course form", "Column")

    class Language(models.TextChoices):
        CHINESE = "zh-hans", pgettext_lazy("course language", "Chinese")
        ENGLISH = "en", pgettext_lazy("course language", "English")

    class Status(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("course status", "Draft")
        PUBLISHED = "published", pgettext_lazy("course status", "Published")
        WITHDRAWN = "withdrawn", pgettext_lazy("course status", "Withdrawn")

    slug = models.SlugField(unique=True, max_length=80)
    form = models.CharField(max_length=8, choices=Form.choices, default=Form.COURSE)
    language = models.CharField(max_length=8, choices=Language.choices, default=Language.CHINESE)
    edition_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="editions"
    )
    title = models.CharField(max_length=60)
    subtitle = models.CharField(max_length=80, blank=True)
    summary = models.TextField(blank=True)
    outcomes = models.JSONField(default=list)
    topic = models.ForeignKey(Topic, on_delete=models.PROTECT, related_name="courses")
    teacher = models.ForeignKey(Teacher, on_delete=models.PROTECT, related_name="courses")
    level = models.CharField(max_length=12, choices=Level.choices, default=Level.BEGINNER)
    keyword = models.CharField(max_length=12)
    tags = models.JSONField(default=list)
    skills = models.JSONField(default=list)
    prerequisites = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="leads_to")
    picture = models.CharField(max_length=200, blank=True)
    seo_title = models.CharField(max_length=60, blank=True)
    seo_description = models.CharField(max_length=160, blank=True)
    price_fen = models.PositiveIntegerField(default=0)
    list_price_fen = models.PositiveIntegerField(null=True, blank=True)
    price_decided = models.BooleanField(default=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True, db_index=True)
    created_at = models.DateTimeField(default=clock.now)
    updated_at = models.DateTimeField(default=clock.now)

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
            models.CheckConstraint(
                condition=~models.Q(edition_of=models.F("pk")), name="course_is_not_its_own_edition"
            ),
            models.UniqueConstraint(fields=["edition_of", "language"], name="one_edition_a_language"),
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

    @property
    def is_scheduled(self) -> bool:
        return self.status == self.Status.PUBLISHED and not self.is_published

    @property
    def was_ever_out(self) -> bool:
        """Learners may have seen it, now or once."""
        return self.published_at is not None and self.published_at <= clock.now()


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


class LessonQuerySet(models.QuerySet["Lesson"]):
    def offered(self) -> "LessonQuerySet":
        """What stands in the outline, written or only announced: all but the withdrawn."""
        return self.filter(withdrawn_at=None)

    def written(self) -> "LessonQuerySet":
        """What can be opened: an article with its text, a recording with its file."""
        return self.offered().exclude(body="", media="")


class Lesson(models.Model):
    """One lesson: an article, or a recording whose file `media` names in the academy's storage and whose `body` is
    what is written beside it. One with neither is announced but not written yet. A withdrawn one keeps its text and
    what people did in it, and stands in no outline. `preview_percent` of an article everybody may read; None: as much
    as the academy shows of any."""

    class Kind(models.TextChoices):
        ARTICLE = "article", pgettext_lazy("lesson kind", "Article")
        VIDEO = "video", pgettext_lazy("lesson kind", "Video")
        AUDIO = "audio", pgettext_lazy("lesson kind", "Audio")

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="lessons")
    chapter = models.ForeignKey(Chapter, on_delete=models.CASCADE, related_name="lessons")
    slug = models.SlugField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.ARTICLE)
    title = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    minutes = models.PositiveSmallIntegerField()
    is_free = models.BooleanField(default=False)
    preview_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    body = models.TextField(blank=True)
    media = models.CharField(max_length=200, blank=True)
    seconds = models.PositiveIntegerField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(default=clock.now)

    objects = LessonQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "slug"], name="lesson_slug"),
            models.UniqueConstraint(fields=["course", "position"], name="lesson_position"),
            models.CheckConstraint(
                condition=models.Q(preview_percent=None) | models.Q(preview_percent__lte=100),
                name="preview_is_a_share",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_written(self) -> bool:
        return bool(self.body or self.media)

    @property
    def is_published(self) -> bool:
        return self.is_written and self.withdrawn_at is None and self.course.is_published


class FormerSlug(models.Model):
    """An address something once had, so that old links still lead to it. `course_id` is 0 but for lessons."""

    class Kind(models.TextChoices):
        COURSE = "course"
        LESSON = "lesson"
        TEACHER = "teacher"
        TOPIC = "topic"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    course_id = models.BigIntegerField(default=0)
    slug = models.SlugField(max_length=80)
    now_at = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "course_id", "slug"], name="former_slug_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.slug}"


class Likeness(models.Model):
    """Two courses whose words are nearly the same, found by a job; one row a pair, the older course first.

    `share` is their likeness, 0 to 1. Whoever set a pair aside said why; it comes back when it grows more alike.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="alike")
    other = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="+")
    share = models.FloatField()
    found_at = models.DateTimeField(default=clock.now)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.CharField(max_length=60, blank=True)
    dismissed_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "other"], name="likeness_once"),
            models.CheckConstraint(
                condition=models.Q(course__lt=models.F("other")), name="likeness_older_course_first"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course_id} ~ {self.other_id}: {self.share:.2f}"


class UnshownPicture(models.Model):
    """A kept picture that nothing shows, by its name in the storage, and since when a job has known it."""

    name = models.CharField(max_length=120, unique=True)
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
