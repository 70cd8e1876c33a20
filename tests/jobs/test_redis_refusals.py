"""Which Redis servers the store refuses, and what it says; and those that are just good enough."""

import threading
from contextlib import closing
from pathlib import Path

import pytest

from jobs.errors import Unavailable
from jobs.redis import RedisStore
from jobs.terms import Policy
from jobs.urls import Tls
from scripts.servers import RedisServer
from scripts.servers.certificates import make_certificates
from tests.jobs.jobs_made import progress, running
from tests.jobs.redis_life import live
from tests.servers import OwnServer

#: The least that a user of the store may do; there is no CONFIG, no other key and no channel.
RULES = "~nst:* resetchannels +@read +@write +@connection +@scripting +multi +exec +info +time"
PASSWORD = "not a real password"


def test_a_wrong_password_is_named_and_not_shown(tmp_path: Path, own_server: OwnServer) -> None:
    server = own_server(RedisServer(tmp_path / "redis", user="nst", password=PASSWORD))
    for url in (server.url.replace("password", "guess"), server.url.replace("nst", "somebody"), server.address):
        url = url if "@" in url else f"redis://{url}/0"
        with (
            closing(RedisStore(url, Policy())) as store,
            pytest.raises(Unavailable, match="user and password") as error,
        ):
            store.check()
        assert "guess" not in str(error.value)
        assert PASSWORD not in str(error.value)


def test_the_least_rights_are_enough(tmp_path: Path, own_server: OwnServer) -> None:
    server = own_server(RedisServer(tmp_path / "redis", user="nst", password=PASSWORD, rules=RULES))
    with closing(RedisStore(server.url, Policy())) as store:
        live(store)


def test_a_change_is_seen_without_the_right_to_listen(tmp_path: Path, own_server: OwnServer) -> None:
    server = own_server(RedisServer(tmp_path / "redis", user="nst", password=PASSWORD, rules=RULES))
    with closing(RedisStore(server.url, Policy())) as store:
        held = running(store)
        worker = threading.Timer(0.1, store.beat, (held.id, 1, progress(3)))
        worker.start()
        assert store.wait(held.id, held.version, 60).progress == progress(3)
        worker.join()


@pytest.mark.parametrize(
    "rules", ["~other:* &* +@all", "~* &* +@all -info", "~* &* +@connection +@read", "~* &* +@all -evalsha"]
)
def test_a_user_without_the_rights_is_told_so(tmp_path: Path, own_server: OwnServer, rules: str) -> None:
    server = own_server(RedisServer(tmp_path / "redis", user="nst", password=PASSWORD, rules=rules))
    with closing(RedisStore(server.url, Policy())) as store, pytest.raises(Unavailable, match="its ACL must let"):
        store.check()


def test_a_server_with_tls_is_used(tmp_path: Path, own_server: OwnServer) -> None:
    made = make_certificates(tmp_path / "certificates")
    server = own_server(RedisServer(tmp_path / "redis", tls=made))
    with closing(RedisStore(server.url, Policy(), tls=Tls(made.ca, made.cert, made.key))) as store:
        live(store)


def test_a_server_that_cannot_be_trusted_is_not_used(tmp_path: Path, own_server: OwnServer) -> None:
    made = make_certificates(tmp_path / "certificates")
    server = own_server(RedisServer(tmp_path / "redis", tls=made))
    with closing(RedisStore(server.url, Policy())) as store, pytest.raises(Unavailable, match="NST_CA_FILE"):
        store.check()
    plain = server.url.replace("rediss:", "redis:")
    with closing(RedisStore(plain, Policy())) as store, pytest.raises(Unavailable, match="cannot be used"):
        store.check()


def test_a_server_that_throws_jobs_away_is_refused(tmp_path: Path, own_server: OwnServer) -> None:
    server = own_server(RedisServer(tmp_path / "redis", policy="allkeys-lru"))
    with (
        closing(RedisStore(server.url, Policy())) as store,
        pytest.raises(Unavailable, match=r"allkeys-lru.*noeviction"),
    ):
        store.check()


def test_a_server_that_does_not_write_every_change_is_refused(tmp_path: Path, own_server: OwnServer) -> None:
    server = own_server(RedisServer(tmp_path / "redis", persistence=False))
    with closing(RedisStore(server.url, Policy())) as store:
        with pytest.raises(Unavailable, match="appendonly"):
            store.check()
        with server.client() as client:
            client.config_set("save", "60 1")  # a restart would lose what came since the last snapshot
            with pytest.raises(Unavailable, match="appendonly"):
                store.check()
            client.config_set("appendonly", "yes")
        store.check()


def test_a_replica_is_refused(tmp_path: Path, own_server: OwnServer) -> None:
    server = own_server(RedisServer(tmp_path / "redis", settings=["replicaof 127.0.0.1 1"]))
    with closing(RedisStore(server.url, Policy())) as store, pytest.raises(Unavailable, match="name the primary"):
        store.check()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:port/0", "redis://127.0.0.1:1/zero", "http://127.0.0.1"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(Unavailable, match="NST_STORE_URL"):
        RedisStore(url, Policy())


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    with closing(RedisStore(server.url, Policy())) as store, pytest.raises(Unavailable, match=rf"{server.port}.*check"):
        store.check()
