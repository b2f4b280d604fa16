"""The ``ssoko`` command: thin over the services, one module per family of commands."""

import click

from ssoko import __version__
from ssoko.cli.demo import demo
from ssoko.cli.dev import dev
from ssoko.cli.index import index
from ssoko.cli.keys import keys, notices
from ssoko.cli.output import Commands
from ssoko.cli.people import token, user, workspace
from ssoko.cli.plugin import plugin
from ssoko.cli.plugins import plugins
from ssoko.cli.purge import purge
from ssoko.cli.serve import serve
from ssoko.cli.setup import init, migrate


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings are environment variables such as SSOKO_BASE_URL, or lines of ssoko.toml in "
    "the data directory; docs/operators.md lists them all.",
)
@click.version_option(__version__, prog_name="ssoko", message="%(prog)s %(version)s")
def cli() -> None:
    """Single sign-on for your applications, from a marketplace of plugins.

    Try it with `ssoko demo`. Set it up for real with `ssoko init`, then `ssoko serve`.
    """


@click.command()
def version() -> None:
    """Print the version."""
    click.echo(f"ssoko {__version__}")


_SITE = (init, serve, demo, workspace, user, token, keys, notices, migrate, purge)
_PLUGINS = (plugins, plugin, dev, index)

for _command in (*_SITE, *_PLUGINS, version):
    cli.add_command(_command)


def main() -> None:
    """Run the command line and exit."""
    cli(prog_name="ssoko")
