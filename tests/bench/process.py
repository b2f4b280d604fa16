"""Processes on one core, the client on another, and their CPU time."""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
REPOSITORY = Path(__file__).parents[2]
TICK = os.sysconf("SC_CLK_TCK")
START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Running:
    """A process on the servers' core, and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise with the end of the log when the process has ended."""
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(
                f"{self.process.args!r} ended with {self.process.returncode}: {tail}"
            )


def start(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path = REPOSITORY,
    user: str | None = None,
) -> Running:
    """Start a server on the first core."""
    with log.open("ab") as sink:
        process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=directory,
            env={**os.environ, **(environment or {})},
            user=user,
            start_new_session=True,
        )
    return Running(process, log)


def stop(running: Sequence[Running]) -> None:
    """Stop servers, the last started first; a server that ignores SIGTERM is killed."""
    for server in reversed(running):
        server.process.terminate()
        try:
            server.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()


def free_port() -> int:
    """Return a free loopback port above 20000."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            if (port := probe.getsockname()[1]) > 20000:
                return port


def wait_for(url: str, running: Sequence[Running]) -> None:
    """Wait until a server responds, with any status."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        for server in running:
            server.check()
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    log = running[-1].log.read_text(errors="replace")[-2000:]
    raise TimeoutError(f"{url} did not respond in {START_SECONDS} seconds: {log}")


def wait_for_socket(path: Path, running: Running) -> None:
    """Wait until a server listens on a Unix socket."""
    end = time.monotonic() + START_SECONDS
    while not path.exists():
        running.check()
        if time.monotonic() > end:
            raise TimeoutError(f"{path} is not there after {START_SECONDS} seconds")
        time.sleep(0.1)


def tree_cpu(processes: Sequence[int]) -> float:
    """Return the CPU seconds of processes and all their children."""
    return sum(_process_cpu(process) for process in processes)


def _process_cpu(process: int) -> float:
    with suppress(OSError):
        # The CPU clock of another process, in nanoseconds: clock_getcpuclockid(3).
        own = time.clock_gettime((~process << 3) | 2)
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ended_children = (int(fields[13]) + int(fields[14])) / TICK
        tasks = Path(f"/proc/{process}/task").iterdir()
        children = [int(child) for task in tasks for child in _children(task)]
        return own + ended_children + tree_cpu(children)
    return 0.0


def _children(task: Path) -> list[str]:
    with suppress(OSError):
        return (task / "children").read_text().split()
    return []


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Run on one core inside the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
