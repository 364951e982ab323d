"""What learning may refuse."""

from typing import ClassVar

from zhiyue.core.kit.errors import Refused
from zhiyue.product.commerce.selectors import Access


class LessonClosed(Refused):
    """The lesson does not open for this person; `access.why` says why."""

    code = "lesson_closed"
    status: ClassVar[int] = 403

    def __init__(self, access: Access, message: str) -> None:
        super().__init__(message)
        self.access = access
