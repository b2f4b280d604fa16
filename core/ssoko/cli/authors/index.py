"""``ssoko index``: the file that lets the marketplace list what is not on the server yet."""

import os
from pathlib import Path

import click

from ssoko.cli.output import Commands
from ssoko.errors import InputError


@click.group(cls=Commands)
def index() -> None:
    """List integrations that are not on a server yet."""


@index.command("build")
@click.argument("wheels", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default="index.json",
    show_default=True,
    help="The file to write; it is replaced as a whole, or left as it is.",
)
def build(wheels: tuple[Path, ...], output: Path) -> None:
    """Make an index file out of wheels of plugins.

    Runs the plugins' code, each wheel in a process of its own, so give it only wheels that you
    trust. What a wheel requires must be installed here. Of several versions of one distribution
    the newest is listed. When a wheel is wrong, it is named and nothing is written.

    Name the file in SSOKO_PLUGIN_INDEX, and the marketplace lists what is in it.
    """
    from ssoko.plugin.host.index import read_index
    from ssoko.plugin.tools.index_build import build_index

    data = build_index(wheels)
    _write(output, data)
    for entry in read_index(data).values():
        tier = entry.tier.capitalize() or "No tier"
        click.echo(f"{entry.slug:24} {entry.distribution} {entry.version}  {tier}")
    click.echo(f"\nWrote {output}. Next: set SSOKO_PLUGIN_INDEX to its path")


def _write(output: Path, data: bytes) -> None:
    """Put the file in place at once, so that no Ssoko reads half of it."""
    fresh = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(output)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        said = f"{output} cannot be written: {error.strerror or error}"
        raise InputError.of("--output", said) from None
