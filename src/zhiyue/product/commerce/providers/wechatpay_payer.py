"""Who pays inside WeChat: their openid for the academy's account there, told without a question to them (snsapi_base).
It names them and is kept nowhere. Source: developers.weixin.qq.com/doc/offiaccount, 网页授权."""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from zhiyue.core.kit.errors import Refused
from zhiyue.product.commerce.providers import refusing, wire

log = logging.getLogger(__name__)

ASKED_AT = "https://open.weixin.qq.com/connect/oauth2/authorize"
ENDPOINT = "https://api.weixin.qq.com"
# An openid as WeChat Pay takes it.
LONGEST_OPENID = 128
_OPENID = re.compile(rf"[\w-]{{1,{LONGEST_OPENID}}}", re.ASCII)
_CODE = re.compile(r"[\w-]{1,512}", re.ASCII)
# Their numbers for a code that is none, was used, or is older than five minutes; and for a server that is busy.
_NO_CODE, _BUSY = frozenset({40029, 40163, 42003}), -1


def payer_can_be_asked() -> bool:
    return bool(settings.ZHIYUE_WECHATPAY_APP_SECRET)


def asked_at(*, returns_to: str, state: str) -> str:
    """Where WeChat's browser is sent; it comes back to `returns_to` with a code, or without one, and with `state`."""
    # WeChat reads them in this order alone, and nothing without the fragment.
    asked = [
        ("appid", settings.ZHIYUE_WECHATPAY_APP_ID),
        ("redirect_uri", returns_to),
        ("response_type", "code"),
        ("scope", "snsapi_base"),
        ("state", state),
    ]
    return f"{ASKED_AT}?{urlencode(asked)}#wechat_redirect"


def openid_for(code: str) -> str:
    """Whom a code stands for, once. Raises PayerUnknown and ProviderUnreachable."""
    if not _CODE.fullmatch(code):
        raise refusing.not_said_who()
    if not payer_can_be_asked():
        raise refusing.not_set_up()
    asked = {
        "appid": settings.ZHIYUE_WECHATPAY_APP_ID,
        "secret": settings.ZHIYUE_WECHATPAY_APP_SECRET,
        "code": code,
        "grant_type": "authorization_code",
    }
    endpoint = settings.ZHIYUE_WECHATPAY_OAUTH_ENDPOINT or ENDPOINT
    said = _as_object(wire.get(f"{endpoint}/sns/oauth2/access_token?{urlencode(asked)}"))
    fault = said.get("errcode", 0)
    if fault or type(fault) is not int:
        raise _refusal(fault)
    if said.get("is_snapshotuser"):
        raise refusing.snapshot()
    openid = said.get("openid")
    if not isinstance(openid, str) or not _OPENID.fullmatch(openid):
        raise refusing.unreachable()
    return openid


def _refusal(fault: Any) -> Refused:
    if type(fault) is not int or fault == _BUSY:
        return refusing.unreachable()
    if fault in _NO_CODE:
        return refusing.said_before()
    # Their words may repeat what was asked: the number alone is written down.
    log.warning("WeChat doesn't say who pays: errcode %s", fault)
    return refusing.refused(str(fault))


def _as_object(said: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(said)
    except (ValueError, RecursionError) as why:
        raise refusing.unreachable() from why
    if not isinstance(found, dict):
        raise refusing.unreachable()
    return found
