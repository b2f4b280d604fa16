"""A PostgreSQL server for the benchmark, with default settings, on the servers' core."""

import getpass
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.process import Running, free_port, start, stop, wait_for_socket


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server; `url` names its one database."""

    url: str
    running: Running


def programs() -> Path | None:
    """Return the folder of Debian's newest installed PostgreSQL, if any."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@contextmanager
def cluster(directory: Path) -> Iterator[Cluster]:
    """Run a cluster that accepts only local connections."""
    folder = programs()
    if folder is None:
        raise FileNotFoundError("postgresql is not installed")
    user = "postgres" if getpass.getuser() == "root" else None  # it refuses to run as root
    data, port = directory / "postgres", free_port()
    data.mkdir()
    if user:
        shutil.chown(data, user)
    subprocess.run(
        [folder / "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"],
        check=True,
        capture_output=True,
        user=user,
        cwd="/",
    )
    server = [folder / "postgres", "-D", data, "-p", str(port), "-k", data]
    running = start(
        [*server, "-h", "127.0.0.1"], directory / "postgres.log", user=user, directory=data
    )
    try:
        wait_for_socket(data / f".s.PGSQL.{port}", running)
        yield Cluster(f"postgresql://bench@127.0.0.1:{port}/postgres", running)
    finally:
        stop([running])
