"""What `zhiyue check` and the doctor warn of: settings that do harm to the event log."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.db import DatabaseError, connection

from zhiyue.collect.models import Logbook
from zhiyue.collect.zones import other_zone

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


@register("collect", "database")
def days_are_counted_in_one_zone(
    app_configs: Sequence[AppConfig] | None = None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """The zone of the settings is the one in which days of the log were counted."""
    if not databases:
        # Not asked to look: on SQLite looking would make the file.
        return []
    # Before the first `zhiyue migrate` nothing was counted; and other settings may name a database that isn't there.
    try:
        counted = other_zone() if Logbook._meta.db_table in connection.introspection.table_names() else ""
    except DatabaseError:
        return []
    if not counted:
        return []
    said = f"ZHIYUE_TIME_ZONE is {settings.ZHIYUE_TIME_ZONE}, but days of the event log were counted in {counted}."
    hint = f"Set it back to {counted}, or stop the worker and run: zhiyue lake recount"
    return [Warning(said, hint=hint, id="zhiyue.W002")]
