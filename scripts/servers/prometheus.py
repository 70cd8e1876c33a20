"""A real Prometheus with a configuration of the caller."""

import json
import shutil
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from scripts.servers.process import Missing, Server

_ANSWER_SECONDS = 10


class PrometheusServer(Server):
    """``prometheus``.

    Args:
        folder: where it keeps its data.
        configuration: the text of prometheus.yml; paths in it are relative to ``folder``.
    """

    name = "Prometheus"

    def __init__(self, folder: Path, configuration: str) -> None:
        super().__init__(folder)
        self._configuration = configuration

    @property
    def url(self) -> str:
        """Where its page and its API are."""
        return f"http://{self.address}"

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression is worth now: ``data.result`` of the answer, empty where nothing matches."""
        return list(self.get("/api/v1/query", query=expression)["data"]["result"])

    def get(self, path: str, **parameters: str) -> Any:
        """An answer of its API, for example of ``/api/v1/targets``; ``OSError`` where it refuses."""
        with urllib.request.urlopen(f"{self.url}{path}?{urlencode(parameters)}", timeout=_ANSWER_SECONDS) as answer:
            return json.load(answer)

    def answers(self) -> bool:
        """Whether it is ready for queries."""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def command(self) -> Sequence[str]:
        """``prometheus …``."""
        program = shutil.which("prometheus")
        if program is None:
            raise Missing("prometheus is not on this machine (on Debian: apt-get install prometheus)")
        file = self.folder / "prometheus.yml"
        file.write_text(self._configuration)
        listening = f"--web.listen-address={self.address}"
        return program, f"--config.file={file}", f"--storage.tsdb.path={self.folder / 'data'}", listening
