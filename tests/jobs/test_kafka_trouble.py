"""Kafka that is missing, down, frozen, or does not let us in."""

import gc
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import pytest
from structlog.testing import capture_logs

from jobs.errors import Unavailable
from jobs.kafka import KafkaBus
from jobs.model import JobSpec
from jobs.terms import Ticket
from jobs.urls import Tls
from scripts.servers import KafkaServer, make_certificates
from tests.jobs.jobs_made import spec
from tests.jobs.kafka_office import PATIENCE_SECONDS, QUICK, Office, arrived, ids, opened, until

# kafka-python forgets the sockets of attempts that fail.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

PROMISED_SECONDS = 9.0
OwnServer = Callable[[KafkaServer], KafkaServer]


@pytest.fixture(autouse=True)
def _forgotten_sockets() -> Iterator[None]:
    """Are collected here, and not in the test of somebody else."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_a_topic_that_is_missing_is_said_with_the_command_that_makes_it(kafka: KafkaServer) -> None:
    bus = KafkaBus(kafka.url("nowhere"), membership=QUICK)
    with pytest.raises(Unavailable, match=r"the topic nowhere is not on Kafka at .*--create --topic nowhere"):
        bus.publish([spec()])
    with pytest.raises(Unavailable, match="the topic nowhere is not"):
        bus.check()
    with pytest.raises(Unavailable, match="the topic nowhere is not"):
        until(lambda: False, bus)
    bus.close()


def test_a_topic_that_is_made_later_is_found(kafka: KafkaServer) -> None:
    office = Office(kafka, f"jobs-{token_hex(4)}")
    worker = office.open()
    with pytest.raises(Unavailable):
        until(lambda: False, worker)
    kafka.make_topic(office.topic, 1)
    sent = spec()
    office.open().publish([sent])
    arriving: list[Ticket] = []

    def comes() -> bool:
        with suppress(Unavailable):
            arriving.extend(worker.poll(0))
        return bool(arriving)

    until(comes)
    assert ids(arriving) == [sent.id]
    office.close()


def test_a_broker_that_is_down_is_said_in_time_and_found_again(own_server: OwnServer, tmp_path: Path) -> None:
    server = own_server(KafkaServer(tmp_path / "kafka"))
    with opened(server, 1) as office:
        api, worker = office.open(), office.open()
        first, second = spec(), spec()
        api.publish([first])
        assert ids(arrived(worker, count=1)) == [first.id]
        server.kill()
        assert _refused(api) < PROMISED_SECONDS
        assert worker.poll(0) == ()
        server.start()
        _published(api, second)
        assert second.id in ids(arrived(worker, count=2))


def test_a_broker_that_is_frozen_is_said_in_time_and_found_again(own_server: OwnServer, tmp_path: Path) -> None:
    server = own_server(KafkaServer(tmp_path / "kafka"))
    with opened(server, 1) as office:
        api, worker = office.open(), office.open()
        api.publish([spec()])
        assert arrived(worker, count=1)
        server.freeze()  # for longer than the session of the worker lasts
        assert _refused(api) < PROMISED_SECONDS
        assert _refused(api) < 0.5  # the next callers do not wait for the same answer
        with pytest.raises(Unavailable, match="does not answer"):
            api.check()
        assert worker.poll(0) == ()
        server.thaw()
        second = spec()
        _published(api, second)
        while second.id not in ids(arrived(worker, count=1)):
            pass
        for ticket in worker.unsettled():
            worker.settle(ticket.spec.id)
        until(lambda: office.committed()[0] >= 2, worker)


def test_a_bus_on_a_broker_that_was_never_there_opens_and_says_so(tmp_path: Path) -> None:
    bus = KafkaBus("kafka://127.0.0.1:1/jobs", membership=QUICK)
    assert _refused(bus) < PROMISED_SECONDS
    assert bus.poll(0) == ()
    bus.close()


def test_many_callers_at_once_are_refused_in_the_time_of_one() -> None:
    bus = KafkaBus("kafka://127.0.0.1:1/jobs", membership=QUICK)
    with ThreadPoolExecutor(8) as pool:
        seconds = [*pool.map(lambda _: _refused(bus), range(8))]
    assert max(seconds) < PROMISED_SECONDS / 2
    bus.close()


def test_without_a_topic_of_dead_letters_the_check_passes_and_warns_once(kafka: KafkaServer) -> None:
    office = Office(kafka, kafka.make_topic(f"jobs-{token_hex(4)}", 1))
    bus = office.open()
    with capture_logs() as lines:
        bus.check()
        bus.check()
    assert [f"{office.topic}.dlq" in line["error"] for line in lines] == [True]
    office.close()


def test_with_tls_and_a_password_jobs_arrive_and_a_wrong_password_is_refused(
    own_server: OwnServer, tmp_path: Path
) -> None:
    papers = make_certificates(tmp_path / "tls")
    server = KafkaServer(
        tmp_path / "kafka", mechanism="SCRAM-SHA-512", user="nst", password="pass/word@1", tls=papers
    )  # fmt: skip
    own_server(server)
    tls = Tls(ca_file=papers.ca)
    with opened(server, 1) as office:
        sent = spec()
        office.open(tls=tls).publish([sent])
        assert ids(arrived(office.open(tls=tls), count=1)) == [sent.id]
        stranger = KafkaBus(server.url(office.topic).replace("pass%2Fword", "guess"), tls=tls, membership=QUICK)
        attempts: tuple[Callable[[], None], ...] = (
            lambda: stranger.publish([sent]),
            stranger.check,
            lambda: until(lambda: False, stranger),
        )
        for attempt in attempts:
            with pytest.raises(Unavailable, match="does not let the user 'nst' in") as refusal:
                attempt()
            assert "guess" not in str(refusal.value)
        stranger.close()
        without = KafkaBus(server.url(office.topic), membership=QUICK)  # does not know the server's certificate
        with pytest.raises(Unavailable, match="do not agree on TLS"):
            without.check()
        without.close()


@pytest.mark.parametrize(
    "url", ["kafka://", "kafka:///jobs", "kafka://host", "kafka://host/", "kafka://u:secret@host/no topic", "kafka"]
)
def test_a_url_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(Unavailable, match="it must be kafka://HOST:9092/TOPIC") as refusal:
        KafkaBus(url)
    assert "secret" not in str(refusal.value)


def test_a_certificate_that_cannot_be_read_is_refused_by_the_name_of_its_setting(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for name in ("missing.pem", "ca.pem"):
        with pytest.raises(Unavailable, match="NST_CA_FILE"):
            KafkaBus("kafkas://host/jobs", tls=Tls(ca_file=tmp_path / name))


def _refused(bus: KafkaBus) -> float:
    """Seconds until a job is refused."""
    began = time.monotonic()
    with pytest.raises(Unavailable, match="does not answer"):
        bus.publish([spec()])
    return time.monotonic() - began


def _published(bus: KafkaBus, job: JobSpec) -> None:
    """Send it as soon as it is taken."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(Unavailable):
            bus.publish([job])
            return
        time.sleep(0.1)
    raise AssertionError("the broker was not found again")
