"""Dashboard and rules against a real Prometheus that watched a real run: nothing asks for what is not there."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
import yaml
from kafka import KafkaProducer

from scripts.servers import KafkaServer, RedisServer
from tests.monitoring.observed import SELECTOR, Observed, observed, until
from tests.monitoring.tools import ROOT

PANELS: list[dict[str, Any]] = json.loads((ROOT / "deploy/grafana/dashboards/overview.json").read_text())["panels"]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
#: What Grafana puts in place of its variables.
VARIABLES = {"$__rate_interval": "1m", "$instance": ".*"}
#: Of a line in a panel that is there only where a bus was heard of.
ONLY_WITH_A_BUS = "nst_bus_contact_timestamp_seconds"
pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def many_machines(
    one_machine: Observed, tmp_path_factory: pytest.TempPathFactory, kafka: KafkaServer, redis_server: RedisServer
) -> Iterator[Observed]:
    """A run over Kafka and Redis, with a message that nobody can read; after the other, for both are busy."""
    topic = kafka.make_topic(f"observed-{uuid4().hex}")
    kafka.make_topic(f"{topic}.dlq", 1)
    settings = {
        "NST_BUS_URL": kafka.url(topic),
        "NST_KAFKA_GROUP": topic,
        "NST_STORE_URL": redis_server.url,
        "NST_REDIS_PREFIX": f"{topic}:",
    }
    producer = KafkaProducer(**kafka.client_settings())
    with observed(tmp_path_factory.mktemp("many"), settings) as seen:
        producer.send(topic, b"nonsense", key=b"nobody").get(10)
        until(lambda: seen.prometheus.query('nst_dead_letters_total{reason="unreadable"} > 0'))
        producer.close()
        yield replace(seen, at=time.time())


def test_no_panel_of_the_dashboard_is_empty(one_machine: Observed) -> None:
    queries = [(panel["title"], target["expr"]) for panel in PANELS for target in panel.get("targets", ())]
    assert len(queries) > 40
    empty = [query for query in queries if not one_machine.query(_filled(query[1]))]
    assert [query for query in empty if ONLY_WITH_A_BUS not in query[1]] == []


def test_no_panel_is_empty_where_kafka_and_redis_are(many_machines: Observed) -> None:
    queries = [(panel["title"], target["expr"]) for panel in PANELS for target in panel.get("targets", ())]
    assert [query for query in queries if not many_machines.query(_filled(query[1]))] == []


def test_messages_and_dead_letters_are_seen(many_machines: Observed) -> None:
    query = many_machines.query
    for target in _panel("Messages")["targets"][:2]:  # published and delivered
        assert float(query(_filled(target["expr"]))[0]["value"][1]) > 0
    assert query('sum(nst_dead_letters_total{reason="unreadable"})')[0]["value"][1] == "1"


def test_the_panels_show_what_has_happened(one_machine: Observed) -> None:
    query = one_machine.query
    ended = {found["metric"]["status"]: float(found["value"][1]) for found in query(_of("Jobs ended"))}
    assert all(ended[status] > 0 for status in ("succeeded", "failed", "cancelled"))
    reasons = {found["metric"]["reason"] for found in query(_of("Why jobs fail")) if float(found["value"][1]) > 0}
    assert reasons == {"numerical", "worker_crashed"}
    assert float(query(_of("Time to paint"))[0]["value"][1]) > 0
    assert float(query(_of("Ready workers"))[0]["value"][1]) == 1


def test_every_recorded_rule_has_a_value(one_machine: Observed) -> None:
    recorded = [rule["record"] for rule in RULES if "record" in rule]
    assert [name for name in recorded if not one_machine.query(name)] == []


def test_every_alarm_asks_for_metrics_and_labels_that_exist(one_machine: Observed) -> None:
    for rule in RULES:
        for name, matchers in SELECTOR.findall(rule["expr"]):
            series = one_machine.query(name)
            assert series, f"{name} in {rule['expr']}"
            asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
            assert asked <= set(series[0]["metric"]), f"{name} in {rule['expr']}"


def test_no_alarm_goes_off_for_failures_of_what_was_asked(one_machine: Observed) -> None:
    alarms = one_machine.query('ALERTS{alertstate="firing"}')
    assert {alarm["metric"]["alertname"] for alarm in alarms} <= {"JobsFail"}


def _of(title: str) -> str:
    """The first query of the panel with this title."""
    return _filled(str(_panel(title)["targets"][0]["expr"]))


def _panel(title: str) -> dict[str, Any]:
    (panel,) = [panel for panel in PANELS if panel["title"] == title]
    return panel


def _filled(expression: str) -> str:
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression
