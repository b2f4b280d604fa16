"""Files to be saved, rather than pages to be read."""

import csv
import io
from collections.abc import Iterable, Iterator

from werkzeug.wrappers import Response


def attachment(body: str | bytes, *, mimetype: str, name: str) -> Response:
    """Answer with a file to be saved under ``name``."""
    response = Response(body, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


#: A cell that starts so is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def harmless(value: str) -> str:
    """Return the cell with a quote before it when a spreadsheet would run it."""
    return f"'{value}" if value.lstrip(" ").startswith(_FORMULA) else value


def csv_lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield each row as one CSV record (RFC 4180)."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([harmless(cell) for cell in row])
        yield line.getvalue()
