"""``ssoko plugin verify``: run all checks on a wheel, in a new virtual environment."""

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
    """A step of the verification failed. The message names the step."""


def core_requirement() -> str:
    """Return the pip requirement of the running Ssoko: its folder, or its version."""
    distribution = importlib.metadata.distribution("ssoko")
    origin = direct_url(distribution)
    checkout = Path(ssoko.__file__).parents[2]
    if (checkout / "setup.cfg").is_file() and (checkout / "migrations").is_dir():
        return str(checkout)
    if str(origin.get("url", "")).startswith("file://"):
        place = Path(url2pathname(urlsplit(origin["url"]).path))
        if place.exists():
            return str(place)
    return f"ssoko=={distribution.version}"


def _copy_checkout(core: str, folder: Path) -> str:
    """Copy a checkout, since a build writes to its folder and packages what is left there."""
    if not Path(core).is_dir():
        return core
    ignored = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "data")
    return str(shutil.copytree(core, folder / "core", ignore=ignored))


def verify_wheel(wheel: Path, *, core: str = "", settings: Path | None = None) -> None:
    """Install a wheel in a new virtual environment, and run checks and conformance tests there.

    :param core: requirement or path that pip installs as Ssoko. Default: the running one.
    :raises InputError: when the path is not a wheel.
    :raises VerifyFailed: when a step fails. Its output has been printed.
    """
    if wheel.suffix != ".whl" or not wheel.is_file():
        raise InputError.of("wheel", f"{wheel} is not a wheel. Build one: python -m build")
    options = ["--settings", str(settings.resolve())] if settings else []
    with tempfile.TemporaryDirectory(prefix="ssoko-verify-") as folder:
        place = Path(folder)
        python = _environment(place / "venv")
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        requirement = _copy_checkout(core or core_requirement(), place)
        _step(
            f"install {wheel.name} and Ssoko",
            [*pip, requirement, str(wheel.resolve()), *_test_requirements()],
            place,
        )
        check = [str(python), "-m", "ssoko", "plugin", "check", str(wheel.resolve())]
        _step("check the rules", [*check, *options], place)
        for slug in _slugs(wheel):
            pytest = ["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
            tests = ["--pyargs", "ssoko.plugin.conformance", "--ssoko-plugin", slug]
            more = ["--ssoko-settings", options[1]] if options else []
            _step(f"conformance of {slug}", [str(python), *pytest, *tests, *more], place)


def _test_requirements() -> list[str]:
    """Return the requirements of the conformance tests; axe only where it is installed here."""
    axe = importlib.util.find_spec("axe_playwright_python")
    return ["pytest", *(["axe-playwright-python"] if axe else [])]


def _environment(folder: Path) -> Path:
    click.echo("== create a virtual environment")
    venv.create(folder, with_pip=True)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    return folder / scripts / "python"


def _step(name: str, command: Sequence[str], folder: Path) -> None:
    click.echo(f"== {name}")
    # PYTHONPATH could hide a missing requirement of the wheel.
    environ = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603 - the command is made above
        command, cwd=folder, env=environ, capture_output=True, text=True
    )
    if text := (done.stdout + done.stderr).strip():
        click.echo(text)
    if done.returncode != 0:
        raise VerifyFailed(f"{name}: failed, see above")


def _slugs(wheel: Path) -> list[str]:
    """Read the slugs from a wheel. Runs none of its code."""
    points = configparser.RawConfigParser(delimiters="=")
    points.optionxform = str  # type: ignore[assignment,method-assign]  # keep the slugs' case
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith(".dist-info/entry_points.txt"):
                points.read_string(archive.read(name).decode("utf-8"))
    return points.options(ENTRY_POINT_GROUP)
