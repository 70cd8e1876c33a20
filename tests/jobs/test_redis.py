"""The Redis store: the contract of every store, on a real server."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from secrets import token_hex

import pytest
import redis

from jobs.ports import JobStore
from jobs.redis import RedisStore
from jobs.terms import Policy
from scripts.servers import RedisServer
from tests.jobs.store_contract import StoreContract


@pytest.fixture
def prefix(redis_server: RedisServer) -> Iterator[str]:
    """Begins the keys of this test alone; they are gone afterwards."""
    prefix = f"{{{token_hex(4)}}}:"
    with redis.Redis.from_url(redis_server.url) as client:
        while client.info("server")["uptime_in_seconds"] < 1:  # a lease that ran out before means nothing yet
            time.sleep(0.1)
        yield prefix
        if left := list(client.scan_iter(f"{prefix}*", count=1000)):
            client.delete(*left)


class TestRedisStore(StoreContract):
    """The contract of every store."""

    @pytest.fixture
    def make_store(self, redis_server: RedisServer, prefix: str) -> Callable[[Policy], JobStore]:
        return partial(RedisStore, redis_server.url, prefix=prefix)
