"""The making of the picture as a film: MP4 and GIF by the ffmpeg that imageio-ffmpeg ships, WebP by Pillow."""

import subprocess
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from nst.cli.observer import Observer, check_place
from nst.errors import NstError, OutputError
from nst.events import Cancelled, Event, Finished, Frame
from nst.images import write_atomically, write_picture

FRAMES_PER_SECOND = 12

#: How long the first and the last frame stand.
HOLD_SECONDS = 1.0

#: Most frames of a GIF or a WebP, which grow heavy; longer runs are thinned evenly.
MOST_FRAMES = 120

# A hold at both ends by cloned frames; then, for H.264, the even sides that its halved chroma needs; for a GIF, one
# palette made for the whole film, with error diffusion.
_HOLD = f"tpad=start_mode=clone:start_duration={HOLD_SECONDS}:stop_mode=clone:stop_duration={HOLD_SECONDS}"
_ENCODERS = {
    ".mp4": [
        "-vf", f"{_HOLD},crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0,scale=out_color_matrix=bt709:out_range=tv",
        "-c:v", "libx264", "-preset", "medium", "-crf", "17", "-pix_fmt", "yuv420p", "-movflags", "+faststart",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "iec61966-2-1",
    ],
    ".gif": [
        "-filter_complex", f"{_HOLD},split[a][b];[a]palettegen=stats_mode=full[p];[b][p]paletteuse=dither=sierra2_4a",
        "-loop", "0",
    ],
}  # fmt: skip


class Timelapse(Observer):
    """Keeps each frame in a temporary folder, and makes the film when the run is over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._spool: TemporaryDirectory[str] | None = None
        self._frames: list[Path] = []
        self._last = -1

    def check(self) -> None:
        """Raise OutputError unless the file can be written, NstError where the encoder is not installed."""
        if self.path.suffix.lower() in _ENCODERS and find_spec("imageio_ffmpeg") is None:
            raise NstError("--timelapse needs imageio-ffmpeg", hint="pip install 'neural-style-transfer[cli]'")
        check_place(self.path)
        self._spool = TemporaryDirectory(prefix="nst-timelapse-")

    def observe(self, event: Event) -> None:
        """Keep the picture of this event, if it has a new one."""
        match event:
            case Frame() | Finished() | Cancelled() if self._spool and event.iteration != self._last:
                path = Path(self._spool.name, f"{len(self._frames):06}.png")
                write_picture(event.picture, path)
                self._frames.append(path)
                self._last = event.iteration

    def finish(self) -> None:
        """Make the film, unless there was no frame."""
        if self._frames:
            make_film(self._frames, self.path)

    def close(self) -> None:
        """Remove the temporary folder."""
        if self._spool:
            self._spool.cleanup()


def make_film(frames: list[Path], path: Path) -> None:
    """Write a film of these pictures (PNG, of one size) to ``path`` (.mp4, .gif or .webp).

    Raises:
        OutputError: it cannot be encoded or written.
    """
    suffix = path.suffix.lower()
    if suffix != ".mp4":
        frames = _thinned(frames)
    write_atomically(path, _webp(frames) if suffix == ".webp" else _ffmpeg(frames, suffix))


def _thinned(frames: list[Path]) -> list[Path]:
    if len(frames) <= MOST_FRAMES:
        return frames
    last = len(frames) - 1
    return [frames[round(n * last / (MOST_FRAMES - 1))] for n in range(MOST_FRAMES)]


def _ffmpeg(frames: list[Path], suffix: str) -> bytes:
    from imageio_ffmpeg import get_ffmpeg_exe

    playlist, film = frames[0].with_name("frames.txt"), frames[0].with_name(f"film{suffix}")
    playlist.write_text("".join(f"file '{frame.name}'\nduration {1 / FRAMES_PER_SECOND}\n" for frame in frames))
    source = ["-f", "concat", "-safe", "0", "-r", str(FRAMES_PER_SECOND), "-i", str(playlist)]
    command = [
        get_ffmpeg_exe(),
        "-v",
        "error",
        "-xerror",
        "-abort_on",
        "empty_output",
        "-nostdin",
        "-y",
        *source,
        *_ENCODERS[suffix],
        str(film),
    ]
    # In a session of its own, so that Ctrl-C reaches us alone and we decide what becomes of the film.
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", start_new_session=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OutputError(f"the time-lapse cannot be encoded ({reason})", hint="Try another format, such as .webp.")
    return film.read_bytes()


def _webp(frames: list[Path]) -> bytes:
    film = frames[0].with_name("film.webp")
    pictures = [_loaded(frame) for frame in frames]
    durations = [round(1000 / FRAMES_PER_SECOND)] * len(pictures)
    durations[0] = durations[-1] = round(1000 * HOLD_SECONDS)
    pictures[0].save(film, save_all=True, append_images=pictures[1:], duration=durations, loop=0, quality=82, method=4)
    return film.read_bytes()


def _loaded(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")
