"""One's tokens: a list, a form, and the key that is shown once."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from zhiyue.core.accounts.models import PersonalToken, User
from zhiyue.core.accounts.tokens import Scope, TooManyTokens, UnfitToken, end_token, make_token, tokens_of
from zhiyue.core.kit import clock
from zhiyue.experience.entrance.door import for_members
from zhiyue.experience.entrance.safety.freshness import must_confirm
from zhiyue.experience.entrance.tokens.forms import TokenForm
from zhiyue.experience.entrance.tokens.words import SCOPE_WORDS
from zhiyue.experience.shell.once import form_of
from zhiyue.experience.shell.viewers import PageRequest


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_members
def tokens(request: PageRequest, user: User) -> HttpResponse:
    """List tokens and make one. Its key stands in the answer to the form and is nowhere kept: not in a session, not in
    an address."""
    form = TokenForm(request, request.POST if request.method == "POST" else None)
    made, key = None, ""
    # A token outlives the session: whoever found an open browser must not make one.
    waits = must_confirm(request)
    if request.method == "POST" and not waits and form.is_valid():
        wanted = form.cleaned_data
        try:
            made, key = make_token(
                user=user, name=wanted["name"], scopes=wanted["scopes"], expires_at=form.expires_at,
                form=form_of(request),
            )  # fmt: skip
        except (UnfitToken, TooManyTokens) as why:
            form.add_error(None, str(why.message))
        else:
            form = TokenForm(request)
    page = {
        "tab": "me",
        "form": form,
        "must_confirm": waits,
        "made": made,
        "key": key,
        "tokens": [_shown(token) for token in tokens_of(user)],
    }
    return render(request, "entrance/tokens/tokens.html", page)


@require_POST
@for_members
def end(request: PageRequest, user: User, token_id: int) -> HttpResponse:
    """End one's own token. Somebody else's is as if it weren't there."""
    if not end_token(user=user, token_id=token_id):
        raise Http404
    messages.success(
        request, pgettext("toast", "The token is ended. Programs that used it get no answer any more.")
    )
    return HttpResponseRedirect(reverse("entrance:tokens"))


def _shown(token: PersonalToken) -> dict[str, object]:
    known = [scope for scope in Scope if scope.value in token.scopes]
    return {
        "id": token.pk,
        "name": token.name,
        "prefix": token.prefix,
        "scopes": [SCOPE_WORDS[scope] for scope in known],
        "made_at": token.made_at,
        "used_at": token.used_at,
        "expires_at": token.expires_at,
        "is_over": token.expires_at is not None and token.expires_at <= clock.now(),
    }
