"""The components of the design system as template tags: `{% load shell %}`, then `{% button … %}` and so on.

One tag per component, each shown on the /design/ page. A tag whose looks need markup renders a template in
`shell/parts/`; a tag that wraps content ends with `end…`. Pages compose these and Tailwind's layout classes.
"""

import json
from functools import lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.forms import BoundField, PasswordInput
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import escape, format_html, format_html_join, json_script
from django.utils.safestring import SafeString, mark_safe

from zhiyue.core.accounts.phones import said_phone
from zhiyue.experience.shell.cards import Shelf, ShownCourse
from zhiyue.experience.shell.charts import Chart
from zhiyue.experience.shell.moments import ago, ahead
from zhiyue.experience.shell.pictures import address_of

register = template.Library()

BUILT = Path(__file__).resolve().parent.parent / "static" / "built"


@register.simple_tag
def asset(name: str) -> str:
    """Address of a built file: `site.js`, `site.css`, `charts.js`."""
    manifest = BUILT / "manifest.json"
    try:
        changed = manifest.stat().st_mtime_ns
    except FileNotFoundError as missing:
        raise ImproperlyConfigured(
            "Scripts and styles aren't built. Run “make setup”, or “npm ci && npm run build” in frontend/."
        ) from missing
    files = _manifest(manifest, changed)
    if name not in files:
        raise ImproperlyConfigured(f"There is no built file “{name}”; there are: {', '.join(sorted(files))}.")
    return f"{settings.STATIC_URL}built/{files[name]}"


@lru_cache(maxsize=2)
def _manifest(path: Path, changed: int) -> dict[str, str]:
    """Entry name to hashed file; read again when a new build `changed` it."""
    files: dict[str, str] = {}
    for chunk in json.loads(path.read_text("utf-8")).values():
        if not chunk.get("isEntry"):
            continue
        files[f"{chunk['name']}.js"] = chunk["file"]
        for sheet in chunk.get("css", ()):
            files[f"{chunk['name']}.css"] = sheet
    return files


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """A drawing from the sprite. Hidden from screen readers unless it has a `label` of its own."""
    voice = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon{}" {} focusable="false"><use href="{}#{}"></use></svg>',
        f" icon-{size}" if size else "", voice, static("shell/icons.svg"), name,
    )  # fmt: skip


@register.simple_tag
def button(
    label: str,
    *,
    kind: str = "primary",
    href: str = "",
    icon_name: str = "",
    wide: bool = False,
    block: bool = False,
    **attributes: object,
) -> SafeString:
    """A button, or with `href` a link that looks like one. `kind`: primary, outline, ghost.

    More attributes are written out, `_` as `-`: `hx_post=url` gives `hx-post`; False and None are left out.
    """
    classes = f"btn btn-{kind}" + (" btn-roomy" if wide else "") + (" w-full" if block else "")
    drawn = icon(icon_name) if icon_name else ""
    rest = _attributes(attributes)
    if href:
        return format_html(
            '<a class="{}" href="{}"{}>{}<span>{}</span></a>', classes, href, rest, drawn, label
        )
    return format_html('<button class="{}"{}>{}<span>{}</span></button>', classes, rest, drawn, label)


def _attributes(attributes: dict[str, object]) -> SafeString:
    written = [
        (name.replace("_", "-"), value)
        for name, value in attributes.items()
        if value not in (None, False, "")
    ]
    return format_html_join(
        "", ' {}="{}"', [(name, name if value is True else value) for name, value in written]
    )


@register.filter
def phone(kept: str | None) -> str:
    """A phone number as people say it; nothing for nothing."""
    return said_phone(kept or "")


register.filter("ago", ago)
register.filter("ahead", ahead)


@register.inclusion_tag("shell/parts/field.html")
def field(bound: BoundField, hint: str = "") -> dict[str, object]:
    """A labelled input with its hint and its errors beside it."""
    name = bound.auto_id or bound.name
    hint = hint or str(bound.help_text)
    told_by = " ".join(
        part for part in (f"{name}-hint" if hint else "", f"{name}-error" if bound.errors else "") if part
    )
    is_file = getattr(bound.field.widget, "input_type", "") == "file"
    attrs: dict[str, str | bool] = {"class": "file-input" if is_file else "input"}
    if told_by:
        attrs["aria-describedby"] = told_by
    if bound.errors:
        attrs["aria-invalid"] = "true"
    control = bound.as_widget(attrs=attrs)
    if is_file:
        control = render_to_string("shell/parts/file_control.html", {"control": control})
    is_password = isinstance(bound.field.widget, PasswordInput)
    return {"field": bound, "name": name, "hint": hint, "control": control, "is_password": is_password}


@register.simple_tag
def file_control(name: str, accept: str, *, error: bool = False, required: bool = True) -> SafeString:
    """Where a file is chosen or dropped, without a form of Django's. Its label is `for` the name; `<name>-hint` and
    `<name>-error` tell more of it."""
    told_by = f"{name}-hint {name}-error" if error else f"{name}-hint"
    control = format_html(
        '<input type="file" class="file-input" id="{}" name="{}" accept="{}" aria-describedby="{}"{}{}>',
        name, name, accept, told_by,
        mark_safe(' aria-invalid="true"') if error else "", mark_safe(" required") if required else "",
    )  # fmt: skip
    return render_to_string("shell/parts/file_control.html", {"control": control})


@register.inclusion_tag("shell/parts/course_card.html", takes_context=True)
def course_card(
    context: template.Context, item: ShownCourse, level: int = 3, *, dismissible: bool = False
) -> dict[str, object]:
    """One course. `level` is that of its heading; one that is `dismissible` can be said not to be for who looks."""
    return {
        "item": item,
        "heading": f"h{level}",
        "content_language": context.get("content_language"),
        "dismissible": dismissible,
        "csrf_token": context.get("csrf_token"),
        "flash_prices": context.get("flash_prices"),
    }


@register.inclusion_tag("shell/parts/shelf.html", takes_context=True)
def shelf(context: template.Context, shelf: Shelf) -> dict[str, object]:
    """Courses side by side that scroll: title, reason, arrows, fade, arrow keys."""
    return {
        "shelf": shelf,
        "consent": context.get("consent"),
        "csrf_token": context.get("csrf_token"),
        "content_language": context.get("content_language"),
        "flash_prices": context.get("flash_prices"),
    }


@register.inclusion_tag("shell/parts/course_grid.html", takes_context=True)
def course_grid(context: template.Context, shelf: Shelf) -> dict[str, object]:
    """The same courses all in view: a grid, and on phones rows with small covers."""
    return {
        "shelf": shelf,
        "content_language": context.get("content_language"),
        "flash_prices": context.get("flash_prices"),
    }


@register.inclusion_tag("shell/parts/price.html", takes_context=True)
def price(context: template.Context, item: ShownCourse) -> dict[str, object]:
    """What it costs now, and the usual price or the list price, named as such."""
    prices = context.get("flash_prices")
    return {"price": item.price({} if prices is None else prices)}


@register.simple_tag
def progress(value: int, label: str) -> SafeString:
    """A bar from 0 to 100. `label` is what a screen reader says of it."""
    return format_html(
        '<progress class="progress" value="{}" max="100" aria-label="{}"></progress>', str(value), label
    )


@register.simple_tag
def badge(text: str, kind: str = "", icon_name: str = "") -> SafeString:
    """A small word beside a thing. `kind`: accent, good, warn, bad, or none."""
    drawn = icon(icon_name, "s") if icon_name else ""
    return format_html('<span class="badge{}">{}{}</span>', f" badge-{kind}" if kind else "", drawn, text)


@register.simple_tag
def avatar(name: str, size: str = "", picture: str = "") -> SafeString:
    """Somebody's picture, else the first character of their name, in a disc; the name itself stands beside it or in a
    label. `size`: l, xl or none. `picture` is its name in the storage."""
    kind = f" avatar-{size}" if size else ""
    if picture:
        return format_html(
            '<img class="avatar{}" src="{}" alt="" width="640" height="640" loading="lazy" decoding="async">',
            kind, address_of(picture),
        )  # fmt: skip
    first = (name.strip() or "·")[0].upper()
    return format_html('<span class="avatar{}" aria-hidden="true">{}</span>', kind, first)


@register.simple_block_tag
def empty(content: str, icon_name: str, title: str, text: str = "") -> SafeString:
    """Nothing here yet: what happened, and inside the tag what to do next."""
    parts = {"content": content, "icon_name": icon_name, "title": title, "text": text}
    return render_to_string("shell/parts/empty.html", parts)


@register.inclusion_tag("shell/parts/skeleton.html")
def skeleton(shape: str) -> dict[str, object]:
    """The place of something that is still loading. `shape`: card, row, lines."""
    return {"shape": shape}


_NOTICE_ICONS = {"": "info", "good": "circle-check", "warn": "triangle-alert", "bad": "circle-alert"}


@register.simple_block_tag
def notice(content: str, kind: str = "") -> SafeString:
    """A message that stays in the page. `kind`: good, warn, bad, or none for plain information."""
    parts = {"content": content, "kind": kind, "icon_name": _NOTICE_ICONS[kind]}
    return render_to_string("shell/parts/notice.html", parts)


@register.simple_block_tag
def sheet(content: str, key: str, label: str, title: str, close: str, kind: str = "outline") -> SafeString:
    """A button that opens a sheet: from below on a phone, in the middle on a desk. Needs a script to open."""
    parts = {"content": content, "key": key, "label": label, "title": title, "close": close, "kind": kind}
    return render_to_string("shell/parts/sheet.html", parts)


@register.inclusion_tag("shell/parts/chart.html")
def chart(chart: Chart, tall: bool = False) -> dict[str, object]:
    """A finding, its picture, the table behind it and the table as CSV. The page must load `charts.js`."""
    return {"chart": chart, "tall": tall, "spec": json_script(chart.spec)}


@register.simple_tag
def data_cell(value: object, *, first: bool = False) -> SafeString:
    """One cell of a data table: names at the left, numbers at the right, nothing as a dash."""
    if first:
        return format_html('<th scope="row">{}</th>', value)
    if isinstance(value, int | float):
        shown = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"
        return format_html('<td class="number">{}</td>', shown)
    return format_html("<td>{}</td>", "–" if value is None else escape(value))
