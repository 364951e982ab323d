"""`zhiyue remove_second_factors`: for a member who lost device and recovery codes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhiyue.core.accounts.second_factor import remove_second_factors
from zhiyue.core.accounts.ways import member_named


class Command(BaseCommand):
    help = "Remove a member's passkeys, authenticator app and recovery codes, and end their sessions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="E-mail address, phone (+86…) or user name.")
        parser.add_argument(
            "--why", required=True, help="How you know who asked: it stands in the audit log."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = str(options["name"]).strip()
        user = member_named(name)
        if user is None:
            raise CommandError(
                f"No member is called “{name}”. Give an e-mail address, a phone or a user name."
            )
        gone = remove_second_factors(user=user, by=None, why=options["why"])
        self.stdout.write(
            f"{user.display_name}: {gone} removed, every session ended."
            if gone
            else f"{user.display_name} had none."
        )
