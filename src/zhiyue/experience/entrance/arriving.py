"""The last step of every way in: django-allauth's stages (a second factor among them), then onward."""

from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.http import HttpResponse
from django.urls import reverse

from zhiyue.collect.kinds import Actor
from zhiyue.core.accounts.models import User
from zhiyue.experience.shell.viewers import PageRequest
from zhiyue.product.learning.selectors import has_interests_to_choose


def let_in(
    request: PageRequest, user: User, *, method: str, onward: str, is_new: bool = False
) -> HttpResponse:
    """Sign `user` in: at once, or after the second factor they have set up. Closed accounts are told so."""
    record_authentication(request, user, method=method)
    login = Login(user=user, redirect_url=first_page(user, onward) if is_new else onward, signup=is_new)
    response: HttpResponse = perform_login(request, login)
    return response


def first_page(user: User, onward: str) -> str:
    """Where a new member comes to: asked what they care about, unless they were on their way somewhere."""
    home = reverse("site:home")
    if urlsplit(onward).path != home or not has_interests_to_choose(Actor(member_id=user.pk)):
        return onward
    return f"{reverse('site:welcome')}?{urlencode({'next': onward})}"
