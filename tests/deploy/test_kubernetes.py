"""deploy/kubernetes: every overlay is built, agrees with the API's schemas, and with itself."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend import create_app
from jobs.settings import OTHERS, Settings
from jobs.wiring import open_ports
from tests.deploy.composition import ROOT
from tests.deploy.composition import services as composed
from tests.deploy.dockerfile import stages

FOLDER = ROOT / "deploy/kubernetes"
OVERLAYS = ("cpu", "gpu", "servers")
API_VERSION = "1.34"
#: Made by hand (secrets.env.example) and by cert-manager.
MADE_ELSEWHERE = {"nst-secrets", "nst-certificate"}
KUSTOMIZE = next((c for c in (("kubectl", "kustomize"), ("kustomize", "build")) if shutil.which(c[0])), None)
CAN_TALK = {"ingress-nginx", "monitoring", "kube-system"}  # namespaces that policies name

Resource = Mapping[str, Any]
each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@cache
def built(overlay: str) -> tuple[Resource, ...]:
    """The resources of an overlay."""
    if KUSTOMIZE is None:
        pytest.skip("neither kubectl nor kustomize is on this machine")
    command = (*KUSTOMIZE, str(FOLDER / "overlays" / overlay))
    made = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert made.returncode == 0, made.stderr
    return tuple(yaml.safe_load_all(made.stdout))


def of_kind(overlay: str, *kinds: str) -> list[Resource]:
    return [resource for resource in built(overlay) if resource["kind"] in kinds]


def named(overlay: str, kind: str, name: str) -> Resource:
    return next(resource for resource in of_kind(overlay, kind) if resource["metadata"]["name"] == name)


def workloads(overlay: str) -> list[Resource]:
    return of_kind(overlay, "Deployment", "StatefulSet", "Job")


def pod(workload: Resource) -> Resource:
    spec: Resource = workload["spec"]["template"]["spec"]
    return spec


def labels(workload: Resource) -> dict[str, str]:
    return dict(workload["spec"]["template"]["metadata"]["labels"])


def containers(overlay: str) -> Iterator[Resource]:
    for workload in workloads(overlay):
        yield from pod(workload).get("initContainers", [])
        yield from pod(workload)["containers"]


def selects(selector: Resource, given: Mapping[str, str]) -> bool:
    """Whether a label selector fits; an empty one fits all."""
    wanted = all(given.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    lists = selector.get("matchExpressions", [])
    assert all(rule["operator"] == "In" for rule in lists)
    return wanted and all(given.get(rule["key"]) in rule["values"] for rule in lists)


@each_overlay
def test_it_agrees_with_the_schemas_of_the_api(overlay: str) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    for resource in built(overlay):
        if resource["kind"] != "ScaledObject":  # KEDA's own, below
            validate.validate(resource, API_VERSION, strict=True)


@each_overlay
def test_everything_is_in_the_namespace(overlay: str) -> None:
    for resource in built(overlay):
        if resource["kind"] != "Namespace":
            assert resource["metadata"].get("namespace") == "nst", resource["metadata"]["name"]


@each_overlay
def test_every_selector_finds_its_pods(overlay: str) -> None:
    pods = [labels(workload) for workload in workloads(overlay)]
    for workload in of_kind(overlay, "Deployment", "StatefulSet"):
        assert selects(workload["spec"]["selector"], labels(workload))
        for spread in pod(workload).get("topologySpreadConstraints", []):
            assert selects(spread["labelSelector"], labels(workload))
    for service in of_kind(overlay, "Service"):
        assert sum(selects({"matchLabels": service["spec"]["selector"]}, given) for given in pods) == 1
    for budget in of_kind(overlay, "PodDisruptionBudget"):
        assert sum(selects(budget["spec"]["selector"], given) for given in pods) == 1
    for policy in of_kind(overlay, "NetworkPolicy"):
        assert any(selects(policy["spec"]["podSelector"], given) for given in pods), policy["metadata"]["name"]


@each_overlay
def test_every_config_map_secret_account_and_volume_exists(overlay: str) -> None:
    maps = {resource["metadata"]["name"] for resource in of_kind(overlay, "ConfigMap")}
    accounts = {resource["metadata"]["name"] for resource in of_kind(overlay, "ServiceAccount")}
    text = yaml.safe_dump_all(workloads(overlay))
    for kind, name in re.findall(
        r"(configMapRef|configMap|secretRef|secretKeyRef):\n(?:\s+\w+: .*\n)*?\s+name: (\S+)", text
    ):
        assert name in (maps if kind.startswith("configMap") else MADE_ELSEWHERE), name
    for workload in workloads(overlay):
        assert pod(workload).get("serviceAccountName") in accounts | {None}
        claims = workload["spec"].get("volumeClaimTemplates", [])
        volumes = {volume["name"] for volume in pod(workload).get("volumes", [])}
        volumes |= {claim["metadata"]["name"] for claim in claims}
        for container in pod(workload)["containers"]:
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes


@each_overlay
def test_every_port_that_is_named_is_a_port_of_the_pod(overlay: str) -> None:
    ports = {
        workload["metadata"]["name"]: {port["name"] for c in pod(workload)["containers"] for port in c.get("ports", [])}
        for workload in workloads(overlay)
    }
    for service in of_kind(overlay, "Service"):
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports[service["metadata"]["name"]]
    for workload in workloads(overlay):
        for container in pod(workload)["containers"]:
            for probe in (container.get(f"{kind}Probe", {}) for kind in ("startup", "readiness", "liveness")):
                asked = probe.get("httpGet", probe.get("tcpSocket", {})).get("port")
                assert asked in ports[workload["metadata"]["name"]] | {None}


@each_overlay
def test_the_ingress_leads_to_services_that_are_there(overlay: str) -> None:
    (ingress,) = of_kind(overlay, "Ingress")
    services = {s["metadata"]["name"]: {p["name"] for p in s["spec"]["ports"]} for s in of_kind(overlay, "Service")}
    (rule,) = ingress["spec"]["rules"]
    for path in rule["http"]["paths"]:
        target = path["backend"]["service"]
        assert target["port"]["name"] in services[target["name"]]
    assert [rule["host"]] == ingress["spec"]["tls"][0]["hosts"]


@each_overlay
def test_no_container_is_more_than_it_must_be(overlay: str) -> None:
    for workload in workloads(overlay):
        outer = pod(workload)["securityContext"]
        assert outer["runAsNonRoot"] is True and outer["runAsUser"] > 0
        assert outer["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod(workload)["automountServiceAccountToken"] is False
        assert pod(workload)["enableServiceLinks"] is False
    for container in containers(overlay):
        inner = container["securityContext"]
        assert inner["allowPrivilegeEscalation"] is False and inner["readOnlyRootFilesystem"] is True
        assert inner["capabilities"] == {"drop": ["ALL"]}
        assert {"requests", "limits"} <= set(container["resources"]), container["name"]
        assert re.search(r":v?\d+\.\d+\.\d+(-[a-z]+)?$", container["image"]), container["image"]
    assert (
        named(overlay, "Namespace", "nst")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    )


@each_overlay
def test_every_setting_exists(overlay: str) -> None:
    known = {f"NST_{name.upper()}" for name in Settings.model_fields} | OTHERS
    given = {entry["name"] for container in containers(overlay) for entry in container.get("env", [])}
    for settings in of_kind(overlay, "ConfigMap"):
        given |= {name for name in settings["data"] if name.startswith("NST_")}
    assert {name for name in given if name.startswith("NST_")} - known == set()


def test_the_example_of_the_secrets_names_all_and_holds_none() -> None:
    lines = (FOLDER / "secrets.env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert not any(example.values())
    asked = set(re.findall(r"nst-secrets\s*,\s*key: (\w+)", (FOLDER / "servers/redis.yaml").read_text()))
    asked |= set(re.findall(r"nst-secrets\s*,\s*key: (\w+)", (FOLDER / "servers/s3.yaml").read_text()))
    assert asked and asked | {"NST_SECRET", "NST_STORE_URL"} == set(example)


@each_overlay
def test_nothing_is_open_but_what_a_policy_opens(overlay: str) -> None:
    policies = {policy["metadata"]["name"]: policy["spec"] for policy in of_kind(overlay, "NetworkPolicy")}
    assert policies["nothing-else"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for spec in policies.values():
        for rule in spec.get("ingress", []):
            assert rule["from"] and rule["ports"]
            for source in rule["from"]:
                namespace = source.get("namespaceSelector", {}).get("matchLabels", {}).values()
                assert set(namespace) <= CAN_TALK
        assert all(rule["ports"] for rule in spec.get("egress", []))


@each_overlay
@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        ("frontend", "backend", 5000),
        ("backend", "kafka", 9092),
        ("consumer", "kafka", 9092),
        ("topics", "kafka", 9092),
        ("backend", "redis", 6379),
        ("consumer", "redis", 6379),
        ("backend", "s3", 7070),
        ("consumer", "s3", 7070),
    ],
)
def test_who_must_reach_whom_may(overlay: str, source: str, target: str, port: int) -> None:
    pods = {workload["metadata"]["name"]: workload for workload in workloads(overlay)}
    if source not in pods:
        assert overlay != "servers"
        return
    specs = [policy["spec"] for policy in of_kind(overlay, "NetworkPolicy")]
    out = [
        rule for spec in specs if selects(spec["podSelector"], labels(pods[source])) for rule in spec.get("egress", [])
    ]
    assert any(_lets(rule, "to", pods.get(target), port) for rule in out)
    if target in pods:
        given = labels(pods[target])
        into = [rule for spec in specs if selects(spec["podSelector"], given) for rule in spec.get("ingress", [])]
        assert any(_lets(rule, "from", pods[source], port, owner=pods[target]) for rule in into)


def _lets(rule: Resource, side: str, peer: Resource | None, port: int, owner: Resource | None = None) -> bool:
    """Whether a rule lets this peer through on this port, which is named by the pod that has it."""
    listening = owner or peer
    pod_ports = [entry for c in pod(listening)["containers"] for entry in c.get("ports", [])] if listening else []
    known = {entry["name"]: entry["containerPort"] for entry in pod_ports}
    if port not in [known.get(entry["port"], entry["port"]) for entry in rule["ports"]]:
        return False
    peers = rule.get(side)
    if peers is None:
        return True
    given = labels(peer) if peer else {}
    return any("podSelector" in entry and selects(entry["podSelector"], given) for entry in peers)


def test_looking_at_pictures_does_not_depend_on_a_worker() -> None:
    (container,) = pod(named("cpu", "Deployment", "backend"))["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/healthz"


def test_an_api_whose_threads_all_wait_for_a_store_is_not_restarted() -> None:
    (container,) = pod(named("cpu", "Deployment", "backend"))["containers"]
    assert container["livenessProbe"]["tcpSocket"] == {"port": "http"} and "httpGet" not in container["livenessProbe"]


@each_overlay
def test_an_api_that_cannot_use_its_servers_does_not_start(overlay: str, tmp_path: Path) -> None:
    (container,) = pod(named(overlay, "Deployment", "backend"))["containers"]
    probe = container["startupProbe"]
    assert probe["httpGet"]["path"] == "/readyz?part=api"
    assert probe["timeoutSeconds"] >= 20, "one answer waits for store, pictures and bus"
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 300, "the servers may come later"
    settings = Settings(data_dir=tmp_path)
    client = create_app(settings, open_ports(settings)).test_client()
    assert client.get(probe["httpGet"]["path"]).status_code == 200  # without a worker


@each_overlay
def test_answers_are_read_from_the_api_at_once_however_slow_the_reader_is(overlay: str) -> None:
    (ingress,) = of_kind(overlay, "Ingress")
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-buffering"] == "on"


def test_a_job_that_made_the_topics_is_no_obstacle_to_the_next_one() -> None:
    assert named("servers", "Job", "topics")["spec"]["ttlSecondsAfterFinished"] > 0


@each_overlay
def test_a_worker_has_the_time_to_finish_or_hand_back_its_job(overlay: str) -> None:
    worker = pod(named(overlay, "Deployment", "consumer"))
    drain = next(e["value"] for e in worker["containers"][0]["env"] if e["name"] == "NST_DRAIN_SECONDS")
    assert worker["terminationGracePeriodSeconds"] == 90 >= int(drain) + 15


def test_a_worker_with_a_gpu_has_one() -> None:
    (container,) = pod(named("gpu", "Deployment", "consumer"))["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert {"name": "NST_DEVICE", "value": "cuda:0"} in container["env"]


@pytest.mark.parametrize("overlay", ["cpu", "gpu"])
def test_workers_grow_with_the_open_jobs_and_shrink_slowly(overlay: str) -> None:
    (scaled,) = of_kind(overlay, "ScaledObject")
    spec = scaled["spec"]
    worker = named(overlay, "Deployment", spec["scaleTargetRef"]["name"])
    assert "replicas" not in worker["spec"], "kubectl apply would undo what KEDA has done"
    assert 0 < spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]
    (trigger,) = spec["triggers"]
    assert trigger["type"] == "prometheus" and "nst_jobs_open" in trigger["metadata"]["query"]
    assert trigger["metadata"]["ignoreNullValues"] == "false", "no news from the APIs is not: no work"
    behaviour = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behaviour["scaleDown"]["stabilizationWindowSeconds"] >= 300


def test_the_health_of_a_worker_is_asked_as_in_its_image() -> None:
    (container,) = pod(named("cpu", "Deployment", "consumer"))["containers"]
    image = stages(ROOT / "Dockerfile.consumer")[-1].last("HEALTHCHECK")
    assert container["readinessProbe"]["exec"]["command"] == image.array


def test_the_servers_to_try_it_with_are_those_of_the_compose_file() -> None:
    compose = {name: service.facts["image"] for name, service in composed().items() if "build" not in service.facts}
    for name in ("kafka", "redis", "s3"):
        (container,) = pod(named("servers", "StatefulSet", name))["containers"]
        assert container["image"] == compose[name]
    (broker,) = pod(named("servers", "StatefulSet", "kafka"))["containers"]
    ours = {entry["name"]: entry["value"] for entry in broker["env"]}
    theirs = composed()["kafka"].environment
    differing = {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}
    assert differing == {"KAFKA_CONTROLLER_QUORUM_VOTERS", "KAFKA_LISTENERS", "KAFKA_LOG_DIRS"}
