"""The making of a picture as a film: encoded when somebody first asks for it, one at a time, then kept."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from backend.handouts.ahead import ahead
from backend.problems import Problem
from jobs import keys
from jobs.errors import ArtifactMissing
from jobs.model import Job, JobStatus
from jobs.ports import Artifacts
from nst.errors import NstError
from nst.film import make_film
from nst.images import FORMATS as PICTURE_FORMATS
from nst.images import decode, encode, resize
from nst.images.decoding import open_image

#: Media type of each format.
FORMATS: Final = {"mp4": "video/mp4", "gif": "image/gif", "webp": "image/webp"}

#: How long a request waits for the film of somebody else, and how many may wait.
WAIT_SECONDS: Final = 20.0
MOST_WAITING: Final = 2

_NICENESS: Final = 10
_FEWEST_FRAMES: Final = 2


def film_type(format: str) -> str:
    """The media type of a format."""
    return FORMATS[format]


class Films:
    """Encodes at most one film at a time in this process, at low priority."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._encoding = threading.Lock()
        self._places = threading.BoundedSemaphore(MOST_WAITING + 1)

    def key(self, artifacts: Artifacts, job: Job, format: str) -> str:
        """Where the job's film is, after making it if need be.

        Raises:
            Problem: 409, the job is not over or has too few frames; 503, other films are being made; 500, it cannot
                be encoded.
        """
        _check(job)
        key = keys.timelapse(job.id, format)
        if _stored(artifacts, key):
            return key
        with self._turn():
            if not _stored(artifacts, key):
                artifacts.put(key, _encoded(artifacts, job, format))
        return key

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for one's turn, but neither long nor in a crowd: every waiting request holds a thread."""
        if not self._places.acquire(blocking=False):
            raise _busy(self._wait_seconds)
        try:
            if not self._encoding.acquire(timeout=self._wait_seconds):
                raise _busy(self._wait_seconds)
            try:
                yield
            finally:
                self._encoding.release()
        finally:
            self._places.release()


def _check(job: Job) -> None:
    if not job.status.terminal:
        hint = "Ask again when it is over; until then its frames can be watched."
        raise Problem(409, "job_not_over", f"This job is {job.status}, and its film is made at the end.", hint=hint)
    if len(job.frames) < _FEWEST_FRAMES:
        kept = "no frame" if not job.frames else "one frame"
        raise Problem(409, "too_few_frames", f"This job kept {kept}, and a film needs two.", hint=_why_few(job))


def _why_few(job: Job) -> str:
    """Why there are too few frames, and what to do about it."""
    if job.spec.options.save_every == 0:
        return "Its save_every was 0, which keeps none: submit it with another, such as 10."
    if job.status is JobStatus.CANCELLED:
        when = "before its start" if job.started_at is None else f"before {'more' if job.frames else 'any'} was kept"
        return f"It was cancelled {when}: submit it again."
    if job.status is JobStatus.FAILED:
        return f"It failed: {job.error.message if job.error else 'for no known reason'}"
    return "Submit it with a smaller save_every to keep more."


def _busy(seconds: float) -> Problem:
    return Problem(
        503,
        "film_busy",
        "Other films are being made.",
        hint="Ask again in a moment.",
        retry_after=max(1.0, seconds / 2),
    )


def _stored(artifacts: Artifacts, key: str) -> bool:
    try:
        return artifacts.size(key) > 0
    except ArtifactMissing:
        return False


def _encoded(artifacts: Artifacts, job: Job, format: str) -> bytes:
    with TemporaryDirectory(prefix="nst-film-") as folder:
        frames = _spooled(artifacts, job, Path(folder))
        film = Path(folder, f"timelapse.{format}")
        try:
            make_film(frames, film, nice=_NICENESS, threads=1)
        except NstError as error:
            raise Problem(500, "film_failed", f"The film cannot be made: {error}.", hint=error.hint) from error
        return film.read_bytes()


def _spooled(artifacts: Artifacts, job: Job, folder: Path) -> list[Path]:
    """The frames, and the result where the last frame is not it, as files of one size."""
    kept = sorted(job.frames, key=lambda frame: frame.iteration)
    names = [keys.frame(job.id, frame.token, frame.iteration) for frame in kept]
    pictures = ahead([partial(artifacts.get, name) for name in names])
    size = _size(artifacts.get(names[-1]))
    paths = [_written(data, size, folder / f"{number:06}.jpg") for number, data in enumerate(pictures)]
    if job.result is not None and job.progress is not None and job.progress.iteration > kept[-1].iteration:
        result = artifacts.get(keys.result(job.id, job.result))
        paths.append(_written(result, size, folder / f"{len(paths):06}.jpg"))
    return paths


def _written(data: bytes, size: tuple[int, int], path: Path) -> Path:
    """A frame as it is stored; as a JPEG of this size where it is something else."""
    if not data.startswith(b"\xff\xd8") or _size(data) != size:
        data = encode(resize(decode(data), *size), "JPEG", quality=95)
    path.write_bytes(data)
    return path


def _size(data: bytes) -> tuple[int, int]:
    with open_image(data, PICTURE_FORMATS) as image:
        return image.size
