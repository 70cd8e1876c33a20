"""Pictures of the gallery as JPEGs to look at: small ones, cheaply, and large ones without their metadata."""

from PIL import ExifTags
from PIL.ImageFile import ImageFile

from nst.errors import BrokenPicture, NstError, PictureSize
from nst.images import FORMATS, MIN_SIDE, Picture, decode, encode, resize
from nst.images.decoding import open_image
from nst.images.pixels import pixels

#: Long side of a thumbnail, pixels.
THUMBNAIL_SIDE = 320

#: Long side of a picture to look at, pixels.
PICTURE_SIDE = 2048

_THUMBNAIL_QUALITY = 62  # a dozen of them come with the first page


def measured(data: bytes, max_pixels: int) -> tuple[int, int]:
    """Width and height of a picture, upright; only its header is read.

    Raises:
        PictureError: the bytes are no picture, or it has too many or too few pixels.
    """
    with open_image(data, FORMATS) as image:
        width, height = image.size
        turned = _turned(image)
    if width * height > max_pixels or min(width, height) < MIN_SIDE:
        raise PictureSize(
            f"it has {width} x {height} pixels; the most is {max_pixels:,}, the least {MIN_SIDE} on a side",
            hint="Bring it to another size first.",
        )
    return (height, width) if turned else (width, height)


def _turned(image: ImageFile) -> bool:
    """Whether the EXIF orientation swaps the sides."""
    if image.format == "PNG" and "exif" not in image.info:
        return False  # Pillow would decode the whole picture to look for it behind the pixels
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
    except Exception:  # a damaged EXIF block is no damaged picture
        return False


def preview_jpeg(data: bytes, max_pixels: int) -> bytes:
    """A thumbnail. A large JPEG is decoded at a fraction of its size, yet to its last byte.

    Raises:
        PictureError: as ``measured``, or the picture is damaged.
    """
    measured(data, max_pixels)
    with open_image(data, FORMATS) as image:
        image.draft(None, (2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE))
        try:
            picture = Picture(*pixels(image, data))
        except NstError:
            raise
        except Exception as error:  # Pillow raises whatever the damage leads to
            raise BrokenPicture(f"the picture is damaged ({error})") from error
    return encode(_at_most(picture, THUMBNAIL_SIDE), "JPEG", quality=_THUMBNAIL_QUALITY)


def picture_jpeg(data: bytes, max_pixels: int) -> bytes:
    """A picture to look at, of at most ``PICTURE_SIDE`` pixels on its long side.

    Raises:
        PictureError: the bytes are no usable picture.
    """
    return encode(_at_most(decode(data, max_pixels=max_pixels), PICTURE_SIDE), "JPEG", quality=92)


def _at_most(picture: Picture, side: int) -> Picture:
    factor = side / max(picture.width, picture.height)
    if factor >= 1:
        return picture
    return resize(picture, max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
