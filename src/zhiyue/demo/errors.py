"""What the demo refuses."""

from typing import ClassVar

from django.utils.translation import pgettext_lazy

from zhiyue.core.kit.errors import Refused


class NotInProduction(Refused):
    code: ClassVar[str] = "not_in_production"
    status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__(
            pgettext_lazy("demo", "A production academy has no simulated members. Nothing was changed.")
        )


class NoDemo(Refused):
    code: ClassVar[str] = "no_demo"
    status: ClassVar[int] = 404

    def __init__(self) -> None:
        super().__init__(pgettext_lazy("demo", "There are no simulated members here."))
