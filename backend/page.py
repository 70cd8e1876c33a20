"""The web page, where it is built; else a small one that says what this is and how to use it."""

from mimetypes import guess_type
from pathlib import Path
from typing import Final

from apiflask import APIBlueprint
from flask import Response, render_template_string, request, send_from_directory

from backend.context import context
from backend.problems import Problem

blueprint = APIBlueprint("page", __name__, enable_openapi=False)

_INDEX: Final = "index.html"
_WELCOME: Final = Path(__file__).with_name("welcome.html")
_ICON: Final = Path(__file__).with_name("favicon.svg")
_ICON_NAMES: Final = ("favicon.svg", "favicon.ico")
_FOREVER: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"


@blueprint.get("/")
def index() -> Response:
    """The page; its name never changes, so browsers ask for it each time."""
    folder = _folder()
    if folder is not None and (folder / _INDEX).is_file():
        return _file(folder, _INDEX, _ASK_EACH_TIME)
    return _welcome()


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    """Scripts, styles and fonts: the build puts a hash into their names, so they never change."""
    folder = _folder()
    if folder is None:
        raise _nothing()
    return _file(folder / "assets", name, _FOREVER)


@blueprint.get("/<name>")
def root_file(name: str) -> Response:
    """What a browser looks for beside the page, such as its icon."""
    folder = _folder()
    if folder is not None and not name.startswith(".") and (folder / name).is_file():
        return _file(folder, name, _ASK_EACH_TIME)
    if name in _ICON_NAMES:  # browsers ask for the second wherever they are, and take what they get
        return _file(_ICON.parent, _ICON.name, _ASK_EACH_TIME)
    raise _nothing()


def _folder() -> Path | None:
    folder = context().settings.page_dir
    return None if folder is None else folder.absolute()


def _file(folder: Path, name: str, cache: str) -> Response:
    """A file, compressed where the build left it so and the browser takes it so."""
    packed = f"{name}.gz"
    if request.accept_encodings.quality("gzip") and (folder / packed).is_file():
        response = send_from_directory(folder, packed, mimetype=guess_type(name)[0], conditional=True)
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = send_from_directory(folder, name, conditional=True)
    response.headers["Cache-Control"] = cache
    response.vary.add("Accept-Encoding")
    return response


def _nothing() -> Problem:
    return Problem(404, "not_found", "There is nothing at this address.", hint="The routes are listed at /api/docs.")


def _welcome() -> Response:
    styles = sorted(context().gallery.styles(), key=lambda style: not style.dropped)  # the operator's own first
    address = request.host_url.rstrip("/")
    html = render_template_string(_WELCOME.read_text("utf-8"), address=address, styles=styles, count=len(styles))
    response = Response(html, mimetype="text/html")
    response.headers["Cache-Control"] = _ASK_EACH_TIME
    return response
