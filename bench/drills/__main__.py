"""``python -m bench.drills [NAME …]``: run drills, print their verdicts; without a name, list them."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.drills import carrying, deaths, outages, queueing
from bench.drills.verdict import Verdict

Drill = Callable[[Path], Verdict]

#: In the order of the acceptance list in the documents.
DRILLS: Mapping[str, Drill] = {
    "kills": deaths.kills,
    "takeovers": deaths.takeovers,
    "scaling": deaths.scaling,
    "storm": carrying.storm,
    "eviction": carrying.eviction,
    "broker": outages.broker,
    "store": outages.store,
    "duplicates": carrying.duplicates,
    "poison": carrying.poison,
    "mixed": queueing.mixed,
    "cancelling": queueing.cancelling,
    "flood": queueing.flood,
    "stopping": deaths.stopping,
}


def main(names: Sequence[str]) -> int:
    """1 where a promise was broken, 2 where there is no such drill."""
    unknown = [name for name in names if name not in (*DRILLS, "all")]
    if unknown or not names:
        print(*(f"{name:12} {(drill.__doc__ or '').splitlines()[0]}" for name, drill in DRILLS.items()), sep="\n")
        print("all          every one of them; about half an hour")
        return 2 if unknown else 0
    chosen = list(DRILLS) if "all" in names else names
    return max(_run(name) for name in chosen)


def _run(name: str) -> int:
    with TemporaryDirectory(prefix="nst-drill-") as folder:
        verdict = DRILLS[name](Path(folder))
    print(verdict.text(), flush=True)
    verdict.write()
    return 0 if verdict.kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
