"""``ssoko init`` and ``ssoko migrate``: create the data directory and migrate the database."""

import base64
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from ssoko.cli.operators.open_site import check_libraries, opened
from ssoko.cli.output import json_option, print_result
from ssoko.config import (
    CONFIG_FILE,
    MASTER_FILE,
    SECRET_FILE,
    SETTINGS,
    Config,
    check_base_url,
    clean,
    data_dir_of,
    load_config,
)
from ssoko.errors import ConfigError, InputError

#: Lifetime of the set-up link, in seconds.
SETUP_LIFETIME = 30 * 60

_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}

_TOML = """\
# Settings of Ssoko. Environment variables override this file: SSOKO_BASE_URL overrides base_url.
# docs/operators.md describes each setting.
base_url = "{base_url}"
"""


@click.command()
@click.option("--base-url", metavar="URL", help="Public URL of Ssoko.")
@click.option(
    "--no-input", is_flag=True, help="Don't prompt; use options, environment and defaults."
)
@json_option
def init(base_url: str | None, no_input: bool, as_json: bool) -> None:
    """Create configuration, keys and database.

    They are stored in SSOKO_DATA_DIR, by default ./data. Prints a link to create the first admin,
    which works once, for 30 minutes. If you run the command again, existing files are kept.
    """
    data_dir = data_dir_of(os.environ)
    url = base_url or clean(os.environ.get("SSOKO_BASE_URL", ""))
    is_configured = (data_dir / CONFIG_FILE).exists()
    if base_url and is_configured:
        raise InputError.of(
            "--base-url", f"is already set. Change base_url in {data_dir / CONFIG_FILE}"
        )
    if not (url or is_configured or no_input or as_json):
        url = _ask_base_url()
    with owner_only():
        created, existing = write_files(data_dir, url or _DEFAULTS["base_url"], os.environ)
        applied = apply_migrations()
    with opened() as services:
        notices = _look_over(services.config)
        link = setup_url(services)
    result = {"data_dir": str(data_dir), "created": created, "kept": existing}
    result |= {"migrations": applied, "setup_url": link, "notices": notices}
    lines = [f"Data directory: {data_dir}"]
    lines += [f"  {name}: created" for name in created]
    lines += [f"  {name}: kept" for name in existing]
    lines.append(f"Database: {'applied ' + ', '.join(applied) if applied else 'up to date'}")
    if link:
        lines += ["", "Start the server:       ssoko serve", f"Create the first admin: {link}"]
        lines.append("                        (works once, for 30 minutes; for a new link, run")
        lines.append("                        `ssoko init` again)")
    else:
        lines += ["", "An admin already exists. Start the server: ssoko serve"]
    _show(notices)
    print_result(as_json, result, *lines)


@click.command()
@click.option(
    "--check", is_flag=True, help="List pending migrations; exit with 1 if there are any."
)
@json_option
def migrate(check: bool, as_json: bool) -> None:
    """Apply pending migrations to the database.

    Several processes can run it at the same time. `ssoko serve` does not start while migrations
    are pending.
    """
    if not check:
        applied = apply_migrations()
        with opened() as services:
            _show(_look_over(services.config))
        line = f"Applied: {', '.join(applied)}" if applied else "The database is up to date."
        print_result(as_json, {"applied": applied}, line)
        return
    names, unknown = _pending()
    if unknown:
        line = f"The database is newer than this Ssoko: it has {', '.join(unknown)}."
        print_result(as_json, {"pending": names, "unknown": unknown}, line)
        sys.exit(1)
    line = f"Pending: {', '.join(names)}. Run: ssoko migrate" if names else "No pending migrations."
    print_result(as_json, {"pending": names}, line)
    if names:
        sys.exit(1)


@contextmanager
def owner_only() -> Iterator[None]:
    """Create files, including the database, that only their owner can read."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def write_files(
    data_dir: Path, base_url: str, environ: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """Write the configuration and the keys that don't exist yet. Only their owner can read them.

    :param environ: keys that it contains are not written.
    :returns: the names of the created files, and of the existing files.
    :raises ConfigError: when the directory cannot be written to, or the base URL is unsafe.
    """
    files = {CONFIG_FILE: _TOML.format(base_url=check_base_url(base_url))}
    if not environ.get("SSOKO_SECRET_KEY"):
        files[SECRET_FILE] = secrets.token_urlsafe(48) + "\n"
    if not environ.get("SSOKO_MASTER_KEY"):
        if _is_missing(data_dir / MASTER_FILE):
            _require_no_keys(data_dir, environ)
        files[MASTER_FILE] = base64.b64encode(secrets.token_bytes(32)).decode() + "\n"
    created: list[str] = []
    existing: list[str] = []
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not any(data_dir.iterdir()):
            # Restrict an empty directory; one with files may be shared on purpose.
            with suppress(PermissionError):
                data_dir.chmod(0o700)
        for name, text in files.items():
            (created if _write_new(data_dir / name, text) else existing).append(name)
    except OSError as error:
        raise ConfigError(f"{data_dir} cannot be written to: {error.strerror}") from error
    return created, existing


def _is_missing(path: Path) -> bool:
    """Tell whether there is no such file, or one without content: a touch, or a full disk."""
    try:
        return not path.read_bytes().strip()
    except FileNotFoundError:
        return True


def _require_no_keys(data_dir: Path, environ: Mapping[str, str]) -> None:
    """Refuse to make a master key for a database that has keys of another one.

    :raises ConfigError: saying which file to put back.
    """
    check_libraries()
    from ssoko.services import installation
    from ssoko.store import db

    # All but the keys is as it will be; the master key is what is missing.
    stand_in = {
        "SSOKO_SECRET_KEY": "-" * 32,
        "SSOKO_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
    }
    config = load_config({**environ, **stand_in, "SSOKO_DATA_DIR": str(data_dir)})
    if config.database_url.startswith("sqlite:") and not config.database_file.exists():
        return
    database = db.connect(config.database_url)
    try:
        with db.session():
            if database.table_exists("signing_key") and installation.has_encrypted_keys():
                raise ConfigError(
                    f"{data_dir / MASTER_FILE} is missing, and the database has keys that were "
                    "encrypted with it. Put the file back, or restore it from a backup; a new key "
                    "would not open them"
                )
    finally:
        database.close()


def _write_new(path: Path, text: str) -> bool:
    if path.exists() and _is_missing(path):
        path.unlink()
    try:
        write_secret(path, text)
    except FileExistsError:
        return False
    return True


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read.

    :raises FileExistsError: when it exists.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def apply_migrations(environ: Mapping[str, str] | None = None) -> list[str]:
    """Migrate the configured database and return the names of the applied migrations."""
    check_libraries()
    from ssoko.store import db
    from ssoko.store import migrate as migrations

    database = db.connect(load_config(environ).database_url)
    with db.session():
        applied = migrations.migrate(database)
    database.close()
    return applied


def _look_over(config: Config) -> list[str]:
    """Check that data and settings belong together; return what the operator should know.

    The base URL is the one to expect from now on.

    :raises ConfigError: when the master key does not open the stored keys.
    """
    from ssoko.services import installation
    from ssoko.services.credentials.key_ring import KeyRing

    installation.require_master_key(KeyRing(config.master_key))
    found = installation.notices(config)
    installation.record_base_url(config)
    return found


def _show(notices: list[str]) -> None:
    for notice in notices:
        click.echo(f"Notice: {notice}", err=True)


def _pending() -> tuple[list[str], list[str]]:
    """Return the migrations that are due, and those that this Ssoko does not have."""
    from ssoko.store import db
    from ssoko.store import migrate as migrations

    database = db.connect(load_config().database_url)
    with db.session():
        names = migrations.pending(database), migrations.unknown(database)
    database.close()
    return names


def setup_url(services) -> str | None:  # type: ignore[no-untyped-def]  # imported late
    """Return a new link to create the first admin, or None if an admin exists."""
    from ssoko.services.authentication import links, setup

    if not setup.needs_setup():
        return None
    code = links.create_link(services, purpose="setup", lifetime=SETUP_LIFETIME)
    return f"{services.config.base_url}/setup?code={code}"


def _ask_base_url() -> str:
    """Prompt for the base URL, if standard input is a terminal."""
    if not sys.stdin.isatty():
        return ""

    def validate(value: str) -> str:
        try:
            return check_base_url(value)
        except ConfigError as error:
            raise click.UsageError(str(error)) from error

    return str(
        click.prompt(
            "Public URL of Ssoko",
            default=_DEFAULTS["base_url"],
            value_proc=validate,
        )
    )
