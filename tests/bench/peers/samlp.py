"""npm's samlp on express 4: a signed session cookie, no database, no log, one process."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import install as needs
from tests.bench.client import Target, open_session
from tests.bench.keys import KeyFiles
from tests.bench.messages import ACS_URL, ATTRIBUTES, ENTITY_ID
from tests.bench.process import free_port, start, stop, wait_for

NAME = "npm samlp"
PACKAGES = ("samlp@8", "express@4")
SERVER = Path(__file__).with_name("samlp_idp.js")


def install(directory: Path) -> str:
    """Install it into `directory` and return its version."""
    needs.npm(PACKAGES, directory)
    manifest = directory / "node_modules" / "samlp" / "package.json"
    return str(json.loads(manifest.read_text())["version"])


@contextmanager
def run(directory: Path, key: KeyFiles) -> Iterator[Target]:
    """Run it and open a session; its packages are installed in `directory`."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = {
        "port": port,
        "issuer": f"{base}/metadata",
        "key": str(key.key),
        "certificate": str(key.certificate),
        "entityId": ENTITY_ID,
        "acsUrl": ACS_URL,
        "attributes": ATTRIBUTES,
    }
    # Node searches for packages next to the script, not in the current directory.
    script = shutil.copy(SERVER, directory)
    running = [
        start(
            ["node", "--no-deprecation", script, json.dumps(settings)],
            directory / "node.out",
            environment={"NODE_ENV": "production"},
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
