"""``ssoko dev``: a temporary site for plugin authors."""

import functools
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ssoko import __version__
from ssoko.cli.operators.open_site import check_libraries
from ssoko.cli.operators.serve import bind, log_to_stderr
from ssoko.cli.operators.setup import apply_migrations, owner_only, write_files
from ssoko.config import load_config
from ssoko.errors import ConfigError, InputError

if TYPE_CHECKING:
    from ssoko.plugin.host.registry import Registry
    from ssoko.web.plugins.preview_site import PreviewPlugin

#: Lifetime of the sign-in link, in seconds.
_LINK_LIFETIME = 12 * 3600


@click.command()
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port on localhost; 0 chooses a free port.",
)
@click.option(
    "--plugin",
    "slug",
    metavar="SLUG",
    help="Open the preview of this plugin. Not needed with one editable plugin.",
)
@click.option("--no-reload", is_flag=True, help="Don't restart when files change.")
def dev(port: int, slug: str | None, no_reload: bool) -> None:
    """Preview a plugin on a temporary site while you write it.

    Creates a workspace with sample users and prints a link to the preview of your plugin: its
    card, form, guide, proposed values, rules, and a sign-in to a test service provider. The site
    restarts when you save a file of a plugin that is installed with `pip install -e`. This takes
    about a second, and you stay signed in. If the plugin fails to load, the preview shows the
    traceback.

    Listens on localhost. The data is in a temporary directory that is deleted on Ctrl-C.
    """
    check_libraries()
    # Imported before the first fork, so that child processes don't import them again.
    import ssoko.app  # noqa: F401
    from ssoko.cli.authors import dev_plugins, reload

    plugins = dev_plugins.installed()
    target = _target(plugins, slug)
    if not no_reload and not hasattr(os, "fork"):
        raise ConfigError("Reloading is not supported on this system. Run: ssoko dev --no-reload")
    reload.stop_on_signals()
    sockets = bind("localhost", port)
    places = () if no_reload else dev_plugins.packages(plugins)
    data_dir = Path(tempfile.mkdtemp(prefix="ssoko-dev-"))
    try:
        with owner_only():
            environ = _prepare(data_dir, sockets, plugins)
        _announce(environ["SSOKO_BASE_URL"], plugins, places)
        serve = functools.partial(_serve, environ, sockets, plugins, target)
        if no_reload:
            serve()
        else:
            look = functools.partial(dev_plugins.snapshot, places)
            reload.supervise(serve, look, lambda text: click.echo(f"  {text}"))
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)
        click.echo("\n  Stopped. The workspace was deleted.")


def _target(plugins: Sequence["PreviewPlugin"], slug: str | None) -> str:
    """Return the slug of the plugin to open, or "" to open the list of plugins.

    :raises ConfigError: when no plugin is installed.
    :raises InputError: at ``--plugin``, when that plugin is not installed.
    """
    if not plugins:
        raise ConfigError(
            "No plugins are installed. Create one: ssoko plugin new SLUG, "
            "then pip install -e ssoko-SLUG"
        )
    slugs = [plugin.slug for plugin in plugins]
    if slug and slug not in slugs:
        raise InputError.of(
            "--plugin",
            f"{slug} is not installed. Installed plugins: {', '.join(sorted(slugs))}. "
            "To install yours, run: pip install -e FOLDER",
        )
    editable = [plugin.slug for plugin in plugins if plugin.folder]
    return slug or (editable[0] if len(editable) == 1 else "")


def _prepare(
    data_dir: Path, sockets: Sequence[socket.socket], plugins: Sequence["PreviewPlugin"]
) -> dict[str, str]:
    """Create keys and database, and return the settings. The environment's are ignored."""
    environ = {
        "SSOKO_DATA_DIR": str(data_dir),
        "SSOKO_BASE_URL": f"http://localhost:{sockets[0].getsockname()[1]}",
        "SSOKO_OPT_IN_PLUGINS": ",".join(plugin.slug for plugin in plugins),
    }
    write_files(data_dir, environ["SSOKO_BASE_URL"], environ)
    apply_migrations(environ)
    return environ


def _announce(base_url: str, plugins: Sequence["PreviewPlugin"], places: Sequence[Path]) -> None:
    click.echo(f"\n  Ssoko {__version__} dev at {base_url}\n")
    word = "plugins"
    for plugin in plugins:
        origin = f"editable, {plugin.folder}" if plugin.folder else plugin.distribution
        click.echo(f"  {word:10} {plugin.slug} {plugin.version} ({origin})")
        word = ""
    word = "watching"
    for place in places:
        click.echo(f"  {word:10} {os.path.relpath(place)}")
        word = ""


def _serve(
    environ: dict[str, str],
    sockets: Sequence[socket.socket],
    plugins: Sequence["PreviewPlugin"],
    target: str,
) -> None:
    """Load the plugins and serve until the process is stopped."""
    from ssoko.app import create_app
    from ssoko.cli.authors.dev_plugins import Rules
    from ssoko.cli.operators import demo_data as sample
    from ssoko.cli.operators import on_waitress
    from ssoko.services.authentication import links
    from ssoko.store import db
    from ssoko.web.plugins.preview_site import Preview, create_blueprint

    started = time.time()
    opened = Path(environ["SSOKO_DATA_DIR"], "opened")
    first = not opened.exists()
    # _problems prints the registry's warnings.
    log_to_stderr("ERROR")
    app = create_app(load_config(environ))
    services = app.extensions["ssoko"]
    rules = Rules(plugins)
    preview = Preview(
        workspace=sample.SLUG,
        plugins=tuple(plugins),
        version=lambda slug: f"{started:.3f} {rules.has_report(slug)}",
        check=rules.check,
    )
    app.register_blueprint(create_blueprint(preview))
    base_url = services.config.base_url
    with db.session():
        # No user needs the password: the printed link signs in, and the site is temporary.
        demo = sample.seed(services, password=secrets.token_urlsafe(18))
        code = first and links.create_link(
            services, purpose="sign-in", user_id=demo.admin.id, lifetime=_LINK_LIFETIME
        )
    opened.touch()
    lines = _problems(services.registry, base_url)
    if first:
        place = f"/dev/-/sign-in/{code}" + (f"?slug={target}" if target else "")
        lines += [
            f"  open       {base_url}{place}",
            f"             signs you in once, as {demo.admin.display_name}; later: {base_url}/dev",
            "",
            "  Press Ctrl-C to stop. All data of this site is then deleted.",
            "",
        ]
    else:
        lines.append(f"  restarted  in {time.time() - started:.1f} seconds")
    # The server closes its sockets, and the parent process needs them for the next child.
    copies = [listener.dup() for listener in sockets]
    on_waitress.serve(app, copies, 4, lambda: click.echo("\n".join(lines)))


def _problems(registry: "Registry", base_url: str) -> list[str]:
    return [
        f"  failed     {problem.slug} ({problem.stage}) {problem.message}: "
        f"see {base_url}/dev/{problem.slug}"
        for problem in registry.problems
    ]
