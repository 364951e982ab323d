"""Every name that the newcomer's pages mention exists: files, functions, addresses, events, commands."""

import importlib
import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from zhiyue.collect.vocabulary import KINDS
from zhiyue.core.jobs import registry

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src/zhiyue"
PAGES = ("docs/tour.md", "docs/where-things-go.md", "CONTRIBUTING.md")
# Files that every app may have; named without their folder.
IN_AN_APP = {
    f"{name}.py"
    for name in ("models", "errors", "facts", "kinds", "selectors", "services", "tasks", "reactions")
}


def mentioned():
    return [
        pytest.param(name, id=f"{page}: {name}")
        for page in PAGES
        for name in sorted(set(re.findall(r"`([^`\n]+)`", (ROOT / page).read_text(encoding="utf-8"))))
    ]


def exists(name: str) -> bool:
    """Whether what `name` looks like is there. Names that look like nothing of ours are let through."""
    if command := re.fullmatch(r"(?:\.venv/bin/)?zhiyue ([a-z]+).*", name):
        return command[1] in get_commands()
    if target := re.fullmatch(r"make ([a-z]+).*", name):
        return bool(
            re.search(rf"^{target[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        )
    if name.startswith("/"):
        return _is_address(name)
    if re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?|[\w-]*\.(py|md|toml|ts|css|svg|txt)|\.importlinter", name):
        return name in IN_AN_APP or (ROOT / name).exists() or (PACKAGE / name).exists() or _in_some_app(name)
    if re.fullmatch(r"[a-z_]+(\.\w+)+", name):
        return name in KINDS or registry.find(name) is not None or _is_in_code(name)
    return True


def _is_address(path: str) -> bool:
    try:
        # The API answers unknown addresses too, by a view without a name.
        return resolve(path).url_name is not None
    except Resolver404:
        return False


def _in_some_app(name: str) -> bool:
    return any(path.is_dir() for path in PACKAGE.rglob(name))


def _is_in_code(name: str) -> bool:
    words = name.split(".")
    for end in range(len(words), 0, -1):
        module = ".".join(["zhiyue", *words[:end]])
        try:
            if find_spec(module) is None:
                continue
        except ModuleNotFoundError:
            continue
        found = importlib.import_module(module)
        for word in words[end:]:
            if not hasattr(found, word):
                return False
            found = getattr(found, word)
        return True
    return False


@pytest.mark.parametrize("name", mentioned())
def test_what_the_pages_name_exists(name):
    assert exists(name)


@pytest.mark.parametrize(
    "name",
    [
        "product/learning/nothing.py",
        "nothing.py",
        "product.learning.services.open_door",
        "product.nowhere.open_lesson",
        "lesson.forgotten",
        "/desk/nowhere/",
        "/api/v1/nowhere",
        "make coffee",
        ".venv/bin/zhiyue brew",
    ],
)
def test_a_name_that_does_not_exist_is_noticed(name):
    assert not exists(name)
