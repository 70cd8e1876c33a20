"""Names of the files that a person saves: plain letters, and enough to tell two of them apart."""

import re

from jobs.model import Job


def friendly_name(job: Job, extension: str, what: str = "") -> str:
    """Such as ``night-wind-1a2b3c4d.png``, or ``style-transfer-1a2b3c4d-losses.csv`` for an uploaded style."""
    return f"{folder_name(job)}{f'-{what}' if what else ''}.{extension}"


def folder_name(job: Job) -> str:
    """The folder in the job's archive, which is called alike: ``night-wind-1a2b3c4d``."""
    style = next((id for id in job.spec.style_ids if re.fullmatch(r"[a-z0-9-]{1,64}", id)), "style-transfer")
    return f"{style}-{job.id[:8]}"


def batch_name(id: str) -> str:
    """The folder in the archive of the batch of this id, and the archive's name but for its extension."""
    return f"style-transfer-batch-{id[:8]}"
