"""Watch what a plugin's code reaches for: the network, the clock, chance."""

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
#: Modules all of whose functions give another answer each time.
_CHANCE = frozenset({"random", "secrets", "uuid"})
_CLOCK = frozenset("time time_ns monotonic monotonic_ns perf_counter perf_counter_ns".split())
_TODAY = frozenset({"now", "utcnow", "today"})

_reached: ContextVar[list[str] | None] = ContextVar("ssoko_reached", default=None)


class Reached(PermissionError):
    """A plugin reached for something that it must leave alone."""


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _NETWORK and (seen := _reached.get()) is not None:
        seen.append(event)
        raise Reached(f"{event} is not allowed here")


@contextlib.contextmanager
def no_network() -> Iterator[list[str]]:
    """Refuse sockets and processes within; the list tells what was reached for."""
    # An audit hook stays for the life of the process, and does nothing outside of this block.
    if not getattr(sys, "_ssoko_audited", False):
        sys.addaudithook(_audit)
        sys._ssoko_audited = True  # type: ignore[attr-defined]
    seen: list[str] = []
    token = _reached.set(seen)
    try:
        yield seen
    finally:
        _reached.reset(token)


@contextlib.contextmanager
def pure(package: str) -> Iterator[list[str]]:
    """Watch one package's own calls within; the list names those that are not pure.

    Sockets and processes are refused. Looks at the clock and throws of the dice are let through,
    and written down with the line that made them.
    """
    before = sys.getprofile()

    def profile(frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call":
            name, caller = _impure_builtin(called), frame
        elif event == "call" and frame.f_back and frame.f_globals.get("__name__") in _CHANCE:
            name, caller = f"{frame.f_globals['__name__']}.{frame.f_code.co_name}", frame.f_back
        else:
            return
        if name and str(caller.f_globals.get("__name__")).partition(".")[0] == package:
            seen.append(f"{name} in {caller.f_code.co_name}, line {caller.f_lineno}")

    with no_network() as seen:
        sys.setprofile(profile)
        try:
            yield seen
        finally:
            sys.setprofile(before)


def _impure_builtin(called: Any) -> str:
    """Name a function written in C that reads the clock or throws dice, or return nothing."""
    module, name = getattr(called, "__module__", None), getattr(called, "__name__", "")
    owner = getattr(called, "__self__", None)
    if module == "time" and name in _CLOCK:
        return f"time.{name}"
    if module == "posix" and name == "urandom":
        return "os.urandom"
    if isinstance(owner, type) and owner.__module__ == "datetime" and name in _TODAY:
        return f"{owner.__name__}.{name}"
    return f"random.{name}" if type(owner).__module__ == "random" else ""
