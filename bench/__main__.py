"""Measure: ``python -m bench NAME``; without a name, a quick part of the engine's. Prints tables, and writes JSON and
plots into ``bench/results``.

The engine: time-to-loss, evaluation, quality, resolution. One machine: service, drill, page. Many: scale-out, stores,
pollers (with servers of their own), and ``python -m bench.drills``.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import (
    distributed,
    drill,
    evaluation,
    page,
    pollers,
    quality,
    resolution,
    service,
    stores,
    time_to_loss,
)
from bench.pictures import EXAMPLES, Source
from bench.report import Report
from nst.backbones.weights import find
from nst.errors import NstError

#: Who is measured in time-to-loss, and by what it differs from the product's defaults.
OURS: dict[str, dict[str, Any]] = {
    "coarse to fine": {"iterations": 600, "plateau": 0.0},
    "single scale": {"scales": 1, "iterations": 200, "plateau": 0.0},
}


def main(arguments: list[str]) -> int:
    """Run what was asked for; 1 if a picture or the weights are not there."""
    given = _parser().parse_args(arguments)
    try:
        for benchmark in _chosen(given):
            report = benchmark()
            print(report.text())
            print(f"written to {report.write()}")
    except NstError as error:
        print(error.sentence, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = (
        "quick",
        "time-to-loss",
        "evaluation",
        "quality",
        "resolution",
        "service",
        "drill",
        "page",
        "scale-out",
        "stores",
        "pollers",
    )
    parser.add_argument("name", nargs="?", default="quick", choices=names)
    parser.add_argument(
        "--size", type=int, help="px (else 384 for time-to-loss, 512 for evaluation, 384 and 768 for quality)"
    )
    parser.add_argument("--pairs", help="photo+style,photo+style: names of files without their extensions")
    parser.add_argument("--photos", type=Path, default=Source().photos, metavar="DIR")
    parser.add_argument("--styles", type=Path, default=Source().styles, metavar="DIR")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="trained SqueezeNet 1.0, safetensors")
    parser.add_argument(
        "--judge", type=Path, default=quality.JUDGE if quality.JUDGE.is_file() else None, metavar="FILE"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where quality leaves its pictures")
    return parser


def _chosen(given: argparse.Namespace) -> list[Callable[[], Report]]:
    source = Source(given.photos, given.styles, tuple(given.pairs.split(",")) if given.pairs else EXAMPLES)
    weights = given.weights or find("squeezenet")
    full: dict[str, Callable[[], Report]] = {
        "time-to-loss": lambda: time_to_loss.benchmark(source.pairs(), given.size or 384, weights, OURS),
        "evaluation": lambda: evaluation.benchmark(given.size or 512, 1024),
        "quality": lambda: quality.benchmark(
            source.pairs(), (given.size,) if given.size else (384, 768), given.judge, given.keep
        ),
        "resolution": lambda: resolution.benchmark(source.pairs(), (256, 512, 1024)),
        "service": service.benchmark,
        "drill": drill.benchmark,
        "page": page.benchmark,
        "scale-out": distributed.benchmark,
        "stores": stores.benchmark,
        "pollers": pollers.benchmark,
    }
    if given.name != "quick":
        return [full[given.name]]
    return [
        lambda: time_to_loss.benchmark(source.pairs(1), given.size or 192, weights, OURS),
        lambda: evaluation.benchmark(given.size or 256, 512, repeats=3),
        lambda: quality.benchmark(source.pairs(), (given.size or 384,), given.judge, given.keep),
        lambda: resolution.benchmark(source.pairs(1), (256, 512)),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
