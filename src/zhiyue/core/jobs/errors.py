"""What the queue refuses."""

from typing import ClassVar

from zhiyue.core.kit.errors import Refused


class JobNotFound(Refused):
    code: ClassVar[str] = "job_not_found"
    status: ClassVar[int] = 404


class JobNotInState(Refused):
    code: ClassVar[str] = "job_not_in_state"
