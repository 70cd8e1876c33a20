"""The real servers that the service works with, without Docker: for the tests, the drills and ``make servers``.

``python -m scripts.servers install`` puts them on this machine; the classes start them on free ports of 127.0.0.1, with
their data in a folder, and stop, kill or freeze them. A server ends with the process that started it. Linux only.

The clients of kafka, redis and S3 are imported when they are used: every test run imports this package, and most need
none of them.
"""

from scripts.servers.certificates import Certificates, make_certificates
from scripts.servers.kafka import KafkaServer
from scripts.servers.process import Failed, Missing, Server
from scripts.servers.prometheus import PrometheusServer
from scripts.servers.redis import RedisServer
from scripts.servers.s3 import Account, S3Server

__all__ = [
    "Account",
    "Certificates",
    "Failed",
    "KafkaServer",
    "Missing",
    "PrometheusServer",
    "RedisServer",
    "S3Server",
    "Server",
    "make_certificates",
]
