"""Everything that can go wrong, as types a caller can react to.

    NstError
    ├── InvalidOption        a knob's value: names the field, the value and the limit
    ├── PictureError         bytes that are not a usable picture
    │   ├── PictureNotFound  no such file, or a folder
    │   ├── NotAPicture      the bytes are no picture of an accepted format
    │   ├── BrokenPicture    truncated or corrupt
    │   └── PictureSize      too many pixels, or too few
    ├── OutputError          the result cannot be written there
    ├── WeightsError         a backbone's weights are missing, damaged or of another network
    ├── DeviceError          the device is not there, or out of memory
    ├── CheckpointError      a checkpoint is damaged or belongs to another run
    └── NumericalError       the loss stopped being a number and could not be rescued

Each error says what is wrong and why (``str(error)``) and what to do about it (``error.hint``); ``error.code`` is
stable and meant for programs; ``error.exit_code`` is the command line's exit status.
"""


class NstError(Exception):
    """Something about this run that the person asking for it can change."""

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def sentence(self) -> str:
        """Message and hint as one line."""
        return f"{self}. {self.hint}" if self.hint else str(self)


class InvalidOption(NstError):
    """An option has a value outside its limits."""

    code = "invalid_option"
    exit_code = 2

    def __init__(self, field: str, value: object, limit: str, *, hint: str = "") -> None:
        super().__init__(f"{field} is {_shown(value)}, but {limit}", hint=hint)
        self.field = field
        self.value = value
        self.limit = limit


def _shown(value: object, most: int = 60) -> str:
    """``repr`` in one short line, whatever arrives: Python refuses to print integers of more than 4300 digits."""
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= most else f"{text[:most]}…"


class PictureError(NstError):
    """A picture cannot be used."""

    code = "picture"
    exit_code = 3


class PictureNotFound(PictureError):
    """There is no picture file at this path."""

    code = "picture_not_found"


class NotAPicture(PictureError):
    """The bytes are not a picture of an accepted format."""

    code = "not_a_picture"


class BrokenPicture(PictureError):
    """The picture is truncated or corrupt."""

    code = "broken_picture"


class PictureSize(PictureError):
    """The picture has too many pixels, or too few."""

    code = "picture_size"


class OutputError(NstError):
    """A file cannot be written."""

    code = "output"
    exit_code = 4


class WeightsError(NstError):
    """A backbone's weights are missing, damaged, or of another network."""

    code = "weights"
    exit_code = 5


class DeviceError(NstError):
    """The device is absent or out of memory."""

    code = "device"
    exit_code = 6


class CheckpointError(NstError):
    """A checkpoint is damaged or belongs to another run."""

    code = "checkpoint"
    exit_code = 7


class NumericalError(NstError):
    """The loss is no longer a number."""

    code = "numerical"
    exit_code = 8
