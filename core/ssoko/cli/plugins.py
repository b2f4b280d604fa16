"""``ssoko plugins``: what is installed, and what is the matter with it."""

import base64
import os
import secrets
import sys
from typing import TYPE_CHECKING, Any

import click

from ssoko.cli.output import json_option, say
from ssoko.cli.workplace import check_libraries
from ssoko.config import load_config

if TYPE_CHECKING:
    from ssoko.config import Config


@click.command()
@json_option
def plugins(as_json: bool) -> None:
    """List the installed plugins. Exits with 1 when one of them is broken."""
    check_libraries()
    from ssoko.app import load_registry
    from ssoko.web.api import render

    config = _settings()
    items = render.plugins(load_registry(config))
    _warn_of_the_index(config)
    lines = [_line(item) for item in items] or [
        "No plugins are installed. Add one, such as: pip install ssoko-aws"
    ]
    say(as_json, {"items": items, "next": None}, *lines)
    if any(item["state"] == "broken" for item in items):
        sys.exit(1)


def _warn_of_the_index(config: "Config") -> None:
    from ssoko.services.plugin_index import read_file

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


def _line(item: dict[str, Any]) -> str:
    origin = f"{item['distribution']} {item['version']}".strip()
    reason = f"  ({item['stage']}) {item['message']}" if item["state"] == "broken" else ""
    reason = f"  {item['message']}" if item["state"] == "skipped" else reason
    return f"{item['state']:8} {item['slug']:20} {origin}{reason}".rstrip()
