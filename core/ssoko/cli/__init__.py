"""The ``ssoko`` command. Each command parses its options and calls one service."""

import logging

import click

from ssoko import __version__
from ssoko.cli.authors.dev import dev
from ssoko.cli.authors.index import index
from ssoko.cli.authors.plugin import plugin
from ssoko.cli.operators.demo import demo
from ssoko.cli.operators.keys import keys, notices
from ssoko.cli.operators.metadata import metadata
from ssoko.cli.operators.people import token, user, workspace
from ssoko.cli.operators.plugins import plugins
from ssoko.cli.operators.purge import purge
from ssoko.cli.operators.serve import serve
from ssoko.cli.operators.setup import init, migrate
from ssoko.cli.output import Commands


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings are environment variables such as SSOKO_BASE_URL, or lines of ssoko.toml in "
    "the data directory. docs/operators.md lists them.",
)
@click.version_option(__version__, prog_name="ssoko", message="%(prog)s %(version)s")
def cli() -> None:
    """Single sign-on for your applications, with a marketplace of plugins.

    To try it, run `ssoko demo`. To set up a site, run `ssoko init` and then `ssoko serve`.
    """


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"ssoko {__version__}")


_SITE = (init, serve, demo, workspace, user, token, keys, notices, metadata, migrate, purge)
_PLUGINS = (plugins, plugin, dev, index)

for _command in (*_SITE, *_PLUGINS, version):
    cli.add_command(_command)


def main() -> None:
    """Run the command line and exit."""
    # Commands print their errors; `ssoko serve` sets the log up.
    logging.getLogger("ssoko").addHandler(logging.NullHandler())
    cli(prog_name="ssoko")
