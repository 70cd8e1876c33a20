"""Where a job's artifacts are: the one place that knows the names.

<id>/job.json  <id>/content.png  <id>/style-<n>.png  <id>/manifest.json  <id>/timelapse.mp4
<id>/a<token>/frames/<iteration>.jpg  …/small/<iteration>.jpg  …/losses.csv  …/checkpoint  …/result.png
"""

import re
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{32}")


def is_id(name: str) -> bool:
    """Whether this could be a job's id, as ``new_id`` makes them: whatever else is in storage is not ours to touch."""
    return _ID.fullmatch(name) is not None


def spec(job: str) -> str:
    """What was asked, written before the job is taken."""
    return f"{job}/job.json"


def manifest(job: str) -> str:
    """The whole record, written last."""
    return f"{job}/manifest.json"


def content(job: str) -> str:
    """The photo."""
    return f"{job}/content.png"


def style(job: str, number: int) -> str:
    """A painting, counted from 1."""
    return f"{job}/style-{number}.png"


def timelapse(job: str, format: str = "mp4") -> str:
    """The film of the frames, made when somebody first asks for it."""
    return f"{job}/timelapse.{format}"


def attempt(job: str, token: int) -> str:
    """The folder of one attempt: only the holder of its token writes there."""
    return f"{job}/a{token}"


def frame(job: str, token: int, iteration: int) -> str:
    """The picture of a kept iteration at the result's size."""
    return f"{attempt(job, token)}/frames/{iteration}.jpg"


def small_frame(job: str, token: int, iteration: int) -> str:
    """The picture of a kept iteration for a filmstrip."""
    return f"{attempt(job, token)}/small/{iteration}.jpg"


def losses(job: str, token: int) -> str:
    """The table of losses, from iteration 1 on."""
    return f"{attempt(job, token)}/losses.csv"


def checkpoint(job: str, token: int) -> str:
    """Where a later attempt goes on."""
    return f"{attempt(job, token)}/checkpoint"


def result(job: str, token: int) -> str:
    """The finished picture."""
    return f"{attempt(job, token)}/result.png"
