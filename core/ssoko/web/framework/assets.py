"""Static files under URLs with a hash of their content, so that browsers can cache them forever."""

import hashlib
from pathlib import Path

from flask import Blueprint, Response, send_from_directory, url_for

FOLDER = Path(__file__).parents[1] / "static"

blueprint = Blueprint("assets", __name__)

_YEAR = 31_536_000


def _version() -> str:
    # One hash for all files, since modules import each other by relative URLs.
    digest = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


VERSION = _version()


def static(name: str) -> str:
    """Return the URL of a static file."""
    return url_for("assets.show", version=VERSION, name=name)


@blueprint.get("/static/<version>/<path:name>")
def show(version: str, name: str) -> Response:
    """Send a file; only its current version may be cached."""
    response = send_from_directory(FOLDER, name, max_age=_YEAR)
    if version == VERSION:
        response.cache_control.immutable = True
        response.cache_control.public = True
    else:
        response.cache_control.max_age = 0
        response.cache_control.no_cache = True
    return response
