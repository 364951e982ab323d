"""The way to WeChat, which says who pays inside it, and back. What somebody is sent with stands in their session: it
counts in no other browser, and once. Of who they are there nothing is kept."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import pgettext_lazy

from zhiyue.core.kit import clock
from zhiyue.product.commerce.errors import PayerUnknown
from zhiyue.product.commerce.providers.wechatpay_payer import asked_at

_KEY = "wechat_payer"
# WeChat's codes hold for five minutes.
_LASTS_SECONDS = 10 * 60
# So many pages may be on their way at once.
_AT_ONCE = 5
_NOT_SENT = pgettext_lazy(
    "payment",
    "This way back from WeChat belongs to no payment that was begun here in the last minutes. Nothing was taken: open "
    "your order, and pay from there.",
)


@dataclass(frozen=True, slots=True)
class Sent:
    """For which order somebody was sent, and where they want to go on to. `is_back`: they came back with it before."""

    number: str
    onward: str
    is_back: bool


def send(request: HttpRequest, number: str, onward: str) -> HttpResponse:
    """To WeChat, for this order."""
    state = secrets.token_hex(16)
    now = int(clock.now().timestamp())
    kept = {**_kept(request), state: {"number": number, "onward": onward, "at": now, "is_back": False}}
    request.session[_KEY] = dict(list(kept.items())[-_AT_ONCE:])
    back = request.build_absolute_uri(reverse("site:wechat_payer"))
    return HttpResponseRedirect(asked_at(returns_to=back, state=state))


def came_back(request: HttpRequest) -> Sent:
    """What they were sent with who come back; from now on it is used. Raises PayerUnknown where nobody was."""
    kept = dict(_kept(request))
    state = request.GET.get("state", "")
    sent = kept.get(state)
    if sent is None:
        raise PayerUnknown(_NOT_SENT)
    found = Sent(number=sent["number"], onward=sent["onward"], is_back=sent["is_back"])
    if not found.is_back:
        request.session[_KEY] = {**kept, state: {**sent, "is_back": True}}
        # At once: WeChat's browsers are known to come twice, and what follows waits for WeChat.
        request.session.save()
    return found


def _kept(request: HttpRequest) -> Mapping[str, Mapping[str, Any]]:
    """What holds still, the oldest first."""
    since = int(clock.now().timestamp()) - _LASTS_SECONDS
    kept: Mapping[str, Mapping[str, Any]] = request.session.get(_KEY, {})
    return {state: sent for state, sent in kept.items() if sent["at"] >= since}
