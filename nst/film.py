"""The making of a picture as a film: MP4 and GIF by the ffmpeg that imageio-ffmpeg ships, WebP by Pillow. No torch."""

import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from nst.errors import NstError, OutputError
from nst.images import write_atomically

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


def check_encoder(suffix: str) -> None:
    """Raise NstError where what a film of this suffix is encoded with is not installed."""
    if suffix.lower() in _ENCODERS and find_spec("imageio_ffmpeg") is None:
        raise NstError(
            f"a {suffix} film needs imageio-ffmpeg", hint="Install it, or make a .webp film, which needs nothing more."
        )


def make_film(frames: Sequence[Path], path: Path, *, nice: int = 0, threads: int = 0) -> None:
    """Write a film of these pictures (all PNG or all JPEG, of one size, at least one) to ``path`` (.mp4, .gif, .webp).

    Args:
        nice: by how much an .mp4 or a .gif yields to other processes, 0 to 19; without effect on Windows.
        threads: most CPU threads of an .mp4 or a .gif; 0 is one for each core.

    Raises:
        NstError: the encoder is not installed.
        OutputError: it cannot be encoded or written.
    """
    suffix = path.suffix.lower()
    check_encoder(suffix)
    kept = frames if suffix == ".mp4" else _thinned(frames)
    with TemporaryDirectory(prefix="nst-film-") as folder:
        film = Path(folder, f"film{suffix}")
        if suffix == ".webp":
            _webp(kept, film)
        else:
            _ffmpeg(kept, film, nice, threads)
        write_atomically(path, film.read_bytes())


def _thinned(frames: Sequence[Path]) -> Sequence[Path]:
    if len(frames) <= MOST_FRAMES:
        return frames
    last = len(frames) - 1
    return [frames[round(n * last / (MOST_FRAMES - 1))] for n in range(MOST_FRAMES)]


def _ffmpeg(frames: Sequence[Path], film: Path, nice: int, threads: int) -> None:
    from imageio_ffmpeg import get_ffmpeg_exe

    playlist = film.with_name("frames.txt")
    playlist.write_text("".join(map(_entry, frames)), encoding="utf-8")
    most = str(threads)
    coders = ["-threads", most] if threads else []
    filters = ["-filter_threads", most, "-filter_complex_threads", most] if threads else []
    command = [
        *(["nice", "-n", str(nice)] if nice and shutil.which("nice") else []),
        *[get_ffmpeg_exe(), "-v", "error", "-xerror", "-abort_on", "empty_output", "-nostdin", "-y", *filters],
        *["-f", "concat", "-safe", "0", "-r", str(FRAMES_PER_SECOND), *coders, "-i", str(playlist)],
        *[*_ENCODERS[film.suffix], *coders, str(film)],
    ]
    # In a session of its own, so that Ctrl-C reaches us alone and we decide what becomes of the film.
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", start_new_session=True)
    if done.returncode:
        raise _refusal((done.stderr.strip().splitlines() or ["no reason given"])[-1])


def _entry(frame: Path) -> str:
    """A frame in a playlist of ffmpeg's."""
    name = frame.absolute().as_posix().replace("'", r"'\''")
    return f"file '{name}'\nduration {1 / FRAMES_PER_SECOND}\n"


def _webp(frames: Sequence[Path], film: Path) -> None:
    durations = [round(1000 / FRAMES_PER_SECOND)] * len(frames)
    durations[0] = durations[-1] = round(1000 * HOLD_SECONDS)
    try:
        first, *others = map(_loaded, frames)
        first.save(film, save_all=True, append_images=others, duration=durations, loop=0, quality=82, method=4)
    except (OSError, ValueError) as error:
        raise _refusal(str(error)) from error


def _loaded(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def _refusal(reason: str) -> OutputError:
    return OutputError(f"the time-lapse cannot be encoded ({reason})", hint="Try another format, such as .webp.")
