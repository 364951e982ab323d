"""The picture of a teacher: put and taken away by themselves, or by operators."""

from django.db import transaction

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.product.catalogue import pictures
from zhiyue.product.catalogue.models import Teacher
from zhiyue.product.catalogue.services.shelving import teacher_for

SIDE = 640


def put_portrait(*, viewer: Viewer, content: bytes, teacher_id: int | None = None) -> Teacher:
    """Give a teacher a picture, made anew from what was uploaded; without `teacher_id` the viewer themselves.

    Raises NotAllowed, BadFact, Teacher.DoesNotExist.
    """
    _allowed(viewer, teacher_id)
    # Reading a picture takes a second, in which nobody else shall wait.
    return _set(viewer, teacher_id, pictures.keep(pictures.cut(content, width=SIDE, height=SIDE)))


def remove_portrait(*, viewer: Viewer, teacher_id: int | None = None) -> Teacher:
    """Go back to the first character of the name. Raises NotAllowed, Teacher.DoesNotExist."""
    return _set(viewer, teacher_id, "")


def _allowed(viewer: Viewer, teacher_id: int | None) -> User:
    return require(viewer, Permission.USE_STUDIO if teacher_id is None else Permission.CHANGE_ANY_COURSE)


@transaction.atomic
def _set(viewer: Viewer, teacher_id: int | None, name: str) -> Teacher:
    user = _allowed(viewer, teacher_id)
    pk = teacher_for(user=user).pk if teacher_id is None else teacher_id
    teacher = Teacher.objects.select_for_update().get(pk=pk)
    before, teacher.picture = teacher.picture, name
    if before == name:
        return teacher
    teacher.save(update_fields=["picture"])
    note(
        by=user,
        act="teacher.pictured",
        subject=("teacher", teacher.pk, teacher.name),
        before={"picture": before},
        after={"picture": name},
    )
    return teacher
