"""Background entries of the desk."""

from zhiyue.core.accounts import staff
from zhiyue.core.accounts.errors import NotAllowed, SecondFactorRequired
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.second_factor import viewer_of
from zhiyue.core.jobs.registry import job


@job(name="desk.tag_members", attempts=5, lease_seconds=60)
def tag_members(*, by_id: int, member_ids: list[int], tag: str) -> None:
    by = User.objects.get(pk=by_id)
    try:
        staff.tag_members(viewer=viewer_of(by), member_ids=member_ids, tag=tag)
    except (NotAllowed, SecondFactorRequired):
        # Another attempt would find the same.
        staff.end_tagging(by=by, members=len(member_ids), tag=tag)
