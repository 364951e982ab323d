"""Tags for everybody a list found: at once where they are few, else as jobs, so that no request and no lock is long."""

from collections.abc import Sequence

from django.db import transaction

from zhiyue.core.accounts import staff
from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.jobs.services import enqueue
from zhiyue.experience.desk.tasks import tag_members

# A fifth of a second of SQLite's one writer, measured.
AT_ONCE = 2_000


@transaction.atomic
def tag_found(*, viewer: Viewer, member_ids: Sequence[int], tag: str) -> int | None:
    """Put a tag on members. How many got it; None where they are so many that jobs do it. Raises NotAllowed, Unfit."""
    by = require(viewer, Permission.CHANGE_MEMBERS)
    if len(member_ids) <= AT_ONCE:
        return staff.tag_members(viewer=viewer, member_ids=member_ids, tag=tag)
    tag = staff.tidy_tag(tag)
    for start in range(0, len(member_ids), AT_ONCE):
        piece = list(member_ids[start : start + AT_ONCE])
        enqueue(tag_members, by_id=by.pk, member_ids=piece, tag=tag)
    return None
