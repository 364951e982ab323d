"""The lab: comparisons of policies, each a job; the last ones are kept. How policies are compared: `comparing`; how
staff ask for it: `asking`."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.jobs.models import OPEN_STATES, Job
from zhiyue.core.jobs.services import progress
from zhiyue.core.kit import clock
from zhiyue.recommend.compared import Comparison
from zhiyue.recommend.comparing import Tick, compare, offered
from zhiyue.recommend.inputs import academy
from zhiyue.recommend.models import LabRun
from zhiyue.recommend.policies import POLICIES
from zhiyue.recommend.steps import chosen

KEPT_RUNS = 20
# Progress is told in so many parts.
PARTS = 100

State = Literal["waiting", "running", "done", "broken"]


@dataclass(frozen=True, slots=True)
class Run:
    """A comparison as it stands. `broken`: its job was given up, discarded or is gone. `done` of `total` parts, and the
    policy that has its turn; `total` is None until the job has said so. `found` only where it is done."""

    pk: int
    state: State
    policies: tuple[str, ...]
    split: str
    live: str
    asked_at: datetime
    finished_at: datetime | None
    by: str
    found: Comparison | None = None
    done: int = 0
    total: int | None = None
    policy: str = ""

    @property
    def is_open(self) -> bool:
        return self.state in ("waiting", "running")


def runs(viewer: Viewer) -> list[Run]:
    """Every run that is kept, the newest first. Raises NotAllowed."""
    require(viewer, Permission.SEE_ACTIVITY)
    rows = LabRun.objects.select_related("asked_by").order_by("-pk")[:KEPT_RUNS]
    return [_run(row) for row in rows]


def carry_out(run_id: int) -> None:
    """Compare what was asked for, and keep what was found. A run that isn't open (any more) is left alone."""
    row = LabRun.objects.filter(pk=run_id, state=LabRun.State.OPEN).first()
    if row is None:
        return

    def tell(tick: Tick) -> None:
        progress(done=int(PARTS * tick.done), total=PARTS, note=tick.policy)

    wanted = [name for name in row.policies if name in POLICIES]
    with chosen() as steps:
        found = compare(academy(), offered(), policies=wanted, split=row.split, steps=steps, tell=tell)
    LabRun.objects.filter(pk=run_id, state=LabRun.State.OPEN).update(
        state=LabRun.State.DONE, found=found.to_json(), finished_at=clock.now()
    )


def close_broken() -> None:
    """A run that its job will never end isn't open any more."""
    for row in LabRun.objects.filter(state=LabRun.State.OPEN):
        if _open_job(row) is None:
            LabRun.objects.filter(pk=row.pk, state=LabRun.State.OPEN).update(state=LabRun.State.BROKEN)


def forget_old() -> None:
    kept = list(LabRun.objects.order_by("-pk").values_list("pk", flat=True)[:KEPT_RUNS])
    LabRun.objects.exclude(pk__in=kept).delete()


def _run(row: LabRun) -> Run:
    run = Run(
        pk=row.pk,
        state="broken",
        policies=tuple(row.policies),
        split=row.split,
        live=row.live,
        asked_at=row.asked_at,
        finished_at=row.finished_at,
        by=row.asked_by.display_name if row.asked_by else "",
    )
    if row.state == LabRun.State.DONE and row.found is not None:
        return replace(run, state="done", found=Comparison.from_json(row.found))
    job = _open_job(row) if row.state == LabRun.State.OPEN else None
    if job is None:
        return run
    return replace(
        run,
        state="running" if job.state == Job.State.RUNNING else "waiting",
        done=job.progress_done or 0,
        total=job.progress_total,
        policy=job.progress_note,
    )


def _open_job(row: LabRun) -> Job | None:
    return Job.objects.filter(pk=row.job_id or 0, state__in=OPEN_STATES).first()
