"""`zhiyue scheduler`: enqueues the periodic jobs until told to stop."""

from typing import Any

from django.core.management.base import BaseCommand

from zhiyue.core.jobs import scheduler
from zhiyue.core.jobs.lifetime import Lifetime


class Command(BaseCommand):
    help = "Enqueues periodic jobs when they are due; a second scheduler does no harm."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        # Only what keeps production safe: the rest of Django's checks would make every start slower.
        self.check(tags=["production"], databases=["default"])
        lifetime = Lifetime()
        lifetime.listen()
        scheduler.run(lifetime=lifetime)
