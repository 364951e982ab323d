"""What `zhiyue check` and the doctor warn of: settings that do harm to the event log."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning, register

# Activity looks back 28 days, and a month is compared with the one before.
SHORT_DAYS = 30


@register("collect")
def events_are_kept_long_enough(
    app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[CheckMessage]:
    """Fewer days than measures look back."""
    if not 0 < settings.ZHIYUE_EVENTS_KEEP_DAYS < SHORT_DAYS:
        return []
    days = settings.ZHIYUE_EVENTS_KEEP_DAYS
    said = f"ZHIYUE_EVENTS_KEEP_DAYS is {days}: events go before a month of them is measured."
    return [Warning(said, hint=f"Set it to {SHORT_DAYS} or more, or to 0.", id="zhiyue.W001")]
