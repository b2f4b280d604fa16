"""The part of a form that takes a vendor's metadata: a file, pasted XML, or an address.

The names with a dot are the part's own; a plugin's fields begin with another word
(:mod:`ssoko.web.components.plugin_form`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from ssoko.errors import InputError
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.services.applications import metadata_source
from ssoko.services.applications.metadata_source import MetadataSource
from ssoko.services.applications.sp_metadata import fill_form
from ssoko.services.applications.sp_metadata.fill_form import ParsedMetadata
from ssoko.services.context import Services
from ssoko.web.components.forms import Errors, FormField, text_field

FILE, XML, URL = "metadata_file", "metadata_xml", "metadata_url"
#: The certificate that they must be signed with.
SIGNER = "metadata_certificate"
#: Which service provider of several, by entity ID.
CHOSEN = "metadata.sp"
#: The button that fills and writes nothing.
FILL = "metadata.fill"
#: Name of the uploaded file, while its text is carried along as if it were pasted.
CARRIED = "metadata.name"
_SOURCE = "metadata.source"
_MARK = "filled."

_OWN = {"csrf_token", FILE, XML, URL, CHOSEN, CARRIED}


@dataclass(frozen=True, slots=True)
class Taken:
    """The values of an install form, and what they owe to metadata.

    :param marks: field to fingerprint of what metadata put there.
    :param filled: labels of what was filled just now; ``stayed`` of what was left alone.
    """

    raw: Mapping[str, Any]
    marks: Mapping[str, str]
    source: MetadataSource | None
    filled: tuple[str, ...] = ()
    stayed: tuple[str, ...] = ()

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What the form carries along, as names and values."""
        if self.source is None:
            return []
        source = json.dumps(metadata_source.source_to_json(self.source))
        return [(_SOURCE, source), *((_MARK + name, mark) for name, mark in self.marks.items())]


def before(raw: Mapping[str, Any]) -> Taken:
    """Return what was typed, with what the form carries along from an earlier fill."""
    marks = {
        name.removeprefix(_MARK): mark
        for name, mark in request.form.items()
        if name.startswith(_MARK)
    }
    try:
        source = metadata_source.source_from_json(json.loads(request.form.get(_SOURCE, "")))
    except ValueError:
        source = None
    return Taken(raw, marks if source else {}, source)


def read(services: Services, *, signed_by: str = "") -> ParsedMetadata | None:
    """Read the metadata that came with the form, if any did.

    :param signed_by: certificate that they must be signed with; by default the one in the form.
    :raises InputError: at the field that they came in.
    """
    signed_by = signed_by or metadata_source.read_signer(request.form.get(SIGNER, ""), field=SIGNER)
    upload = request.files.get(FILE)
    xml = request.form.get(XML, "").strip()
    url = request.form.get(URL, "").strip()
    given = [bool(upload and upload.filename), bool(xml), bool(url)]
    if sum(given) > 1:
        field = URL if url else XML
        raise InputError.of(field, "Give a file, pasted XML or an address, and leave the rest out")
    if upload and upload.filename:
        data = upload.stream.read()
        name = _printable(upload.filename)
        return fill_form.from_xml(
            services, data, name=name, file=True, field=FILE, signed_by=signed_by
        )
    if xml:
        name = _printable(request.form.get(CARRIED, ""))
        return fill_form.from_xml(
            services, xml, name=name, file=bool(name), field=XML, signed_by=signed_by
        )
    if url:
        return fill_form.from_url(services, url, field=URL, signed_by=signed_by)
    return None


def must_choose(found: ParsedMetadata) -> bool:
    """Tell whether somebody has to say which service provider is meant."""
    return len(found.profiles) > 1 and CHOSEN not in request.form


def fill(
    services: Services, loaded: LoadedIntegration, taken: Taken, found: ParsedMetadata
) -> Taken:
    """Put metadata into an install form.

    :raises InputError: at :data:`CHOSEN`.
    """
    chosen = request.form.get(CHOSEN, "")
    profile = fill_form.choose(found, chosen, field=CHOSEN)
    offered = fill_form.settings_from(services, loaded, profile)
    done = fill_form.fill(loaded, taken.raw, offered, marks=taken.marks)
    form = loaded.form().load_fields

    def labels(fields: Any) -> tuple[str, ...]:
        return tuple(str(form[name].metadata.get("label") or name) for name in fields)

    return Taken(done.raw, done.marks, found.source, labels(done.marks), labels(done.stayed))


def missing() -> InputError:
    """Return the error for a button that had nothing to work with."""
    return InputError.of(FILE, "Choose the file first, or paste its text or its address")


def fields(errors: Errors, *, label: str, help: str) -> list[FormField]:
    """Return the four fields; a file cannot be shown again, the others can.

    :param label: of the field for the file.
    """
    values = request.form if errors else {}
    return [
        text_field(FILE, label, kind="file", errors=errors, help=help),
        text_field(
            XML,
            "Metadata as text",
            kind="textarea",
            value="" if CARRIED in values else values.get(XML, ""),
            errors=errors,
            placeholder="<EntityDescriptor ...>",
            autocomplete="off",
        ),
        text_field(
            URL,
            "Metadata URL",
            value=values.get(URL, ""),
            errors=errors,
            placeholder="https://app.example.com/saml/metadata",
            help="Ssoko fetches it once: https, up to 2 MB, from a public address",
            autocomplete="off",
        ),
        text_field(
            SIGNER,
            "Certificate that signs the metadata",
            kind="textarea",
            value=values.get(SIGNER, ""),
            errors=errors,
            placeholder="-----BEGIN CERTIFICATE-----",
            help="Leave it empty unless the vendor or federation publishes one. With it, only "
            "metadata signed by its key are taken, now and at each refresh",
            autocomplete="off",
        ),
    ]


def carried(found: ParsedMetadata) -> list[tuple[str, str]]:
    """Return names and values of all that was sent, for the page that asks which one is meant."""
    sent = [(k, v) for k, v in request.form.items(multi=True) if k not in _OWN]
    if found.source.kind == "url":
        return [*sent, (URL, found.source.name)]
    upload = request.files.get(FILE)
    text = request.form.get(XML, "")
    if upload and upload.filename:
        upload.stream.seek(0)
        text = upload.stream.read().decode("utf-8")
    return [*sent, (XML, text), (CARRIED, found.source.name)]


def _printable(name: str) -> str:
    return "".join(char for char in name if char.isprintable())[:200]
