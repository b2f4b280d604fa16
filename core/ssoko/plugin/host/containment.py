"""Keep what a plugin does while it runs from affecting the rest of the process.

This protects the availability of the other plugins. It is not a sandbox.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any


class NotAllowed(RuntimeError):
    """A plugin does something that would affect the whole process."""


def ends_the_process(error: BaseException) -> bool:
    """Return whether an exception in a plugin is Ctrl-C, which Python raises in the main thread."""
    return isinstance(error, KeyboardInterrupt) and _in_main_thread()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Send what a plugin prints to standard error, as standard output is for results.

    Only in the main thread, where commands run: the redirection is for the whole process.
    """
    if not _in_main_thread():
        yield
        return
    with contextlib.redirect_stdout(sys.stderr):
        yield


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Keep the import of a plugin from starting threads and changing signal handlers.

    A thread that is no daemon would keep the process alive after SIGTERM, and a handler would
    replace the server's own.

    :raises NotAllowed: at the end, if a signal handler was changed; it is restored.
    """
    before = _signal_handlers()
    changed: list[str] = []
    try:
        with quiet(), _no_threads():
            yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is not handler:
                changed.append(signal.strsignal(number) or str(number))
                signal.signal(number, handler)
    if changed:
        raise NotAllowed(
            f"the import changes the handler of the signal {', '.join(changed)}; remove that"
        )


@contextlib.contextmanager
def _no_threads() -> Iterator[None]:
    start = threading.Thread.start
    loader = threading.get_ident()

    def refuse(self: threading.Thread) -> None:
        if threading.get_ident() == loader and not self.daemon:
            raise NotAllowed("the import starts a thread; start it in web_application")
        start(self)

    threading.Thread.start = refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


def _signal_handlers() -> dict[int, Any]:
    if not _in_main_thread():
        return {}
    # A handler that was not installed from Python is None, and cannot be restored.
    return {
        number: handler
        for number in signal.valid_signals()
        if (handler := signal.getsignal(number)) is not None
    }


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
