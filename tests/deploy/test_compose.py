"""What docker-compose.yml promises: who is published, what nobody may do, and that everything it names is there."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from jobs.settings import OTHERS, Settings
from tests.deploy.composition import COMPOSE, ROOT, SIGN_IN, Service, read, services, variables
from tests.deploy.neighbours import missing

SERVICES = services()
SIGNED_IN = services(SIGN_IN)
ALL = [*SERVICES.values(), SIGNED_IN["oauth2-proxy"]]
OURS = ("backend", "consumer", "consumer-gpu")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
#: The services whose images bring a folder of the right owner for each volume.
BRINGS_FOLDER = {
    ("artifacts", "backend"),
    ("artifacts", "consumer"),
    ("artifacts", "consumer-gpu"),
    ("kafka", "kafka"),
    ("redis", "redis"),
    ("prometheus", "prometheus"),
    ("grafana", "grafana"),
    ("loki", "loki"),
    ("collector", "collector"),  # who is root
}
#: Reads files of Docker's, which are root's.
ROOT_WITHOUT_RIGHTS = "collector"
#: In their images there is no program that could ask.
MUTE = {"loki", "collector"}
READ_FROM_MACHINE = {"/var/lib/docker/containers"}


def _named(service: Service) -> str:
    return service.name


each_service = pytest.mark.parametrize("service", ALL, ids=_named)


@each_service
def test_no_service_has_a_name_that_only_one_container_can_have(service: Service) -> None:
    assert "container_name" not in service.facts


@pytest.mark.parametrize("name", ["consumer", "consumer-gpu"])
def test_any_number_of_workers_fits_on_one_machine(name: str) -> None:
    assert "ports" not in SERVICES[name].facts


@each_service
def test_every_image_is_built_here_or_pinned(service: Service) -> None:
    image = service.facts["image"]
    assert "build" in service.facts or re.search(r":v?\d+\.\d+\.\d+(-[a-z]+)?$", image), image


def test_only_the_page_and_the_api_are_published_and_on_loopback() -> None:
    published = {name: service.facts["ports"] for name, service in SERVICES.items() if "ports" in service.facts}
    always = {name for name in published if not SERVICES[name].profiles}
    assert always == {"frontend", "backend"}
    assert all(port.startswith("${NST_BIND:-127.0.0.1}:") for port in published["frontend"])
    # The API believes whoever comes there about who he is: opening the page must not open this one too.
    assert all(port.startswith("${API_BIND:-127.0.0.1}:") for port in published["backend"])
    others = {name: ports for name, ports in published.items() if name not in always | {"https"}}
    assert all(port.startswith("127.0.0.1:") for ports in others.values() for port in ports), others


def test_what_is_published_is_where_the_process_listens() -> None:
    for name, port in (("frontend", "5173"), ("backend", "5000")):
        assert SERVICES[name].facts["ports"][0].endswith(f":{port}")


@each_service
def test_nobody_is_root_or_may_become_more_than_he_is(service: Service) -> None:
    facts = service.facts
    root = str(facts["user"]).split(":")[0] in ("0", "root", "")
    assert root == (service.name == ROOT_WITHOUT_RIGHTS)
    assert facts["read_only"] is True
    assert facts["cap_drop"] == ["ALL"]
    assert facts["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "pid", "ipc", "devices"} & set(facts)
    assert "docker.sock" not in str(facts)
    assert set(facts.get("cap_add", [])) <= {"NET_BIND_SERVICE"}


@pytest.mark.parametrize("service", [service for service in ALL if service.runs_on], ids=_named)
def test_what_runs_on_can_be_asked_how_it_is_and_has_an_end_to_its_memory(service: Service) -> None:
    built = "build" in service.facts and service.name != "frontend"
    in_image = built and "HEALTHCHECK" in (ROOT / service.facts["build"]["dockerfile"]).read_text()
    assert "healthcheck" in service.facts or in_image or service.name in MUTE
    assert "mem_limit" in service.facts
    assert service.facts["init"] is True


@each_service
def test_what_a_service_waits_for_is_there_and_can_be_waited_for(service: Service) -> None:
    known = {**SERVICES, **SIGNED_IN}
    for name, need in service.needs.items():
        awaited = SERVICES.get(name) or known[name]
        expected = "service_healthy" if awaited.runs_on else "service_completed_successfully"
        assert need["condition"] == expected, name
        if awaited.profiles and not set(service.profiles) & set(awaited.profiles):
            assert need["required"] is False, f"{name} is not always started"


@each_service
def test_everything_that_is_mounted_is_there(service: Service) -> None:
    declared = read()["volumes"]
    for source, target in service.mounts:
        assert target.startswith("/")
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
        elif source.startswith("/"):
            assert source in READ_FROM_MACHINE
        elif source:
            assert source in declared


def test_every_volume_belongs_to_who_writes_it() -> None:
    prepared = {source for source, _ in SERVICES["folders"].mounts}
    for service in SERVICES.values():
        for source, _ in service.mounts:
            if source and source[0] not in "./" and (source, service.name) not in BRINGS_FOLDER:
                assert source in prepared, f"nobody prepares {source} for {service.name}"
                assert service.name == "folders" or "folders" in service.needs


@each_service
def test_files_are_mounted_for_reading_only(service: Service) -> None:
    files = [volume for volume in service.facts.get("volumes", []) if volume.startswith((".", "/")) and ":" in volume]
    assert all(volume.endswith(":ro") for volume in files), files


@pytest.mark.parametrize("name", OURS)
def test_every_setting_exists(name: str) -> None:
    known = {f"NST_{field.upper()}" for field in Settings.model_fields} | OTHERS
    given = {variable for variable in SERVICES[name].environment if variable.startswith("NST_")}
    assert given and given <= known
    assert set(SIGNED_IN["backend"].environment) <= known


def test_every_variable_of_the_compose_files_is_explained_in_the_example() -> None:
    asked = variables(COMPOSE) | variables(SIGN_IN)
    told = set(re.findall(r"^#?([A-Z0-9_]+)=", EXAMPLE, re.MULTILINE))
    assert asked - told == set()
    assert told - asked == {"COMPOSE_PROFILES", "COMPOSE_FILE"}


def test_the_example_holds_no_secret() -> None:
    given = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert given and not any(given.values())


def test_a_secret_that_everything_hangs_on_has_no_default() -> None:
    text = COMPOSE.read_text()
    for secret in ("NST_SECRET", "REDIS_PASSWORD", "GRAFANA_PASSWORD"):
        assert set(re.findall(rf"\$\{{{secret}([^}}]{{2}})", text)) == {":?"}


def test_api_and_workers_agree_about_where_things_are() -> None:
    shared = ("NST_BUS_URL", "NST_STORE_URL", "NST_ARTIFACTS_URL", "NST_S3_ENDPOINT", "NST_SECRET")
    for name in shared:
        assert len({SERVICES[service].environment[name] for service in OURS}) == 1, name
    assert all(("artifacts", "/data/jobs") in SERVICES[service].mounts for service in OURS)


def test_a_worker_has_the_time_to_finish_or_hand_back_its_job() -> None:
    for name in ("consumer", "consumer-gpu"):
        service = SERVICES[name]
        grace = int(service.facts["stop_grace_period"].removesuffix("s"))
        assert int(service.environment["NST_DRAIN_SECONDS"]) + 15 <= grace


def test_the_inner_network_leads_nowhere() -> None:
    assert read()["networks"]["inner"]["internal"] is True
    for name in ("kafka", "redis", "s3", "consumer", "consumer-gpu"):
        assert SERVICES[name].facts["networks"] == ["inner"]
    assert "inner" not in SERVICES["frontend"].facts["networks"]


def test_with_sign_in_nobody_comes_past_the_proxy() -> None:
    for name in ("frontend", "backend"):
        assert SIGNED_IN[name].facts["ports"] == []
    header = SIGNED_IN["backend"].environment["NST_PROXY_USER_HEADER"]
    caddyfile = (ROOT / "deploy/compose/Caddyfile.sign-in").read_text()
    assert "request_header -X-Auth-Request-*" in caddyfile
    assert header in re.findall(r"copy_headers (.*)", caddyfile)[0].split()


@pytest.fixture(scope="module")
def plugin() -> tuple[str, ...]:
    """Docker's compose plugin, which needs no engine to read a file."""
    by_hand = str(ROOT / ".cache/servers/bin/docker-compose")
    for command in (("docker", "compose"), ("docker-compose",), (by_hand,)):
        if shutil.which(command[0]) and subprocess.run((*command, "version"), capture_output=True).returncode == 0:
            return command
    return missing("Docker's compose plugin is not on this machine (on Debian: docker-compose-plugin)")


def _config(
    plugin: tuple[str, ...], *arguments: str, settings: str = os.devnull, **secrets: str
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **secrets}
    command = (*plugin, "--project-directory", str(ROOT), "--env-file", settings, *arguments)
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_compose_accepts_the_file_with_every_profile(plugin: tuple[str, ...]) -> None:
    secrets = {"NST_SECRET": "x", "REDIS_PASSWORD": "x", "GRAFANA_PASSWORD": "x"}
    answer = _config(plugin, "--profile", "*", "config", "--services", **secrets)
    assert answer.returncode == 0, answer.stderr
    assert set(answer.stdout.split()) == set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_the_settings_that_a_container_gets_are_within_their_limits(
    plugin: tuple[str, ...], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = {"NST_SECRET": "0" * 64, "REDIS_PASSWORD": "0" * 64, "GRAFANA_PASSWORD": "0" * 64}
    answer = _config(plugin, "--profile", "*", "config", "--format", "json", **secrets)
    for variable, value in json.loads(answer.stdout)["services"][name]["environment"].items():
        monkeypatch.setenv(variable, value)
    settings = Settings()
    assert settings.store == f"redis://default:{'0' * 64}@redis:6379/0"
    assert settings.artifacts == "file:///data/jobs"
    assert settings.bus_url == "kafka://kafka:9092/nst.jobs"


def test_compose_refuses_to_go_on_without_the_secrets(plugin: tuple[str, ...]) -> None:
    answer = _config(plugin, "config", "--quiet")
    assert answer.returncode != 0
    assert "make up" in answer.stderr


def test_compose_takes_the_ports_away_with_sign_in(plugin: tuple[str, ...], tmp_path: Path) -> None:
    settings = tmp_path / ".env"
    settings.write_text(_signed_in())
    answer = _config(plugin, "config", "--format", "json", settings=str(settings))
    assert answer.returncode == 0, answer.stderr
    made = json.loads(answer.stdout)["services"]
    assert {name for name, facts in made.items() if facts.get("ports")} == {"https"}
    caddyfiles = [volume["source"] for volume in made["https"]["volumes"] if volume["target"].endswith("Caddyfile")]
    assert [Path(file).name for file in caddyfiles] == ["Caddyfile.sign-in"]


def _signed_in() -> str:
    """The example with the two lines for sign-in and with all that they need, and nothing else on the command line."""
    lines = re.sub(r"^#(?=COMPOSE_FILE=|COMPOSE_PROFILES=https|OIDC_|NST_DOMAIN=)", "", EXAMPLE, flags=re.MULTILINE)
    return re.sub(r"^([A-Z0-9_]+)=$", r"\1=x", lines, flags=re.MULTILINE)
