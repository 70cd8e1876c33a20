"""What every test gets: one thread, no weights and no settings of the person who runs it."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.servers"]

# The workers of a parallel run share the cores; torch reads this when it is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A slow machine is no failure, and the same examples everywhere make a red run repeatable.
settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def _no_weights_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Weights and settings of the user must neither help nor hurt a test."""
    for name in [name for name in os.environ if name.startswith("NST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NST_WEIGHTS_DIR", str(tmp_path_factory.mktemp("home") / "weights"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of this clone."""
    return Path(__file__).resolve().parents[1]
