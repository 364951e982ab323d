"""Lighthouse (mobile) over the pages a learner meets first, served by a demo of its own.

Lighthouse itself is installed beside this file at the first run. Ends with status 1 where a page stays under its floor,
and where there is no Chromium: nothing was measured then.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bootstrap import find_npm
from tests.services import demo_academy

HERE = Path(__file__).parent / "lighthouse"
PAGES = {
    "home": "/",
    "explore": "/courses/",
    "course": "/courses/intuition-for-statistics/",
    "lesson": "/courses/intuition-for-statistics/means-lie/",
}
FLOORS = {"performance": 95, "accessibility": 100, "best-practices": 95, "seo": 95}
RUNS = 3
CHROME_FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-background-networking --disable-component-update "
    "--disable-sync --no-first-run"
)


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("pages: there is no Chromium on this machine (Debian: apt install chromium fonts-noto-cjk)")
    npm, environment = find_npm()
    environment = {**environment, "CHROME_PATH": chromium}
    if not (HERE / "node_modules").exists():
        subprocess.run(
            [*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE, env=environment, check=True
        )
    node = shutil.which("node", path=environment.get("PATH")) or "node"
    short = False
    print(f"{'page':<10}" + "".join(f"{name:>16}" for name in FLOORS) + "     LCP s   CLS   median of", RUNS)
    with demo_academy() as address:
        for page, path in PAGES.items():
            runs = [_measure(node, f"{address}{path}", environment) for _ in range(RUNS)]
            scores = {name: statistics.median(run[name] for run in runs) for name in FLOORS}
            lcp, shift = (statistics.median(run[key] for run in runs) for key in ("lcp", "cls"))
            print(
                f"{page:<10}"
                + "".join(f"{scores[name]:>16.0f}" for name in FLOORS)
                + f"{lcp:>10.2f}{shift:>6.2f}"
            )
            for told in sorted({line for run in runs for line in run["failed"]}):
                print(f"           under: {told}")
            short |= any(scores[name] < floor for name, floor in FLOORS.items())
    if short:
        sys.exit(
            "A page stays under its floor: " + ", ".join(f"{name} {floor}" for name, floor in FLOORS.items())
        )


def _measure(node: str, url: str, environment: dict[str, str]) -> dict[str, object]:
    command = [node, str(HERE / "node_modules/lighthouse/cli/index.js"), url]
    command += ["--quiet", "--output=json", "--output-path=stdout", f"--chrome-flags={CHROME_FLAGS}"]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"Lighthouse could not measure {url}:\n{done.stderr.strip()}")
    report = json.loads(done.stdout)
    categories = {name: round(100 * report["categories"][name]["score"]) for name in FLOORS}
    audits = report["audits"]
    failed = [
        f"{audits[ref['id']]['title']} ({name})"
        for name in FLOORS
        for ref in report["categories"][name]["auditRefs"]
        if ref["weight"]
        and (audits[ref["id"]]["score"] or 0) < 0.9
        and audits[ref["id"]]["score"] is not None
    ]
    return {
        **categories,
        "lcp": audits["largest-contentful-paint"]["numericValue"] / 1000,
        "cls": audits["cumulative-layout-shift"]["numericValue"],
        "failed": failed,
    }


if __name__ == "__main__":
    main()
