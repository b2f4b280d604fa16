"""Files to be saved, rather than pages to be read."""

from werkzeug.wrappers import Response


def attachment(body: str | bytes, *, mimetype: str, name: str) -> Response:
    """Answer with a file to be saved under ``name``."""
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
