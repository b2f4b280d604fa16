"""``ssoko plugins``: list the installed plugins and their problems."""

import base64
import os
import secrets
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ssoko.cli.operators.open_site import check_libraries
from ssoko.cli.operators.plugin_switch import disable, enable
from ssoko.cli.output import Commands, json_option, print_result
from ssoko.config import load_config

if TYPE_CHECKING:
    from ssoko.config import Config
    from ssoko.services.plugins.inventory import PluginView


_COLUMNS = "{:8}  {:24}  {:36}  {:8}  {:12}  {:11}  {}"
_HEAD = _COLUMNS.format(
    *("state", "slug", "distribution", "source", "quality tier", "tested with", "publisher")
)


@click.group(cls=Commands, invoke_without_command=True)
@json_option
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> None:
    """List the installed plugins, their source and their problems.

    Exits with 1 if a plugin failed to load.
    """
    if ctx.invoked_subcommand is None:
        _list(as_json)


plugins.add_command(disable)
plugins.add_command(enable)


def _list(as_json: bool) -> None:
    check_libraries()
    from ssoko.app import load_registry
    from ssoko.schemas.output import complete, page_of
    from ssoko.schemas.plugins import PluginSchema
    from ssoko.services.plugins.inventory import Inventory

    config = _settings()
    views = Inventory().states(load_registry(config))
    _warn_about_index(config)
    lines = [_HEAD, *(line for view in views for line in _lines(view))]
    if not views:
        lines = ["No plugins are installed. To install one, run for example: pip install ssoko-aws"]
    result = page_of(PluginSchema)().dump(complete(views))
    items = [
        {**item, "traceback": view.traceback}
        for item, view in zip(result["items"], views, strict=True)
    ]
    print_result(as_json, {**result, "items": items}, *lines)
    if any(view.state == "broken" for view in views):
        sys.exit(1)


def _warn_about_index(config: "Config") -> None:
    from ssoko.services.plugins.index import read_file

    if config.plugin_index and (problem := read_file(config.plugin_index).problem):
        path = config.plugin_index
        click.echo(f"Warning: the plugin index {path} is not used: {problem}", err=True)


def _settings() -> "Config":
    # Listing plugins must work before `ssoko init`, and uses no key.
    keys = {
        "SSOKO_SECRET_KEY": secrets.token_urlsafe(48),
        "SSOKO_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    return load_config({**os.environ, **keys})


def _lines(view: "PluginView") -> Iterator[str]:
    """Yield the columns of a plugin, then its messages, indented."""
    package = plain(f"{view.distribution} {view.version}".strip())
    source = view.origin.kind if view.origin else "-"
    tested = plain(view.tested_with) or "-"
    tier = view.tier or ("none" if view.short_of else "-")
    columns = (view.state, plain(view.slug), package, source, tier, tested, plain(view.publisher))
    yield _COLUMNS.format(*columns).rstrip()
    reason = f"({view.stage}) {view.message}" if view.stage else view.message
    for message in filter(None, (reason, view.restart, *view.warnings)):
        yield f"          {plain(message)}"


def plain(text: str) -> str:
    """Return the text of a plugin on one line, without terminal control characters."""
    return "".join(c if c.isprintable() else " " for c in text)
