"""Background entries of commerce."""

from zhiyue.core.accounts.uploads import forget_uploads as forget
from zhiyue.core.jobs.registry import every, job
from zhiyue.product.commerce.importing import end_stuck_imports, import_sheet


@job(name="commerce.import_members", attempts=5, lease_seconds=60)
def import_members(*, sheet_id: int) -> None:
    import_sheet(sheet_id=sheet_id)


@job(name="commerce.forget_uploads", attempts=3, lease_seconds=60)
def forget_uploads() -> None:
    end_stuck_imports()
    forget()


every(minutes=60, job=forget_uploads)
