"""What becomes of messages that nobody can work on, on a real Kafka."""

from collections.abc import Iterator
from secrets import token_hex

import pytest

from jobs.kafka_message import encode
from jobs.model import Job, JobError, JobStatus
from scripts.servers import KafkaServer
from tests.jobs.jobs_made import spec
from tests.jobs.kafka_office import Office, arrived, ids, opened, until


@pytest.fixture
def counter(kafka: KafkaServer) -> Iterator[Office]:
    """A topic of one partition for this test, in which there is an order."""
    with opened(kafka, 1) as office:
        yield office


def test_what_is_no_job_goes_to_the_dead_letters_and_the_next_arrives(counter: Office) -> None:
    newer = encode(spec()).value.replace(b'"v":1', b'"v":2')  # type: ignore[union-attr]
    garbage = [b"\x00\xff", b"[" * 60_000, b'{"v":1}', b'{"v":true,"id":1}', None, b"x" * 200_000, newer]
    worker, registry = counter.counting()
    counter.send(*garbage)
    good = spec()
    worker.publish([good])
    assert ids(arrived(worker, count=1)) == [good.id]
    letters = counter.dead(len(garbage))
    assert [letter.value for letter in letters if letter.value != letters[5].value] == [
        value for value in garbage if value != garbage[5]
    ]
    headers = [{name: value.decode() for name, value in letter.headers} for letter in letters]
    assert [told["reason"] for told in headers] == ["unreadable"] * 6 + ["version"]
    assert [int(told["origin_offset"]) for told in headers] == list(range(7))
    assert {told["origin_topic"] for told in headers} == {counter.topic}
    assert all(told["error"] and told["first_seen"] for told in headers)
    assert headers[5]["cut_from_bytes"] == "200000"
    until(lambda: counter.committed() == {0: 7}, worker)
    assert registry.get_sample_value("nst_dead_letters_total", {"reason": "unreadable"}) == 6


def test_what_is_no_job_is_not_settled_before_it_is_with_the_dead_letters(kafka: KafkaServer) -> None:
    office = Office(kafka, kafka.make_topic(f"jobs-{token_hex(4)}", 1))  # without a topic of dead letters
    office.send(b"garbage")
    worker = office.open()
    good = spec()
    worker.publish([good])
    assert ids(arrived(worker, count=1)) == [good.id]
    worker.settle(good.id)
    until(lambda: office.committed() == {0: 0}, worker)
    kafka.make_topic(f"{office.topic}.dlq", 1)
    until(lambda: office.committed() == {0: 2}, worker)
    assert [letter.value for letter in office.dead(1)] == [b"garbage"]
    worker.close()


def test_a_job_that_has_failed_is_buried_with_what_is_known_of_it(counter: Office) -> None:
    worker = counter.open()
    sent = spec()
    worker.publish([sent])
    assert arrived(worker, count=1)
    error = JobError("numerical", "the loss is no number", "Other weights.")
    worker.bury(Job(spec=sent, status=JobStatus.FAILED, attempt=2, worker="w-7", error=error))
    (letter,) = counter.dead(1)
    told = {name: value.decode() for name, value in letter.headers}
    assert letter.key == sent.id.encode()
    assert letter.value == encode(sent).value
    assert told == {
        "reason": "failed",
        "code": "numerical",
        "error": "the loss is no number",
        "attempts": "2",
        "worker": "w-7",
        "origin_topic": counter.topic,
        "origin_partition": "0",
        "origin_offset": "0",
    }
    until(lambda: counter.committed() == {0: 1}, worker)
