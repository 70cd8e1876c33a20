"""Write the API's OpenAPI document to ``frontend/openapi.json``, which the page's typed client is generated from.

python -m scripts.openapi
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from backend import create_app
from jobs.settings import Settings
from jobs.wiring import open_ports

TARGET = Path(__file__).resolve().parents[1] / "frontend" / "openapi.json"


def main() -> None:
    """Write the file."""
    TARGET.write_text(document(), encoding="utf-8")


def document() -> str:
    """The document as the service with default settings answers it."""
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        ports = open_ports(settings)
        try:
            answer = create_app(settings, ports).test_client().get("/api/openapi.json")
        finally:
            ports.close()
    return json.dumps(answer.json, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    main()
