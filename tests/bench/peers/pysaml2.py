"""pysaml2 in Flask on gunicorn, run in the same way as Ssoko; it calls xmlsec1 to sign."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from tests.bench import install as needs
from tests.bench.client import Target, open_session
from tests.bench.keys import KeyFiles
from tests.bench.messages import ACS_URL, ATTRIBUTES, ENTITY_ID
from tests.bench.process import free_port, start, stop, wait_for

NAME = "pysaml2 in Flask"


def install(directory: Path) -> str:
    """Install it if possible and return its version."""
    needs.debian(["xmlsec1"])
    needs.pip(["pysaml2", "gunicorn"])
    return version("pysaml2")


@contextmanager
def run(directory: Path, key: KeyFiles) -> Iterator[Target]:
    """Run it and open a session."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = {
        "base": base,
        "key": str(key.key),
        "certificate": str(key.certificate),
        "entity_id": ENTITY_ID,
        "acs_url": ACS_URL,
        "attributes": ATTRIBUTES,
    }
    gunicorn = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    running = [
        start(
            [*gunicorn, "-k", "gthread", "--threads", "1", "tests.bench.peers.pysaml2_app:app"],
            directory / "gunicorn.out",
            environment={"PYSAML2_IDP": json.dumps(settings), "HOME": str(directory)},
        )
    ]
    try:
        wait_for(f"{base}/sso", running)
        target = Target(
            NAME,
            port,
            (running[0].process.pid,),
            destination=f"{base}/sso",
            certificate=key.certificate.read_text(),
        )
        yield open_session(target, "amina", "open-sesame")
    finally:
        stop(running)
