"""``ssoko init`` and ``ssoko migrate``: make the place, and keep its database up to date."""

import base64
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from ssoko.cli.operators.open_site import check_libraries, opened
from ssoko.cli.output import json_option, say
from ssoko.config import (
    CONFIG_FILE,
    MASTER_FILE,
    SECRET_FILE,
    SETTINGS,
    check_base_url,
    load_config,
)
from ssoko.errors import ConfigError, InputError

#: Seconds for which the set-up address works.
SETUP_LIFETIME = 30 * 60

_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}

_TOML = """\
# Settings of this Ssoko. A variable of the environment goes before the line here:
# SSOKO_BASE_URL before base_url. docs/operators.md tells what each one means.
base_url = "{base_url}"
"""


@click.command()
@click.option("--base-url", metavar="URL", help="Address of Ssoko as browsers will see it.")
@click.option("--no-input", is_flag=True, help="Ask nothing; take flags, environment, defaults.")
@json_option
def init(base_url: str | None, no_input: bool, as_json: bool) -> None:
    """Set Ssoko up: configuration, keys, database.

    All of it goes into the data directory, which is SSOKO_DATA_DIR or ./data. Prints an address,
    good once and for 30 minutes, where the first admin signs up. Running it again keeps what is
    there.
    """
    data_dir = Path(os.environ.get("SSOKO_DATA_DIR") or _DEFAULTS["data_dir"])
    given = base_url or os.environ.get("SSOKO_BASE_URL") or ""
    written = (data_dir / CONFIG_FILE).exists()
    if base_url and written:
        raise InputError.of("--base-url", f"change base_url in {data_dir / CONFIG_FILE} instead")
    if not (given or written or no_input or as_json):
        given = _ask_base_url()
    with owner_only():
        made, kept = write_files(data_dir, given or _DEFAULTS["base_url"], os.environ)
        applied = apply_migrations()
    with opened() as services:
        url = setup_url(services)
    answer = {"data_dir": str(data_dir), "created": made, "kept": kept, "migrations": applied}
    lines = [f"Data directory: {data_dir}"]
    lines += [f"  {name}: made" for name in made]
    lines += [f"  {name}: kept as it was" for name in kept]
    lines.append(f"Database: {', '.join(applied) + ' applied' if applied else 'up to date'}")
    if url:
        lines += ["", "Start it:         ssoko serve", f"First admin:      {url}"]
        lines.append("                  (works once, for 30 minutes; `ssoko init` makes another)")
    else:
        lines += ["", "An admin exists. Start it: ssoko serve"]
    say(as_json, {**answer, "setup_url": url}, *lines)


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; exit with 1 when something is due.")
@json_option
def migrate(check: bool, as_json: bool) -> None:
    """Bring the database up to date.

    Safe to run twice at once. `ssoko serve` refuses to start before it was done.
    """
    if not check:
        applied = apply_migrations()
        said = f"Applied: {', '.join(applied)}" if applied else "The database is up to date."
        say(as_json, {"applied": applied}, said)
        return
    names = _pending()
    said = f"Due: {', '.join(names)}. Run: ssoko migrate" if names else "Nothing is due."
    say(as_json, {"pending": names}, said)
    if names:
        sys.exit(1)


@contextmanager
def owner_only() -> Iterator[None]:
    """Make files, the database's among them, that only their owner may read."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def write_files(
    data_dir: Path, base_url: str, environ: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Write the configuration and the keys that are not there yet, for their owner's eyes only.

    :param environ: keys that it holds are not written.
    :returns: the names of the files made, and of those kept.
    :raises ConfigError: when the folder cannot be written to, or the base URL is unsafe.
    """
    wanted = {CONFIG_FILE: _TOML.format(base_url=check_base_url(base_url))}
    if not environ.get("SSOKO_SECRET_KEY"):
        wanted[SECRET_FILE] = secrets.token_urlsafe(48) + "\n"
    if not environ.get("SSOKO_MASTER_KEY"):
        wanted[MASTER_FILE] = base64.b64encode(secrets.token_bytes(32)).decode() + "\n"
    made: list[str] = []
    kept: list[str] = []
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(data_dir.iterdir()):
            # An empty folder that was made beforehand becomes ours; a full one may be shared.
            with suppress(PermissionError):
                data_dir.chmod(0o700)
        for name, text in wanted.items():
            (made if _write_new(data_dir / name, text) else kept).append(name)
    except OSError as error:
        raise ConfigError(f"{data_dir} cannot be written to: {error.strerror}") from error
    return made, kept


def _write_new(path: Path, text: str) -> bool:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return True


def apply_migrations(environ: Mapping[str, str] | None = None) -> list[str]:
    """Migrate the configured database and return what was applied."""
    check_libraries()
    from ssoko.store import db
    from ssoko.store import migrate as migrations

    database = db.connect(load_config(environ).database_url)
    with db.session():
        applied = migrations.migrate(database)
    database.close()
    return applied


def _pending() -> list[str]:
    from ssoko.store import db
    from ssoko.store import migrate as migrations

    database = db.connect(load_config().database_url)
    with db.session():
        names = migrations.pending(database)
    database.close()
    return names


def setup_url(services) -> str | None:  # type: ignore[no-untyped-def]  # imported late
    """Return a fresh address for the first admin, or None once there is one."""
    from ssoko.services.authentication import links, setup

    if not setup.needs_setup():
        return None
    code = links.create_link(services, purpose="setup", lifetime=SETUP_LIFETIME)
    return f"{services.config.base_url}/setup?code={code}"


def _ask_base_url() -> str:
    """Ask for the base URL, when a terminal is attached."""
    if not sys.stdin.isatty():
        return ""

    def checked(value: str) -> str:
        try:
            return check_base_url(value)
        except ConfigError as error:
            raise click.UsageError(str(error)) from error

    return str(
        click.prompt(
            "Address of Ssoko as browsers will see it",
            default=_DEFAULTS["base_url"],
            value_proc=checked,
        )
    )
