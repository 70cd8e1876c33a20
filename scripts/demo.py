"""Turn an example photo into an example painting through the service, as a page would, and say where the pictures are.

    python -m scripts.demo [PHOTO STYLE] [--size PIXELS]

Starts API and worker on a free port, submits over HTTP, follows the job, and saves the result, every frame, the film
and the archive into ``demo/``. No other server, no download, no GPU: the backbone is the weightless ``wavelet``.
"""

import argparse
import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import requests
from PIL import Image
from tqdm import tqdm

from nst import Picture, read_picture
from nst.images import resize
from scripts.service import Service

ROOT = Path(__file__).resolve().parents[1]
PHOTO, STYLE = ROOT / "examples/photos/astronaut.jpg", ROOT / "examples/styles/iris-window.jpg"
MARGIN = 12  # px between the pictures of the triptych
_CHUNK_BYTES = 1 << 16


def main() -> None:
    """Start, submit, follow, save; a line for each part."""
    arguments = _arguments()
    folder = ROOT / "demo"
    folder.mkdir(exist_ok=True)
    options = {"preset": "standard", "backbone": "wavelet", "size": arguments.size, "save_every": 3}
    print(f"{arguments.photo.name} in the style of {arguments.style.name}, {arguments.size} px, backbone wavelet")
    with TemporaryDirectory(prefix="nst-demo-") as data, Service(Path(data)) as service:
        print(f"  service   at {service.url}")
        job = _submit(service.url, arguments.photo, arguments.style, options)
        job = _follow(service.url, job)
        if job["status"] != "succeeded":
            sys.exit(f"the job {job['status']}: {job['error']}")
        _save(service.url, job, folder)
    _side_by_side(
        [read_picture(arguments.photo), read_picture(arguments.style), read_picture(folder / "result.png")],
        folder / "triptych.png",
    )
    for name in ("result.png", "triptych.png", "timelapse.mp4", "archive.zip", "frames/"):
        print(f"demo/{name}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path, nargs="?", default=PHOTO)
    parser.add_argument("style", type=Path, nargs="?", default=STYLE)
    parser.add_argument("--size", type=int, default=512, help="long side of the result, px")
    return parser.parse_args()


def _submit(url: str, photo: Path, style: Path, options: dict[str, Any]) -> dict[str, Any]:
    """The job as the API answered it."""
    with photo.open("rb") as content, style.open("rb") as painting:
        answer = requests.post(
            f"{url}/api/jobs",
            files={"content": content, "style": painting},
            data={"options": json.dumps(options)},
            timeout=60,
        )
    if answer.status_code != 202:
        sys.exit(f"the service refused: {answer.text}")
    return dict(answer.json())


def _follow(url: str, job: dict[str, Any]) -> dict[str, Any]:
    """Wait for the job to end, with a bar."""
    began = perf_counter()
    with tqdm(total=job["options"]["iterations"], unit="it", leave=False, disable=None) as bar:
        while job["status"] in ("queued", "running"):
            query = {"wait": 10, "version": job["version"]}
            job = requests.get(f"{url}{job['links']['self']}", params=query, timeout=60).json()
            bar.total = job["total_iterations"] or bar.total
            bar.update(job["iteration"] - bar.n)
    print(f"  painting  {perf_counter() - began:6.1f} s, {job['iteration']} iterations, {job['backbone']['why']}")
    return job


def _save(url: str, job: dict[str, Any], folder: Path) -> None:
    for name, link in (("result.png", "result"), ("timelapse.mp4", "timelapse"), ("archive.zip", "archive")):
        began = perf_counter()
        with requests.get(f"{url}{job['links'][link]}", stream=True, timeout=300) as answer:
            answer.raise_for_status()
            with (folder / name).open("wb") as file:
                file.writelines(answer.iter_content(_CHUNK_BYTES))
        print(f"  {name:14} {perf_counter() - began:4.1f} s, {(folder / name).stat().st_size / 1e6:.1f} MB")
    with zipfile.ZipFile(folder / "archive.zip") as archive:
        _unpack_frames(archive, folder / "frames")


def _unpack_frames(archive: zipfile.ZipFile, folder: Path) -> None:
    """The frames of the archive, without the folder that it holds everything in."""
    folder.mkdir(exist_ok=True)
    for name in archive.namelist():
        if Path(name).parent.name == "frames":
            (folder / Path(name).name).write_bytes(archive.read(name))


def _side_by_side(pictures: Sequence[Picture], path: Path) -> None:
    """The pictures at the height of the last one, on white."""
    height = pictures[-1].height
    scaled = [resize(p, round(p.width * height / p.height), height) for p in pictures]
    width = sum(p.width for p in scaled) + MARGIN * (len(scaled) - 1)
    sheet = Image.new("RGB", (width, height), "white")
    left = 0
    for picture in scaled:
        sheet.paste(Image.fromarray((picture.rgb * 255).round().astype("uint8")), (left, 0))
        left += picture.width + MARGIN
    sheet.save(path)


if __name__ == "__main__":
    main()
