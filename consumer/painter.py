"""The engine of this project behind ``consumer.engine``: bounded threads, a warm backbone."""

import os
from collections.abc import Sequence

import numpy as np
import torch

from consumer.engine import Session
from jobs.settings import Settings
from nst.backbones import choose_backbone, weights
from nst.device import out_of_memory
from nst.events import Scale
from nst.images import Picture
from nst.layers import LAYERS
from nst.options import StyleOptions
from nst.transfer import StyleTransfer


class Painter:
    """Loads the backbone that jobs get by default, and paints a tiny picture so that the first job finds it warm.

    Raises:
        DeviceError: the device of the settings is not there.
    """

    def __init__(self, settings: Settings) -> None:
        torch.set_num_threads(settings.engine_threads or os.cpu_count() or 1)
        self._transfer = StyleTransfer(device=settings.device)
        choice = choose_backbone("auto")
        self.device = str(self._transfer.device)
        self.backbone, self.why = choice.name, choice.why
        self.backbones = tuple(name for name in LAYERS if name not in weights.NAMES or weights.find(name))
        self._warm_up()

    def start(
        self, content: Picture, styles: Sequence[Picture], options: StyleOptions, resume: bytes | None
    ) -> Session:
        """See ``nst.transfer.StyleTransfer.start``; want of memory before the first iteration is a DeviceError too."""
        try:
            return self._transfer.start(content, styles, options, resume=resume)
        except RuntimeError as error:
            raise out_of_memory(error, Scale(options.size, options.size, options.iterations)) from error

    def _warm_up(self) -> None:
        grey = Picture(np.full((64, 64, 3), 0.5, np.float32))
        for _ in self._transfer.start(grey, [grey], StyleOptions(size=64, iterations=2, save_every=0)):
            pass
