"""Uploads that mean harm, or that phones and scanners make: the right answer each, in bounded memory."""

import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image, ImageCms, PngImagePlugin

from scripts.service import Service

MOST_MEGABYTES = 300  # of the API process, whatever is uploaded
SECRET = b"taken at home by Alice"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service that accepts any number of submissions and renders nothing."""
    settings = {"NST_ENGINE": "bench.sleeper:Sleeper", "NST_SUBMITS_PER_MINUTE": "0", "NST_MAX_OPEN_PER_CLIENT": "0"}
    with Service(tmp_path_factory.mktemp("service"), settings) as running:
        yield running


def _noise(width: int = 64, height: int = 48, channels: int = 3) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (height, width, channels), np.uint8)
    return Image.fromarray(pixels if channels > 1 else pixels[..., 0])


def _saved(image: Image.Image, format: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **how)
    return buffer.getvalue()


def _bomb(width: int, height: int, depth: int, color: int) -> bytes:
    """A PNG of one colour: its rows compress to almost nothing."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[color]
    row = b"\0" + bytes((width * channels * depth + 7) // 8)
    packer = zlib.compressobj(9)
    data = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    palette = [(b"PLTE", b"\x10\x20\x30\x40\x50\x60")] if color == 3 else []
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    chunks = [(b"IHDR", header), *palette, (b"IDAT", data), (b"IEND", b"")]
    body = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def _with_places() -> bytes:
    """A phone's JPEG: place, owner, comment, a preview, and an instruction to turn it."""
    exif = Image.Exif()
    exif[0x010E], exif[0x0112], exif[0x9C9D] = SECRET.decode(), 6, SECRET
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 15.0)
    return _saved(_noise(), "JPEG", exif=exif, comment=SECRET)


def _with_notes() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", SECRET.decode())
    notes.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET.decode()}</x>")
    return _saved(_noise(), "PNG", pnginfo=notes)


ACCEPTED: dict[str, Callable[[], bytes]] = {
    "a JPEG with places, owner, comment": _with_places,
    "a PNG with notes": _with_notes,
    "a polyglot": lambda: _saved(_noise(), "JPEG") + b"<script>alert(1)</script>" + SECRET,
    "CMYK": lambda: _saved(_noise().convert("CMYK"), "JPEG"),
    "16-bit grey": lambda: _saved(Image.fromarray(np.full((48, 64), 40_000, np.uint16)), "PNG"),
    "a palette with transparency": lambda: _saved(_noise().quantize(16), "PNG", transparency=3),
    "alpha": lambda: _saved(_noise(channels=4), "PNG"),
    "grey with alpha": lambda: _saved(_noise().convert("LA"), "PNG"),
    "one bit": lambda: _saved(_noise().convert("1"), "PNG"),
    "an animated WebP": lambda: _saved(_noise(), "WEBP", save_all=True, append_images=[_noise()]),
    "an animated PNG": lambda: _saved(_noise(), "PNG", save_all=True, append_images=[_noise()]),
    "a colour profile": lambda: _saved(
        _noise(), "JPEG", icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    ),
    "40 megapixels of one bit": lambda: _bomb(8000, 5000, 1, 3),
    "40 megapixels of RGBA": lambda: _bomb(8000, 5000, 8, 6),
    "40 megapixels with 16 bits": lambda: _bomb(8000, 5000, 16, 2),
}

REFUSED: dict[str, tuple[int, Callable[[], bytes]]] = {
    "144 megapixels in 17 kB": (422, lambda: _bomb(12_000, 12_000, 1, 0)),
    "a picture of one pixel": (422, lambda: _saved(_noise(1, 1), "PNG")),
    "a JPEG cut in half": (422, lambda: _saved(_noise(), "JPEG")[:1500]),
    "a PNG cut in half": (422, lambda: _saved(_noise(), "PNG")[:3000]),
    "a PNG with a wrong checksum": (422, lambda: _saved(_noise(), "PNG").replace(b"IDAT", b"IDAU", 1)),
    "a GIF": (415, lambda: _saved(_noise(), "GIF")),
    "a TIFF": (415, lambda: _saved(_noise(), "TIFF")),
    "a BMP called a JPEG": (415, lambda: _saved(_noise(), "BMP")),
    "an SVG": (415, lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
    "a PDF": (415, lambda: b"%PDF-1.7\n" + bytes(200)),
    "text": (415, lambda: b"hello" * 100),
    "zeros": (415, lambda: bytes(5000)),
    "nothing": (422, lambda: b""),
    "26 MB": (413, lambda: _saved(_noise(), "JPEG") + bytes(26_000_000)),
}


@pytest.mark.parametrize("what", ACCEPTED)
@pytest.mark.parametrize("part", ["content", "style"])
def test_what_real_people_have_is_accepted_and_stripped(service: Service, what: str, part: str) -> None:
    answer = _post(service, part, ACCEPTED[what]())
    assert answer.status_code == 202, answer.text
    stored = list((service.data / "jobs" / answer.json()["id"]).glob("*"))
    assert {path.name for path in stored} >= {"content.png", "style-1.png", "job.json"}
    for path in stored:
        if path.is_file():
            assert SECRET not in path.read_bytes()
        if path.suffix == ".png":
            with Image.open(path) as image:
                assert not image.getexif() and set(image.info) <= {"srgb", "transparency"}
    assert _peak_megabytes(service) < MOST_MEGABYTES


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("part", ["content", "style"])
def test_what_cannot_be_used_is_refused_with_the_right_status(service: Service, what: str, part: str) -> None:
    status, make = REFUSED[what]
    answer = _post(service, part, make())
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["field"] == part and problem["detail"] and problem["hint"]
    assert _peak_megabytes(service) < MOST_MEGABYTES


def test_two_huge_pictures_at_once_stay_within_the_memory_of_one(service: Service) -> None:
    huge = _bomb(8000, 6000, 8, 2)
    assert _post(service, "content", huge, huge).status_code == 202
    assert _peak_megabytes(service) < MOST_MEGABYTES


def test_a_phone_s_picture_is_stored_upright(service: Service) -> None:
    job = _post(service, "content", _with_places()).json()
    with Image.open(service.data / "jobs" / job["id"] / "content.png") as image:
        assert image.size == (48, 64)
    assert (job["width"], job["height"]) == (48, 64)


def test_the_name_of_a_file_goes_nowhere(service: Service) -> None:
    files = {"content": ("../../alice at home.jpg", _saved(_noise(), "JPEG")), "style": ("x", _saved(_noise(), "PNG"))}
    answer = requests.post(f"{service.url}/api/jobs", files=files, data={"options": '{"size": 64}'}, timeout=60)
    assert answer.status_code == 202
    assert "alice" not in answer.text
    names = [path for path in Path(service.data).rglob("*") if "alice" in path.name]
    records = [path for path in Path(service.data).rglob("*.json") if "alice" in path.read_text()]
    assert not names + records


def _post(service: Service, part: str, data: bytes, other: bytes | None = None) -> requests.Response:
    """Submit this file as one part, and a good picture as the other."""
    good = _saved(_noise(), "PNG") if other is None else other
    files = {"content": good, "style": good, part: data}
    options = json.dumps({"size": 64, "iterations": 1})
    return requests.post(
        f"{service.url}/api/jobs",
        files={name: (name, data) for name, data in files.items()},
        data={"options": options, "fresh": "true"},
        timeout=60,
    )


def _peak_megabytes(service: Service) -> float:
    """The most memory that the API has ever had resident."""
    peaks = [service.peak_megabytes(kind) for kind in ("API", "API, supervisor")]
    return max(peaks)
