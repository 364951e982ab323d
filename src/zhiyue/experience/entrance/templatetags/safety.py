"""The ways in besides a password: `{% load safety %}`, then `{% other_ways onward %}`."""

from django import template

from zhiyue.experience.entrance.safety import providers

register = template.Library()


@register.inclusion_tag("entrance/parts/other_ways.html", takes_context=True)
def other_ways(context: template.Context, onward: str) -> dict[str, object]:
    """Passkey where the browser can, and the sites that the operator set up. The page must load `passkeys.js`."""
    return {"onward": onward, "providers": providers.offered(), "csrf_token": context.get("csrf_token")}
