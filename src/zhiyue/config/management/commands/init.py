"""`zhiyue init`: a real, empty academy, by questions or by words on the line."""

import getpass
import json
import os
import re
import secrets
import subprocess
import sys
import unicodedata
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from zhiyue.config.environment import env_file, env_file_path
from zhiyue.config.founding import (
    CannotFound,
    Wishes,
    refuse_where_something_is,
    settings_text,
    settle,
    write_settings,
)
from zhiyue.config.supervisor import CannotServe, check_folder
from zhiyue.core.academy.logo import LARGEST_BYTES
from zhiyue.core.academy.models import Academy, Accent
from zhiyue.core.accounts.models import User
from zhiyue.core.kit.columns import longest
from zhiyue.core.kit.errors import Refused

NEEDED_BYTES = 200 * 2**20
# Names between dots, of letters, digits and hyphens; the last one isn't a number.
_PART = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST_NAME = re.compile(rf"(?:{_PART}\.)+(?=[a-z0-9-]*[a-z]){_PART}", re.IGNORECASE | re.ASCII)


class Command(BaseCommand):
    help = "Make a real, empty academy: settings file, database, owner."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", help="What the academy is called.")
        parser.add_argument("--owner-email")
        parser.add_argument("--owner-name")
        parser.add_argument("--zone", help="Business zone, such as Asia/Shanghai.")
        parser.add_argument(
            "--domain", help="The public host name; without one it runs on this machine only."
        )
        parser.add_argument("--accent", choices=Accent.values, default=Accent.TEAL.value)
        parser.add_argument("--logo", default="", help="A picture: PNG, JPEG, WebP or GIF.")
        parser.add_argument("--noinput", action="store_true", help="Ask nothing; print a password to change.")
        parser.add_argument("--settle", action="store_true", help="Used by init itself.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["settle"]:
                settle(Wishes(**json.load(sys.stdin)))
                return
            self._found(options)
        except (CannotFound, CannotServe, Refused) as why:
            raise CommandError(str(why)) from why
        except ValidationError as why:
            raise CommandError(" ".join(why.messages)) from why

    def _found(self, options: dict[str, Any]) -> None:
        refuse_where_something_is()
        folder = Path(settings.ZHIYUE_DATA_DIR)
        check_folder(folder, needed_bytes=NEEDED_BYTES)
        asking = not options["noinput"]
        name = _answer("Name of the academy", options["name"], asking, longest(Academy, "name"))
        email = _answer("E-mail address of the owner", options["owner_email"], asking, longest(User, "email"))
        validate_email(email)
        limit = longest(User, "display_name")
        assumed = "" if asking else email.partition("@")[0][:limit]
        owner = _answer("Name of the owner", options["owner_name"] or assumed, asking, limit)
        zone, domain = options["zone"], options["domain"]
        if env_file() is None and asking:
            zone = zone or input(f"Business zone [{settings.ZHIYUE_TIME_ZONE}]: ").strip()
            domain = (
                domain
                or input("Public host name, such as academy.example [none: this machine only]: ").strip()
            )
        _check_plain(name, owner)
        _check(zone or settings.ZHIYUE_TIME_ZONE, domain or "", options["logo"])
        password = _asked_password(email, owner) if asking else secrets.token_urlsafe(15)
        path = env_file()
        if path is None:
            path = env_file_path()
            write_settings(
                path,
                settings_text(
                    name=name,
                    zone=zone or settings.ZHIYUE_TIME_ZONE,
                    data_dir=folder,
                    database_url=os.environ.get("ZHIYUE_DATABASE_URL", ""),
                    domain=domain or "",
                ),
            )
        logo = str(Path(options["logo"]).resolve()) if options["logo"] else ""
        self._settle(path, Wishes(name, email, owner, password, options["accent"], logo))
        self._say(path, email, "" if asking else password, domain or "")

    def _settle(self, path: Path, wishes: Wishes) -> None:
        """In a process of its own, which has the new settings."""
        done = subprocess.run(
            [sys.executable, "-m", "zhiyue", "init", "--settle"],
            env={**os.environ, "ZHIYUE_ENV_FILE": str(path)},
            input=json.dumps(asdict(wishes)),
            text=True,
            stderr=subprocess.PIPE,
            check=False,
        )
        if done.returncode:
            why = done.stderr.strip().removeprefix("CommandError: ")
            raise CannotFound(
                f"{why}\nThe settings are in {path}. When that is mended, run zhiyue init again."
            )

    def _say(self, path: Path, email: str, password: str, domain: str) -> None:
        secret = f", password {password} (change it after signing in)" if password else ""
        elsewhere = "" if path == Path("zhiyue.env").resolve() else f"   (with ZHIYUE_ENV_FILE={path})"
        address = f"https://{domain}" if domain else "http://localhost:8000"
        lines = [
            f"The academy is made. Its settings are in {path}; keep a copy of that file.",
            f"Owner: {email}{secret}",
            f"Start it:        zhiyue serve{elsewhere}",
            f"Then open:       {address}/desk/setup/  which leads through what is left",
            "How it is:       zhiyue doctor",
        ]
        self.stdout.write("\n".join(lines))


def _answer(question: str, given: str | None, asking: bool, limit: int) -> str:
    text = (given or "").strip()
    while asking and not text:
        text = input(f"{question}: ").strip()
    if not text:
        raise CannotFound(f"{question} is missing. See: zhiyue init --help")
    if "\n" in text or len(text) > limit:
        raise CannotFound(f"{question} is too long: one line, {limit} characters at most.")
    return text


def _check_plain(*answers: str) -> None:
    """No control characters, nor any sign that somebody takes for the end of a line."""
    for answer in answers:
        if any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in answer):
            raise CannotFound(f"{answer!r} holds a sign that can't be shown. Type it anew.")


def _check(zone: str, domain: str, logo: str) -> None:
    if zone not in available_timezones():
        raise CannotFound(f"The zone must be one such as Asia/Shanghai, not “{zone}”.")
    if domain and (len(domain) > 253 or not _HOST_NAME.fullmatch(domain)):
        raise CannotFound(f"The host name must be one such as academy.example, not “{domain}”.")
    if logo and (not Path(logo).is_file() or Path(logo).stat().st_size > LARGEST_BYTES):
        raise CannotFound(f"The logo {logo} can't be read or is larger than 2 MB.")


def _asked_password(email: str, name: str) -> str:
    """Twice the same, and good enough."""
    while True:
        first = getpass.getpass("Password of the owner: ")
        try:
            validate_password(first, User(email=email, display_name=name))
        except ValidationError as why:
            sys.stderr.write("\n".join(why.messages) + "\n")
            continue
        if getpass.getpass("Once more: ") == first:
            return first
        sys.stderr.write("These two aren't the same.\n")
