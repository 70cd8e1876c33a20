"""One command, one picture: read, check, run, write."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from nst import __version__
from nst.backbones.weights import NAMES as TRAINED
from nst.backbones.weights import require
from nst.cli.checkpoints import Checkpoints
from nst.cli.command import Command
from nst.cli.frames import Frames
from nst.cli.interrupts import Interrupts
from nst.cli.losses import LossLog
from nst.cli.observer import Observer, make_folder
from nst.cli.plot import LossPlot
from nst.cli.screen import Screen
from nst.cli.stream import JsonEvents, Stream
from nst.cli.timelapse import Timelapse
from nst.errors import NstError, OutputError
from nst.events import Cancelled, Event, Failed, Finished, Started
from nst.images import Picture, check_writable, read_picture, write_picture
from nst.options import StyleOptions

if TYPE_CHECKING:
    from nst.transfer import Run, StyleTransfer


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a run ended: its last event, what to go on from if it was cut short, and what we could not write."""

    event: Finished | Cancelled | Failed
    options: StyleOptions  # with what auto came to
    checkpoint: bytes | None
    trouble: OutputError | None


class Renderer:
    """Turns commands into pictures on the disk, one after the other, on one warm engine."""

    def __init__(self, interrupts: Interrupts) -> None:
        self._interrupts = interrupts
        self._transfer: StyleTransfer | None = None

    def render(self, command: Command, *, header: bool = True) -> None:
        """Paint one picture. Whatever can be known to fail is found before torch is loaded.

        Raises:
            NstError: what went wrong; if the run had begun, its last picture has been written where that was possible.
            Interrupted: a signal came; the last picture and a checkpoint have been written.
        """
        observers = _observers(command, header=header)
        try:
            self._render(command, observers, Checkpoints(command.checkpoint))
        finally:
            for observer in observers:
                observer.close()

    def _render(self, command: Command, observers: list[Observer], checkpoints: Checkpoints) -> None:
        content, *styles = [read_picture(path) for path in (command.content, *command.styles)]
        _check(command, observers, checkpoints)
        resume = checkpoints.load() if command.resume else None
        run = self._engine(command).start(content, styles, command.options, resume=resume)
        with self._interrupts.stopping(run.cancel):
            ending = _follow(run, command.options, observers, checkpoints)
            _keep(ending, command, checkpoints)
            for observer in observers:
                observer.finish()
        if isinstance(ending.event, Cancelled):
            self._interrupts.raise_if_any()

    def _engine(self, command: Command) -> "StyleTransfer":
        if self._transfer is None:
            if find_spec("torch") is None:
                raise NstError("the engine needs torch", hint="pip install 'neural-style-transfer[engine]'")
            import torch

            from nst.transfer import StyleTransfer

            if command.threads:
                torch.set_num_threads(command.threads)
            self._transfer = StyleTransfer(device=command.device, weights=command.weights)
        return self._transfer


def _observers(command: Command, *, header: bool) -> list[Observer]:
    """What watches; the screen comes last, so that it speaks when all is written."""
    observers: list[Observer] = []
    if command.frames:
        observers.append(Frames(command.frames, command.out.suffix, command.options.iterations))
    if command.timelapse:
        observers.append(Timelapse(command.timelapse))
    if command.log:
        observers.append(LossLog(command.log))
    if command.plot:
        observers.append(LossPlot(command.plot))
    if command.json_events:
        about = {"content": str(command.content), "out": str(command.out)}
        observers.append(JsonEvents(Stream(sys.stdout), **about))
    if not command.quiet:
        observers.append(Screen(command, Stream(sys.stderr), header=header))
    return observers


def _check(command: Command, observers: list[Observer], checkpoints: Checkpoints) -> None:
    if command.options.backbone in TRAINED and command.weights is None:
        require(command.options.backbone)
    if command.makes_folder:
        make_folder(command.out.parent)
    check_writable(command.out)
    checkpoints.check()
    for observer in observers:
        observer.check()


def _follow(run: "Run", options: StyleOptions, observers: list[Observer], checkpoints: Checkpoints) -> _Ending:
    """See the run to its end. If something cannot be written, the run is stopped and nobody but us is told the rest."""
    trouble: OutputError | None = None
    checkpoint: bytes | None = None
    for event in run:
        if isinstance(event, Started):
            options = options.replace(backbone=event.backbone, objective=event.objective)
        if isinstance(event, Cancelled):
            checkpoint = run.checkpoint()
        if trouble is None:
            try:
                _tell(event, run, observers, checkpoints)
            except OutputError as error:
                trouble = error
                run.cancel()
    assert isinstance(event, Finished | Cancelled | Failed)
    return _Ending(event, options, checkpoint, trouble)


def _tell(event: Event, run: "Run", observers: list[Observer], checkpoints: Checkpoints) -> None:
    for observer in observers:
        observer.observe(event)
    if not isinstance(event, Finished | Cancelled | Failed):
        checkpoints.save_if_due(run.checkpoint)


def _keep(ending: _Ending, command: Command, checkpoints: Checkpoints) -> None:
    """Write the last picture and, if the run was cut short, the checkpoint; then raise what there is to raise."""
    trouble: NstError | None = ending.trouble or (ending.event.error if isinstance(ending.event, Failed) else None)
    with suppress(*((OutputError,) if trouble else ())):  # the first trouble is the one to tell
        if ending.event.picture:
            _write(ending.event.picture, command, ending.options)
        if ending.checkpoint:
            checkpoints.save(lambda: ending.checkpoint or b"")
    if trouble:
        raise trouble
    if isinstance(ending.event, Finished):
        checkpoints.remove()


def _write(picture: Picture, command: Command, options: StyleOptions) -> None:
    notes = {"nst": options.to_json(), "Software": f"nst {__version__}"}
    quality = {} if command.quality is None else {"quality": command.quality}
    write_picture(picture, command.out, bits=command.bits, text=notes, **quality)
