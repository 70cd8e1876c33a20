"""The child process: owns the device and the warm engine, renders one job at a time, and writes its pictures.

It knows the artifacts but not the store: who may run what is the loop's affair. A crash in here, whatever its kind,
costs an attempt and never the worker.
"""

import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from consumer.about import about
from consumer.engine import Engine, Session, load_engine
from consumer.messages import REFUSED, Cancel, Command, Ended, Pause, Paused, Ready, Render, Report
from consumer.priority import give_way
from consumer.recording import Recording
from jobs import keys
from jobs.errors import ArtifactMissing, Unavailable
from jobs.model import JobError, JobStatus
from jobs.ports import Artifacts
from jobs.settings import Settings
from jobs.telemetry import configure_logging, logger
from jobs.wiring import open_artifacts
from nst.errors import CheckpointError, DeviceError, NstError
from nst.events import Cancelled, Event, Failed, Finished, Progress
from nst.images import Picture, decode


def main(connection: Connection, settings: Settings) -> None:
    """Load the engine, say so, render what is ordered until the pipe closes."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the loop decides what becomes of the job
        signal.signal(number, signal.SIG_IGN)
    give_way(settings.engine_priority)
    configure_logging(settings.log_level, sys.stdout)
    try:
        engine = load_engine(settings)
    except NstError as error:
        logger(__name__).error("the engine cannot be loaded", error=error.sentence)
        sys.exit(REFUSED)
    renderer = Renderer(engine, open_artifacts(settings), connection, settings.checkpoint_seconds)
    threading.Thread(target=renderer.listen, name="commands", daemon=True).start()
    connection.send(Ready(engine.device, engine.backbone, engine.why, engine.backbones))
    renderer.serve()


class Renderer:
    """Renders the jobs that come through the pipe."""

    def __init__(self, engine: Engine, artifacts: Artifacts, connection: Connection, checkpoint_seconds: float) -> None:
        self._engine, self._artifacts, self._connection = engine, artifacts, connection
        self._checkpoint_seconds = checkpoint_seconds
        self._orders: queue.SimpleQueue[Render] = queue.SimpleQueue()
        self._sending = threading.Lock()
        self._cancel, self._pause = threading.Event(), threading.Event()
        self._session: Session | None = None

    def listen(self) -> None:
        """Take commands as they come. When the loop is gone, so is this process: nobody would take what it makes."""
        with suppress(EOFError, OSError):
            while True:
                self._obey(self._connection.recv())
        os._exit(0)

    def serve(self) -> None:
        """Render one order after the other, forever."""
        while True:
            self.render(self._orders.get())

    def render(self, order: Render) -> None:
        """Work on a job, and report how it ended whatever happens."""
        with about(order.spec):
            self._report(self._rendered(order))

    def _rendered(self, order: Render) -> Ended | Paused:
        ending: Ended | Paused
        recording = Recording(order, self._artifacts, self._report, self._checkpoint_seconds)
        try:
            ending = self._paint(order, recording)
        except ArtifactMissing as error:
            ending = _failure("inputs_missing", f"a picture of the job is gone ({error})", "Submit it again.")
        except Unavailable as error:
            ending = _failure("storage", str(error), "The operator has to make room or mend the storage.", retry=True)
        except NstError as error:
            ending = _ended_by(error)
        except MemoryError:
            ending = _failure("device", "the memory is not enough", "Choose a smaller size.", out_of_memory=True)
        except Exception as error:
            logger(__name__).exception("rendering failed")
            ending = _failure("internal", f"the engine failed ({type(error).__name__})", "Try again.", retry=True)
        finally:
            self._session = None
            with suppress(Exception):  # what went wrong has been told
                recording.close()
        return ending

    def _paint(self, order: Render, recording: Recording) -> Ended | Paused:
        session = self._session = self._start(order, recording)
        if self._cancel.is_set():
            session.cancel()
        ending: Event | None = None
        for ending in session:
            recording.observe(ending)
            if isinstance(ending, Finished | Cancelled | Failed):
                break
            if _frame_follows(ending, order.options.save_every):
                continue  # a session that is resumed here would never tell of it
            if self._pause.is_set():
                return self._paused(session, recording)
            if recording.checkpoint_due and recording.iteration:
                recording.checkpoint(session.checkpoint)
        return _ended(ending, recording)

    def _paused(self, session: Session, recording: Recording) -> Paused:
        if recording.iteration:
            recording.checkpoint(session.checkpoint)
        recording.close()
        return Paused(recording.iteration)

    def _start(self, order: Render, recording: Recording) -> Session:
        """A session at the newest checkpoint that fits; a damaged one costs its iterations and no more."""
        content, *styles = self._pictures(order)
        for token in order.resume:
            with suppress(ArtifactMissing, CheckpointError):
                saved = self._artifacts.get(keys.checkpoint(order.spec.id, token))
                session = self._engine.start(content, styles, order.options, saved)
                recording.resume_losses(token)
                return session
        return self._engine.start(content, styles, order.options, None)

    def _pictures(self, order: Render) -> list[Picture]:
        job = order.spec.id
        names = [keys.content(job), *(keys.style(job, number) for number in range(1, order.spec.styles + 1))]
        return [decode(self._artifacts.get(name)) for name in names]

    def _obey(self, command: Command) -> None:
        match command:
            case Render():
                self._cancel.clear()
                self._pause.clear()
                self._orders.put(command)
            case Cancel():
                self._cancel.set()
                if session := self._session:
                    session.cancel()
            case Pause():
                self._pause.set()

    def _report(self, report: Report) -> None:
        with self._sending:  # the writer's thread reports frames
            self._connection.send(report)


def _frame_follows(event: Event, save_every: int) -> bool:
    """Whether the next event is the frame of this iteration."""
    return isinstance(event, Progress) and save_every > 0 and event.iteration % save_every == 0


def _ended(event: Event | None, recording: Recording) -> Ended:
    """The report of a session's last event, its result in storage."""
    match event:
        case Finished():
            recording.result(event.iteration, event.picture)
            return Ended(JobStatus.SUCCEEDED, result=True)
        case Cancelled():
            recording.result(event.iteration, event.picture)
            return Ended(JobStatus.CANCELLED, result=True)
        case Failed():
            return _ended_by(event.error)
        case _:
            raise RuntimeError("the session ended without saying how")


def _ended_by(error: NstError) -> Ended:
    """A failure that the engine explains; only a lack of memory may be mended, by asking for less."""
    told = JobError(error.code, str(error), error.hint)
    return Ended(JobStatus.FAILED, result=False, error=told, out_of_memory=isinstance(error, DeviceError))


def _failure(code: str, message: str, hint: str, *, retry: bool = False, out_of_memory: bool = False) -> Ended:
    error = JobError(code, message, hint)
    return Ended(JobStatus.FAILED, result=False, error=error, retry=retry, out_of_memory=out_of_memory)
