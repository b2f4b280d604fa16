"""``ssoko demo``: serve a workspace with sample data on this machine."""

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ssoko import __version__
from ssoko.cli.operators.open_site import check_libraries
from ssoko.cli.operators.serve import bind, log_to_stderr
from ssoko.cli.operators.setup import apply_migrations, owner_only, write_files
from ssoko.config import load_config
from ssoko.errors import InputError

if TYPE_CHECKING:
    from ssoko.cli.operators.demo_data import Demo
    from ssoko.services.context import Services

#: Marks a folder as one that ``--reset`` may remove.
_MARK = ".ssoko-demo"

#: Lifetime of the sign-in links, in seconds.
_LINK_LIFETIME = 12 * 3600


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--data-dir",
    default=".demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for the database and keys of the demo.",
)
@click.option("--reset", is_flag=True, help="Delete the data of the last demo first.")
def demo(port: int, data_dir: Path, reset: bool) -> None:
    """Serve a site with sample data on this machine.

    Creates a workspace with users, groups and a sandbox application, and prints sign-in links.
    Not for production.
    """
    check_libraries()
    sockets = bind("localhost", port)
    _prepare(data_dir, reset=reset)
    environ = _environ(data_dir, port)
    with owner_only():
        write_files(data_dir, environ["SSOKO_BASE_URL"], environ)
        (data_dir / _MARK).touch()
        has_moved = _store_base_url(data_dir / "address", environ["SSOKO_BASE_URL"])
        password = _read_password(data_dir / "password")
        apply_migrations(environ)
    config = load_config(environ)
    log_to_stderr("WARNING")
    from ssoko.app import create_app
    from ssoko.cli.operators import demo_data as sample
    from ssoko.store import db

    app = create_app(config)
    services: Services = app.extensions["ssoko"]
    with db.session():
        data = sample.seed(services, password=password)
        if has_moved:
            sample.move(services, data)
        lines = _welcome(services, data, data_dir, password)
    from ssoko.cli.operators import on_waitress

    on_waitress.serve(app, sockets, 4, lambda: click.echo("\n".join(lines)))


def _prepare(data_dir: Path, *, reset: bool) -> None:
    """Delete an earlier demo when ``reset`` is true.

    :raises InputError: when the directory contains other files.
    """
    is_demo = (data_dir / _MARK).exists()
    if data_dir.exists() and any(data_dir.iterdir()) and not is_demo:
        raise InputError.of(
            "--data-dir", f"{data_dir} contains other files. Choose another directory."
        )
    if reset and is_demo:
        shutil.rmtree(data_dir)


def _environ(data_dir: Path, port: int) -> dict[str, str]:
    """Return the settings of the demo. Settings of a real site in the environment are ignored."""
    return {
        "SSOKO_DATA_DIR": str(data_dir),
        "SSOKO_BASE_URL": f"http://localhost:{port}",
        "SSOKO_OPT_IN_PLUGINS": "sandbox",
        "SSOKO_DISABLED_PLUGINS": os.environ.get("SSOKO_DISABLED_PLUGINS", ""),
    }


def _store_base_url(path: Path, base_url: str) -> bool:
    """Write the base URL to a file, and tell whether it has changed since the last start."""
    before = path.read_text("utf-8") if path.exists() else base_url
    path.write_text(base_url, "utf-8")
    return before != base_url


def _read_password(path: Path) -> str:
    """Return the password of this demo, which is created at its first start."""
    if not path.exists():
        path.write_text("-".join(secrets.token_hex(3) for _ in range(3)), "utf-8")
    return path.read_text("utf-8")


def _welcome(services: "Services", data: "Demo", data_dir: Path, password: str) -> list[str]:
    from ssoko.services.authentication import links

    base_url = services.config.base_url

    def link(user_id: str) -> str:
        code = links.create_link(
            services, purpose="sign-in", user_id=user_id, lifetime=_LINK_LIFETIME
        )
        return f"{base_url}/link/{code}"

    return [
        "",
        f"  Ssoko {__version__} demo at {base_url}   (data in {data_dir}; --reset deletes it)",
        "",
        f"  Admin    {data.admin.display_name:16} {link(data.admin.id)}",
        f"  User     {data.user.display_name:16} {link(data.user.id)}",
        "           Each link works once. Start the demo again for new links.",
        f"           After signing out, sign in as {data.admin.username} or "
        f"{data.user.username} with the password {password}",
        "",
        "  Try      1  open the admin's link, then Marketplace, and install AWS",
        "           2  open the user's link in a private window and click the Sandbox tile",
        "           3  open Activity as the admin to see both",
        "",
        "  Not for production. To set up a site, run ssoko init. Press Ctrl-C to stop.",
        "",
    ]
