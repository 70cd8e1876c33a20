"""What becomes of messages that nobody can work on, on a real Kafka."""

from collections.abc import Iterator
from secrets import token_hex

import pytest
from kafka.admin import KafkaAdminClient, NewTopic

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


def test_what_another_client_may_send_and_ours_may_not_goes_to_the_dead_letters(counter: Office) -> None:
    counter.send_raw(b"key", b"garbage", [("empty", None)])
    counter.send_raw(None, None, [])
    worker = counter.open()
    good = spec()
    worker.publish([good])
    assert ids(arrived(worker, count=1)) == [good.id]
    first, second = counter.dead(2)
    assert (first.key, first.value, dict(first.headers)["empty"]) == (b"key", b"garbage", b"")
    assert (second.key, second.value) == (None, b"")
    until(lambda: counter.committed() == {0: 2}, worker)


def test_a_letter_with_monstrous_key_and_headers_is_cut_to_what_kafka_takes(counter: Office) -> None:
    many = [(f"header-{number}", b"x" * 1_000) for number in range(150)]
    counter.send_raw(b"k" * 800_000, b"garbage", [*many])
    worker = counter.open()
    until(lambda: counter.committed() == {0: 1}, worker)
    (letter,) = counter.dead(1)
    told = dict(letter.headers)
    assert (len(letter.key), letter.value) == (1_000, b"garbage")
    assert told["key_cut_from_bytes"] == b"800000"
    assert int(told["headers_dropped"]) + sum(name.startswith("header-") for name in told) == 150


def test_a_header_that_is_no_text_is_skipped_and_what_comes_later_arrives(counter: Office) -> None:
    counter.send_raw(b"key", b"garbage", [(NoText("name"), b"x")])
    worker = counter.open()
    good = spec()
    worker.publish([good])
    assert ids(arrived(worker, count=1)) == [good.id]
    (letter,) = counter.dead(1)
    told = {name: value.decode() for name, value in letter.headers}
    assert (letter.key, letter.value) == (None, b"")
    assert (told["reason"], told["origin_offset"]) == ("unreadable", "0")
    assert "cannot be read" in told["error"]
    until(lambda: counter.committed() == {0: 1}, worker)


def test_a_record_that_cannot_be_read_is_skipped_where_it_is_the_last(counter: Office) -> None:
    counter.send_raw(b"key", b"garbage", [(NoText("name"), b"x")])
    worker = counter.open()
    until(lambda: counter.committed() == {0: 1}, worker)


def test_a_letter_that_kafka_will_never_take_is_dropped_and_the_others_are_written(kafka: KafkaServer) -> None:
    office = Office(kafka, kafka.make_topic(f"jobs-{token_hex(4)}", 1))
    admin = KafkaAdminClient(**kafka.client_settings())
    admin.create_topics([NewTopic(f"{office.topic}.dlq", 1, 1, topic_configs={"max.message.bytes": "2000"})])
    admin.close()
    office.send(b"x" * 5_000, b"garbage")
    worker, registry = office.counting()
    until(lambda: office.committed() == {0: 2}, worker)
    assert [letter.value for letter in office.dead(1)] == [b"garbage"]
    assert registry.get_sample_value("nst_dead_letters_total", {"reason": "dropped"}) == 1
    assert registry.get_sample_value("nst_dead_letters_total", {"reason": "unreadable"}) == 1
    worker.close()


class NoText(str):
    """The name of a header that another client has not written in UTF-8."""

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        """Bytes that are none."""
        return b"\xff\xfe"
