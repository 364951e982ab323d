"""Whoever reads what people did says what for: `serving(…)`, or the purpose handed to the lake. Those who count for
nobody in particular, keep the log itself, or show people their own are named here, each with its reason."""

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src/zhiyue"
_READS = re.compile(r"\bEvent\.objects\b|\bby\(actor\)|\bby\(Actor\(")
# What is asked of the log without a purpose, and why that is right.
WITHOUT = {
    "demo": "the simulator's own people",
    "monitor/examination.py": "is the log sealed and fresh",
    "monitor/services.py": "which days have to be measured",
    "product/commerce/selectors.py": "what was given back to a member, part of what was agreed",
    "recommend/closing.py": "what of the courses that a person owns came after an act; `recent_acts` says what for",
}


def test_no_reader_of_events_forgets_its_purpose():
    forgetful = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if name.startswith(("collect/", "demo/")) or "/migrations/" in name or name in WITHOUT:
            continue
        text = path.read_text(encoding="utf-8")
        for found in _READS.finditer(text):
            statement = text[found.start() : found.start() + 400].split("\n\n")[0]
            if ".serving(" not in statement:
                forgetful.append(f"{name}: {statement.splitlines()[0].strip()}")
    assert forgetful == []
