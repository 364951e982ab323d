"""`zhiyue recommend evaluate | off-policy | batch | policies | train | explain`: words in, one service called, words
out."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from zhiyue.collect.errors import LakeUnreachable
from zhiyue.collect.kinds import Actor
from zhiyue.collect.places import Unreachable
from zhiyue.core.accounts.ways import member_named
from zhiyue.core.jobs.services import enqueue
from zhiyue.core.kit import clock
from zhiyue.recommend import memory, off_policy, offline, report, services, valuing
from zhiyue.recommend.errors import NotPossible
from zhiyue.recommend.explaining import explain
from zhiyue.recommend.explanation import explanation_as_text
from zhiyue.recommend.extras import needs_extra
from zhiyue.recommend.live import live_policy, standing
from zhiyue.recommend.models import Artefact
from zhiyue.recommend.outputs import reserved
from zhiyue.recommend.policies import DEFAULT_POLICY, POLICIES, SHELF_LENGTH
from zhiyue.recommend.tasks import take_in

REFUSED, BAD_INPUT = 1, 2
# What a shell reports for a process that Ctrl-C ended.
INTERRUPTED = 130


class Command(BaseCommand):
    help = (
        "Compare recommendation policies on files, recommend to many users at once; train and explain here."
    )
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(
            dest="verb", required=True, metavar="evaluate | off-policy | batch | policies | train | explain"
        )
        self._add_evaluate(verbs.add_parser("evaluate", help="compare policies on hidden interactions"))
        self._add_off_policy(
            verbs.add_parser(
                "off-policy", help="what another policy would have earned, from a log of choices"
            )
        )
        self._add_batch(verbs.add_parser("batch", help="write the best items for many users"))
        verbs.add_parser("policies", help="list the policies")
        now = verbs.add_parser("train", help="train this academy's policies now")
        now.add_argument(
            "--policy", action="append", default=[], metavar="NAME", help="may be repeated; default: all"
        )
        now.add_argument(
            "--accept",
            action="store_true",
            help="with --policy: let it serve although it foretells worse than what serves now (audited)",
        )
        self._add_explain(verbs.add_parser("explain", help="take the slate of one member apart"))

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            said: str = getattr(self, f"_{options['verb'].replace('-', '_')}")(**options)
        except NotPossible as problem:
            raise CommandError(str(problem), returncode=BAD_INPUT) from problem
        except (LakeUnreachable, Unreachable) as problem:
            raise CommandError(str(problem), returncode=REFUSED) from problem
        except DatabaseError as problem:
            said = _what_the_database_lacks(problem)
            if not said:
                raise
            raise CommandError(said, returncode=REFUSED) from problem
        except KeyboardInterrupt:
            self._tell("Interrupted; nothing was written.")
            sys.exit(INTERRUPTED)
        # Outside: the files are in place by now, so an interruption must not say otherwise.
        self.stdout.write(said)

    def _add_evaluate(self, parser: argparse.ArgumentParser) -> None:
        files = "Parquet, CSV or CSV.gz"
        parser.add_argument(
            "--train", type=Path, required=True, metavar="FILE",
            help=f"{files}: user_id, item_id, optional time or position (order), optional rating (weight)",
        )  # fmt: skip
        hidden = parser.add_mutually_exclusive_group(required=True)
        hidden.add_argument("--test", type=Path, metavar="FILE", help=f"{files}: user_id, item_id")
        hidden.add_argument(
            "--split", metavar="NAME",
            help="hide a part of the training file instead: newest (item of each), time (the last fifth), "
            "people (a fifth of them whole)",
        )  # fmt: skip
        parser.add_argument("--items", type=Path, metavar="FILE", help=f"{files}: item_id and text columns")
        dear = ", ".join(name for name in POLICIES if needs_extra(name))
        parser.add_argument(
            "--policy", action="append", default=[], metavar="NAME",
            help=f"may be repeated; default: all but {dear}, which need an extra and take long",
        )  # fmt: skip
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole report there")
        parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it, .svg or .png")
        parser.add_argument(
            "--seed",
            type=int,
            default=0,
            metavar="N",
            help="of the bootstrap and of what is drawn (default: 0)",
        )

    def _add_off_policy(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--academy", action="store_true",
            help="of each policy that this academy tried by lot, from its own log; takes no files",
        )  # fmt: skip
        parser.add_argument(
            "--log", type=Path, metavar="FILE",
            help="item_id, reward, propensity, optional position, user_id and numbers named feature_…",
        )  # fmt: skip
        parser.add_argument(
            "--policy", type=Path, metavar="FILE",
            help="item_id, chance, optional position, user_id: with which chance the policy shows the item there",
        )  # fmt: skip
        parser.add_argument("--by-position", action="store_true", help="each position by itself as well")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the whole report there")
        parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the bootstrap (default: 0)")

    def _add_batch(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--train", type=Path, required=True, metavar="FILE", help="as for evaluate")
        parser.add_argument(
            "--users", type=Path, required=True, metavar="FILE", help="user_id; other columns are ignored"
        )
        parser.add_argument("--k", type=int, default=20, metavar="N", help="items per user (default: 20)")
        parser.add_argument(
            "--out", type=Path, required=True, metavar="FILE", help=".parquet: user_id, item_id, score"
        )
        parser.add_argument("--items", type=Path, metavar="FILE", help="item_id and text columns")
        parser.add_argument(
            "--policy", default=DEFAULT_POLICY, metavar="NAME", help=f"default: {DEFAULT_POLICY}"
        )

    def _add_explain(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("person", metavar="PERSON", help="a member's e-mail address, phone or user name")
        parser.add_argument(
            "--k", type=int, default=6, metavar="N",
            help=f"so many of the {SHELF_LENGTH} courses on their home page (default: 6)",
        )  # fmt: skip
        parser.add_argument(
            "--policy", metavar="NAME",
            help="default: what makes their slates now: the live one, in a contest the one drawn for them today",
        )  # fmt: skip

    def _evaluate(self, **options: Any) -> str:
        for name, suffixes in (("json", {".json"}), ("plot", {".svg", ".png"})):
            if options[name] is not None:
                offline.check_target(options[name], suffixes)
        _check_seed(options["seed"])
        writers = {"json": report.write_json, "plot": report.write_plot}
        with ExitStack() as places:
            wanted = [
                (write, places.enter_context(reserved(options[name])))
                for name, write in writers.items()
                if options[name] is not None
            ]
            found = offline.evaluate(
                train=options["train"],
                test=options["test"],
                split=options["split"],
                items=options["items"],
                policies=options["policy"],
                seed=options["seed"],
                tell=self._tell,
            )
            for write, place in wanted:
                write(found, place)
        return report.as_text(found)

    def _off_policy(self, **options: Any) -> str:
        _check_seed(options["seed"])
        files = [options["log"], options["policy"]]
        if options["academy"] and (any(files) or options["by_position"]):
            raise NotPossible(
                "--academy reads this academy's own log: leave --log, --policy and --by-position out."
            )
        if not options["academy"] and not all(files):
            raise NotPossible("Give --log FILE and --policy FILE, or --academy for this academy's own log.")
        with ExitStack() as places:
            place = None
            if options["json"] is not None:
                offline.check_target(options["json"], {".json"})
                place = places.enter_context(reserved(options["json"]))
            if options["academy"]:
                of_academy = valuing.of_newest(seed=options["seed"])
                if place is not None:
                    valuing.write_json(of_academy, place)
                return valuing.as_text(of_academy)
            found = off_policy.evaluate_log(
                log=options["log"],
                policy=options["policy"],
                by_position=options["by_position"],
                seed=options["seed"],
                tell=self._tell,
            )
            if place is not None:
                off_policy.write_json(found, place)
        return off_policy.as_text(found)

    def _batch(self, **options: Any) -> str:
        rows = offline.batch(
            train=options["train"],
            users=options["users"],
            out=options["out"],
            k=options["k"],
            items=options["items"],
            policy=options["policy"],
            tell=self._tell,
        )
        return f"{options['out']}: {rows:,} rows"

    def _policies(self, **options: Any) -> str:
        widest = max(map(len, POLICIES))
        live = self._live()
        return "\n".join(
            f"{policy.name:<{widest}}  {policy.says}{' [live]' if policy.name == live else ''}"
            for policy in POLICIES.values()
        )

    def _live(self) -> str:
        """The policy that is live here; none where there is no academy, only files."""
        try:
            return live_policy()
        except DatabaseError:
            return ""

    def _train(self, **options: Any) -> str:
        if options["accept"] and not options["policy"]:
            raise NotPossible("--accept gives up a better recommender: say of which, with --policy NAME.")
        wanted = [policy.name for policy in offline.chosen_policies(options["policy"])]
        trained = services.train_all(wanted, accept=options["accept"], tell=self._tell)
        # What was published while this read and fitted isn't in it.
        enqueue(take_in, key="catalogue")
        refused = [artefact for artefact in trained if artefact.refusal]
        said = f"{len(trained) - len(refused)} of {len(wanted)} policies are trained and serve from now on."
        if refused:
            said += f" Refused: {', '.join(artefact.policy for artefact in refused)}."
            if any(artefact.refusal == Artefact.Refusal.WORSE for artefact in refused):
                said += " To let one serve that foretells worse: --policy NAME --accept."
            raise CommandError(said, returncode=REFUSED)
        return said

    def _explain(self, **options: Any) -> str:
        if options["policy"] is not None:
            offline.chosen_policies([options["policy"]])
        if options["k"] < 1:
            raise NotPossible(f"--k is {options['k']}; it must be 1 or more.")
        member = member_named(options["person"])
        if member is None:
            raise NotPossible(f"There is no member with the address, phone or name “{options['person']}”.")
        decided = standing()
        for name in {options["policy"] or decided.policy, *(decided.chances_on(clock.business_day()) or {})}:
            memory.newest(name, waits=True)
        found = explain(Actor(member_id=member.pk), policy=options["policy"])
        if options["k"] > SHELF_LENGTH:
            self._tell(f"The shelf of the home page has {SHELF_LENGTH} places, so no more are told.")
        if not found.is_trained:
            self._tell(f"{found.policy} isn't trained: what most learners begin with answers in its place.")
        return explanation_as_text(found, first=options["k"])

    def _tell(self, text: str) -> None:
        self.stderr.write(text)


def _what_the_database_lacks(problem: DatabaseError) -> str:
    """In words, where it isn't there or not up to this version; empty where the fault isn't its own."""
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return f"The database can't be asked: {str(problem).strip()}"
    waits = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return "The database isn't up to this version. First run: zhiyue migrate" if waits else ""


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise NotPossible("--seed must be 0 or more.")
