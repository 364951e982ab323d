"""Background entries of the desk."""

from zhiyue.core.accounts import staff
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.second_factor import viewer_of
from zhiyue.core.jobs.registry import job


@job(name="desk.tag_members", attempts=5, lease_seconds=60)
def tag_members(*, by_id: int, member_ids: list[int], tag: str) -> None:
    staff.tag_members(viewer=viewer_of(User.objects.get(pk=by_id)), member_ids=member_ids, tag=tag)
