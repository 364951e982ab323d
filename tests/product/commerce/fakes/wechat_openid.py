"""Who somebody is inside WeChat, as developers.weixin.qq.com/doc/offiaccount (网页授权) describes it: a browser is sent
there and comes back with a code, which stands for an openid once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.product.commerce.fakes.serving import Asked, Said, Server, serving
from tests.product.commerce.fakes.wechatpay import APP_ID

SECRET = "0123456789abcdef0123456789abcdef"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
# They are read in this order alone.
NAMES = ["appid", "redirect_uri", "response_type", "scope", "state"]


@dataclass
class FakeWechatOpenid:
    server: Server = field(default_factory=Server)
    # The domain that was typed at 网页授权域名.
    domain: str = "testserver"
    codes: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    refusal: tuple[int, str] | None = None
    changed: dict[str, Any] = field(default_factory=dict)

    # What happens in WeChat's browser.

    def come(self, address: str, openid: str = OPENID, *, is_refused: bool = False) -> str:
        """A browser comes with this address; the one that it is sent back to."""
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == (
            "https", "open.weixin.qq.com", "/connect/oauth2/authorize", "wechat_redirect",
        )  # fmt: skip
        told = parse_qsl(parts.query, strict_parsing=True)
        assert [name for name, _ in told] == NAMES
        asked = dict(told)
        assert (asked["appid"], asked["response_type"], asked["scope"]) == (APP_ID, "code", "snsapi_base")
        assert asked["state"].isascii() and asked["state"].isalnum() and len(asked["state"]) <= 128
        assert urlsplit(asked["redirect_uri"]).netloc == self.domain
        back = {"state": asked["state"]}
        if not is_refused:
            code = f"0{len(self.codes):031d}"
            self.codes[code] = openid
            back = {"code": code, **back}
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    # What the server answers: always 200, and what is wrong by a number.

    def answer(self, asked: Asked) -> Said:
        assert (asked.method, asked.path) == ("GET", "/sns/oauth2/access_token")
        return Said(body=json.dumps(self.said(dict(parse_qsl(asked.query))) | self.changed).encode())

    def said(self, asked: dict[str, str]) -> dict[str, Any]:
        assert asked["grant_type"] == "authorization_code"
        if self.refusal:
            return self.wrong(*self.refusal)
        if asked["appid"] != APP_ID:
            return self.wrong(40013, "invalid appid")
        if asked["secret"] != SECRET:
            return self.wrong(40125, "invalid appsecret")
        code = asked["code"]
        if code in self.used:
            return self.wrong(40163, "code been used")
        if code not in self.codes:
            return self.wrong(40029, "invalid code")
        self.used.add(code)
        return {
            "access_token": "ACCESS",
            "expires_in": 7200,
            "refresh_token": "REFRESH",
            "openid": self.codes[code],
            "scope": "snsapi_base",
        }

    @staticmethod
    def wrong(number: int, words: str) -> dict[str, Any]:
        return {"errcode": number, "errmsg": f"{words}, rid: 6566d1b2-1f2e3d4c"}


@contextmanager
def fake_wechat_openid(settings: Any) -> Iterator[FakeWechatOpenid]:
    """The academy has the secret of its official account there. To be opened inside of `fake_wechatpay`."""
    fake = FakeWechatOpenid()
    with serving(fake.answer) as server:
        fake.server = server
        settings.ZHIYUE_WECHATPAY_APP_SECRET = SECRET
        settings.ZHIYUE_WECHATPAY_OAUTH_ENDPOINT = server.address
        yield fake
