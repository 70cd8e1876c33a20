"""The gallery over HTTP: what there is, its thumbnails and its pictures."""

from collections.abc import Callable

from apiflask import APIBlueprint
from flask import Response, request, url_for
from pydantic import BaseModel, Field

from backend.context import context
from backend.follow.representation import json_response
from backend.gallery.gallery import Exhibit, Photo, Style
from backend.handouts.answers import bytes_answer, described
from backend.problems import Problem
from nst.errors import NstError

blueprint = APIBlueprint("gallery", __name__)

_TAG = "gallery"
_JPEG = "image/jpeg"
_FOREVER = "public, max-age=31536000, immutable"
_A_WHILE = "public, max-age=300"


class ExhibitOut(BaseModel):
    """A picture on offer."""

    id: str = Field(description="what a submission names it by")
    title: str
    author: str
    source: str
    licence: str
    description: str
    width: int = Field(description="pixels")
    height: int
    thumbnail_url: str = Field(description="a JPEG of at most 320 pixels on its long side; changes with the picture")
    picture_url: str = Field(description="a JPEG to look at; changes with the picture")


class StylesOut(BaseModel):
    """The styles on offer, in the order in which they should be shown."""

    styles: list[ExhibitOut]


class PhotosOut(BaseModel):
    """Photos to try the service with, in the order in which they should be shown."""

    photos: list[ExhibitOut]


@blueprint.get("/api/styles")
@blueprint.output(StylesOut)
@blueprint.doc(**described("listStyles", "The styles on offer", _TAG))
def list_styles() -> Response:
    """Give one's ``id`` as ``style_id`` of a submission. Pictures dropped into the styles folder appear at once."""
    styles = [_shown(style, "style") for style in context().gallery.styles()]
    return json_response(StylesOut(styles=styles).model_dump())


@blueprint.get("/api/styles/<id>/thumbnail")
@blueprint.doc(**described("getStyleThumbnail", "A style, small", _TAG, {_JPEG: "a picture"}, {404: "No such style."}))
def style_thumbnail(id: str) -> Response:
    """At most 320 pixels on the long side."""
    return _picture(_style(id), context().gallery.thumbnail, "thumbnail")


@blueprint.get("/api/styles/<id>/picture")
@blueprint.doc(**described("getStylePicture", "A style", _TAG, {_JPEG: "a picture"}, {404: "No such style."}))
def style_picture(id: str) -> Response:
    """At most 2048 pixels on the long side, without metadata."""
    return _picture(_style(id), context().gallery.picture, "picture")


@blueprint.get("/api/photos")
@blueprint.output(PhotosOut)
@blueprint.doc(**described("listPhotos", "Photos to try the service with", _TAG))
def list_photos() -> Response:
    """Fetch one's picture and submit it as ``content``."""
    photos = [_shown(photo, "photo") for photo in context().gallery.photos()]
    return json_response(PhotosOut(photos=photos).model_dump())


@blueprint.get("/api/photos/<id>/thumbnail")
@blueprint.doc(**described("getPhotoThumbnail", "A photo, small", _TAG, {_JPEG: "a picture"}, {404: "No such photo."}))
def photo_thumbnail(id: str) -> Response:
    """At most 320 pixels on the long side."""
    return _picture(_photo(id), context().gallery.thumbnail, "thumbnail")


@blueprint.get("/api/photos/<id>/picture")
@blueprint.doc(**described("getPhotoPicture", "A photo", _TAG, {_JPEG: "a picture"}, {404: "No such photo."}))
def photo_picture(id: str) -> Response:
    """As it is in the repository."""
    return _picture(_photo(id), context().gallery.picture, "picture")


def _shown(exhibit: Exhibit, kind: str) -> ExhibitOut:
    texts = {name: getattr(exhibit, name) for name in ExhibitOut.model_fields if not name.endswith("_url")}
    thumbnail = url_for(f"gallery.{kind}_thumbnail", id=exhibit.id, v=exhibit.digest)
    picture = url_for(f"gallery.{kind}_picture", id=exhibit.id, v=exhibit.digest)
    return ExhibitOut(**texts, thumbnail_url=thumbnail, picture_url=picture)


def _style(id: str) -> Style:
    style = context().gallery.find(id)
    if style is None:
        raise Problem(404, "no_such_style", "The gallery has no style of this id.", hint="GET /api/styles lists them.")
    return style


def _photo(id: str) -> Photo:
    photo = context().gallery.find_photo(id)
    if photo is None:
        raise Problem(404, "no_such_photo", "The gallery has no photo of this id.", hint="GET /api/photos lists them.")
    return photo


def _picture(exhibit: Exhibit, read: Callable[[Exhibit], bytes], kind: str) -> Response:
    """The bytes of the exhibit; kept for good under the URL that carries their digest."""
    try:
        data = read(exhibit)
    except (NstError, OSError) as error:
        raise Problem(
            404, "picture_gone", "The file of this picture was removed or replaced.", hint="Fetch the list again."
        ) from error
    cache = _FOREVER if request.args.get("v") == exhibit.digest else _A_WHILE
    return bytes_answer(data, _JPEG, etag=f"{exhibit.digest}-{kind}", cache=cache)
