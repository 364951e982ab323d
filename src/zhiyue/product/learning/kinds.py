"""Records that travel in and out of learning."""

from dataclasses import dataclass
from datetime import datetime

from zhiyue.collect.kinds import Actor


@dataclass(frozen=True, slots=True)
class PastProgress:
    """How far somebody came in a lesson in the past, for `import_progress`."""

    actor: Actor
    lesson_id: int
    percent: int
    finished_at: datetime | None
    opened_at: datetime
