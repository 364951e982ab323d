"""`zhiyue worker`: runs background jobs until told to stop."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from zhiyue.core.jobs.lifetime import Lifetime
from zhiyue.core.jobs.worker import Worker


class Command(BaseCommand):
    help = "Runs background jobs one at a time; start several for more. Ends within 10 seconds of TERM."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="run what is due now, then end")
        parser.add_argument("--name", default="", help="how the job list calls this worker")

    def handle(self, *args: Any, once: bool, name: str, **options: Any) -> None:
        # Only what keeps production safe: the rest of Django's checks would make every start slower.
        self.check(tags=["production"], databases=["default"])
        lifetime = Lifetime()
        lifetime.listen()
        Worker(lifetime=lifetime, name=name, once=once).run()
