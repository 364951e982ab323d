"""Docs and locks say what is so."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command

from zhiyue.config import catalogues
from zhiyue.recommend.parts import holds_people
from zhiyue.recommend.policies import POLICIES

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_has_its_row():
    files = [ROOT / "src/zhiyue/config" / name for name in ("settings.py", "selling.py")]
    code = "".join(one.read_text(encoding="utf-8") for one in files)
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', code))
    rows = re.findall(
        r"^\| `(\w+)` \|", (ROOT / "docs/operating/settings.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(rows) == sorted(read)


@pytest.mark.parametrize(
    "name",
    ["requirements/base.txt", "requirements/dev.txt", "requirements/node.txt", "frontend/package-lock.json"],
)
def test_locks_hold_hashes_and_no_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in re.sub(r'"(url|funding)": "https?://[^"]*"', "", text)
    assert "sha256:" in text or "sha512-" in text


def test_the_locks_agree():
    def pins(name):
        return dict(
            re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        )

    base, dev = pins("requirements/base.txt"), pins("requirements/dev.txt")
    assert {name: version for name, version in base.items() if dev.get(name) != version} == {}


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_every_string_is_translated(language):
    assert catalogues.missing(language) == []
    assert catalogues.unused(language) == []


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_translations_keep_their_placeholders(language):
    def holes(text):
        return sorted(set(re.findall(r"%\(\w+\)[sd]|\{\w+\}", text)))

    for entry in catalogues.load(language):
        originals = entry.id if isinstance(entry.id, tuple) else (entry.id,)
        strings = entry.string if isinstance(entry.string, tuple) else (entry.string,)
        for string in strings if entry.id else ():
            # A singular may say “one” and leave the number out.
            assert set(holes(string)) <= set(holes("".join(originals))), entry.id
            assert set(holes(string)) >= set(holes(originals[0])) & set(holes(originals[-1])) - {"%(n)s"}, (
                entry.id
            )


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_internal_links_of_the_docs_lead_somewhere():
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_no_text_of_a_template_holds_a_bare_percent_sign():
    """Django doubles it before it looks the text up, and finds nothing: the page would speak English."""
    templates = (ROOT / "src").rglob("*.html")
    said = re.compile(r'\{%\s*translate\s+"([^"]*)"')
    wrong = [text for path in templates for text in said.findall(path.read_text("utf-8")) if "%" in text]
    assert wrong == []


def test_the_page_of_privacy_names_every_policy_that_holds_rows_of_people():
    """Whoever answers a request to delete goes by it."""
    page = " ".join((ROOT / "docs/operating/privacy.md").read_text(encoding="utf-8").split())
    [named] = re.findall(r"The files of ([^.;]*) hold what people took, a row each", page)
    assert set(re.findall(r"`([^`]+)`", named)) == {
        policy.name for policy in POLICIES.values() if holds_people(policy)
    }
