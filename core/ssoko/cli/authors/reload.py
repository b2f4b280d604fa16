"""Serve in a child process, and replace the child when a watched file changes.

Why not Werkzeug's reloader: it watches imported modules only, so it would miss the fix of a plugin
with a syntax error. It also restarts the command and imports all of Ssoko again. Here the child is
a fork of a parent that has imported Ssoko and no plugin, which is several times faster. The parent
keeps the listening sockets: browsers wait during a restart instead of getting an error.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType

#: Seconds between two checks of the files.
INTERVAL = 0.4

#: Seconds that a child has to stop before it is killed.
STOP_TIMEOUT = 3.0

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: For each path its modification time and size.
Snapshot = Mapping[str, tuple[int, int]]


def supervise(
    serve: Callable[[], None],
    snapshot: Callable[[], Snapshot],
    report: Callable[[str], None],
) -> None:
    """Keep a child serving until Ctrl-C, SIGTERM or a closed terminal.

    :param serve: runs in the child process, and returns on SIGTERM.
    :param snapshot: returns the current state of the watched files.
    :param report: prints a line for the author.
    """
    signals: list[int] = []
    # The handlers set a flag, because Python drops exceptions that are raised in a fork hook.
    for number in _STOPPING:
        signal.signal(number, lambda number, frame: signals.append(number))
    child, before = 0, snapshot()
    try:
        while not signals:
            child = child or _start(serve)
            time.sleep(INTERVAL)
            if _has_ended(child):
                child = 0
                report("The server stopped. It starts again when a file changes.")
                while before == snapshot() and not signals:
                    time.sleep(INTERVAL)
            if before != (after := snapshot()):
                report(f"changed    {_changed_files(before, after)}")
                before = after
                _stop(child)
                child = 0
    finally:
        _stop(child)


def stop_on_signals() -> None:
    """Raise :class:`SystemExit` on the first Ctrl-C, SIGTERM or closed terminal."""

    def stop(number: int, frame: FrameType | None) -> None:
        # A second Ctrl-C must not interrupt the clean-up.
        for each in _STOPPING:
            signal.signal(each, signal.SIG_IGN)
        sys.exit(0)

    for each in _STOPPING:
        signal.signal(each, stop)


def _start(serve: Callable[[], None]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        # The terminal sends Ctrl-C to both processes; the parent stops the child.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # The bytecode cache cannot distinguish two saves within one second.
        sys.dont_write_bytecode = True
        serve()
        code = 0
    except SystemExit:
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # The clean-up handlers belong to the parent.
        os._exit(code)


def _has_ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] == child


def _stop(child: int) -> None:
    """Terminate a child, and kill it after the timeout. 0 means that there is no child."""
    if not child:
        return
    os.kill(child, signal.SIGTERM)
    until = time.monotonic() + STOP_TIMEOUT
    while time.monotonic() < until:
        if _has_ended(child):
            return
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _changed_files(before: Snapshot, after: Snapshot) -> str:
    changed = sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return f"{os.path.relpath(changed[0])}{more}"
