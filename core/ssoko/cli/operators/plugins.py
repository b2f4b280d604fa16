"""``ssoko plugins``: what is installed, and what is the matter with it."""

import base64
import os
import secrets
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ssoko.cli.operators.open_site import check_libraries
from ssoko.cli.operators.plugin_switch import disable, enable
from ssoko.cli.output import Commands, json_option, say
from ssoko.config import load_config

if TYPE_CHECKING:
    from ssoko.config import Config
    from ssoko.services.plugins.inventory import PluginView


_COLUMNS = "{:8}  {:24}  {:36}  {:8}  {:12}  {:11}  {}"
_HEAD = _COLUMNS.format(
    *("state", "slug", "distribution", "source", "tier at most", "tested with", "publisher")
)


@click.group(cls=Commands, invoke_without_command=True)
@json_option
@click.pass_context
def plugins(ctx: click.Context, as_json: bool) -> None:
    """List the plugins, where they come from, and what is wrong.

    Exits with 1 when one of them is broken.
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
    found = Inventory().states(load_registry(config))
    _warn_of_the_index(config)
    lines = [_HEAD, *(line for one in found for line in _lines(one))]
    if not found:
        lines = ["No plugins are installed. Add one, such as: pip install ssoko-aws"]
    say(as_json, page_of(PluginSchema)().dump(complete(found)), *lines)
    if any(one.state == "broken" for one in found):
        sys.exit(1)


def _warn_of_the_index(config: "Config") -> None:
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


def _lines(one: "PluginView") -> Iterator[str]:
    """Yield a line of columns, then what there is to say, indented."""
    package = plain(f"{one.distribution} {one.version}".strip())
    source = one.origin.kind if one.origin else "-"
    tested = plain(one.tested_with) or "-"
    tier = one.tier or ("none" if one.short_of else "-")
    columns = (one.state, plain(one.slug), package, source, tier, tested, plain(one.publisher))
    yield _COLUMNS.format(*columns).rstrip()
    reason = f"({one.stage}) {one.message}" if one.stage else one.message
    for said in filter(None, (reason, one.restart, *one.warnings)):
        yield f"          {plain(said)}"


def plain(text: str) -> str:
    """Return a text of a plugin's on one line, free of what a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text)
