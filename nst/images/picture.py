"""What a picture is, everywhere outside of torch."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

#: Most pixels of a picture, unless the caller says otherwise: the largest phone photos have 50 million.
MAX_PIXELS = 64_000_000

#: Fewest pixels on a side, unless the caller says otherwise: below this there is neither a motif nor a texture.
MIN_SIDE = 16


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels, and nothing of the file that they came from.

    The arrays are read-only views: a picture never changes under somebody who holds it.

    Attributes:
        rgb: sRGB in [0, 1], straight (not multiplied by alpha), shape (H, W, 3), float32.
        alpha: opacity in [0, 1], shape (H, W), float32; None where every pixel is opaque by format.

    Raises:
        ValueError: an array has another shape or type.
    """

    rgb: NDArray[np.float32]
    alpha: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.dtype != np.float32:
            raise ValueError(f"rgb is {self.rgb.dtype} {self.rgb.shape}, not float32 (H, W, 3)")
        object.__setattr__(self, "rgb", _read_only(self.rgb))
        if self.alpha is None:
            return
        if self.alpha.shape != self.rgb.shape[:2] or self.alpha.dtype != np.float32:
            raise ValueError(f"alpha is {self.alpha.dtype} {self.alpha.shape}, not float32 {self.rgb.shape[:2]}")
        object.__setattr__(self, "alpha", _read_only(self.alpha))

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return int(self.rgb.shape[0])

    def digest(self) -> str:
        """SHA-256 of size, colours and alpha: equal exactly for equal pixels."""
        digest = sha256(f"{self.width}x{self.height}".encode())
        digest.update(self.rgb.tobytes())
        if self.alpha is not None:
            digest.update(self.alpha.tobytes())
        return digest.hexdigest()


def _read_only(array: NDArray[np.float32]) -> NDArray[np.float32]:
    view = array.view()
    view.flags.writeable = False
    return view
