"""The consumer that people usually write: a member of the group computes the jobs of its own partitions, one by one.

    python -m bench.partition_bound HOST:PORT TOPIC

It is what the worker's way is measured against, and does everything right that this way allows: a poll returns one job,
the offset is committed after it, and the interval is longer than any job. It prints a line when a job is done.
"""

import json
import sys
import time

from kafka import KafkaConsumer

GROUP = "partition-bound"


def main(address: str, topic: str) -> None:
    """Work until killed."""
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=address,
        group_id=GROUP,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=1,
        max_poll_interval_ms=600_000,
    )
    print("ready", flush=True)
    for message in consumer:
        job = json.loads(message.value)
        time.sleep(job["seconds"])
        consumer.commit()
        print(json.dumps({"id": job["id"], "at": time.time()}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
