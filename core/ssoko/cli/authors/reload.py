"""Serve in a child process, and put a new child in its place when a watched file changes.

Werkzeug has a reloader, and it does not serve here. It watches the modules that were imported, so
a plugin with a syntax error, which is none of them, would not be watched when it is fixed. It
restarts the command, which imports all of Ssoko again; the child here is a fork of a parent
that has imported Ssoko and no plugin, and answers in a fraction of that. And the parent keeps the
listening sockets: while no child is there the browser waits, and is never refused.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType

#: Seconds between two looks at the files, and those that a child may take to end.
LOOK = 0.4
PATIENCE = 3.0

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: Of each file its time of change and its size.
Snapshot = Mapping[str, tuple[int, int]]


def supervise(
    serve: Callable[[], None],
    look: Callable[[], Snapshot],
    say: Callable[[str], None],
) -> None:
    """Keep a child serving until Ctrl-C, SIGTERM or a closed terminal.

    :param serve: runs in the child process, and returns when the child is asked to stop.
    :param look: returns the watched files as they are now.
    :param say: tells the author what was done.
    """
    told: list[int] = []
    # An exception out of a handler may be lost: Python drops what is raised in a hook of a fork.
    for number in _STOPPING:
        signal.signal(number, lambda number, frame: told.append(number))
    child, seen = 0, look()
    try:
        while not told:
            child = child or _start(serve)
            time.sleep(LOOK)
            if _has_ended(child):
                child = 0
                say("It ended by itself; it starts again when a file changes.")
                while seen == look() and not told:
                    time.sleep(LOOK)
            if seen != (now := look()):
                say(f"changed    {_named(seen, now)}")
                seen = now
                _end(child)
                child = 0
    finally:
        _end(child)


def stop_on_signals() -> None:
    """Turn Ctrl-C, SIGTERM and a closed terminal into one :class:`SystemExit`."""

    def stop(number: int, frame: FrameType | None) -> None:
        # A second Ctrl-C must not leave the child, or the data, behind.
        for one in _STOPPING:
            signal.signal(one, signal.SIG_IGN)
        sys.exit(0)

    for one in _STOPPING:
        signal.signal(one, stop)


def _start(serve: Callable[[], None]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        # The terminal sends Ctrl-C to both; the parent is the one who stops the child.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # Two saves within a second look alike to the cache of compiled modules.
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
        # Past the parent's own clean-up, which is not the child's to do.
        os._exit(code)


def _has_ended(child: int) -> bool:
    return os.waitpid(child, os.WNOHANG)[0] == child


def _end(child: int) -> None:
    """Tell a child to stop, and make it after a while; 0 is none."""
    if not child:
        return
    os.kill(child, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if _has_ended(child):
            return
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _named(before: Snapshot, after: Snapshot) -> str:
    changed = sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return f"{os.path.relpath(changed[0])}{more}"
