"""`zhiyue export events FILE`: the event log as xAPI statements."""

from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from zhiyue.product.catalogue.statements import statements


class Command(BaseCommand):
    help = "Write the events that may be analysed as xAPI statements, a line each."

    def add_arguments(self, parser: CommandParser) -> None:
        events = parser.add_subparsers(dest="act", required=True).add_parser("events")
        events.add_argument("file", type=Path, help="Is written anew; *.jsonl.")
        events.add_argument("--base", required=True, help="The academy's address: https://academy.example")
        events.add_argument("--since", type=date.fromisoformat, help="The first business day.")
        events.add_argument("--until", type=date.fromisoformat, help="The last one.")
        events.add_argument(
            "--named",
            action="store_true",
            help="People by their address, phone or user name, as another academy needs it; else by pseudonyms.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        base = options["base"].rstrip("/")
        if not base.startswith(("https://", "http://")):
            raise CommandError(f"--base is an address such as https://academy.example, not “{base}”.")
        if options["file"].suffix.lower() not in (".jsonl", ".json"):
            raise CommandError(
                f"Statements are written, a line each: call it *.jsonl, not {options['file'].name}."
            )
        told = {name: options[name] for name in ("since", "until", "named")}
        # Beside the file first, so that a run that is broken off leaves no half of it under its name.
        unfinished = options["file"].with_name(f".{options['file'].name}.part")
        try:
            with (
                unfinished.open("w", encoding="utf-8") as file,
                tqdm(unit=" events", disable=None, file=self.stderr) as bar,
            ):
                count = 0
                for line in statements(base=base, **told):
                    file.write(f"{line}\n")
                    bar.update()
                    count += 1
            unfinished.replace(options["file"])
        except OSError as why:
            raise CommandError(f"{options['file']} can't be written: {why.strerror or why}.") from why
        self.stdout.write(f"{options['file']}: {count:,} statements.")
