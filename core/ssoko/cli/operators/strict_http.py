"""Parse HTTP requests more strictly than waitress does (RFC 9112, section 6.1).

A request with both Content-Length and Transfer-Encoding may be one request for a proxy and two for
this server (request smuggling). Waitress accepts it and uses Transfer-Encoding. Here it is
rejected and the connection is closed.
"""

from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.parser import HTTPRequestParser, ParsingError  # type: ignore[import-untyped]


class StrictParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """A parser that rejects requests with both Content-Length and Transfer-Encoding."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.chunked and "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Content-Length and Transfer-Encoding together")


def read_strictly() -> None:
    """Use :class:`StrictParser` for all connections of this process."""
    HTTPChannel.parser_class = StrictParser
