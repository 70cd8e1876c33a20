"""The rules and alarms: sound to Prometheus' own checker, going off when they should, and each with a way out."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.monitoring.tools import ROOT, program

FOLDER = ROOT / "deploy/prometheus"
GROUPS = cast("list[dict[str, Any]]", yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"])
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALARMS: dict[str, Mapping[str, Any]] = {rule["alert"]: rule for rule in RULES if "alert" in rule}


def _promtool(*arguments: str) -> str:
    promtool = program("promtool", "on Debian: apt-get install prometheus")
    done = subprocess.run((promtool, *arguments), cwd=FOLDER, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_accepts_the_configuration_and_the_rules() -> None:
    assert "is valid" in _promtool("check", "config", "prometheus.yml")
    assert f"{len(RULES)} rules found" in _promtool("check", "rules", "rules.yml")


def test_every_alarm_goes_off_when_it_should_and_only_then() -> None:
    assert "SUCCESS" in _promtool("test", "rules", "rules_test.yml")


def test_every_alarm_is_tried_in_the_unit_tests() -> None:
    trials = (FOLDER / "rules_test.yml").read_text()
    assert [name for name in ALARMS if not re.search(rf"\b{name}\b", trials)] == []


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_how_bad_and_what_to_do(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["labels"]["severity"] in ("warning", "critical")
    assert alarm["annotations"]["summary"] and alarm["annotations"]["description"].endswith(".")
    document, _, anchor = alarm["annotations"]["runbook"].partition("#")
    assert anchor in _anchors(ROOT / document)


def test_every_alarm_is_in_the_document() -> None:
    document = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", document, re.MULTILINE)
    assert rows == [(name, alarm["labels"]["severity"]) for name, alarm in ALARMS.items()]


def test_the_figures_of_the_one_store_are_never_added_up() -> None:
    queries = [rule["expr"] for rule in RULES] + [(ROOT / "deploy/grafana/dashboards/overview.json").read_text()]
    of_the_store = r"nst_(?:jobs|jobs_open|oldest_queued_seconds|workers)\b"
    assert [query for query in queries if re.search(rf"sum[^()]*\([^()]*{of_the_store}", query)] == []


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
