"""What a browser calls itself, in words people know."""

import re

from allauth.usersessions.models import UserSession
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from zhiyue.core.accounts.models import User

# The first that fits wins: apps name the browser they are built on too.
_BROWSERS: tuple[tuple[str, str | Promise], ...] = (
    (r"MicroMessenger/", pgettext_lazy("browser", "WeChat")),
    (r"QQBrowser/|MQQBrowser/", pgettext_lazy("browser", "QQ Browser")),
    (r"UCBrowser/|UBrowser/", pgettext_lazy("browser", "UC Browser")),
    (r"HuaweiBrowser/", pgettext_lazy("browser", "Huawei Browser")),
    (r"MiuiBrowser/", pgettext_lazy("browser", "Mi Browser")),
    (r"VivoBrowser/", pgettext_lazy("browser", "vivo Browser")),
    (r"HeyTapBrowser/", pgettext_lazy("browser", "OPPO Browser")),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Version/[\d.]+ .*Safari/", "Safari"),
)
_SYSTEMS: tuple[tuple[str, str], ...] = (
    (r"HarmonyOS|OpenHarmony", "HarmonyOS"),
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"Macintosh|Mac OS X", "Mac"),
    (r"CrOS", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)
ON_THE_MOVE = ("iPhone", "iPad", "Android", "HarmonyOS")


def is_signed_in_elsewhere(request: HttpRequest, user: User) -> bool:
    """Has the member another browser, whose owner would wonder about this one?"""
    others = UserSession.objects.filter(user_id=user.pk).exclude(
        session_key=request.session.session_key or ""
    )
    return bool(others.exists())


def describe(user_agent: str) -> str:
    """“Chrome on Windows”. What is unknown is said to be."""
    browser, system = browser_of(user_agent), system_of(user_agent)
    if browser and system:
        return pgettext("device", "%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or pgettext("device", "Unknown browser")


def browser_of(user_agent: str) -> str:
    return next((str(name) for sign, name in _BROWSERS if re.search(sign, user_agent)), "")


def system_of(user_agent: str) -> str:
    return next((name for sign, name in _SYSTEMS if re.search(sign, user_agent)), "")
