"""Names that claim to be staff, or the academy itself, however they are written. Who may bear them is decided in
`core.academy.naming`."""

from collections.abc import Iterable
from functools import cache
from unicodedata import category, normalize

from opencc import OpenCC

# A name that is one of these claims it; part of a name doesn't: 官方同人社 is a club.
_CLAIMS = (
    "管理员", "管理者", "客服", "官方", "运营", "系统", "工作人员", "站长", "站务", "版主", "网管", "所有者",
    "admin", "administrator", "sysadmin", "webmaster", "moderator", "official", "staff", "support", "helpdesk",
    "customerservice", "system", "operator", "owner", "superuser",
)  # fmt: skip
# Claim nothing alone, and change nothing beside a claim: 平台官方客服, official support team.
_BESIDE = (
    "平台", "学院", "网站", "本站", "在线", "人工", "专属", "超级", "总", "中心", "团队", "部", "账号", "号", "人员",
    "助手", "小助手", "通知", "消息", "the", "academy", "platform", "site", "online", "super", "customer", "service",
    "center", "team", "desk", "account", "agent",
)  # fmt: skip
# Letters that are drawn like Latin ones: Cyrillic, Greek, small capitals.
_DRAWN_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХѴаеѕіјкмнорстухвпԁһԛԝѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεικηνορτυχωᴀʙᴄᴅᴇꜰғɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "ABESIJKMHOPCTYXVaesijkmhopctyxbndhqwvABEZHIKMNOPTYXaeiknvoptuxwabcdeffghijklmnoprstuvwyz",
)
_DIGITS_ALIKE = str.maketrans("013457", "oleast")
# I and l are one stroke.
_ONE_STROKE = str.maketrans("i", "l")


def claims_staff(name: str, *, academy: str) -> bool:
    """Does a name, of 40 characters at most, say nothing but staff or the academy, whose name is `academy`?"""
    own = _folded(academy)
    claims = (*_words(*_CLAIMS), *([own] if own else []))
    folded = _folded(name)
    letters = "".join(sign for sign in folded if sign.isalpha())
    forms = (folded, letters, folded.translate(_DIGITS_ALIKE))
    return any(_is_made_of(form, claims, _words(*_BESIDE)) for form in forms)


def _is_made_of(text: str, claims: Iterable[str], beside: Iterable[str]) -> bool:
    """Do these words make up the whole text, one of them at least a claim? Step by step: a pattern would try each way
    of parting it, and an academy called like two of the words makes millions of them."""
    unclaimed, claimed = {0}, set[int]()
    for at in range(len(text)):
        by_claim = {at + len(word) for word in claims if text.startswith(word, at)}
        by_other = {at + len(word) for word in beside if text.startswith(word, at)}
        if at in unclaimed:
            unclaimed |= by_other
            claimed |= by_claim
        if at in claimed:
            claimed |= by_other | by_claim
    return len(text) in claimed


@cache
def _words(*words: str) -> tuple[str, ...]:
    return tuple(_folded(word) for word in words)


@cache
def _simplifier() -> OpenCC:
    return OpenCC("t2s")


def _folded(text: str) -> str:
    """Letters and digits alone, without marks, in simplified characters; those drawn alike are one."""
    plain = normalize("NFKC", text).translate(_DRAWN_ALIKE).casefold()
    bare = normalize("NFKD", str(_simplifier().convert(plain)))
    return "".join(sign for sign in bare if category(sign)[0] in "LN").translate(_ONE_STROKE)
