"""A folder of photos, each painted in the same style: skips what is broken, and goes on where it stopped."""

import hashlib
import json
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from nst.cli.command import Command
from nst.cli.interrupts import Interrupts
from nst.cli.observer import make_folder
from nst.cli.render import Renderer
from nst.cli.stream import Stream, failure
from nst.errors import CheckpointError, NstError, NumericalError, PictureError, PictureNotFound
from nst.images import read_picture, write_atomically

#: The exit status when some pictures were skipped.
SKIPPED_EXIT_CODE = 9

#: What is taken for a picture of the folder; whether it is one shows when it is read.
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")

#: In the output folder: which result was made from what.
RECORD = ".nst-batch.json"


@dataclass(slots=True)
class _Tally:
    painted: int = 0
    already: int = 0
    skipped: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [f"{self.painted} painted"]
        parts += [f"{self.already} already done"] if self.already else []
        parts += [f"{len(self.skipped)} skipped: {', '.join(self.skipped)}"] if self.skipped else []
        return ", ".join(parts)


def run_batch(command: Command, interrupts: Interrupts) -> int:
    """Paint every picture of ``command.content`` into ``command.out``; returns the exit status, 0 or 9.

    Raises:
        NstError: what concerns not one photo but all: no photos, a style, the output folder, weights, the device.
        Interrupted: a signal came; the picture at work and its checkpoint have been written.
    """
    photos = find_photos(command.content)
    for style in command.styles:
        read_picture(style)
    make_folder(command.out)
    tally = _Tally()
    batch = _Batch(command, Renderer(interrupts), interrupts, tally)
    try:
        for number, (photo, out) in enumerate(zip(photos, output_paths(photos, command.out), strict=True), 1):
            batch.paint(photo, out, f"[{number}/{len(photos)}]")
            interrupts.raise_if_any()
    finally:
        batch.say(f"{command.out}: {tally}")
    return SKIPPED_EXIT_CODE if tally.skipped else 0


def find_photos(folder: Path) -> list[Path]:
    """The pictures of a folder by name, without those below it.

    Raises:
        PictureNotFound: it is no folder, or has no pictures.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise PictureNotFound(f"{folder}: {error.strerror}", hint="Give --batch a folder of pictures.") from error
    photos = [path for path in paths if path.suffix.lower() in SUFFIXES]
    if not photos:
        raise PictureNotFound(f"{folder}: no pictures in it", hint=f"Looked for {', '.join(SUFFIXES)}.")
    return photos


def output_paths(photos: list[Path], folder: Path) -> list[Path]:
    """``photo.jpg`` becomes ``photo.png``; where two photos share a stem, ``photo.jpg.png``."""
    stems = Counter(photo.stem for photo in photos)
    return [folder / f"{photo.stem if stems[photo.stem] == 1 else photo.name}.png" for photo in photos]


class _Batch:
    """One pass over a folder."""

    def __init__(self, command: Command, renderer: Renderer, interrupts: Interrupts, tally: _Tally) -> None:
        self.command = command
        self.renderer = renderer
        self.interrupts = interrupts
        self.tally = tally
        self._record = command.out / RECORD
        self._origins = _read_record(self._record)
        self._made_from = _digest(command)

    def say(self, line: str) -> None:
        """Tell the person, unless they want it quiet."""
        if not self.command.quiet:
            Stream(sys.stderr).line(line)

    def paint(self, photo: Path, out: Path, label: str) -> None:
        """One photo: done already, painted, or skipped with its reason."""
        try:
            origin = self._origin(photo)
            if out.is_file() and self._origins.get(out.name) == origin and not _checkpoint(out).exists():
                self.tally.already += 1
                return
            self.say(f"{label} {photo.name}")
            self._render(photo, out)
            self._note(out, origin)
            self.tally.painted += 1
        except (PictureError, NumericalError) as error:
            self._skip(photo, error)

    def _render(self, photo: Path, out: Path) -> None:
        frames = self.command.frames and self.command.frames / out.stem
        one = replace(self.command, batch=False, content=photo, out=out, checkpoint=_checkpoint(out), frames=frames,
                      resume=_checkpoint(out).exists())  # fmt: skip
        header = self.tally.painted == 0
        try:
            self.renderer.render(one, header=header)
        except CheckpointError as error:
            if not one.resume:
                raise
            self.say(f"starting afresh: {error}")
            self.renderer.render(replace(one, resume=False), header=header)

    def _skip(self, photo: Path, error: NstError) -> None:
        self.tally.skipped.append(photo.name)
        Stream(sys.stderr).line(f"nst: skipped: {' '.join(error.sentence.split())}")
        if self.command.json_events:
            Stream(sys.stdout).line(json.dumps({**failure(error), "content": str(photo)}))

    def _origin(self, photo: Path) -> str:
        try:
            return hashlib.sha256(self._made_from + photo.read_bytes()).hexdigest()
        except OSError as error:
            raise PictureNotFound(f"{photo}: {error.strerror}", hint="Give the path of a picture.") from error

    def _note(self, out: Path, origin: str) -> None:
        self._origins[out.name] = origin
        write_atomically(self._record, json.dumps(self._origins, indent=1).encode())


def _checkpoint(out: Path) -> Path:
    return out.with_name(f"{out.name}.checkpoint")


def _digest(command: Command) -> bytes:
    """Of everything but the photo that a result depends on."""
    digest = hashlib.sha256(f"{command.options.to_json()} {command.bits} {command.weights}".encode())
    for style in command.styles:
        digest.update(hashlib.sha256(style.read_bytes()).digest())
    return digest.digest()


def _read_record(path: Path) -> dict[str, str]:
    """What an earlier pass noted; empty if there was none, or it is damaged: then everything is painted again."""
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
