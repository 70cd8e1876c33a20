"""The pictures of the engine: bytes to float pixels and back (numpy and Pillow; no torch).

    picture = read_picture("photo.jpg")
    small = resize(picture, *target_size(picture.width, picture.height, 512, "long"))
    write_picture(small, "small.png", text={"nst": options.to_json()})

Read ``picture`` first: what a ``Picture`` is. ``decoding`` makes one out of bytes that nobody vouches for, ``bounded``
does so within little memory, ``resizing`` changes its size, ``encoding`` turns it into bytes again, and ``files`` puts
those on disk.
"""

from nst.images.bounded import decode_within
from nst.images.decoding import ANY_FORMAT, FORMATS, decode, read_picture
from nst.images.encoding import encode, read_settings
from nst.images.files import check_writable, write_atomically, write_picture
from nst.images.picture import MAX_PIXELS, MIN_SIDE, Picture
from nst.images.resizing import resize, target_size

__all__ = [
    "ANY_FORMAT",
    "FORMATS",
    "MAX_PIXELS",
    "MIN_SIDE",
    "Picture",
    "check_writable",
    "decode",
    "decode_within",
    "encode",
    "read_picture",
    "read_settings",
    "resize",
    "target_size",
    "write_atomically",
    "write_picture",
]
