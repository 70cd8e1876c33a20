"""Programs that check what monitoring is made of; without one a test is skipped, and in CI it fails."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Read before the tests clear what begins with NST_.
_REQUIRED = next((name for name in ("CI", "NST_REQUIRE_SERVERS") if os.environ.get(name)), None)


def program(name: str, advice: str) -> str:
    """The path of a program."""
    found = shutil.which(
        name, path=f"{os.environ.get('PATH', '')}:{ROOT / '.cache/servers'}:{ROOT / '.cache/servers/bin'}"
    )
    if found is None:
        sentence = f"{name} is not on this machine ({advice})"
        if _REQUIRED:
            pytest.fail(f"{_REQUIRED} is set, and {sentence}")
        pytest.skip(sentence)
    return found
