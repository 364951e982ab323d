"""The last step of every way in: django-allauth's stages (a second factor among them), then onward."""

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.http import HttpResponse

from zhiyue.core.accounts.models import User
from zhiyue.experience.shell.viewers import PageRequest


def let_in(
    request: PageRequest, user: User, *, method: str, onward: str, is_new: bool = False
) -> HttpResponse:
    """Sign `user` in: at once, or after the second factor they have set up. Closed accounts are told so."""
    record_authentication(request, user, method=method)
    login = Login(user=user, redirect_url=onward, signup=is_new)
    response: HttpResponse = perform_login(request, login)
    return response
