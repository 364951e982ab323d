"""Pages about one's own account ask visitors to sign in, and bring them back."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpResponseBase

from zhiyue.core.accounts.models import User
from zhiyue.experience.shell.doors import by_sign_in
from zhiyue.experience.shell.viewers import PageRequest

P = ParamSpec("P")


def for_members(
    view: Callable[Concatenate[PageRequest, User, P], HttpResponseBase],
) -> Callable[Concatenate[PageRequest, P], HttpResponseBase]:
    """The view gets the member as its second argument."""

    @wraps(view)
    def guarded(request: PageRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.viewer.user
        if user is None:
            return by_sign_in(request, home="entrance:settings")
        return view(request, user, *args, **kwargs)

    return guarded
