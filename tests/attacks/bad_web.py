"""A web server that does everything a metadata server should not do."""

import contextlib
import gzip
import http.server
import threading
import time
from collections import Counter

MEGABYTE = 1024 * 1024


class _Handler(http.server.BaseHTTPRequestHandler):
    server: "BadWeb"

    def log_message(self, *_: object) -> None:
        """Keep the test output quiet."""

    def do_GET(self) -> None:  # noqa: N802  the name that http.server looks for
        self.server.visits[self.path] += 1
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, f"_{self.path[1:]}")()

    def _respond(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _metadata(self) -> None:
        self._respond(200, Content_Type="application/samlmetadata+xml")
        self.wfile.write(self.server.metadata.encode())

    def _inside(self) -> None:
        self._respond(302, Location="/secret")

    def _secret(self) -> None:
        self._respond(200)
        self.wfile.write(b"WEREWOLF")

    def _loop(self) -> None:
        self._respond(302, Location="/loop")

    def _file(self) -> None:
        self._respond(302, Location="file:///etc/passwd")

    def _large(self) -> None:
        self._respond(200, Content_Type="application/xml")
        for _ in range(100):
            self.wfile.write(b"<!-- -->" * (MEGABYTE // 8))

    def _wrong_length(self) -> None:
        self._respond(200, Content_Length=str(100 * MEGABYTE))

    def _bomb(self) -> None:
        self._respond(200, Content_Encoding="gzip")
        self.wfile.write(gzip.compress(b" " * 100 * MEGABYTE, 6))

    def _slow(self) -> None:
        self._respond(200)
        for _ in range(20):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(1)

    def _silent(self) -> None:
        time.sleep(12)

    def _headers(self) -> None:
        self.send_response(200)
        for number in range(5000):
            self.send_header(f"X-{number}", "x" * 100)
        self.end_headers()

    def _missing(self) -> None:
        self._respond(404)

    def _html(self) -> None:
        self._respond(200, Content_Type="text/html")
        self.wfile.write(b"<html>WEREWOLF</html>")

    def _nothing(self) -> None:
        self.wfile.write(b"\0\xff\r\n\r\n")


#: The paths that misbehave.
PATHS = tuple(
    name[1:]
    for name, member in vars(_Handler).items()
    if name[0] == "_"
    and name[1] != "_"
    and callable(member)
    and name not in ("_respond", "_metadata", "_secret")
)


class BadWeb(http.server.ThreadingHTTPServer):
    """The server; it runs inside the ``with`` block."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.visits: Counter[str] = Counter()
        #: The body of ``/metadata``, the one path that behaves.
        self.metadata = ""

    def __enter__(self) -> "BadWeb":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
