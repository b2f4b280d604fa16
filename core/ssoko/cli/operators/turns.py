"""How many requests run at once, not counting those that wait for another server."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ssoko import fetch

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Threads that a server has beyond the requests that run at once.
SPARE = fetch.AT_ONCE


class Turns:
    """Runs an application for a limited number of requests at once.

    A request that downloads metadata gives its turn to another one meanwhile.

    :param most: how many requests run at once.
    """

    def __init__(self, app: "WSGIApplication", most: int) -> None:
        self._app = app
        self._free = threading.Semaphore(most)
        fetch.run_others_meanwhile(self._given_up)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        with self._free:
            return self._app(environ, start_response)

    @contextmanager
    def _given_up(self) -> Iterator[None]:
        self._free.release()
        try:
            yield
        finally:
            self._free.acquire()
