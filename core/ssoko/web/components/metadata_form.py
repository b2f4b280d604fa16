"""The fields of a form that read a vendor's metadata: a file, pasted XML, or a URL.

Its own field names contain a dot; the fields of a plugin have another prefix
(:mod:`ssoko.web.components.plugin_form`).
"""

import json
from collections.abc import Iterable, Mapping
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
from ssoko.web.framework.responses import has_entries

FILE, XML, URL = "metadata_file", "metadata_xml", "metadata_url"
#: The certificate that the metadata must be signed with.
SIGNER = "metadata_certificate"
#: The chosen service provider of several, by entity ID.
CHOSEN = "metadata.sp"
#: The button that fills the form without saving it.
FILL = "metadata.fill"
#: Name of the uploaded file, while its text is posted again as pasted text.
FILE_NAME = "metadata.name"
_SOURCE = "metadata.source"
_MARK = "filled."

_OWN = {"csrf_token", FILE, XML, URL, CHOSEN, FILE_NAME}


@dataclass(frozen=True, slots=True)
class FormValues:
    """The values of an install form, and which of them come from metadata.

    :param marks: field to the fingerprint of the value that metadata filled in.
    :param filled: labels of the fields that were just filled.
    :param unchanged: labels of the fields that keep what the user typed.
    :param expired: the metadata has expired, so the user must see that before anything is saved.
    """

    raw: Mapping[str, Any]
    marks: Mapping[str, str]
    source: MetadataSource | None
    filled: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    expired: bool = False

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Names and values of the hidden fields that keep the marks and the source."""
        if self.source is None:
            return []
        source = json.dumps(metadata_source.source_to_json(self.source))
        return [(_SOURCE, source), *((_MARK + name, mark) for name, mark in self.marks.items())]


def read_values(raw: Mapping[str, Any]) -> FormValues:
    """Return what was typed, with the marks and the source of an earlier fill."""
    marks = {
        name.removeprefix(_MARK): mark
        for name, mark in request.form.items()
        if name.startswith(_MARK)
    }
    try:
        source = metadata_source.source_from_json(json.loads(request.form.get(_SOURCE, "")))
    except ValueError:
        source = None
    return FormValues(raw, marks if source else {}, source)


def read(services: Services, *, signed_by: str = "") -> ParsedMetadata | None:
    """Read the metadata that was posted; None when there is none.

    :param signed_by: PEM certificate that it must be signed with; by default the posted one.
    :raises InputError: at the field with the metadata.
    """
    signed_by = signed_by or metadata_source.read_signer(request.form.get(SIGNER, ""), field=SIGNER)
    upload = request.files.get(FILE)
    xml = request.form.get(XML, "").strip()
    url = request.form.get(URL, "").strip()
    inputs = [bool(upload and upload.filename), bool(xml), bool(url)]
    if sum(inputs) > 1:
        field = URL if url else XML
        raise InputError.of(field, "Use only one of these: a file, pasted XML or a URL")
    if upload and upload.filename:
        data = upload.stream.read()
        name = _printable(upload.filename)
        return fill_form.from_xml(
            services, data, name=name, file=True, field=FILE, signed_by=signed_by
        )
    if xml:
        name = _printable(request.form.get(FILE_NAME, ""))
        return fill_form.from_xml(
            services, xml, name=name, file=bool(name), field=XML, signed_by=signed_by
        )
    if url:
        return fill_form.from_url(services, url, field=URL, signed_by=signed_by)
    return None


def must_choose(metadata: ParsedMetadata) -> bool:
    """Return whether the admin must choose one of several service providers."""
    return metadata.must_choose and CHOSEN not in request.form


def fill(
    services: Services, loaded: LoadedIntegration, values: FormValues, metadata: ParsedMetadata
) -> FormValues:
    """Fill an install form from metadata.

    :raises InputError: at :data:`CHOSEN`.
    """
    profile = fill_form.choose(metadata, request.form.get(CHOSEN, ""), field=CHOSEN)
    offered = fill_form.settings_from(services, loaded, profile, field=_field(metadata))
    filled = fill_form.fill(loaded, values.raw, offered, marks=values.marks)

    def labels(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(loaded.form.label(name) for name in names)

    return FormValues(
        filled.raw,
        filled.marks,
        metadata.source_of(profile),
        labels(filled.marks),
        labels(filled.stayed),
        profile.expired,
    )


def _field(metadata: ParsedMetadata) -> str:
    return {"url": URL, "text": XML, "file": FILE}[metadata.source.kind]


def missing() -> InputError:
    """Return the error for a form that was posted without metadata."""
    return InputError.of(FILE, "Choose a metadata file, or paste its text or its URL")


def fields(errors: Errors, *, label: str, help: str) -> list[FormField]:
    """Return the four fields, with the posted values except the file.

    :param label: of the field for the file.
    """
    values = request.form if errors or has_entries() else {}
    return [
        text_field(FILE, label, kind="file", errors=errors, help=help),
        text_field(
            XML,
            "Metadata XML",
            kind="textarea",
            value="" if FILE_NAME in values else values.get(XML, ""),
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
            help="A public https URL, limited to 2 MB. Ssoko fetches it once",
            autocomplete="off",
        ),
        text_field(
            SIGNER,
            "Metadata signing certificate",
            kind="textarea",
            value=values.get(SIGNER, ""),
            errors=errors,
            placeholder="-----BEGIN CERTIFICATE-----",
            help="Leave this empty unless the vendor or federation publishes one. Otherwise only "
            "metadata signed with this certificate is accepted, now and at each refresh",
            autocomplete="off",
        ),
    ]


def posted_again(metadata: ParsedMetadata) -> list[tuple[str, str]]:
    """Return names and values to post again with the choice of a service provider."""
    values = [(k, v) for k, v in request.form.items(multi=True) if k not in _OWN]
    if metadata.source.kind == "url":
        return [*values, (URL, metadata.source.name)]
    return [*values, (XML, metadata.text), (FILE_NAME, metadata.source.name)]


def _printable(name: str) -> str:
    return "".join(char for char in name if char.isprintable())[:200]
