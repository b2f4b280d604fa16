"""``ssoko plugin verify``: a wheel, in a fresh environment, under every check there is."""

import configparser
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import click

import ssoko
from ssoko.errors import InputError, SsokoError
from ssoko.plugin import ENTRY_POINT_GROUP
from ssoko.plugin.host.origin import direct_url


class VerifyFailed(SsokoError):
    """A step of the verification did not succeed; the text names the step."""


def core_requirement() -> str:
    """Return what pip must install to get the Ssoko that runs here: its folder, or its version."""
    found = importlib.metadata.distribution("ssoko")
    origin = direct_url(found)
    checkout = Path(ssoko.__file__).parents[2]
    if (checkout / "setup.cfg").is_file() and (checkout / "migrations").is_dir():
        return str(checkout)
    if str(origin.get("url", "")).startswith("file://"):
        place = Path(url2pathname(urlsplit(origin["url"]).path))
        if place.exists():
            return str(place)
    return f"ssoko=={found.version}"


def _built_elsewhere(core: str, folder: Path) -> str:
    """Copy a checkout: a build writes into its folder, and ships what it once wrote there."""
    if not Path(core).is_dir():
        return core
    left_out = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "data")
    return str(shutil.copytree(core, folder / "core", ignore=left_out))


def verify_wheel(wheel: Path, *, core: str = "", settings: Path | None = None) -> None:
    """Install a wheel into a fresh environment, and run its checks and conformance there.

    :param core: what pip installs as Ssoko; by default the one that runs.
    :raises InputError: when the path is no wheel.
    :raises VerifyFailed: with the step that failed; its output was shown.
    """
    if wheel.suffix != ".whl" or not wheel.is_file():
        raise InputError.of("wheel", f"{wheel} is no wheel; build one: python -m build")
    answers = ["--settings", str(settings.resolve())] if settings else []
    with tempfile.TemporaryDirectory(prefix="ssoko-verify-") as folder:
        place = Path(folder)
        python = _environment(place / "venv")
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        ours = _built_elsewhere(core or core_requirement(), place)
        _step(
            f"install {wheel.name} and Ssoko into a fresh environment",
            [*pip, ours, str(wheel.resolve()), *_judges()],
            place,
        )
        check = [str(python), "-m", "ssoko", "plugin", "check", str(wheel.resolve())]
        _step("check its rules", [*check, *answers], place)
        for slug in _slugs(wheel):
            pytest = ["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
            named = ["--pyargs", "ssoko.plugin.conformance", "--ssoko-plugin", slug]
            more = ["--ssoko-settings", answers[1]] if answers else []
            _step(f"conformance of {slug}", [str(python), *pytest, *named, *more], place)


def _judges() -> list[str]:
    """Return what conformance needs there; axe and its browser only where they are at hand here."""
    axe = importlib.util.find_spec("axe_playwright_python")
    return ["pytest", *(["axe-playwright-python"] if axe else [])]


def _environment(folder: Path) -> Path:
    click.echo("== make a fresh environment")
    venv.create(folder, with_pip=True)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    return folder / scripts / "python"


def _step(name: str, command: Sequence[str], folder: Path) -> None:
    click.echo(f"== {name}")
    # Modules on the caller's PYTHONPATH would hide a missing requirement of the wheel.
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603 - the command is made above
        command, cwd=folder, env=environ, capture_output=True, text=True
    )
    if text := (done.stdout + done.stderr).strip():
        click.echo(text)
    if done.returncode != 0:
        raise VerifyFailed(f"{name}: failed, see above")


def _slugs(wheel: Path) -> list[str]:
    """Read the slugs from a wheel, without running any of its code in this process."""
    points = configparser.RawConfigParser(delimiters="=")
    points.optionxform = str  # type: ignore[assignment,method-assign]  # keep the slugs' case
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/entry_points.txt"):
                points.read_string(archive.read(name).decode("utf-8"))
    return points.options(ENTRY_POINT_GROUP)
