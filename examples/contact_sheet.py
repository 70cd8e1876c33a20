"""All example pictures at a glance, in rows of one height."""

import json
from pathlib import Path

from PIL import Image

WIDTH = 1200
GAP = 6
PER_ROW = 6
BACKGROUND = "#f4f1ea"


def make_contact_sheet(folder: Path) -> None:
    """Write ``contact-sheet.jpg`` from the pictures that ``gallery.json`` names."""
    gallery = json.loads((folder / "gallery.json").read_text(encoding="utf-8"))
    files = [folder / entry["file"] for entry in gallery["styles"] + gallery["photos"]]
    pictures = [Image.open(file).convert("RGB") for file in files]
    rows = [_row(pictures[start : start + PER_ROW]) for start in range(0, len(pictures), PER_ROW)]
    sheet = Image.new("RGB", (WIDTH, sum(row.height + GAP for row in rows) + GAP), BACKGROUND)
    top = GAP
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height + GAP
    sheet.save(folder / "contact-sheet.jpg", quality=82, optimize=True)


def _row(pictures: list[Image.Image]) -> Image.Image:
    """Pictures side by side, scaled to one height so that they fill the width."""
    room = WIDTH - GAP * (len(pictures) + 1)
    height = round(room / sum(picture.width / picture.height for picture in pictures))
    row = Image.new("RGB", (WIDTH, height), BACKGROUND)
    left = GAP
    for picture in pictures:
        small = picture.resize((round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS)
        row.paste(small, (left, 0))
        left += small.width + GAP
    return row
