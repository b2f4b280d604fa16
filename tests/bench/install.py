"""Install the software of the peers, or report why that is not possible."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

# The pip name of packages whose import name differs.
MODULES = {"pysaml2": "saml2"}
POLICY = Path("/usr/sbin/policy-rc.d")


class NotInstalled(Exception):
    """A peer cannot be measured here; the message gives the reason."""


def debian(packages: Iterable[str]) -> None:
    """Install Debian packages in this order, without starting their services.

    :raises NotInstalled: when one is missing and cannot be installed.
    """
    missing = [package for package in packages if not debian_version(package)]
    if not missing:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise NotInstalled(
            f"needs the Debian packages {' '.join(missing)}; only root installs them"
        )
    with _no_services():
        _run("apt-get", "update", "-qq")
        # One by one: with nginx installed first, simplesamlphp does not install another web server.
        for package in missing:
            _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package)


def debian_version(package: str) -> str:
    """Return the version of an installed Debian package, or ""."""
    if shutil.which("dpkg-query") is None:
        return ""
    command = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package]
    status, _, version = subprocess.run(command, capture_output=True, text=True).stdout.partition(
        " "
    )
    return version if status == "installed" else ""


def pip(packages: Iterable[str], *, allowed: bool = True) -> None:
    """Install Python packages into this interpreter's environment.

    :raises NotInstalled: when one is missing and cannot be installed.
    """
    for package in packages:
        if importlib.util.find_spec(MODULES.get(package, package)) is None:
            if not allowed:
                raise NotInstalled(f"{package} is not installed, and nothing was to be installed")
            _run(sys.executable, "-m", "pip", "install", "--quiet", package)
            importlib.invalidate_caches()


def npm(packages: Iterable[str], directory: Path) -> None:
    """Install npm packages into a directory.

    :raises NotInstalled: when there is no npm or it cannot install one.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotInstalled("needs node and npm")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
    _run("npm", "install", "--prefix", str(directory), *options, *packages)


@contextmanager
def _no_services() -> Iterator[None]:
    # Debian runs this script before a package starts its service; 101 denies the start.
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise NotInstalled(f"{' '.join(command[:3])} failed: {''.join(reason)[:200]}")
