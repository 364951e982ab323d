"""`zhiyue lake status | seal | verify | recount`: words in, one service called, words out."""

import argparse
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from zhiyue.collect import lake
from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.lake.checking import OpenDay, faults_of, open_days
from zhiyue.collect.models import LakeCheck
from zhiyue.collect.zones import recount

FAULTY = 1


class Command(BaseCommand):
    help = "Show, seal, verify or recount the lake: past days of the event log as Parquet."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="status | seal | verify | recount")
        self._with_json(verbs.add_parser("status", help="what is sealed, what is open and why"))
        verbs.add_parser("seal", help="seal now what is due, and what still holds what was forgotten")
        self._with_json(verbs.add_parser("verify", help="read every file and hold it against the log"))

        verbs.add_parser("recount", help="count days anew after ZHIYUE_TIME_ZONE changed")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['verb']}")(**options)
        except LakeUnreachable as why:
            raise CommandError(str(why)) from why

    def _with_json(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs")

    def _status(self, **options: Any) -> None:
        found = lake.report()
        if options["json"]:
            self._as_json(
                place=found.place,
                days_sealed=found.days_sealed,
                open_days=[[one.day.isoformat(), one.why] for one in found.open_days],
                rows=found.rows,
                bytes=found.size,
                newest_day=found.newest_day.isoformat() if found.newest_day else None,
                newest_seal=found.newest_seal.isoformat() if found.newest_seal else None,
                last_check=_told(found.last_check) if found.last_check else None,
            )
            return
        self.stdout.write(f"{found.place}: {_amount(found.days_sealed, found.rows, found.size)}")
        self._list_open(found.open_days)
        if found.last_check:
            self.stdout.write(_checked(found.last_check))

    def _seal(self, **options: Any) -> None:
        sealed = lake.seal_past_days() + lake.compact()
        swept = lake.sweep()
        self.stdout.write(f"Days sealed: {sealed}. Files removed: {swept}.")

    def _verify(self, **options: Any) -> None:
        check = lake.verify()
        if options["json"]:
            self._as_json(**_told(check))
        else:
            self.stdout.write(_amount(check.days, check.rows, check.size))
            self._list_open(tuple(open_days()))
            for fault in faults_of(check):
                self.stdout.write(f"{fault.day or 'lake'}  {fault.said}")
            self.stdout.write(_checked(check))
            if check.mended:
                self.stdout.write(f"Days read from the log until they are sealed anew: {check.mended}.")
        if check.fault_count:
            sys.exit(FAULTY)

    def _recount(self, **options: Any) -> None:
        self.stdout.write(f"Events that fall on another day now: {recount()}.")

    def _list_open(self, days: tuple[OpenDay, ...]) -> None:
        for one in days:
            self.stdout.write(f"{one.day}  {one.said}")

    def _as_json(self, **told: object) -> None:
        self.stdout.write(json.dumps(told, ensure_ascii=False))


def _amount(days: int, rows: int, size: int) -> str:
    return f"{days:,} days sealed, {rows:,} events, {size / 2**20:.1f} MiB"


def _checked(check: LakeCheck) -> str:
    said = "nothing wrong" if not check.fault_count else f"faults: {check.fault_count}"
    return f"Verified on {check.ended_at:%Y-%m-%d %H:%M} UTC: {said}."


def _told(check: LakeCheck) -> dict[str, object]:
    return {
        "started_at": check.started_at.isoformat(),
        "ended_at": check.ended_at.isoformat(),
        "days": check.days,
        "rows": check.rows,
        "bytes": check.size,
        "open_days": check.open_days,
        "faults": check.faults,
        "fault_count": check.fault_count,
        "mended": check.mended,
    }
