"""What a session tells, written down: frames, losses, checkpoints and the result, each under the attempt's own keys.

Pictures are encoded and stored by a thread beside the session, so that the device does not wait for a disk; at most a
few are under way, so that the memory stays bounded.
"""

import io
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace

from consumer.messages import Kept, Render, Report, Told
from jobs import keys
from jobs.errors import ArtifactMissing
from jobs.model import FrameRef, Progress
from jobs.ports import Artifacts
from nst import events
from nst.cli.losses import COLUMNS, row
from nst.images import Picture, encode, resize

_SMALL = 192  # px, long side of a filmstrip's picture
_UNDER_WAY = 4
_FIRST_CHECKPOINT_SECONDS = 2.0
_MOST_OF_THE_TIME = 20  # a checkpoint may cost a twentieth of the time


class Recording:
    """One attempt's writing; ``told`` is given every report for the loop.

    Every method may raise what storing raised, also of an earlier picture.
    """

    def __init__(
        self, order: Render, artifacts: Artifacts, told: Callable[[Report], None], checkpoint_seconds: float
    ) -> None:
        self._order, self._artifacts, self._told = order, artifacts, told
        self._kept = {frame.iteration for frame in order.frames}
        self._losses = [",".join(COLUMNS)]
        self._facts = Progress(note=order.note)
        self._writer = ThreadPoolExecutor(1, "writer")
        self._room = threading.BoundedSemaphore(_UNDER_WAY)
        self._under_way: list[Future[None]] = []
        self._interval = self._least_interval = checkpoint_seconds
        # The first comes early: a job that has just begun should not begin again.
        self._last_checkpoint = time.monotonic() - max(0.0, checkpoint_seconds - _FIRST_CHECKPOINT_SECONDS)
        self.iteration = 0

    def observe(self, event: events.Event) -> None:
        """Write down what happened."""
        match event:
            case events.Started():
                self._begin(event)
            case events.Progress():
                self._advance(event)
            case events.Frame():
                self.keep(event.iteration, event.picture)

    def resume_losses(self, token: int) -> None:
        """Go on with the table of an earlier attempt; it was stored just before that attempt's checkpoint."""
        with suppress(ArtifactMissing):
            table = self._artifacts.get(keys.losses(self._order.spec.id, token)).decode()
            self._losses = table.splitlines()

    def keep(self, iteration: int, picture: Picture) -> None:
        """Store a frame, unless an earlier attempt did."""
        if iteration not in self._kept:
            self._kept.add(iteration)
            self._in_background(lambda: self._store_frame(iteration, picture))

    def result(self, iteration: int, picture: Picture) -> None:
        """Store the result, and its frame, for the strip of frames ends with it; all is in storage afterwards."""
        if self._order.options.save_every:
            self.keep(iteration, picture)
        settings = {"nst": self._order.options.to_json()}
        data = encode(picture, "PNG", text=settings, fast=True)
        self._artifacts.put(keys.result(self._order.spec.id, self._order.token), data)
        self._store_losses()
        self.close()

    @property
    def checkpoint_due(self) -> bool:
        """Whether another checkpoint is worth its cost."""
        return time.monotonic() - self._last_checkpoint >= self._interval

    def checkpoint(self, pack: Callable[[], bytes]) -> None:
        """Store a checkpoint, after everything that came before it."""
        began = time.monotonic()
        data = pack()
        self._in_background(lambda: self._store_checkpoint(data))
        self._last_checkpoint = time.monotonic()
        self._interval = max(self._least_interval, _MOST_OF_THE_TIME * (self._last_checkpoint - began))

    def close(self) -> None:
        """Wait until everything is in storage."""
        self._writer.shutdown()
        self._raise_what_went_wrong(self._under_way)

    def _begin(self, event: events.Started) -> None:
        self.iteration = event.iteration
        self._losses = self._losses[: event.iteration + 1]  # the header, and a line for each iteration so far
        last = event.scales[-1]
        self._facts = Progress(
            iteration=event.iteration,
            total_iterations=event.total_iterations,
            backbone=event.backbone,
            why=event.why,
            objective=event.objective,
            device=event.device,
            width=last.width,
            height=last.height,
            scales=len(event.scales),
            size=self._order.options.size,
            note=self._order.note,
        )
        self._told(Told(self._facts))

    def _advance(self, event: events.Progress) -> None:
        self.iteration = event.iteration
        self._losses.append(",".join(f"{value}" for value in row(event).values()))
        losses = event.losses
        told = replace(
            self._facts,
            iteration=event.iteration,
            total_iterations=event.total_iterations,
            evaluations=event.evaluations,
            scale=event.scale,
            loss=losses.total,
            content_loss=losses.content,
            style_loss=losses.style,
            tv_loss=losses.tv,
            iterations_per_second=event.iterations_per_second,
            remaining_seconds=event.remaining_seconds,
        )
        self._told(Told(told))

    def _store_frame(self, iteration: int, picture: Picture) -> None:
        job, token = self._order.spec.id, self._order.token
        self._artifacts.put(keys.small_frame(job, token, iteration), encode(_small(picture), "JPEG", quality=80))
        self._artifacts.put(keys.frame(job, token, iteration), encode(picture, "JPEG", quality=92))
        self._told(Kept(FrameRef(iteration, token)))

    def _store_checkpoint(self, data: bytes) -> None:
        self._store_losses()
        self._artifacts.put(keys.checkpoint(self._order.spec.id, self._order.token), data)

    def _store_losses(self) -> None:
        table = io.StringIO()
        table.writelines(f"{line}\n" for line in tuple(self._losses))
        self._artifacts.put(keys.losses(self._order.spec.id, self._order.token), table.getvalue().encode())

    def _in_background(self, work: Callable[[], None]) -> None:
        self._room.acquire()
        future = self._writer.submit(copy_context().run, work)  # so that its lines say which job they are about
        future.add_done_callback(lambda _: self._room.release())
        done = [future for future in self._under_way if future.done()]
        self._under_way = [future for future in self._under_way if not future.done()] + [future]
        self._raise_what_went_wrong(done)

    @staticmethod
    def _raise_what_went_wrong(futures: list[Future[None]]) -> None:
        for future in futures:
            future.result()


def _small(picture: Picture) -> Picture:
    factor = min(1.0, _SMALL / max(picture.width, picture.height))
    return resize(picture, max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
