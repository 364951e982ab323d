"""Writes to the index, in the caller's transaction, and to the table of synonyms."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.utils.translation import pgettext

from zhiyue.core.accounts.kinds import Viewer
from zhiyue.core.accounts.models import User
from zhiyue.core.accounts.permissions import Permission
from zhiyue.core.accounts.selectors import require
from zhiyue.core.audit.services import note
from zhiyue.core.kit import clock
from zhiyue.engine import terms
from zhiyue.facilities.search.errors import SynonymsRefused
from zhiyue.facilities.search.kinds import Text
from zhiyue.facilities.search.models import Document, Synonyms

MOST_SYNONYMS = 12
LONGEST_SYNONYM = 24
# A lesson of more signs than this is found by its beginning.
_LONGEST_BODY = 40_000
_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
_KEY = ("kind", "ref", "is_open")
_SHOWN = ("scope", "since", "title", "secondary", "tags", "body")
_CUT = ("title_terms", "secondary_terms", "tags_terms", "body_terms", "pairs", "changed_at")


@transaction.atomic
def put_documents(texts: Iterable[Text]) -> int:
    """Make these findable as they are now. Returns how many rows changed; the others are left alone, and not locked.

    Of two callers at once the later one's words stay: hold a lock on what they were read from.
    """
    wanted = {(row.kind, row.ref, row.is_open): row for text in texts for row in _rows(text)}
    refs: dict[str, set[int]] = {}
    for kind, ref, _ in wanted:
        refs.setdefault(kind, set()).add(ref)
    there: dict[tuple[str, int, bool], Document] = {}
    for kind, ids in refs.items():
        rows = Document.objects.filter(kind=kind, ref__in=ids).defer(*_CUT)
        there |= {(row.kind, row.ref, row.is_open): row for row in rows}
    gone = [row.pk for key, row in there.items() if key not in wanted]
    # In one order for everybody, so that two who put the same rows wait for each other and never in a circle.
    changed = [
        _cut(row)
        for key, row in sorted(wanted.items())
        if key not in there or any(getattr(there[key], name) != getattr(row, name) for name in _SHOWN)
    ]
    Document.objects.filter(pk__in=gone).delete()
    Document.objects.bulk_create(
        changed, batch_size=200, update_conflicts=True, unique_fields=_KEY, update_fields=[*_SHOWN, *_CUT]
    )
    return len(changed) + len(gone)


@transaction.atomic
def put_scope(*, scope: int, texts: Sequence[Text]) -> int:
    """Make exactly these findable in a scope: what else was there is taken out."""
    kept = {(text.kind, text.ref) for text in texts}
    rows = Document.objects.filter(scope=scope).values_list("pk", "kind", "ref")
    gone = [pk for pk, kind, ref in rows if (kind, ref) not in kept]
    Document.objects.filter(pk__in=gone).delete()
    return len(gone) + put_documents(texts)


@transaction.atomic
def remove_documents(*, kind: str, refs: Collection[int]) -> None:
    """Nothing of these is found any more."""
    Document.objects.filter(kind=kind, ref__in=list(refs)).delete()


@transaction.atomic
def set_boosts(*, kind: str, boosts: Mapping[int, float]) -> int:
    """Say how much is thought of each of a kind, 0 to 1; those not named get 0. Returns how many changed."""
    changed = []
    for row in Document.objects.filter(kind=kind).only("pk", "ref", "boost"):
        boost = round(min(1.0, max(0.0, boosts.get(row.ref, 0.0))), 3)
        if row.boost != boost:
            row.boost = boost
            changed.append(row)
    Document.objects.bulk_update(changed, ["boost"], batch_size=500)
    return len(changed)


@transaction.atomic
def put_synonyms(*, by: Viewer, words: Iterable[str], synonyms_id: int | None = None) -> Synonyms:
    """Keep words that find each other: a new group, or another wording of one there is. A new group of the very words
    that one has already is that one."""
    staff = User.objects.select_for_update().get(pk=require(by, Permission.CHANGE_ANY_COURSE).pk)
    kept = _checked(words)
    if synonyms_id is None and (same := Synonyms.objects.filter(words=kept).first()):
        return same
    row = Synonyms.objects.select_for_update().get(pk=synonyms_id) if synonyms_id else Synonyms()
    before = {"words": row.words} if synonyms_id else None
    row.words, row.changed_at = kept, clock.now()
    row.save()
    note(
        by=staff,
        act="synonyms.changed" if synonyms_id else "synonyms.added",
        subject=("synonyms", row.pk, str(row)),
        before=before,
        after={"words": kept},
    )
    return row


@transaction.atomic
def remove_synonyms(*, by: Viewer, synonyms_id: int) -> None:
    staff = require(by, Permission.CHANGE_ANY_COURSE)
    row = Synonyms.objects.select_for_update().get(pk=synonyms_id)
    note(
        by=staff, act="synonyms.removed", subject=("synonyms", row.pk, str(row)), before={"words": row.words}
    )
    row.delete()


def _rows(text: Text) -> list[Document]:
    """Everybody's row, and for a closed body a second one that holds it."""
    face = Document(
        kind=text.kind,
        ref=text.ref,
        scope=text.scope,
        is_open=True,
        since=text.since or _ALWAYS,
        title=text.title[:120],
        secondary=text.secondary[:200],
        tags=" ".join(text.tags)[:1000],
        body=text.body[:_LONGEST_BODY] if text.is_open else "",
    )
    if text.is_open or not text.body:
        return [face]
    whole = Document(
        **{
            name: getattr(face, name)
            for name in ("kind", "ref", "scope", "since", "title", "secondary", "tags")
        },
        is_open=False,
        body=text.body[:_LONGEST_BODY],
    )
    return [face, whole]


def _cut(row: Document) -> Document:
    face = (row.title, row.secondary, row.tags)
    row.title_terms, row.secondary_terms, row.tags_terms = (" ".join(terms.terms(text)) for text in face)
    row.body_terms = " ".join(terms.terms(row.body))
    of_face = terms.pairs("\n".join(face), singles=True)
    row.pairs = " ".join(dict.fromkeys([*of_face, *terms.pairs(row.body)]))
    row.changed_at = clock.now()
    return row


def _checked(words: Iterable[str]) -> list[str]:
    kept: dict[str, str] = {}
    for word in words:
        plain = " ".join(word.split())
        if terms.terms(plain):
            kept.setdefault(terms.fold(plain), plain)
    if len(kept) < 2:
        raise SynonymsRefused(
            pgettext("synonyms", "Give at least two different words, with “=” between them.")
        )
    if len(kept) > MOST_SYNONYMS:
        raise SynonymsRefused(
            pgettext("synonyms", "A group holds at most %(n)s words. Make two of it.") % {"n": MOST_SYNONYMS}
        )
    for word in kept.values():
        if len(word) > LONGEST_SYNONYM:
            raise SynonymsRefused(
                pgettext("synonyms", "“%(word)s…” is too long: at most %(n)s characters.")
                % {"word": word[:LONGEST_SYNONYM], "n": LONGEST_SYNONYM}
            )
    return list(kept.values())
