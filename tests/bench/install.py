"""Install what the peers need, where that can be done; say why not otherwise."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

# pip's name of each package where it is not the name to import.
MODULES = {"pysaml2": "saml2"}
POLICY = Path("/usr/sbin/policy-rc.d")


class NotInstalled(Exception):
    """Something cannot be measured here; the message says why."""


def debian(packages: Iterable[str]) -> None:
    """Install packages of Debian, in this order, without starting the services in them.

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
        # One by one: what comes first spares simplesamlphp a web server of its own choice.
        for package in missing:
            _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", package)


def debian_version(package: str) -> str:
    """Return the version of an installed package of Debian, or ""."""
    if shutil.which("dpkg-query") is None:
        return ""
    asked = ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package]
    status, _, version = subprocess.run(asked, capture_output=True, text=True).stdout.partition(" ")
    return version if status == "installed" else ""


def pip(packages: Iterable[str], *, allowed: bool = True) -> None:
    """Install packages of Python into this interpreter's environment.

    :raises NotInstalled: when one is missing and cannot be installed.
    """
    for package in packages:
        if importlib.util.find_spec(MODULES.get(package, package)) is None:
            if not allowed:
                raise NotInstalled(f"{package} is not installed, and nothing was to be installed")
            _run(sys.executable, "-m", "pip", "install", "--quiet", package)
            importlib.invalidate_caches()


def npm(packages: Iterable[str], directory: Path) -> None:
    """Install packages of npm into a directory.

    :raises NotInstalled: when there is no npm or it cannot install one.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NotInstalled("needs node and npm")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
    _run("npm", "install", "--prefix", str(directory), *options, *packages)


@contextmanager
def _no_services() -> Iterator[None]:
    # Debian asks this file before a package starts its service; 101 means no.
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
