"""``ssoko purge``: delete old traces."""

import click

from ssoko.cli.operators.open_site import opened
from ssoko.cli.output import json_option, print_result


@click.command()
@json_option
def purge(as_json: bool) -> None:
    """Delete traces of refused sign-ins that are older than 30 days.

    The server hides them and deletes a few whenever it writes a new one. Run this command to
    delete all of them now.
    """
    with opened() as services:
        from ssoko.services.troubleshooting import traces

        count = traces.purge(services)
    print_result(as_json, {"traces": count}, f"Deleted {count} traces.")
