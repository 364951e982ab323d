"""`GET /healthz`: is this process ready to serve?"""

import sqlite3

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from zhiyue import __version__
from zhiyue.core.jobs.selectors import queue_lag_seconds


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers with its tables in place, 503 otherwise. The lag is in seconds."""
    state: dict[str, object] = {
        "version": __version__,
        "database": connection.vendor,
        "sqlite_version": sqlite3.sqlite_version,
    }
    try:
        lag = queue_lag_seconds()
    except DatabaseError:
        return JsonResponse({"status": "database unavailable", **state}, status=503)
    return JsonResponse({"status": "ok", **state, "queue_lag_seconds": round(lag, 1)})
