"""The ways in besides a password: `{% load safety %}`, then `{% other_ways onward %}`."""

from django import template

from zhiyue.experience.entrance.safety import providers
from zhiyue.experience.entrance.safety.host import takes_passkeys
from zhiyue.experience.entrance.settings.overview import main_rows

register = template.Library()


@register.inclusion_tag("entrance/parts/other_ways.html", takes_context=True)
def other_ways(context: template.Context, onward: str) -> dict[str, object]:
    """Passkey where the browser can, and the sites that the operator set up. The page must load `passkeys.js`."""
    return {
        "onward": onward,
        "providers": providers.offered(),
        "csrf_token": context.get("csrf_token"),
        "passkeys_work": passkeys_work(context),
    }


@register.inclusion_tag("entrance/settings/parts/nav.html", takes_context=True)
def settings_nav(context: template.Context) -> dict[str, object]:
    """The sections of the settings beside each of them, where the screen has room; the longest address counts."""
    groups = main_rows()
    path = context["request"].path
    here = [row.url for rows in groups for row in rows if path.startswith(row.url)]
    return {"groups": groups, "current": max(here, key=len, default="")}


@register.simple_tag(takes_context=True)
def passkeys_work(context: template.Context) -> bool:
    """`{% passkeys_work as here %}`: may passkeys be offered at the address this page was asked at?"""
    return takes_passkeys(context["request"])
