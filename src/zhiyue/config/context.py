"""What the wiring tells every template: how far the demo is filled. Pages and demo don't know each other."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from zhiyue.demo.selectors import seeding


def demo(request: HttpRequest) -> dict[str, object]:
    """`seeding`, looked up only where a template asks; absent where there is no demo."""
    return {"seeding": SimpleLazyObject(seeding)} if settings.ZHIYUE_DEMO else {}
