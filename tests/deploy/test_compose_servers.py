"""The servers of docker-compose.yml, started here as the file says: the same settings, commands and health checks."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from scripts.servers import Missing, RedisServer, S3Server, Server
from scripts.servers.kafka import JARS
from scripts.servers.process import free_port
from scripts.servers.s3 import PROGRAM as VERSITYGW
from tests.deploy.composition import ROOT, services
from tests.deploy.dockerfile import stages

SERVICES = services()
Own = Callable[[Server], Server]


class ComposedKafka(Server):
    """The broker with the environment of the compose file, through the program that the image configures it with."""

    name = "Kafka of the compose file"

    def environment(self) -> Mapping[str, str]:
        """The compose file's, with ports and folders of this machine."""
        here = {
            "kafka:9093": f"localhost:{self.kept('controller', free_port)}",
            "CONTROLLER://:9093": f"CONTROLLER://localhost:{self.kept('controller', free_port)}",
            "kafka:9092": self.address,
            "PLAINTEXT://:9092": f"PLAINTEXT://{self.address}",
            "/var/lib/kafka/data": str(self.folder / "data"),
        }
        written = dict(SERVICES["kafka"].environment)
        for name, value in written.items():
            for theirs, ours in here.items():
                value = value.replace(theirs, ours)
            written[name] = value
        return written

    def command(self) -> Sequence[str]:
        """As the image's own scripts do it: configure, format, start."""
        java = shutil.which("java")
        if java is None or not any(JARS.glob("kafka_*.jar")):
            raise Missing("Kafka or Java is not on this machine")
        run = (java, *self.environment()["KAFKA_HEAP_OPTS"].split(), "-cp", f"{JARS}/*")
        defaults, mounted, final = (self._made(name) for name in ("defaults", "mounted", "final"))
        for name in ("server.properties", "log4j2.yaml", "tools-log4j2.yaml"):  # of the image, which there are in full
            (defaults / name).write_text("Configuration:\n" if name.endswith("yaml") else "")
        folders = ("--default-configs-dir", defaults, "--mounted-configs-dir", mounted, "--final-configs-dir", final)
        environment = {**os.environ, **self.environment()}
        setup = ("kafka.docker.KafkaDockerWrapper", "setup", *map(str, folders))
        subprocess.run((*run, *setup), env=environment, check=True, capture_output=True)
        return *run, "kafka.Kafka", str(final / "server.properties")

    def answers(self) -> bool:
        """Whether it tells its topics."""
        with socket.socket() as probe:  # a client that is refused leaves its socket open
            if probe.connect_ex(("127.0.0.1", self.port)):
                return False
        try:
            with closing(self.admin()) as client:
                client.list_topics()
            return True
        except (KafkaError, OSError):
            return False

    def admin(self) -> KafkaAdminClient:
        """A client; the caller closes it."""
        return KafkaAdminClient(bootstrap_servers=self.address, bootstrap_timeout_ms=1_000, request_timeout_ms=5_000)

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder


class ComposedRedis(RedisServer):
    """Redis with the mounted file and the command of the compose file."""

    def command(self) -> Sequence[str]:
        """With a folder and a port of this machine."""
        super().command()  # it says what is missing
        shell, option, line = SERVICES["redis"].facts["command"]
        file = self.folder / "composed.conf"
        mounted = (ROOT / "deploy/servers/redis.conf").read_text()
        assert "\ndir /data\n" in mounted and "/etc/redis.conf" in line
        file.write_text(mounted.replace("\ndir /data\n", f"\ndir {self.folder}\n") + f"port {self.port}\n")
        return shell, option, line.replace("/etc/redis.conf", str(file)).replace("$$", "$")

    def environment(self) -> Mapping[str, str]:
        """The password."""
        return {"REDISCLI_AUTH": self._login[1]}


class ComposedS3(S3Server):
    """versitygw with the command of the compose file, in the folders that ``folders`` makes."""

    def command(self) -> Sequence[str]:
        """With folders and a port of this machine."""
        if not VERSITYGW.exists():
            raise Missing("versitygw is not installed in this clone: run make servers")
        (self.folder / "s3").mkdir(exist_ok=True)
        shell, option, line = SERVICES["folders"].facts["entrypoint"]
        subprocess.run((shell, option, line.replace("/data", str(self.folder))), check=True)
        here = {":7070": self.address, "/data": f"{self.folder}/s3"}
        words = SERVICES["s3"].facts["command"]
        return str(VERSITYGW), *(_replaced(word, here) for word in words)

    @property
    def health(self) -> str:
        """The address that the compose file's check asks."""
        return str(SERVICES["s3"].facts["healthcheck"]["test"][-1]).replace("127.0.0.1:7070", self.address)


def _replaced(word: str, here: Mapping[str, str]) -> str:
    for theirs, ours in here.items():
        word = word.replace(theirs, ours)
    return word


def test_the_broker_starts_with_the_settings_of_the_file_and_makes_its_topics(tmp_path: Path, own_server: Own) -> None:
    broker = own_server(ComposedKafka(tmp_path / "kafka"))
    assert isinstance(broker, ComposedKafka)
    properties = (broker.folder / "final/server.properties").read_text()
    assert "auto.create.topics.enable=false" in properties
    with socket.create_connection(("127.0.0.1", broker.port), timeout=5):  # what `nc -z` does
        pass
    with closing(broker.admin()) as client:
        told = client.describe_cluster()
    assert [node["port"] for node in told["brokers"]] == [broker.port]


def test_redis_keeps_everything_and_wants_a_password(tmp_path: Path, own_server: Own) -> None:
    server = own_server(ComposedRedis(tmp_path / "redis", user="default", password="an example of one"))
    assert isinstance(server, ComposedRedis)
    with server.client() as client:
        settings = client.config_get("*")
        client.set("kept", "yes")
    assert settings["appendonly"] == "yes" and settings["appendfsync"] == "everysec"
    assert settings["maxmemory-policy"] == "noeviction" and int(settings["maxmemory"]) < 1024**3
    with RedisServer(server.folder).client() as stranger, pytest.raises(Exception, match=r"(?i)auth"):
        stranger.ping()
    assert "an example of one" not in (Path("/proc") / str(server.pid) / "cmdline").read_text()
    server.restart()
    with server.client() as client:
        assert client.get("kept") == b"yes"


def test_the_health_check_of_redis_tells_a_living_one_from_a_dead_one(tmp_path: Path, own_server: Own) -> None:
    server = own_server(ComposedRedis(tmp_path / "redis", user="default", password="an example of one"))
    kind, line = SERVICES["redis"].facts["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    check = line.replace("redis-cli", f"redis-cli -p {server.port}")
    environment = {**os.environ, "REDISCLI_AUTH": "an example of one"}
    assert subprocess.run(check, shell=True, env=environment, check=False).returncode == 0
    wrong = {**os.environ, "REDISCLI_AUTH": "another"}
    assert subprocess.run(check, shell=True, env=wrong, check=False, capture_output=True).returncode != 0
    server.kill()
    assert subprocess.run(check, shell=True, env=environment, check=False, capture_output=True).returncode != 0


def test_s3_has_its_bucket_and_takes_what_it_is_given(tmp_path: Path, own_server: Own) -> None:
    server = own_server(ComposedS3(tmp_path / "s3"))
    assert isinstance(server, ComposedS3) and server.health.endswith("/health")
    with closing(server.client()) as client:
        assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == ["nst"]
        client.put_object(Bucket="nst", Key="jobs/a/result.png", Body=b"picture", ContentType="image/png")
        found = client.get_object(Bucket="nst", Key="jobs/a/result.png")
    assert found["Body"].read() == b"picture" and found["ContentType"] == "image/png"


def test_the_topics_are_made_with_their_retention(tmp_path: Path) -> None:
    """The image's own tool is not here: another takes its place and tells what it was asked."""
    tool = tmp_path / "kafka-topics.sh"
    tool.write_text('#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done\necho --\n')
    tool.chmod(0o755)
    environment = {"PATH": os.environ["PATH"], "KAFKA_BIN": str(tmp_path)}
    script = ROOT / "deploy/servers/topics.sh"
    asked = subprocess.run((script,), env=environment, capture_output=True, text=True, check=True).stdout.split("--\n")
    assert "--topic\nnst.jobs\n--partitions\n12\n" in asked[0] and "retention.ms=604800000" in asked[0]
    assert "--topic\nnst.jobs.dlq\n--partitions\n1\n" in asked[1] and "retention.ms=2592000000" in asked[1]
    assert all("--if-not-exists" in call and "kafka:9092" in call for call in asked[:2])


def test_the_bus_url_names_the_broker_and_the_topic_that_are_made() -> None:
    broker = SERVICES["kafka"].environment["KAFKA_ADVERTISED_LISTENERS"].removeprefix("PLAINTEXT://")
    assert SERVICES["backend"].environment["NST_BUS_URL"] == f"kafka://{broker}/nst.jobs"
    assert "--topic nst.jobs " in (ROOT / "deploy/servers/topics.sh").read_text()


def _health_of_a_worker() -> tuple[str, ...]:
    return tuple(stages(ROOT / "Dockerfile.consumer")[-1].last("HEALTHCHECK").array)


def test_a_worker_is_healthy_when_its_engine_is_loaded(tmp_path: Path) -> None:
    port = free_port()
    python, option, program = _health_of_a_worker()
    assert python == "python"
    check = (sys.executable, option, program.replace("9101", str(port)))
    settings = {"NST_DATA_DIR": str(tmp_path), "NST_ENGINE": "bench.sleeper:Sleeper", "NST_METRICS_PORT": str(port)}
    environment = {**os.environ, **settings}
    assert subprocess.run(check, check=False, capture_output=True).returncode != 0
    with subprocess.Popen(
        (sys.executable, "-m", "consumer"), cwd=ROOT, env=environment, stderr=subprocess.PIPE
    ) as worker:
        try:
            assert _within(30, lambda: subprocess.run(check, check=False, capture_output=True).returncode == 0)
        finally:
            worker.terminate()
            worker.communicate(timeout=30)


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
