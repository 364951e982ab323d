"""Parts that only the desk's pages use: `{% load desk %}`."""

from typing import Any

from django import template
from django.core.paginator import Page
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from zhiyue.core.academy.selectors import academy
from zhiyue.core.accounts.models import Role
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.kit.money import yuan
from zhiyue.experience.desk.entries import ShownEntry
from zhiyue.experience.desk.import_rows import first_rows
from zhiyue.experience.desk.import_words import AnyPlan
from zhiyue.experience.desk.places import open_groups, phone_tabs

register = template.Library()


@register.inclusion_tag("desk/parts/topnav.html", takes_context=True)
def desk_topnav(context: template.Context) -> dict[str, object]:
    """The groups, in the bar at the top."""
    tab = str(context.get("tab", ""))
    groups = open_groups(context["viewer"])
    return {"tab": tab, "groups": [(group, group.holds(tab)) for group in groups]}


@register.inclusion_tag("desk/parts/subnav.html", takes_context=True)
def desk_subnav(context: template.Context) -> dict[str, object]:
    """The pages of the group one is in, where there are several."""
    tab = str(context.get("tab", ""))
    here = next((group for group in open_groups(context["viewer"]) if group.holds(tab)), None)
    return {"tab": tab, "group": here if here and len(here.places) > 1 else None}


@register.inclusion_tag("desk/parts/setup_nudge.html", takes_context=True)
def desk_setup_nudge(context: template.Context) -> dict[str, object]:
    """Reminds an owner that setting up isn't over. Asks the database nothing: the academy is remembered."""
    may = context["viewer"].may(Permission.SET_UP_ACADEMY)
    return {"wanted": may and context.get("tab") != "setup" and academy().ready_at is None}


@register.inclusion_tag("desk/parts/tabbar.html", takes_context=True)
def desk_tabbar(context: template.Context) -> dict[str, object]:
    """A phone's tabs: the chief pages, and a sheet with all of them where there are more."""
    tab = str(context.get("tab", ""))
    groups = open_groups(context["viewer"])
    tabs = phone_tabs(groups)
    more = sum(len(group.places) for group in groups) > len(tabs)
    return {
        "tab": tab,
        "tabs": tabs,
        "groups": groups if more else [],
        "is_in_more": more and tab not in {place.tab for place in tabs},
    }


register.filter("yuan", yuan)


@register.filter
def role_name(role: str) -> str:
    """What a role is called."""
    return str(Role(role).label) if role in Role.values else role


@register.filter
def with_code(text: object) -> SafeString:
    """What stands in backticks as code, everything as text."""
    parts = enumerate(str(text).split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", p) if n % 2 else p,) for n, p in parts)
    )


@register.inclusion_tag("desk/parts/pages.html")
def desk_pages(page: Page[Any], asked: str, label: str) -> dict[str, object]:
    """Numbered pages under a list; `asked` is the rest of the address."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {"page": page, "numbers": list(numbers), "asked": f"{asked}&" if asked else "", "label": label}


@register.inclusion_tag("desk/parts/first_rows.html")
def import_first_rows(plan: AnyPlan) -> dict[str, object]:
    """The first rows of an upload, as an import would write them."""
    return {"first": first_rows(plan)}


@register.inclusion_tag("desk/parts/entry.html")
def audit_entry(entry: ShownEntry) -> dict[str, object]:
    """One entry of the audit log."""
    return {"entry": entry}
