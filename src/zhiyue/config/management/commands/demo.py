"""`zhiyue demo`: an academy full of life, on this machine, in one command."""

import os
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import translation

from zhiyue.config.supervisor import CannotServe, check_folder, check_port, children, port_of, run
from zhiyue.core.jobs.services import enqueue
from zhiyue.demo.accounts import ACCOUNTS, PASSWORD, DemoAccount
from zhiyue.demo.selectors import seeding
from zhiyue.demo.tasks import seed

HOST = "127.0.0.1"
# How people are told to call it: browsers make passkeys for a name, never for a bare address.
NAME = "localhost"
NEEDED_BYTES = 300 * 2**20


class Command(BaseCommand):
    help = "Set up the demo academy and serve it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", default=os.environ.get("PORT", "8000"))
        parser.add_argument(
            "--reload", action="store_true", help="Start everything again when the code changes."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            port = port_of(options["port"])
            check_port(HOST, port, instead=f"make demo PORT={port + 1}")
            check_folder(Path(settings.ZHIYUE_DATA_DIR), needed_bytes=NEEDED_BYTES)
        except CannotServe as why:
            raise CommandError(str(why)) from why
        if not settings.ZHIYUE_DEMO:
            raise CommandError(
                "The demo has accounts with known passwords. Say that you want it: ZHIYUE_DEMO=1 zhiyue demo"
            )
        self.check()
        self.stdout.write("Preparing the database …")
        call_command("migrate", verbosity=0)
        enqueue(seed, key="demo.seed")
        self.stdout.write("Starting web, worker and scheduler …")
        self.stdout.flush()
        watched = settings.PACKAGE if options["reload"] else None
        if status := run(
            children(host=HOST, port=port), when_started=lambda: self._welcome(port), watched=watched
        ):
            raise SystemExit(status)
        self.stdout.write("Stopped; nothing is left running.")

    def _filling(self) -> list[str]:
        state = seeding()
        # This thread's connection must not outlive it.
        connection.close()
        if state and state.finished_at:
            return []
        return [
            "  The academy fills itself in the background; the strip on the home page shows how far it is."
        ]

    def _welcome(self, port: int) -> None:
        address = f"http://{NAME}:{port}"
        if not _answers(f"http://{HOST}:{port}/healthz", seconds=60):
            return
        lines = [
            "",
            f"  Zhiyue 知跃 is at  {address}/",
            "",
            f"  Sign in at {address}/sign-in/ with the password  {PASSWORD}",
            *[_sign_in(account) for account in ACCOUNTS],
            "",
            f"  The desk: {address}/desk/   Follow one click: {address}/desk/follow/",
            *self._filling(),
            "  Ctrl-C stops everything.",
            "",
        ]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _sign_in(account: DemoAccount) -> str:
    with translation.override("en"):
        sees = f"  ({account.sees}: see /me/interests/)" if account.sees else ""
    return f"    {account.role:<9} {account.email}{sees}"


def _answers(address: str, *, seconds: int) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 - our own loopback address
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False
