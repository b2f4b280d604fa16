"""``ssoko dev``: the site of plugin authors, thrown away at the end."""

import functools
import os
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
from ssoko.cli.operators.serve import bind, log_to_stderr, with_waitress
from ssoko.cli.operators.setup import apply_migrations, owner_only, write_files
from ssoko.config import load_config
from ssoko.errors import ConfigError, InputError

if TYPE_CHECKING:
    from ssoko.plugin.host.registry import Registry
    from ssoko.web.plugins.preview_site import PreviewPlugin

#: Seconds for which the sign-in link works.
_LINK_LIFETIME = 12 * 3600


@click.command()
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="On this machine alone; 0 takes one that is free.",
)
@click.option(
    "--plugin",
    "wanted",
    metavar="SLUG",
    help="Lead to this plugin's preview. Not needed when one alone is editable.",
)
@click.option("--no-reload", is_flag=True, help="Go on as it is when files change.")
def dev(port: int, wanted: str | None, no_reload: bool) -> None:
    """Write a plugin and see it, on a site that is thrown away.

    Makes a workspace with sample people, and opens a preview of your plugin: card, form, guide,
    proposals, rules, and a sign-in that a service provider judges. Saving a file of a plugin that
    is installed with `pip install -e` restarts the site, in about a second, and you stay signed
    in. A plugin that breaks shows its traceback there.

    Listens on localhost, and keeps its data in a temporary directory until Ctrl-C.
    """
    check_libraries()
    # Imported here, before the first fork, so that each child has them.
    import ssoko.app  # noqa: F401
    from ssoko.cli.authors import dev_plugins, reload

    plugins = dev_plugins.installed()
    target = _target(plugins, wanted)
    if not no_reload and not hasattr(os, "fork"):
        raise ConfigError("This system cannot reload: use ssoko dev --no-reload")
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
        click.echo("\n  Stopped; the workspace is thrown away.")


def _target(plugins: Sequence["PreviewPlugin"], wanted: str | None) -> str:
    """Return the slug of the plugin to lead to, or nothing for the list of them.

    :raises ConfigError: when there is none at all.
    :raises InputError: at ``--plugin``.
    """
    if not plugins:
        raise ConfigError(
            "No plugin is installed. Make one: ssoko plugin new SLUG, "
            "then pip install -e ssoko-SLUG"
        )
    slugs = [one.slug for one in plugins]
    if wanted and wanted not in slugs:
        raise InputError.of(
            "--plugin",
            f"{wanted} is not installed; there are {', '.join(sorted(slugs))}. "
            "Install yours with: pip install -e FOLDER",
        )
    editable = [one.slug for one in plugins if one.folder]
    return wanted or (editable[0] if len(editable) == 1 else "")


def _prepare(
    data_dir: Path, sockets: Sequence[socket.socket], plugins: Sequence["PreviewPlugin"]
) -> dict[str, str]:
    """Make keys and database, and return the settings; those of a real site do not count."""
    environ = {
        "SSOKO_DATA_DIR": str(data_dir),
        "SSOKO_BASE_URL": f"http://localhost:{sockets[0].getsockname()[1]}",
        "SSOKO_OPT_IN_PLUGINS": ",".join(one.slug for one in plugins),
    }
    write_files(data_dir, environ["SSOKO_BASE_URL"], environ)
    apply_migrations(environ)
    return environ


def _announce(base_url: str, plugins: Sequence["PreviewPlugin"], places: Sequence[Path]) -> None:
    click.echo(f"\n  Ssoko {__version__} dev at {base_url}\n")
    word = "plugins"
    for one in plugins:
        origin = f"editable, {one.folder}" if one.folder else one.distribution
        click.echo(f"  {word:10} {one.slug} {one.version} ({origin})")
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
    """Load the plugins as they are now, and serve until told to stop."""
    from ssoko.app import create_app
    from ssoko.cli.authors.dev_plugins import Rules
    from ssoko.cli.operators import demo_data as sample
    from ssoko.services.authentication import links
    from ssoko.store import db
    from ssoko.web.plugins.preview_site import Preview, create_blueprint

    started = time.time()
    opened = Path(environ["SSOKO_DATA_DIR"], "opened")
    first = not opened.exists()
    # What a plugin says at import is the author's to see; the registry's warnings come below.
    log_to_stderr("ERROR")
    app = create_app(load_config(environ))
    services = app.extensions["ssoko"]
    rules = Rules(plugins)
    preview = Preview(
        workspace=sample.SLUG,
        plugins=tuple(plugins),
        version=lambda slug: f"{started:.3f} {rules.answered(slug)}",
        check=rules.check,
    )
    app.register_blueprint(create_blueprint(preview))
    base_url = services.config.base_url
    with db.session():
        ready = sample.seed(services)
        code = first and links.create_link(
            services, purpose="sign-in", user_id=ready.admin.id, lifetime=_LINK_LIFETIME
        )
    opened.touch()
    lines = _problems(services.registry, base_url)
    if first:
        place = f"/dev/-/sign-in/{code}" + (f"?slug={target}" if target else "")
        lines += [
            f"  open       {base_url}{place}",
            f"             signs you in once, as {ready.admin.display_name}; later: {base_url}/dev",
            "",
            "  Ctrl-C stops it, and everything is thrown away.",
            "",
        ]
    else:
        lines.append(f"  again      after {time.time() - started:.1f} seconds")
    # Copies: the server closes what it is given, and the sockets are the parent's to keep.
    own = [one.dup() for one in sockets]
    with_waitress(app, own, 4, lambda: click.echo("\n".join(lines)))


def _problems(registry: "Registry", base_url: str) -> list[str]:
    return [
        f"  broken     {one.slug} ({one.stage}) {one.message}: see {base_url}/dev/{one.slug}"
        for one in registry.problems
    ]
