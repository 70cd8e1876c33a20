"""What is said about settings that cannot be, and about those that nobody reads."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from jobs.settings import Settings, explain, strangers
from jobs.wiring import open_ports


def test_a_setting_outside_its_limits_is_explained_by_its_variable() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(lease_seconds=0, port=70_000)
    text = explain(caught.value)
    assert "NST_PORT is '70000', but it should be less than or equal to 65535" in text
    assert "NST_LEASE_SECONDS is '0'" in text
    assert "\n" not in text


def test_a_misspelt_variable_is_noticed() -> None:
    known = ["PATH", "NST_PORT", "NST_WEIGHTS_DIR", "NST_LAUNCHER_PID"]
    assert strangers(known) == []
    assert strangers([*known, "NST_WORKRES"]) == ["NST_WORKRES is no setting; did you mean NST_WORKERS?"]
    assert strangers(["NST_XYZZY_QUUX"]) == ["NST_XYZZY_QUUX is no setting"]


@pytest.mark.parametrize("name", ["C#", "50%", "what?", "a b", "ä"])
def test_a_data_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    settings = Settings(data_dir=tmp_path / name)
    open_ports(settings).close()
    assert {path.name for path in (tmp_path / name).iterdir()} >= {"jobs", "jobs.sqlite"}


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NST_CORS_ORIGINS", "https://a.example, https://b.example,")
    assert Settings().cors_origins == ("https://a.example", "https://b.example")
