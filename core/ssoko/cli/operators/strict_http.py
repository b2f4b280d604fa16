"""Read HTTP more strictly than waitress does by itself (RFC 9112, section 6.1).

A request with both Content-Length and Transfer-Encoding may be two requests to us and one to a
proxy. Waitress goes by the latter and keeps the connection; here it is refused and the connection
ends.
"""

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]


class StrictParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """A parser that takes no message whose length is said in two ways."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding together")


def read_strictly() -> None:
    """Have every channel of this process read with :class:`StrictParser`."""
    HTTPChannel.parser_class = StrictParser
