"""Names of the files that a person saves: plain letters, and enough to tell two of them apart."""

import re

from jobs.model import Job


def friendly_name(job: Job, extension: str, what: str = "") -> str:
    """Such as ``night-wind-1a2b3c4d.png``, or ``style-transfer-1a2b3c4d-losses.csv`` for an uploaded style."""
    style = next((id for id in job.spec.style_ids if re.fullmatch(r"[a-z0-9-]{1,64}", id)), "style-transfer")
    return "-".join(part for part in (style, job.id[:8], what) if part) + f".{extension}"
