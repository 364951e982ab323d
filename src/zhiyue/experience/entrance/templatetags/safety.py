"""The ways in besides a password: `{% load safety %}`, then `{% other_ways onward %}`."""

from django import template

from zhiyue.experience.entrance.safety import providers
from zhiyue.experience.entrance.safety.host import takes_passkeys

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


@register.simple_tag(takes_context=True)
def passkeys_work(context: template.Context) -> bool:
    """`{% passkeys_work as here %}`: may passkeys be offered at the address this page was asked at?"""
    return takes_passkeys(context["request"])
