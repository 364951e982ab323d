"""Names that claim to be staff, or the academy itself, however they are written. Who may bear them is decided in
`core.academy.naming`."""

import re
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
    claims = "|".join(map(re.escape, (*_words(*_CLAIMS), *([own] if own else []))))
    beside = "|".join(_words(*_BESIDE))
    said = re.compile(f"(?:{beside})*(?:{claims})(?:{beside}|{claims})*")
    folded = _folded(name)
    letters = "".join(sign for sign in folded if sign.isalpha())
    return any(said.fullmatch(form) for form in (folded, letters, folded.translate(_DIGITS_ALIKE)))


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
