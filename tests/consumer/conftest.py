"""A workshop for each test."""

from pathlib import Path

import pytest

from tests.consumer.workshop import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Ports on a temporary folder, an engine that misbehaves where it is told to."""
    return Workshop(tmp_path)
