"""The algorithm; read this first (Gatys, Ecker and Bethge, "Image style transfer using CNNs", CVPR 2016).

A picture x is optimised so that its feature maps are close to the photo's and the Gram matrices of its feature maps are
close to the painting's. Where we depart from the paper: sizes are worked through from coarse to fine, an iteration is
an accepted step, and a run is a value that tells, stops and resumes.

    engine = StyleTransfer()                              # once: finds the device, keeps backbones warm
    run = engine.start(content, [style], StyleOptions())  # per job: checks everything, does nothing yet
    for event in run:                                     # the work; see nst.events
        ...
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nst.adam import Adam
from nst.backbones import Backbone, choose_backbone, load_backbone
from nst.canvas import Canvas
from nst.checkpoint import Position, fingerprint, pack, unpack
from nst.device import find_device, out_of_memory
from nst.errors import BrokenPicture, NstError
from nst.events import Cancelled, Event, Failed, Finished, Frame, Losses, Progress, Scale, Started
from nst.images import Picture, target_size
from nst.lbfgs import LBFGS
from nst.losses import FORMULAS
from nst.objective import Objective
from nst.optimizer import Evaluate, Optimizer
from nst.options import StyleOptions
from nst.preconditioner import Preconditioned
from nst.recipe import Recipe, objective_for, resolve
from nst.schedule import Pace, on_plateau, plan

_ADAM_RATE = 0.02  # of the pixel range


class StyleTransfer:
    """Turns photos into paintings on one device; loads each backbone once.

    Args:
        device: ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        weights: a file of trained weights to use instead of the stored ones.

    Raises:
        DeviceError: the device is not there.
    """

    def __init__(self, *, device: str = "auto", weights: Path | None = None) -> None:
        self.device = find_device(device)
        self._weights = weights
        self._backbones: dict[tuple[str, str, str], Backbone] = {}

    def start(
        self, content: Picture, styles: Sequence[Picture], options: StyleOptions, *, resume: bytes | None = None
    ) -> "Run":
        """A run that is ready to go: everything that can be refused is refused here.

        Args:
            content: the photo.
            styles: one painting or several, blended by ``options.blend``.
            options: what the person wants.
            resume: ``Run.checkpoint()`` of a run with the same pictures and options.

        Raises:
            InvalidOption: an option does not fit the backbone or the pictures.
            PictureSize: the result would be too small or too large.
            BrokenPicture: a picture holds values that are no numbers.
            WeightsError: the backbone's weights are missing or damaged.
            CheckpointError: ``resume`` is damaged or belongs to another run.
        """
        _check_numbers((content, *styles))
        choice = choose_backbone(options.backbone, self._weights)
        width, height = target_size(content.width, content.height, options.size, options.size_by)
        backbone = self._backbone(choice.name, options)
        recipe = resolve(options, backbone, len(styles))
        scales = plan(width, height, options.iterations, options.scales)
        name = fingerprint(content, styles, options, backbone.name)
        saved = unpack(resume, name) if resume is not None else None
        canvas = Canvas(content, styles, recipe.blend, options, scales[-1], self.device)
        return Run(Plan(backbone, choice.why, recipe, options, scales, canvas, self.device, name), saved)

    def _backbone(self, name: str, options: StyleOptions) -> Backbone:
        scale = FORMULAS[objective_for(name, options)].input_scale
        key = (name, options.pooling, scale)
        if key not in self._backbones:
            self._backbones[key] = load_backbone(
                name, weights=self._weights, device=self.device, pooling=options.pooling, input_scale=scale
            )
        return self._backbones[key]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run needs, resolved and checked."""

    backbone: Backbone
    why: str
    recipe: Recipe
    options: StyleOptions
    scales: tuple[Scale, ...]
    canvas: Canvas
    device: torch.device
    fingerprint: str


class Run:
    """One style transfer; iterate over it to make it happen. Made by ``StyleTransfer.start``."""

    def __init__(self, plan: Plan, saved: tuple[Position, dict[str, Tensor]] | None = None) -> None:
        self._plan = plan
        self._position, self._saved = saved or (Position(), {})
        self._optimizer: Optimizer | None = None
        self._stop = threading.Event()

    def cancel(self) -> None:
        """Ask the run to end for good after the current iteration; safe from any thread and in a signal handler."""
        self._stop.set()

    def pixels(self) -> Tensor | None:
        """The picture as the optimiser holds it: (1, 3, H, W) at the size of its scale, not clamped; None before."""
        return self._optimizer.x if self._optimizer else None

    def checkpoint(self) -> bytes:
        """The run as it stands between two events, for ``StyleTransfer.start(..., resume=...)``."""
        state = self._optimizer.state() if self._optimizer else self._saved
        return pack(self._plan.fingerprint, self._position, state)

    def __iter__(self) -> Iterator[Event]:
        """Do the work, or go on where an earlier loop was left; see ``nst.events`` for the order of what is told."""
        if self._optimizer:
            self._saved, self._optimizer = self._optimizer.state(), None
        yield self._started()
        try:
            if self._position.iteration == 0 and self._plan.options.save_every:
                yield Frame(0, self._plan.canvas.before(self._plan.scales[0]))
            for index in range(self._position.scale, len(self._plan.scales)):
                yield from self._work_through(index)
                if self._stop.is_set():
                    break
            yield self._ended()
        except NstError as error:
            yield self._failed(error)
        except RuntimeError as error:
            yield self._failed(out_of_memory(error, self._scale))

    def _work_through(self, index: int) -> Iterator[Event]:
        """One scale: iterate until its iterations are used up, its loss is flat, or somebody cancels."""
        optimizer = self._optimizer = self._enter(index)
        pace = Pace()
        while not (self._stop.is_set() or self._is_done()):
            began = time.perf_counter()
            if not optimizer.step():
                break
            seconds = time.perf_counter() - began
            pace.add(seconds)
            self._position = self._position.after(seconds, sum(optimizer.terms))
            yield self._progress(pace, optimizer.terms)
            if self._keeps_frame():
                yield Frame(self._position.iteration, self._picture())

    def _enter(self, index: int) -> Optimizer:
        """The optimiser of a scale: where the saved run stood, or where the scale before ended."""
        plan, scale = self._plan, self._plan.scales[index]
        content = plan.canvas.content(scale)
        objective = Objective(plan.backbone, plan.recipe, content, plan.canvas.styles(scale))
        if self._saved:
            optimizer = make_optimizer(objective.evaluate, content, plan.options, plan.backbone.gradient_slope)
            optimizer.load(self._saved)
            self._saved = {}
            return optimizer
        optimizer = make_optimizer(objective.evaluate, self._start(index), plan.options, plan.backbone.gradient_slope)
        self._position = self._position.entering(index, self._optimizer.evaluations if self._optimizer else 0)
        return optimizer

    def _start(self, index: int) -> Tensor:
        canvas, scales = self._plan.canvas, self._plan.scales
        if self._optimizer is None:
            return canvas.first(scales[index])
        return canvas.enlarge(self._optimizer.x, scales[index - 1], scales[index])

    def _is_done(self) -> bool:
        position = self._position
        return position.done >= self._scale.iterations or on_plateau(position.losses, self._plan.options.plateau)

    def _keeps_frame(self) -> bool:
        every = self._plan.options.save_every
        return every > 0 and self._position.iteration % every == 0

    @property
    def _scale(self) -> Scale:
        return self._plan.scales[self._position.scale]

    @property
    def _total_iterations(self) -> int:
        """Planned iterations, less those that a plateau made unnecessary."""
        position = self._position
        planned = sum(scale.iterations for scale in self._plan.scales[position.scale :])
        return position.iteration - position.done + planned

    @property
    def _evaluations(self) -> int:
        return self._position.evaluations + (self._optimizer.evaluations if self._optimizer else 0)

    def _picture(self) -> Picture:
        canvas = self._plan.canvas
        return canvas.picture(self._optimizer.x, self._scale) if self._optimizer else canvas.before(self._scale)

    def _started(self) -> Started:
        plan, weights = self._plan, self._plan.recipe.weights
        return Started(
            backbone=plan.backbone.name,
            why=plan.why,
            objective=plan.recipe.formula.name,
            content_weight=weights.content,
            style_weight=weights.style,
            tv_weight=weights.tv,
            device=str(plan.device),
            scales=plan.scales,
            iteration=self._position.iteration,
            total_iterations=self._total_iterations,
        )

    def _progress(self, pace: Pace, terms: Sequence[float]) -> Progress:
        position = self._position
        content, style, tv = terms
        return Progress(
            iteration=position.iteration,
            total_iterations=self._total_iterations,
            scale=position.scale,
            evaluations=self._evaluations,
            losses=Losses(content + style + tv, content, style, tv),
            iterations_per_second=pace.iterations_per_second,
            elapsed_seconds=position.elapsed_seconds,
            remaining_seconds=pace.remaining_seconds(self._plan.scales, position.scale, position.done),
        )

    def _ended(self) -> Finished | Cancelled:
        complete = self._position.scale == len(self._plan.scales) - 1 and self._is_done()
        ending = Cancelled if self._stop.is_set() and not complete else Finished
        return ending(self._position.iteration, self._evaluations, self._position.elapsed_seconds, self._picture())

    def _failed(self, error: NstError) -> Failed:
        picture = self._picture() if self._optimizer and self._position.iteration else None
        return Failed(self._position.iteration, error, picture)


def _check_numbers(pictures: Sequence[Picture]) -> None:
    for picture in pictures:
        if not np.isfinite(picture.rgb).all():
            raise BrokenPicture("a picture holds values that are no numbers", hint="Decode it again.")


def make_optimizer(evaluate: Evaluate, x: Tensor, options: StyleOptions, slope: float) -> Optimizer:
    """The optimiser that ``options`` ask for, at ``x``; L-BFGS with the preconditioner of this slope."""
    if options.optimizer == "adam":
        return Adam(evaluate, x, learning_rate=options.learning_rate or _ADAM_RATE)

    def lbfgs(evaluate: Evaluate, x: Tensor) -> LBFGS:
        return LBFGS(evaluate, x, history=options.history, learning_rate=options.learning_rate or 1.0)

    return Preconditioned(evaluate, x, slope, lbfgs) if slope else lbfgs(evaluate, x)


def stylize(
    content: Picture,
    styles: Sequence[Picture],
    options: StyleOptions | None = None,
    *,
    device: str = "auto",
    on_event: Callable[[Event], None] | None = None,
) -> Picture:
    """A photo in the style of a painting: one call, start to end.

    Args:
        content: the photo.
        styles: one painting or several.
        options: what the person wants; the preset ``standard`` by default.
        device: see ``StyleTransfer``.
        on_event: told everything that happens.

    Raises:
        NstError: what ``StyleTransfer.start`` refuses, and whatever makes the run fail.
    """
    run = StyleTransfer(device=device).start(content, styles, options or StyleOptions())
    for event in run:
        if on_event:
            on_event(event)
        if isinstance(event, Failed):
            raise event.error
    assert isinstance(event, Finished)
    return event.picture
