"""The house keeps its shape: floors, sizes, names."""

from configparser import ConfigParser
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_calls_go_down(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(config_filename=".importlinter", no_cache=True) == 0


def test_no_contract_has_exceptions():
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter", encoding="utf-8")
    for section in contracts.sections():
        # An import for types alone is an import: it says who knows whom.
        assert not {
            key for key in contracts[section] if "ignore" in key or key == "exclude_type_checking_imports"
        }
    layered = [contracts[s] for s in contracts.sections() if contracts[s].get("type") == "layers"]
    assert layered
    assert all(contract.get("exhaustive") == "True" for contract in layered)


def test_no_room_is_a_drawer():
    drawers = {"utils", "helpers", "common", "misc", "tools", "lib", "data", "process"}
    assert [str(path) for path in SOURCES if path.stem in drawers or path.parent.name in drawers] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_grows_past_comfort_and_each_says_what_it_is(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 400
    plain = {"apps.py", "urls.py", "__init__.py"}
    if len(lines) > 5 and path.name not in plain and "migrations" not in path.parts:
        assert lines[0].startswith('"""')


def test_the_kit_has_a_lid():
    assert len(list((ROOT / "src/zhiyue/core/kit").glob("*.py"))) <= 8
