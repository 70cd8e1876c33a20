"""Write the example photos from the files inside scikit-image's package: ``python -m examples.make_photos``.

No picture is downloaded. Each is public domain or CC0 by the notes in ``skimage.data``; ``gallery.json`` says which.
"""

from pathlib import Path

from PIL import Image
from skimage import data

FOLDER = Path(__file__).parent / "photos"
PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "rocket")
LONG_SIDE = 768
JPEG_QUALITY = 90


def main() -> None:
    """Write every photo as an RGB JPEG without metadata."""
    for name in PHOTOS:
        photo = Image.fromarray(getattr(data, name)()).convert("RGB")
        photo.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
        photo.save(FOLDER / f"{name}.jpg", quality=JPEG_QUALITY, optimize=True)


if __name__ == "__main__":
    main()
