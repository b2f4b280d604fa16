"""``ssoko demo``: a filled workspace on this machine, one command from nothing."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ssoko import __version__
from ssoko.cli.operators.open_site import check_libraries
from ssoko.cli.operators.serve import bind, log_to_stderr, with_waitress
from ssoko.cli.operators.setup import apply_migrations, owner_only, write_files
from ssoko.config import load_config
from ssoko.errors import InputError

if TYPE_CHECKING:
    from ssoko.cli.operators.demo_data import Demo
    from ssoko.services.context import Services

#: Marks a folder as one that ``--reset`` may remove.
_MARK = ".ssoko-demo"

#: Seconds for which the sign-in links work.
_LINK_LIFETIME = 12 * 3600


@click.command()
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option(
    "--data-dir",
    default=".demo",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the demo keeps its database and keys.",
)
@click.option("--reset", is_flag=True, help="Forget the last demo and start over.")
def demo(port: int, data_dir: Path, reset: bool) -> None:
    """Try Ssoko on this machine, with sample data.

    Makes a workspace with people, groups, and a sandbox to sign in to. Not for production: http,
    sample data, sign-in links on the terminal.
    """
    check_libraries()
    sockets = bind("localhost", port)
    _prepare(data_dir, reset=reset)
    environ = _environ(data_dir, port)
    with owner_only():
        write_files(data_dir, environ["SSOKO_BASE_URL"], environ)
        (data_dir / _MARK).touch()
        moved = _remember_address(data_dir / "address", environ["SSOKO_BASE_URL"])
        apply_migrations(environ)
    config = load_config(environ)
    log_to_stderr("WARNING")
    from ssoko.app import create_app
    from ssoko.cli.operators import demo_data as sample
    from ssoko.store import db

    app = create_app(config)
    services: Services = app.extensions["ssoko"]
    with db.session():
        ready = sample.seed(services)
        if moved:
            sample.move(services, ready)
        lines = _welcome(services, ready, data_dir)
    with_waitress(app, sockets, 4, lambda: click.echo("\n".join(lines)))


def _prepare(data_dir: Path, *, reset: bool) -> None:
    """Refuse a folder that is not a demo's; empty it for a new start."""
    ours = (data_dir / _MARK).exists()
    if data_dir.exists() and any(data_dir.iterdir()) and not ours:
        raise InputError.of("--data-dir", f"{data_dir} holds other files; name another folder")
    if reset and ours:
        shutil.rmtree(data_dir)


def _environ(data_dir: Path, port: int) -> dict[str, str]:
    """Return the demo's settings; those of a real site around it do not count."""
    return {
        "SSOKO_DATA_DIR": str(data_dir),
        "SSOKO_BASE_URL": f"http://localhost:{port}",
        "SSOKO_OPT_IN_PLUGINS": "sandbox",
        "SSOKO_DISABLED_PLUGINS": os.environ.get("SSOKO_DISABLED_PLUGINS", ""),
    }


def _remember_address(path: Path, base_url: str) -> bool:
    """Write the address down and tell whether the last start had another one."""
    before = path.read_text("utf-8") if path.exists() else base_url
    path.write_text(base_url, "utf-8")
    return before != base_url


def _welcome(services: "Services", ready: "Demo", data_dir: Path) -> list[str]:
    from ssoko.services.authentication import links

    base_url = services.config.base_url

    def link(user_id: str) -> str:
        code = links.create_link(
            services, purpose="sign-in", user_id=user_id, lifetime=_LINK_LIFETIME
        )
        return f"{base_url}/link/{code}"

    return [
        "",
        f"  Ssoko {__version__} demo at {base_url}   (data in {data_dir}; --reset starts over)",
        "",
        f"  Admin    {ready.admin.display_name:16} {link(ready.admin.id)}",
        f"  Person   {ready.person.display_name:16} {link(ready.person.id)}",
        "           Each link signs in once; start the demo again for new ones.",
        "",
        "  Try      1  open the admin's link, then Marketplace, and install AWS",
        "           2  open the person's link in a private window and press the Sandbox tile",
        "           3  see both under Activity",
        "",
        "  Not for production: http and sample data. For a real site: ssoko init. Ctrl-C stops.",
        "",
    ]
