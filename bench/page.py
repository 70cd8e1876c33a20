"""The page measured in Chromium: ``python -m bench page`` builds it, starts the service, and behaves like a person.

The browser is driven by ``frontend/e2e/measure.mjs``; the page, the service and the engine share the cores.
"""

import gzip
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.report import Report
from nst.errors import NstError
from scripts.service import ROOT, Service

FRONTEND = ROOT / "frontend"
_SLEEPER = {"NST_ENGINE": "bench.sleeper:Sleeper"}
_OPEN = {"NST_SUBMITS_PER_MINUTE": "0"}
_CATEGORIES = ("performance", "accessibility", "best-practices", "seo")


class NoPage(NstError):
    """The page cannot be built or looked at on this machine."""

    code = "no_page"


def benchmark(starts: int = 3) -> Report:
    """All of it; about two minutes.

    Args:
        starts: pictures begun, for the time to the first frame.
    """
    if not (FRONTEND / "node_modules").is_dir():
        raise NoPage("the page's tools are not installed", hint="Run `make page` first.")
    with TemporaryDirectory(prefix="nst-bench-") as folder:
        built = Path(folder, "dist")
        rows = [_build(built), *_weights(built)]
        page = {"NST_PAGE_DIR": str(built)}
        with Service(Path(folder, "painting"), _OPEN | page) as service:
            rows += _measured(service.url, "start", str(starts))
            rows += _lighthouse(service.url, Path(folder))
        with Service(Path(folder, "sleeping"), _OPEN | page | _SLEEPER) as service:
            rows += _measured(service.url, "updates", "1000")
            rows += _measured(service.url, "scrub", "200")
    summary = {str(row["what"]): f"{row['value']:.4g} {row['unit']}".rstrip() for row in rows}
    return Report("page", "The page in headless Chromium on the cores that also paint; weights are gzip", rows, summary)


def _build(target: Path) -> dict[str, Any]:
    began = time.perf_counter()
    _run(("npx", "vite", "build", "--outDir", str(target), "--emptyOutDir", "--logLevel", "error"))
    return _row("build", time.perf_counter() - began, "s")


def _weights(built: Path) -> Iterator[dict[str, Any]]:
    """What a first visit loads before anything is clicked, and the largest file that comes later."""
    html = (built / "index.html").read_text(encoding="utf-8")
    first = {built / name for name in re.findall(r'(?:src|href)="/(assets/[^"]+)"', html)}
    scripts = {path for path in first if path.suffix == ".js"}
    yield _row("first load, scripts", _kilobytes(*scripts), "kB")
    yield _row("first load, styles", _kilobytes(*(first - scripts)), "kB")
    yield _row("first load, page itself", _kilobytes(built / "index.html"), "kB")
    later = set((built / "assets").glob("*.js")) - scripts
    yield _row("largest script on demand", max(map(_kilobytes, later), default=0.0), "kB")


def _kilobytes(*paths: Path) -> float:
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in paths) / 1000


def _measured(url: str, what: str, count: str) -> list[dict[str, Any]]:
    """What the browser says, one line of JSON for each figure."""
    lines = _run(("node", "e2e/measure.mjs", url, what, count)).splitlines()
    return [_row(found["what"], found["value"], found["unit"]) for found in map(json.loads, lines)]


def _lighthouse(url: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Lighthouse's scores, where it is installed."""
    lighthouse = shutil.which("lighthouse")
    if lighthouse is None:
        return
    flags = f"--headless --no-sandbox --disable-gpu --user-data-dir={folder / 'profile'}"
    report = folder / "lighthouse.json"
    command = (lighthouse, f"{url}/", "--quiet", "--no-enable-error-reporting", "--output=json")
    _run((*command, f"--output-path={report}", f"--chrome-flags={flags}"))
    found = json.loads(report.read_text(encoding="utf-8"))
    for name in _CATEGORIES:
        yield _row(f"Lighthouse mobile, {name}", 100 * found["categories"][name]["score"], "of 100")
    for name, title in {"largest-contentful-paint": "LCP", "total-blocking-time": "TBT"}.items():
        yield _row(f"Lighthouse mobile, {title}", found["audits"][name]["numericValue"], "ms")
    yield _row("Lighthouse mobile, CLS", found["audits"]["cumulative-layout-shift"]["numericValue"], "")


def _run(command: tuple[str, ...]) -> str:
    """What it prints, or a sentence with what went wrong."""
    try:
        done = subprocess.run(command, cwd=FRONTEND, capture_output=True, text=True, check=False, timeout=600)
    except FileNotFoundError as error:
        raise NoPage(f"{command[0]} is not on this machine", hint="Node 20.19 or newer is needed.") from error
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-12:]
        raise NoPage(f"`{' '.join(command[:3])}` ended with status {done.returncode}: " + "\n".join(last))
    return done.stdout


def _row(what: str, value: float, unit: str) -> dict[str, Any]:
    return {"what": what, "value": float(value), "unit": unit}
