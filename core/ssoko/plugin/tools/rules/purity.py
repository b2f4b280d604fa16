"""Detect impure calls of a plugin: the network, processes, the clock, randomness."""

import contextlib
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from types import FrameType
from typing import Any

_NETWORK = frozenset(
    """socket.connect socket.bind socket.getaddrinfo socket.gethostbyname socket.sendto
    socket.sendmsg subprocess.Popen os.system os.exec os.posix_spawn""".split()
)
#: Modules whose functions return random values.
_RANDOM = frozenset({"random", "secrets", "uuid"})
_CLOCK = frozenset("time time_ns monotonic monotonic_ns perf_counter perf_counter_ns".split())
_TODAY = frozenset({"now", "utcnow", "today"})

_blocked_calls: ContextVar[list[str] | None] = ContextVar("ssoko_blocked_calls", default=None)


class CallBlocked(PermissionError):
    """A plugin made a call that is not allowed."""


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _NETWORK and (calls := _blocked_calls.get()) is not None:
        calls.append(event)
        raise CallBlocked(f"{event} is not allowed here")


@contextlib.contextmanager
def no_network() -> Iterator[list[str]]:
    """Block sockets and processes within the block; yields the list of blocked calls."""
    # An audit hook cannot be removed. It does nothing outside of this block.
    if not getattr(sys, "_ssoko_audited", False):
        sys.addaudithook(_audit)
        sys._ssoko_audited = True  # type: ignore[attr-defined]
    calls: list[str] = []
    token = _blocked_calls.set(calls)
    try:
        yield calls
    finally:
        _blocked_calls.reset(token)


@contextlib.contextmanager
def pure(package: str) -> Iterator[list[str]]:
    """Detect impure calls of one package within the block; yields the list of these calls.

    Sockets and processes are blocked. Calls to the clock and to random functions succeed, and are
    listed with their line.
    """
    before = sys.getprofile()

    def profile(frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call":
            name, caller = _impure_builtin(called), frame
        elif event == "call" and frame.f_back and frame.f_globals.get("__name__") in _RANDOM:
            name, caller = f"{frame.f_globals['__name__']}.{frame.f_code.co_name}", frame.f_back
        else:
            return
        if name and str(caller.f_globals.get("__name__")).partition(".")[0] == package:
            calls.append(f"{name} in {caller.f_code.co_name}, line {caller.f_lineno}")

    with no_network() as calls:
        sys.setprofile(profile)
        try:
            yield calls
        finally:
            sys.setprofile(before)


def _impure_builtin(called: Any) -> str:
    """Return the name of a C function that reads the clock or is random, or an empty text."""
    module, name = getattr(called, "__module__", None), getattr(called, "__name__", "")
    owner = getattr(called, "__self__", None)
    if module == "time" and name in _CLOCK:
        return f"time.{name}"
    if module == "posix" and name == "urandom":
        return "os.urandom"
    if isinstance(owner, type) and owner.__module__ == "datetime" and name in _TODAY:
        return f"{owner.__name__}.{name}"
    return f"random.{name}" if type(owner).__module__ == "random" else ""
