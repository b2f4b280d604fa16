"""``ssoko metadata``: what Ssoko would use of a service provider's metadata file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ssoko.cli.operators.open_site import opened
from ssoko.cli.output import json_option, print_result


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the certificate that must have signed the metadata.",
)
@json_option
def metadata(file: Path, certificate: Path | None, as_json: bool) -> None:
    """Show what Ssoko would use of an SP metadata file, and what it would not use.

    Nothing is stored.
    """
    with opened() as services:
        from ssoko.schemas.applications import SpMetadataListSchema
        from ssoko.services.applications.metadata_source import read_signer
        from ssoko.services.applications.sp_metadata import fill_form

        pem = certificate.read_text("utf-8", "replace") if certificate else ""
        signer = read_signer(pem, field="certificate")
        found = fill_form.from_xml(
            services,
            file.read_bytes(),
            name=file.name,
            file=True,
            field="file",
            signed_by=signer,
        )
        answer = SpMetadataListSchema().dump(found)
    print_result(as_json, answer, *_lines(found))


def _lines(found: Any) -> Iterator[str]:
    """Yield the lines for people; *found* is a ``ParsedMetadata``, imported on demand."""
    for profile in found.profiles:
        name = f" ({profile.display_name})" if profile.display_name else ""
        yield f"{profile.entity_id}{name}"
        for label, values in (
            ("ACS URL", profile.acs_urls),
            ("Logout URL", tuple(end.url for end in profile.slo_urls)),
            ("NameID format", profile.name_id_formats),
            ("Warning", profile.warnings),
        ):
            yield from (f"  {label}: {value}" for value in values)
        yield from (f"  Not used: {what}: {why}" for what, why in profile.unused)
    yield from (f"Not usable: {entity_id}: {why}" for entity_id, why in found.unusable)
