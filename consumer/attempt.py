"""One claim of a job, followed from its start to its end: what the child reports goes to the store, what the store says
goes to the child.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from consumer.child import Child, ChildDied
from consumer.messages import Cancel, Ended, Kept, Pause, Paused, Ready, Render, Report, Told
from consumer.stopping import Stopping
from jobs.errors import Unavailable
from jobs.model import FrameRef, Job, JobStatus
from jobs.ports import JobStore
from jobs.settings import Settings
from jobs.telemetry import logger
from jobs.terms import Beat
from nst.options import StyleOptions

_LOOK_SECONDS = 0.05  # how long one look into the pipe lasts
_AT_ONCE = 1000  # reports
_TELL_SECONDS = 0.5  # between two changes of the record that people see
_FRAME_SECONDS = 0.1  # the same, where a frame is new
_PATIENCE_SECONDS = 10.0  # for a child that was told to stop
_SHRINK = 0.7  # of the size, where memory ran out: half the pixels
_SMALLEST = 128  # px, below which a smaller picture is no help


@dataclass(frozen=True, slots=True)
class Crashed:
    """The child died, or hung and was killed."""

    why: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Another attempt holds the job, or it is over: whatever was made is not wanted."""


Ending = Ended | Paused | Crashed | Lost


class Attempt:
    """Follows one claimed job; ``run`` does it.

    ``tick`` is called many times a second; where it answers False, the device is somebody else's by now.
    """

    def __init__(
        self, job: Job, child: Child, store: JobStore, settings: Settings, stopping: Stopping, tick: Callable[[], bool]
    ) -> None:
        self.job, self._child, self._store, self._settings = job, child, store, settings
        self._stopping, self._tick = stopping, tick
        self._options = _options(job)
        self.progress = replace(job.progress, remaining_seconds=None) if job.progress else None
        self.frames = job.frames
        self._beat_seconds = beat_seconds(settings)
        self._last_beat = self._last_report = time.monotonic()
        self._told_at = 0.0
        self._changed = self._new_frame = False
        self._give_up_at: float | None = None  # when the child that was told to stop is killed
        self._wanted: type[Cancel] | type[Pause] | None = None
        self._drain_until: float | None = None

    def run(self) -> Ending:
        """Have the job rendered; the store is told all along, but not of the end."""
        try:
            self._order()
            while True:
                ending = self._listen()
                if ending is not None:
                    return ending
                if not self._tick():
                    self._child.kill()  # at once: whoever has the device now is loading its engine
                    return self._paused()
                self._heed_the_operator()
                if self._beat() is Beat.LOST:
                    return self._abandon()
                if (killed := self._out_of_patience()) is not None:
                    return killed
        except ChildDied as error:
            return self._as_wanted() or Crashed(str(error))

    def remind(self) -> bool:
        """Give the job back to a store that has lost its data; whether it has taken it. Raises Unavailable."""
        taken = self._store.adopt(replace(self.job, progress=self.progress, frames=self.frames))
        logger(__name__).warning("the store has forgotten a running job", given_back=taken)
        return taken

    def _order(self) -> None:
        asked, size = self.job.spec.options.size, self._options.size
        note = f"Painted at size {size} instead of {asked}, for the memory was not enough." if size < asked else ""
        tokens = tuple(range(self.job.token, 0, -1))
        self._child.send(Render(self.job.spec, self.job.token, self._options, self.frames, tokens, note))

    def _listen(self) -> Ending | None:
        """Read all that was reported: where a turn takes long, as while the store is silent, the pipe would fill up and
        the rendering stand still.
        """
        for number in range(_AT_ONCE):
            report = self._child.receive(0 if number else _LOOK_SECONDS)
            if report is None:
                break
            self._last_report = time.monotonic()
            ending = self._heard(report)
            if ending is not None:
                return ending
        return None

    def _heard(self, report: Report) -> Ending | None:
        match report:
            case Ready():
                return None
            case Told(progress):
                self.progress, self._changed = progress, True
            case Kept(frame):
                self._keep(frame)
            case Ended(out_of_memory=True) if self._wanted is None and self._can_shrink():
                self._shrink()
            case Ended(out_of_memory=True) if self._wanted is not None:
                return self._as_wanted()
            case Ended() | Paused():
                return report
        return None

    def _keep(self, frame: FrameRef) -> None:
        if all(known.iteration != frame.iteration for known in self.frames):
            self.frames = tuple(sorted((*self.frames, frame), key=lambda known: known.iteration))
        self._changed = self._new_frame = True

    def _beat(self) -> Beat:
        """Renew the lease where it is time, and tell what is new; what the store answers is obeyed."""
        now = time.monotonic()
        pause = _FRAME_SECONDS if self._new_frame else _TELL_SECONDS
        tells = self._changed and now - self._told_at >= pause
        if not tells and now - self._last_beat < self._beat_seconds:
            return Beat.OK
        try:
            answer = self._report(now) if tells else self._store.beat(self.job.id, self.job.token)
            if answer is Beat.MISSING:
                self.remind()  # where it is not taken, the next beat says whose it is
        except Unavailable as error:  # rendering goes on: the token decides in the end
            logger(__name__).warning("the store cannot be reached", error=str(error))
            self._last_beat = self._told_at = now
            return Beat.OK
        self._last_beat = now
        if answer is Beat.CANCEL:
            self._ask(Cancel)
        return answer

    def _report(self, now: float) -> Beat:
        answer = self._store.beat(self.job.id, self.job.token, self.progress, self.frames)
        self._told_at, self._changed, self._new_frame = now, False, False
        return answer

    def _heed_the_operator(self) -> None:
        """Asked to stop, finish what is nearly done and hand back the rest."""
        if self._stopping.urgent:
            self._child.kill()
            raise ChildDied(None)
        if self._stopping.requested:
            self._drain_until = self._drain_until or time.monotonic() + self._settings.drain_seconds
            if self._wanted is None and not self._nearly_done():
                self._ask(Pause)

    def _nearly_done(self) -> bool:
        remaining = self.progress.remaining_seconds if self.progress else None
        return remaining is not None and time.monotonic() + remaining <= (self._drain_until or 0)

    def _ask(self, command: type[Cancel] | type[Pause]) -> None:
        if self._wanted is not Cancel and self._wanted is not command:
            self._wanted, self._give_up_at = command, time.monotonic() + _PATIENCE_SECONDS
            self._child.send(command())

    def _out_of_patience(self) -> Ending | None:
        now = time.monotonic()
        if self._give_up_at is not None and now > self._give_up_at:
            self._child.kill()
            return self._as_wanted()
        if now - self._last_report > self._settings.stall_seconds:
            self._child.kill()
            return Crashed(f"the rendering process was silent for {self._settings.stall_seconds:.0f} seconds")
        return None

    def _as_wanted(self) -> Ending | None:
        """The ending that a child which was told to stop would have reported, had it lived."""
        if self._wanted is Cancel:
            return Ended(JobStatus.CANCELLED, result=False)
        if self._wanted is Pause or self._stopping.requested:
            return self._paused()
        return None

    def _paused(self) -> Paused:
        return Paused(self.progress.iteration if self.progress else 0)

    def _abandon(self) -> Lost:
        """Stop the child; what it still writes lies in its own attempt's folder."""
        self._ask(Cancel)
        until = time.monotonic() + _PATIENCE_SECONDS
        with suppress(ChildDied):
            while time.monotonic() < until:
                if isinstance(self._child.receive(_LOOK_SECONDS), Ended | Paused):
                    return Lost()
                self._tick()
        self._child.kill()
        return Lost()

    def _can_shrink(self) -> bool:
        return int(self._options.size * _SHRINK) >= _SMALLEST

    def _shrink(self) -> None:
        """Begin again with half the pixels, in a fresh process: the old one's memory may be in pieces."""
        self._options = replace(self._options, size=int(self._options.size * _SHRINK))
        self.frames, self._changed = (), True
        logger(__name__).warning("out of memory", next_size=self._options.size)
        self._child.start()
        self._order()


def beat_seconds(settings: Settings) -> float:
    """The longest that the store waits for a word from whoever runs a job, where nothing is slow."""
    return min(1.0, settings.lease_seconds / 4)


def told(ending: Ending) -> tuple[str, str]:
    """How an attempt ended, and the code of what went wrong, for whoever collects spans."""
    match ending:
        case Ended(status, error=error):
            return status, error.code if error else ""
        case Paused():
            return "handed_back", ""
        case Crashed():
            return "crashed", "worker_crashed"
        case Lost():
            return "lost", "lost"


def _options(job: Job) -> StyleOptions:
    """The job's, at the smaller size that an earlier attempt had to take."""
    asked, used = job.spec.options, job.progress.size if job.progress else 0
    return replace(asked, size=used) if 0 < used < asked.size else asked
