"""A real Apache Kafka, one node that is broker and controller (KRaft), run by Java from the jars of the installation.

Seen with 4.3.1 on Java 17, two busy cores: a start takes 2 s (4 s without the archive of classes) and 190 MB. A broker
that ended without saying so is let back in only after its session, 9 s by default; hence the short session and the
controlled shutdown, with which a restart takes 3 s and a start after a kill 5 s. A meta.properties written by hand is
enough; a SCRAM user needs the tool.
"""

import shutil
import socket
import struct
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from scripts.servers.certificates import Certificates
from scripts.servers.process import INSTALLED, Failed, Missing, Server, free_port, write_private

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

JARS = INSTALLED / "kafka" / "lib"
#: Kafka's classes as Java has them in memory, which halves the work of a start; made by the installation.
ARCHIVE = JARS.parent / "classes.jsa"
_CLUSTER = "MkU3OEVBNTcwNTJENDM2Qk"  # 16 bytes; any will do
_JAVA = (
    *("-Xms192m", "-Xmx320m", "-Xss512k", "-XX:MaxDirectMemorySize=96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
    *("-Djava.awt.headless=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"),
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
)
_ANSWER_SECONDS = 2.0
# The client would do, but it leaves a socket open for each attempt that is refused. Length, Metadata in version 4,
# correlation, no client id; no topic, and none to be made. The answer: length, correlation, throttle, count of brokers.
_METADATA_REQUEST = struct.pack(">i hhih i?", 15, 3, 4, 1, -1, 0, False)
_METADATA_ANSWER = struct.Struct(">iiii")
_SMALL = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "INTERNAL",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "2097152",
    "log.segment.bytes": "16777216",
    "log.index.size.max.bytes": "1048576",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}


class KafkaServer(Server):
    """``kafka.Kafka``.

    Args:
        folder: where it keeps its data.
        partitions: of a topic that does not say how many.
        mechanism: how clients sign in: ``SCRAM-SHA-512``, ``SCRAM-SHA-256``, ``PLAIN``; empty lets everybody in.
        user: who may sign in.
        password: of the user.
        tls: certificates of the server; it then speaks TLS only, and checks the certificate of a client that has one.
        settings: further properties.
        java: further arguments of Java.
    """

    name = "Kafka"

    def __init__(
        self,
        folder: Path,
        *,
        partitions: int = 4,
        mechanism: str = "",
        user: str = "",
        password: str = "",
        tls: Certificates | None = None,
        settings: Mapping[str, str] | None = None,
        java: Sequence[str] = (),
    ) -> None:
        super().__init__(folder)
        self._partitions = partitions
        self._mechanism = mechanism
        self._login = (user, password)
        self._tls = tls
        self._settings = settings or {}
        self._java = java
        self._internal = int(self.kept("internal-port", free_port))
        self._controller = int(self.kept("controller-port", free_port))

    def url(self, topic: str) -> str:
        """``kafka://[USER:PASSWORD@]127.0.0.1:PORT/TOPIC``, or ``kafkas://``."""
        user, password = (quote(word, safe="") for word in self._login)
        return f"kafka{'s' if self._tls else ''}://{f'{user}:{password}@' if user else ''}{self.address}/{topic}"

    def client_settings(self) -> dict[str, Any]:
        """The arguments with which a client of kafka-python connects as the user."""
        settings: dict[str, Any] = {"bootstrap_servers": self.address, "security_protocol": self._protocol}
        if self._tls:
            settings["ssl_cafile"] = str(self._tls.ca)
        if self._mechanism:
            user, password = self._login
            settings |= {
                "sasl_mechanism": self._mechanism,
                "sasl_plain_username": user,
                "sasl_plain_password": password,
            }
        return settings

    def make_topic(self, name: str, partitions: int | None = None) -> str:
        """Make a topic; its name. It may be there already."""
        from kafka.admin import NewTopic
        from kafka.errors import TopicAlreadyExistsError

        count = self._partitions if partitions is None else partitions
        client = self._admin(request_timeout_ms=30_000)
        try:
            client.create_topics([NewTopic(name, num_partitions=count, replication_factor=1)])
        except TopicAlreadyExistsError:
            pass
        finally:
            client.close()
        return name

    def answers(self) -> bool:
        """Whether it knows a broker, which is itself once it has let itself in."""
        try:
            with socket.create_connection(("127.0.0.1", self._internal), _ANSWER_SECONDS) as connection:
                connection.sendall(_METADATA_REQUEST)
                answer = connection.recv(_METADATA_ANSWER.size, socket.MSG_WAITALL)
        except OSError:
            return False
        return len(answer) == _METADATA_ANSWER.size and _METADATA_ANSWER.unpack(answer)[-1] > 0

    def command(self) -> Sequence[str]:
        """``java … kafka.Kafka server.properties``."""
        java = shutil.which("java")
        if java is None:
            raise Missing("Kafka needs Java 17 or newer (on Debian: apt-get install openjdk-17-jre-headless)")
        if not any(JARS.glob("kafka_*.jar")):
            raise Missing("Kafka is not installed in this clone: run make servers")
        properties = self.folder / "server.properties"
        write_private(properties, "".join(f"{key}={value}\n" for key, value in self._properties().items()))
        archive = (f"-XX:SharedArchiveFile={ARCHIVE}",) if ARCHIVE.exists() else ()
        run = (java, *_JAVA, *archive, *self._java, "-cp", f"{JARS}/*")
        if not (self.folder / "data").exists():
            self._format(run, properties)
        return *run, "kafka.Kafka", str(properties)

    @property
    def _protocol(self) -> str:
        return ("SASL_" if self._mechanism else "") + ("SSL" if self._tls else "PLAINTEXT")

    def _admin(self, **patience: int) -> "KafkaAdminClient":
        from kafka import KafkaAdminClient

        return KafkaAdminClient(bootstrap_servers=f"127.0.0.1:{self._internal}", **patience)

    def _format(self, run: Sequence[str], properties: Path) -> None:
        """Make the data folder. The tool costs a start of Java, and only it can write a SCRAM user."""
        if self._mechanism.startswith("SCRAM"):
            user, password = self._login
            scram = f"{self._mechanism}=[name={user},password={password}]"
            tool = ("kafka.tools.StorageTool", "format", f"--cluster-id={_CLUSTER}", "--config", str(properties))
            done = subprocess.run((*run, *tool, "--add-scram", scram), check=False, capture_output=True)
            if done.returncode:
                raise Failed(f"Kafka's folder {self.folder} could not be made: its tool wants words without a comma")
        else:
            (self.folder / "data").mkdir()
            facts = f"version=1\ncluster.id={_CLUSTER}\nnode.id=1\n"
            (self.folder / "data" / "meta.properties").write_text(facts)

    def _properties(self) -> dict[str, str]:
        clients, internal = f"CLIENTS://{self.address}", f"INTERNAL://127.0.0.1:{self._internal}"
        return {
            **_SMALL,
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller}",
            "listeners": f"{clients},{internal},CONTROLLER://127.0.0.1:{self._controller}",
            "advertised.listeners": f"{clients},{internal}",
            "listener.security.protocol.map": f"CLIENTS:{self._protocol},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "num.partitions": str(self._partitions),
            **self._encryption(),
            **self._sign_in(),
            **self._settings,
        }

    def _encryption(self) -> dict[str, str]:
        if self._tls is None:
            return {}
        both = self.folder / "keystore.pem"
        write_private(both, self._tls.key.read_text() + self._tls.cert.read_text())
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(both),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self._tls.ca),
            "ssl.client.auth": "requested",
        }

    def _sign_in(self) -> dict[str, str]:
        if not self._mechanism:
            return {}
        user, password = self._login
        module = "plain.PlainLoginModule" if self._mechanism == "PLAIN" else "scram.ScramLoginModule"
        known = f' user_{user}="{password}"' if self._mechanism == "PLAIN" else ""
        listener = f"listener.name.clients.{self._mechanism.lower()}.sasl.jaas.config"
        return {
            "sasl.enabled.mechanisms": self._mechanism,
            listener: f"org.apache.kafka.common.security.{module} required{known};",
        }
