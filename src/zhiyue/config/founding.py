"""What `zhiyue init` writes: the settings file, and the first rows of a real academy."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from zhiyue.core.academy import logo as logos
from zhiyue.core.academy.models import Academy, Accent
from zhiyue.core.academy.services import Looks, found_academy, publish_templates
from zhiyue.core.academy.texts import templates
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.services import create_member
from zhiyue.core.accounts.staff import make_first_owner
from zhiyue.demo.selectors import demo_accounts_exist, seeding


class CannotFound(Exception):
    """Why no academy is made here; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator answered."""

    name: str
    owner_email: str
    owner_name: str
    password: str
    accent: str = Accent.TEAL
    logo: str = ""


def _tables() -> list[str]:
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        return []
    return connection.introspection.table_names()


def refuse_where_something_is() -> None:
    """Raises CannotFound where an academy is set up already, or where the demo lives."""
    tables = _tables()
    if Academy._meta.db_table in tables and Academy.objects.exclude(set_up_at=None).exists():
        raise CannotFound("An academy is set up here already. Nothing was changed. Go on with: zhiyue serve")
    if User._meta.db_table in tables and (demo_accounts_exist() or seeding() is not None):
        raise CannotFound(
            "The database here is the demo's, whose passwords are known. Nothing was changed. "
            "Choose another place, for example: ZHIYUE_DATA_DIR=academy zhiyue init"
        )


def settings_text(*, name: str, zone: str, data_dir: Path, database_url: str, domain: str) -> str:
    """The settings file. With a domain: production behind a proxy that speaks HTTPS; without: this machine only."""
    lines = [
        "# Settings of this academy. Only its user may read this file. Every setting: docs/operating/settings.md",
        f"ZHIYUE_ENVIRONMENT={'production' if domain else 'development'}",
        f"ZHIYUE_SECRET_KEY={secrets.token_urlsafe(48)}",
        f"ZHIYUE_SITE_NAME={name}",
        f"ZHIYUE_TIME_ZONE={zone}",
        f"ZHIYUE_DATA_DIR={data_dir}",
        f"ZHIYUE_DATABASE_URL={database_url or f'sqlite:///{data_dir}/zhiyue.sqlite3'}",
    ]
    if domain:
        lines += [
            f"ZHIYUE_ALLOWED_HOSTS={domain},127.0.0.1",
            f"ZHIYUE_TRUSTED_ORIGINS=https://{domain}",
            "ZHIYUE_BEHIND_HTTPS_PROXY=true",
        ]
    return "\n".join(lines) + "\n"


def write_settings(path: Path, text: str) -> None:
    """Never over a file that is there. Raises CannotFound."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as why:
        raise CannotFound(f"The settings file {path} can't be written ({why.strerror}).") from why
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def settle(wishes: Wishes) -> None:
    """Tables, academy, owner and templates of agreements: all rows or none. Raises CannotFound, Refused."""
    refuse_where_something_is()
    call_command("migrate", verbosity=0)
    picture = Path(wishes.logo).read_bytes() if wishes.logo else b""
    with transaction.atomic():
        name = logos.keep(picture) if picture else ""
        owner = User.objects.filter(email=wishes.owner_email.strip().lower()).first() or create_member(
            email=wishes.owner_email, password=wishes.password, display_name=wishes.owner_name
        )
        make_first_owner(member=owner)
        publish_templates(texts=templates())
        found_academy(looks=Looks(name=wishes.name, accent=wishes.accent, logo=name))
    if settings.ZHIYUE_ENVIRONMENT == "production":
        call_command("collectstatic", interactive=False, verbosity=0)
