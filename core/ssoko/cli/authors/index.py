"""``ssoko index``: build a plugin index, so that the marketplace lists what is not installed."""

import os
from pathlib import Path

import click

from ssoko.cli.output import Commands
from ssoko.errors import InputError


@click.group(cls=Commands)
def index() -> None:
    """Build a plugin index."""


@index.command("build")
@click.argument("wheels", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default="index.json",
    show_default=True,
    help="File to write. On an error it is left unchanged.",
)
def build(wheels: tuple[Path, ...], output: Path) -> None:
    """Build a plugin index from wheels.

    Runs the code of each plugin in a separate process, so pass only wheels that you trust. Their
    requirements must be installed. If there are several versions of a distribution, the newest
    is listed. If a wheel is invalid, the command names it and writes nothing.

    Set SSOKO_PLUGIN_INDEX to the path of the file to list its plugins in the marketplace.
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
    """Replace the file in one step, so that a running Ssoko never reads half of it."""
    fresh = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        fresh.write_bytes(data)
        fresh.replace(output)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        message = f"{output} cannot be written: {error.strerror or error}"
        raise InputError.of("--output", message) from None
