"""`zhiyue import events FILE`: bring past events in; `zhiyue import undo N`, `zhiyue import list`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from zhiyue.collect.importing.mapping import read_mapping
from zhiyue.collect.importing.running import Outcome, import_file, try_file
from zhiyue.collect.importing.undoing import undo
from zhiyue.collect.models import HistoryImport
from zhiyue.core.kit.errors import Refused
from zhiyue.core.kit.sheets import GB18030
from zhiyue.product.catalogue.places import places

ENDINGS = (".csv", ".tsv", ".parquet", ".jsonl", ".json")


class Command(BaseCommand):
    help = "Bring past events in from a file (docs/operating/importing.md), or take an import out again."

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        events = acts.add_parser("events", help="Bring the events of a CSV, Parquet or xAPI file in.")
        events.add_argument(
            "file", type=Path, help="*.csv, *.tsv, *.parquet, or *.jsonl with a statement a line."
        )
        events.add_argument("--mapping", type=Path, help="A TOML file: what the columns mean.")
        events.add_argument("--dry-run", action="store_true", help="Judge every row, and write nothing.")
        events.add_argument("--refused", type=Path, help="Write the refused rows and why into this CSV file.")
        gone = acts.add_parser("undo", help="Delete every event that an import brought.")
        gone.add_argument("number", type=int, help="The import's number, as `zhiyue import list` shows it.")
        acts.add_parser("list", help="The imports there were, newest first.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            {"events": self._events, "undo": self._undo, "list": self._list}[options["act"]](options)
        except Refused as refused:
            raise CommandError(str(refused.message)) from refused

    def _events(self, options: dict[str, Any]) -> None:
        file = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        if file.suffix.lower() not in ENDINGS:
            # Anything may be read as a table somehow: rubbish would be refused row by row, one by one.
            raise CommandError(
                f"{file.name} isn't a file that can be read: its name ends with none of {', '.join(ENDINGS)}."
            )
        mapping = read_mapping(options["mapping"], file=file)
        if mapping.encoding == GB18030:
            self.stderr.write(f"{file.name} is read as GB18030, as Excel in Chinese saves “CSV”.")
        with tqdm(unit=" rows", disable=None, file=self.stderr) as bar:

            def report(done: int, total: int) -> None:
                bar.total = max(total, done)
                bar.update(done - bar.n)

            told: dict[str, Any] = {"mapping": mapping, "places": places(), "report": report}
            if options["dry_run"]:
                outcome = try_file(file, refused_to=options["refused"], **told)
                said = "Nothing was written. It would be:"
            else:
                record, outcome = import_file(file, by=None, refused_to=options["refused"], **told)
                said = f"Import {record.pk} is done (to take it out: zhiyue import undo {record.pk})."
        self.stdout.write(said)
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        self.stdout.write(
            f"{outcome.rows:,} rows: {outcome.imported:,} new, "
            f"{outcome.repeated:,} already there or twice in the file, "
            f"{outcome.unconsented:,} without consent, {outcome.refused:,} refused."
        )
        for reason, count in outcome.reasons.most_common():
            self.stdout.write(f"  {count:>9,}  {reason}")
        for fault in outcome.errors[:10]:
            self.stdout.write(f"  row {fault.row}: {fault.detail}")
        if outcome.refused > 10:
            self.stdout.write("  … all of them with --refused FILE.csv")

    def _undo(self, options: dict[str, Any]) -> None:
        gone = undo(import_id=options["number"], by=None)
        self.stdout.write(f"{gone:,} events went.")

    def _list(self, options: dict[str, Any]) -> None:
        found = HistoryImport.objects.order_by("-pk")
        if not found:
            self.stdout.write("Nothing was imported yet.")
        for one in found:
            self.stdout.write(
                f"{one.pk:>5}  {one.started_at:%Y-%m-%d %H:%M}  {one.state:<8} {one.imported:>12,}  {one.file_name}"
            )
