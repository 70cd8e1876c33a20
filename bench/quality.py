"""How good the weightless pictures are: the preset ``standard`` on ``wavelet``, scored by a network that made none.

The judge is a program of its own (``--judge FILE``) that prints style distance, content distance and fine detail
for CONTENT STYLE RESULT; where there is none, the time of optimising is all that is measured.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.pictures import ROOT, Pair
from bench.report import Report
from nst.events import Failed, Finished
from nst.images import write_picture
from nst.options import StyleOptions
from nst.transfer import StyleTransfer

JUDGE = ROOT.parent / "shared" / "tools" / "judge.py"


def benchmark(pairs: list[Pair], sizes: tuple[int, ...], judge: Path | None, keep: Path | None) -> Report:
    """Every pair at every size; ``keep`` is a folder for the results."""
    with TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [_painted(pair, size, judge, folder) for size in sizes for pair in pairs]
    title = f"The preset standard on wavelet{'' if judge else ' (no judge at hand: only the time)'}"
    return Report("quality", title, rows, {"slowest, s": max(row["seconds"] for row in rows)})


def _painted(pair: Pair, size: int, judge: Path | None, folder: Path) -> dict[str, Any]:
    options = StyleOptions.preset("standard", backbone="wavelet", size=size, save_every=0)
    path = folder / f"{pair.name}-{size}.png"
    *_, end = StyleTransfer().start(pair.content, [pair.style], options)
    if isinstance(end, Failed):
        raise end.error
    assert isinstance(end, Finished)
    write_picture(end.picture, path)
    row = {"pair": pair.name, "size": size, "seconds": end.elapsed_seconds, "iterations": end.iteration}
    scores = _scores(judge, pair, path, size) if judge else (None, None, None)
    return row | dict(zip(("style", "content", "hf"), scores, strict=True))


def _scores(judge: Path, pair: Pair, result: Path, size: int) -> tuple[float, float, float]:
    """Style distance, content distance and fine detail: the first three numbers of the judge's last line."""
    files = (str(path.resolve()) for path in (pair.content_path, pair.style_path, result))
    command = (sys.executable, str(judge), *files, "--size", str(size))
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    style, content, fine = answer.stdout.splitlines()[-1].split()[:3]
    return float(style), float(content), float(fine)
