"""The dashboard as a file: Grafana can load it, and a person can read it."""

import json
from itertools import combinations
from typing import Any

import pytest
import yaml

from tests.monitoring.tools import ROOT

FOLDER = ROOT / "deploy/grafana"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "dashboards/overview.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def test_the_provisioning_leads_to_the_dashboard_and_to_prometheus() -> None:
    provider = yaml.safe_load((FOLDER / "provisioning/dashboards/nst.yml").read_text())["providers"][0]
    sources = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert provider["type"] == "file" and provider["options"]["path"] == "/var/lib/grafana-dashboards"
    assert [source["type"] for source in sources if source.get("isDefault")] == ["prometheus"]


def test_it_has_the_rows_that_an_operator_reads_from_top_to_bottom() -> None:
    rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
    assert rows == ["At a glance", "Jobs", "API", "Workers", "Bus and storage"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_a_panel_explains_itself_and_names_its_unit(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert all(target["legendFormat"] for target in panel["targets"])


def test_panels_have_ids_and_places_of_their_own() -> None:
    everything = DASHBOARD["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in everything)
    assert [
        (a["title"], b["title"]) for a, b in combinations(everything, 2) if _overlap(a["gridPos"], b["gridPos"])
    ] == []


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or above)
