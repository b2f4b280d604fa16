"""``ssoko purge``: delete what has ended."""

import click

from ssoko.cli.operators.open_site import opened
from ssoko.cli.output import json_option, say


@click.command()
@json_option
def purge(as_json: bool) -> None:
    """Delete the traces of refused sign-ins after 30 days.

    They are shown to nobody any more, and go bit by bit when new ones are written. Run this from
    time to time where that is not soon enough.
    """
    with opened() as services:
        from ssoko.services.troubleshooting import traces

        gone = traces.purge(services)
    say(as_json, {"traces": gone}, f"Deleted {gone} traces.")
