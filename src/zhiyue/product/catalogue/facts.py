"""What happens to courses and topics that others may want to know."""

from dataclasses import dataclass

from zhiyue.core.kit.facts import Fact


@dataclass(frozen=True)
class AboutCourse(Fact):
    course_id: int

    @property
    def subject(self) -> str:
        return f"course:{self.course_id}"


@dataclass(frozen=True)
class CoursePublished(AboutCourse):
    """It came out, or came out again: from now on people find it. A scheduled one says so when its time has come."""


@dataclass(frozen=True)
class CourseChanged(AboutCourse):
    """Words of a published course were changed: its facts, its outline or a lesson. The name of its topic isn't its
    own: see `TopicRenamed`."""


@dataclass(frozen=True)
class CourseWithdrawn(AboutCourse):
    """It was taken back after it had come out: nobody finds it any more."""


@dataclass(frozen=True)
class TopicRenamed(Fact):
    topic_id: int

    @property
    def subject(self) -> str:
        return f"topic:{self.topic_id}"
