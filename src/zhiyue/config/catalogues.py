"""Finds every string that people read, and keeps the translation catalogues. Needs no gettext tools."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.template import Engine, Template, engines
from django.template.base import Node, NodeList
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

LANGUAGES = {"zh_Hans": "zh_Hans", "en": "en"}
SOURCE_LANGUAGE = "en"
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


@dataclass(frozen=True, slots=True)
class Source:
    """One string in the code: where, in which context, and its plural where it has one."""

    place: str
    context: str | None
    message: str
    plural: str | None = None

    @property
    def key(self) -> tuple[str | None, str]:
        return self.context, self.message


def sources() -> Iterator[Source]:
    """Every string marked for translation, in code and templates, in order of file."""
    package = Path(settings.PACKAGE)
    for path in sorted(package.rglob("*.py")):
        if "migrations" not in path.parts:
            yield from _in_code(path, str(path.relative_to(package)))
    texts = [*package.rglob("templates/**/*.html"), *package.rglob("templates/**/*.txt")]
    for path in sorted(texts):
        yield from _in_template(path, str(path.relative_to(package)))


def missing(language: str) -> list[Source]:
    """Strings without a finished translation in the catalogue of `language`."""
    catalogue = load(language)
    return [source for source in sources() if not _translated(catalogue, source)]


def unused(language: str) -> list[str]:
    """Entries of the catalogue that no code asks for any more."""
    keys = {source.key for source in sources()}
    return [
        entry.id if isinstance(entry.id, str) else entry.id[0]
        for entry in load(language)
        if entry.id and _key(entry) not in keys
    ]


def update(language: str) -> int:
    """Bring the catalogue up to the code: new entries, places, no unused ones. Returns how many lack a translation."""
    old = load(language)
    fresh = Catalog(
        locale=language,
        project="Zhiyue",
        header_comment="",
        fuzzy=False,
        # The day of the last change is git's to tell; here it would change every file at every run.
        creation_date=_EPOCH,
        revision_date=_EPOCH,
        version="0",
        msgid_bugs_address="see README",
        last_translator="the Zhiyue developers",
        language_team="the Zhiyue developers",
    )
    for source in sources():
        known = old.get(source.message, source.context)
        text = known.string if known else ""
        if language == SOURCE_LANGUAGE:
            text = (source.message, source.plural) if source.plural else source.message
        message_id = (source.message, source.plural) if source.plural else source.message
        fresh.add(message_id, text or "", locations=[(source.place, 0)], context=source.context)
    path = po_path(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, fresh, width=110, sort_output=False, include_lineno=False, omit_header=False)
    return len(missing(language))


def compile_all() -> None:
    """Write the binary catalogues that Django reads."""
    for language in LANGUAGES:
        with po_path(language).with_suffix(".mo").open("wb") as file:
            write_mo(file, load(language))


def load(language: str) -> Catalog:
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def po_path(language: str) -> Path:
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def _translated(catalogue: Catalog, source: Source) -> bool:
    entry = catalogue.get(source.message, source.context)
    if entry is None or entry.fuzzy:
        return False
    strings = entry.string if isinstance(entry.string, tuple) else (entry.string,)
    return all(strings) and isinstance(entry.string, tuple) == bool(source.plural)


def _key(entry: object) -> tuple[str | None, str]:
    message = entry.id  # type: ignore[attr-defined]
    return entry.context, message if isinstance(message, str) else message[0]  # type: ignore[attr-defined]


def _in_code(path: Path, place: str) -> Iterator[Source]:
    for _, found, _, context in extract_from_file("python", str(path), keywords=_KEYWORDS):
        if isinstance(found, str):
            yield Source(place, context, found)
        else:
            yield Source(place, context, found[0], found[1])


def _in_template(path: Path, place: str) -> Iterator[Source]:
    engine: Engine = engines["django"].engine  # type: ignore[attr-defined]
    template = Template(path.read_text(encoding="utf-8"), engine=engine)
    for node in _nodes(template.nodelist):
        context = node.message_context.var if getattr(node, "message_context", None) else None  # type: ignore[attr-defined]
        if isinstance(node, TranslateNode):
            yield Source(place, _text(context), str(node.filter_expression.var.literal))
        elif isinstance(node, BlockTranslateNode):
            singular = node.render_token_list(node.singular)[0]
            plural = node.render_token_list(node.plural)[0] if node.plural else None
            yield Source(place, _text(context), singular, plural)


def _nodes(nodes: NodeList) -> Iterator[Node]:
    """Every node below, also inside tags that Django's own search passes over (their `child_nodelists` is empty)."""
    for node in nodes:
        yield node
        for inner in vars(node).values():
            if isinstance(inner, NodeList):
                yield from _nodes(inner)
        # `if` keeps its branches in pairs.
        for _, branch in getattr(node, "conditions_nodelists", ()):
            yield from _nodes(branch)


def _text(context: object) -> str | None:
    literal = getattr(context, "literal", context)
    return None if literal is None else str(literal)
