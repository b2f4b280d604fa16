"""Responses with files to download."""

import csv
import io
import re
from collections.abc import Iterable, Iterator

from werkzeug.wrappers import Response


def attachment(body: str | bytes, *, mimetype: str, name: str) -> Response:
    """Return a response with a file to download as ``name``."""
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


#: Starts of cells that a spreadsheet runs as a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


_MIDDLE = re.compile(r"([;\t\r\n][\s\"']*)([=+\-@＝＋－＠])")


def harmless(value: str) -> str:
    """Return the cell, quoted if a spreadsheet would run it as a formula."""
    # Where the list separator is a semicolon, a cell can start in the middle of a value.
    value = _MIDDLE.sub(r"\1'\2", value)
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value


def csv_lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield each row as one CSV record (RFC 4180)."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([harmless(cell) for cell in row])
        yield line.getvalue()
