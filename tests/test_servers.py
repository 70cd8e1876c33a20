"""The servers that the tests lean on: real ones that start, answer, remember, hang and die as they are told."""

import os
import re
import secrets
import select
import stat
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from redis import Redis
from redis.exceptions import AuthenticationError, ResponseError

from scripts.servers import (
    Failed,
    KafkaServer,
    Missing,
    PrometheusServer,
    RedisServer,
    S3Server,
    go_programs,
    install,
    make_certificates,
)
from scripts.servers.__main__ import main
from scripts.servers.go_programs import CADDY, COMPOSE
from scripts.servers.process import ROOT
from scripts.servers.s3 import VERSION
from scripts.servers.stack import Stack
from tests.servers import OwnServer

_POM = "{*}"  # in whatever namespace


def test_redis_remembers_over_a_restart_and_a_kill(own_server: OwnServer, tmp_path: Path) -> None:
    redis = own_server(RedisServer(tmp_path / "redis"))
    with redis.client() as client:
        client.set("kept", "yes")
    redis.restart()
    redis.kill()
    assert not redis.answers() and not redis.running
    redis.start()
    with redis.client() as client:
        assert client.get("kept") == b"yes"
    redis.wipe()
    with redis.client() as client:
        assert client.dbsize() == 0


def test_redis_without_persistence_forgets(own_server: OwnServer, tmp_path: Path) -> None:
    redis = own_server(RedisServer(tmp_path / "redis", persistence=False, policy="allkeys-lru"))
    with redis.client() as client:
        client.set("kept", "no")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
    redis.restart()
    with redis.client() as client:
        assert client.get("kept") is None


def test_redis_with_a_user_and_tls_lets_in_nobody_else(own_server: OwnServer, tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path / "certificates")
    user, password, rules = "nst", "an example with blanks", "~nst:* &* +@all"
    redis = own_server(RedisServer(tmp_path / "redis", user=user, password=password, rules=rules, tls=certificates))
    assert redis.url.startswith("rediss://nst:")
    with redis.client() as client:
        client.set("nst:mine", "1")
        with pytest.raises(ResponseError, match="permissions"):
            client.set("other", "1")
    wrong = redis.url.replace("example", "other")
    with Redis.from_url(wrong, ssl_ca_certs=str(certificates.ca)) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_kafka_remembers_over_a_restart_and_is_silent_while_frozen(own_server: OwnServer, tmp_path: Path) -> None:
    kafka = own_server(KafkaServer(tmp_path / "kafka", partitions=3))
    topic = kafka.make_topic("jobs")
    assert kafka.make_topic("jobs", 7) == topic  # it is there, and stays as it is
    _send(kafka, topic, b"kept")
    kafka.restart()
    assert _received(kafka, topic) == [b"kept"]
    kafka.freeze()
    assert not kafka.answers()
    kafka.thaw()
    assert kafka.answers()
    kafka.stop()
    assert not kafka.running and not kafka.answers()


def test_kafka_with_tls_and_scram_takes_its_user(own_server: OwnServer, tmp_path: Path) -> None:
    kafka = own_server(
        KafkaServer(
            tmp_path / "kafka",
            mechanism="SCRAM-SHA-512",
            user="nst",
            password="an example with blanks",
            tls=make_certificates(tmp_path / "certificates"),
        )
    )
    topic = kafka.make_topic("jobs", 1)
    assert kafka.url(topic).startswith("kafkas://nst:an%20example")
    _send(kafka, topic, b"kept")
    assert _received(kafka, topic) == [b"kept"]


def test_s3_remembers_over_a_restart_and_is_silent_while_frozen(own_server: OwnServer, tmp_path: Path) -> None:
    s3 = own_server(S3Server(tmp_path / "s3"))
    bucket = s3.make_bucket("pictures")
    s3.make_bucket(bucket)  # it may be there
    client = s3.client()
    client.put_object(Bucket=bucket, Key="a/b", Body=b"kept", ContentType="image/png")
    s3.restart()
    answer = client.get_object(Bucket=bucket, Key="a/b")
    assert (answer["Body"].read(), answer["ContentType"]) == (b"kept", "image/png")
    client.close()
    s3.freeze()
    assert not s3.answers()
    s3.thaw()
    assert s3.answers()


def test_s3_with_tls_refuses_an_account_without_rights(own_server: OwnServer, tmp_path: Path) -> None:
    s3 = own_server(S3Server(tmp_path / "s3", tls=make_certificates(tmp_path / "certificates")))
    bucket = s3.make_bucket("pictures")
    stranger = s3.client(s3.make_account())
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.put_object(Bucket=bucket, Key="a", Body=b"")
    stranger.close()


def test_prometheus_runs_with_the_configuration_it_is_given(own_server: OwnServer, tmp_path: Path) -> None:
    (tmp_path / "prometheus").mkdir()
    rule = '{groups: [{name: g, interval: 100ms, rules: [{record: answer, expr: "6 * 7"}]}]}'
    (tmp_path / "prometheus" / "rules.yml").write_text(rule)
    prometheus = own_server(PrometheusServer(tmp_path / "prometheus", "rule_files: [rules.yml]\n"))
    assert [group["name"] for group in prometheus.get("/api/v1/rules")["data"]["groups"]] == ["g"]
    assert prometheus.query("vector(6) * 7")[0]["value"][1] == "42"
    assert prometheus.query("nothing") == []


def test_the_shared_servers_answer(kafka: KafkaServer, redis_server: RedisServer, s3_server: S3Server) -> None:
    topic, key = kafka.make_topic(f"test-{secrets.token_hex(4)}"), secrets.token_hex(8)
    _send(kafka, topic, b"here")
    assert _received(kafka, topic) == [b"here"]
    with redis_server.client() as client:
        client.set(key, "here", ex=60)
    assert s3_server.make_bucket(f"test-{key}") == f"test-{key}"


def test_a_second_object_on_the_folder_is_the_same_server(own_server: OwnServer, tmp_path: Path) -> None:
    redis = own_server(RedisServer(tmp_path / "redis"))
    again = RedisServer(tmp_path / "redis")
    assert (again.url, again.pid, again.answers()) == (redis.address.join(("redis://", "/0")), redis.pid, True)
    again.stop()
    assert not redis.running


def test_a_server_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    redis = RedisServer(tmp_path / "redis")
    program = "import sys, time; from pathlib import Path; from scripts.servers import RedisServer\n"
    program += "RedisServer(Path(sys.argv[1])).start(); print('up', flush=True); time.sleep(60)"
    command = (sys.executable, "-c", program, str(redis.folder))
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        if owner.stdout.readline() != "up\n":
            pytest.skip("redis-server is not on this machine")
        pid = redis.pid
        assert pid is not None
        ending = os.pidfd_open(pid)
        owner.kill()
    assert select.select([ending], [], [], 20)[0]
    os.close(ending)
    assert not redis.running


def test_a_server_that_cannot_start_says_what_it_printed(own_server: OwnServer, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path / "redis", settings=("nonsense yes",))
    with pytest.raises(Failed, match="nonsense"):
        own_server(redis)
    assert not redis.running


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("scripts.servers.redis.shutil.which", lambda name: None if "redis" in name else f"/bin/{name}")
    with pytest.raises(Missing, match="redis-server"):
        RedisServer(tmp_path / "redis").start()


@pytest.mark.parametrize(("required", "ending"), [(None, pytest.skip.Exception), ("CI", pytest.fail.Exception)])
def test_a_missing_server_skips_on_a_laptop_and_fails_where_it_is_required(
    required: str | None,
    ending: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    own_server: OwnServer,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr("tests.servers.REQUIRED", required)
    monkeypatch.setattr("scripts.servers.redis.shutil.which", lambda name: None if "redis" in name else f"/bin/{name}")
    with pytest.raises(ending, match=r"redis-server is not on this machine.*make servers"):
        own_server(RedisServer(tmp_path / "redis"))


def test_the_stack_has_topics_bucket_and_settings_for_this_user_alone(own_server: OwnServer, tmp_path: Path) -> None:
    stack = Stack(tmp_path / "run")
    for server in stack.servers:
        own_server(server)
    stack.start(os.getpid())
    assert stat.S_IMODE(stack.environment_file.stat().st_mode) == 0o600
    settings = _sourced(stack.environment_file)
    partitions = _partitions(stack.kafka, "nst.jobs"), _partitions(stack.kafka, "nst.jobs.dlq")
    assert (settings["NST_BUS_URL"], partitions) == (stack.kafka.url("nst.jobs"), (12, 1))
    with Redis.from_url(settings["NST_STORE_URL"]) as client:
        assert client.ping()
    assert [bucket["Name"] for bucket in stack.s3.client().list_buckets()["Buckets"]] == ["nst"]
    first = stack.environment_file.read_text()
    Stack(tmp_path / "run").start(os.getpid())
    assert stack.environment_file.read_text() == first
    shown = stack.instructions()
    assert settings["NST_STORE_URL"] not in shown and settings["NST_BUS_URL"] in shown
    assert settings["AWS_SECRET_ACCESS_KEY"] not in shown and settings["NST_SECRET"] not in shown
    Stack(tmp_path / "run").stop()
    assert not any(server.running for server in stack.servers)


def test_everything_that_is_fetched_has_a_pinned_version() -> None:
    pom = ElementTree.parse(ROOT / "scripts/servers/pom.xml").getroot()
    versions = [found.text for found in pom.findall(f".//{_POM}version")]
    wanted = [*pom.findall(f".//{_POM}dependency"), *pom.findall(f".//{_POM}plugin")]
    assert len(wanted) == 3 and all(item.find(f"{_POM}version") is not None for item in wanted)
    assert all(version and re.fullmatch(r"[0-9.]+", version) for version in versions)
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", version) for version in (VERSION, COMPOSE, CADDY))


def test_what_a_killed_installation_left_is_removed_and_what_others_made_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(install, "_POLICY", policy)
    monkeypatch.setattr(install, "_programs", tuple)
    for step in ("_install_kafka", "_quicken_kafka", "install_s3"):
        monkeypatch.setattr(install, step, lambda: None)
    with install._services_stay_off():
        left = policy.read_text()
        assert left.startswith("#!/bin/sh\n") and left.endswith("\nexit 101\n")
    assert not policy.exists()
    policy.write_text(left)
    assert install.install() == [] and not policy.exists()
    policy.write_text("#!/bin/sh\nexit 101\n")
    assert install.install() == [] and policy.exists()


@pytest.mark.parametrize(
    ("arguments", "ci", "built"),
    [((), "", []), ((), "1", ["docker-compose", "caddy"]), (("--all",), "", ["docker-compose", "caddy"])],
)
def test_what_only_the_tests_of_deployment_use_is_built_where_it_is_asked_for(
    arguments: tuple[str, ...], ci: str, built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(install, "_programs", tuple)
    for step in ("_remove_what_a_killed_one_left", "_install_kafka", "_quicken_kafka", "install_s3"):
        monkeypatch.setattr(install, step, lambda: None)
    monkeypatch.setattr(install, "install_compose", lambda: done.append("docker-compose"))
    monkeypatch.setattr(install, "install_caddy", lambda: done.append("caddy"))
    monkeypatch.setattr(sys, "argv", ["servers", "install", *arguments])
    monkeypatch.setenv("CI", ci)
    assert main() == 0
    assert done == built


def test_a_program_of_another_version_is_replaced_where_the_tests_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_programs, "INSTALLED", tmp_path)
    monkeypatch.setattr(go_programs, "PROGRAMS", tmp_path / "bin")
    for version in ("v1.0.0", "v1.0.1"):
        monkeypatch.setattr(go_programs, "CADDY", version)
        program = tmp_path / f"caddy-{version}" / "caddy"
        program.parent.mkdir()
        program.write_text(version)
        go_programs.install_caddy()
        assert (tmp_path / "bin/caddy").read_text() == version


def _send(kafka: KafkaServer, topic: str, value: bytes) -> None:
    producer = KafkaProducer(**kafka.client_settings())
    producer.send(topic, value).get(timeout=20)
    producer.close()


def _received(kafka: KafkaServer, topic: str) -> list[bytes]:
    """Everything in the topic, which is not empty."""
    consumer = KafkaConsumer(**kafka.client_settings(), auto_offset_reset="earliest")
    consumer.assign([TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)])
    values: list[bytes] = []
    deadline = time.monotonic() + 20
    while not values and time.monotonic() < deadline:
        values += [record.value for records in consumer.poll(500).values() for record in records]
    consumer.close()
    return values


def _partitions(kafka: KafkaServer, topic: str) -> int:
    consumer = KafkaConsumer(**kafka.client_settings())
    found = consumer.partitions_for_topic(topic)
    consumer.close()
    return len(found)


def _sourced(file: Path) -> dict[str, str]:
    """The variables that a shell has after it has read the file."""
    done = subprocess.run(("sh", "-c", f". {file}; env -0"), check=True, capture_output=True, text=True, env={})
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
