"""Where the SP metadata of an application came from."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from marshmallow import ValidationError

from ssoko.errors import InputError
from ssoko.plugin.checks import check_certificate, read_certificates
from ssoko.saml.sp_metadata.values import Unused
from ssoko.store.models.applications import ApplicationMetadata

Kind = Literal["url", "file", "text"]

#: Notes about one file that are kept.
_MAX_NOTES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataSource:
    """Where metadata came from.

    :param name: the URL, or the name of the file.
    :param sha256: of the bytes, in hexadecimal.
    :param read_at: seconds since the epoch, UTC.
    :param signed_by: PEM certificate that this and later metadata must be signed with; or empty.
    :param warnings: what an admin has to know about it, one sentence each.
    :param unused: its parts that are not used, each with the reason.
    """

    kind: Kind
    name: str = ""
    sha256: str = ""
    read_at: int = 0
    signed_by: str = ""
    warnings: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings and unused parts, one sentence each."""
        return (*self.warnings, *(f"Not used: {what}, since {why}." for what, why in self.unused))

    @property
    def words(self) -> str:
        """The source as text."""
        if self.kind == "url":
            return self.name
        return f"the file {self.name}" if self.name else "pasted text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """The metadata behind a change of settings.

    :param changed: a line for each setting: its label, what was recorded and what is new.
    """

    source: MetadataSource
    changed: tuple[str, ...]


def find_source(application_id: str) -> MetadataSource | None:
    """Return the metadata source of an application, or None."""
    row: Any = ApplicationMetadata.get_or_none(ApplicationMetadata.application == application_id)
    if row is None:
        return None
    return MetadataSource(
        kind=row.kind,
        name=row.name,
        sha256=row.sha256,
        read_at=row.read_at,
        signed_by=row.signed_by,
        **_read_notes(row.notes),
    )


def remember(application_id: str, source: MetadataSource) -> None:
    """Store the source, inside the caller's transaction."""
    ApplicationMetadata.delete().where(ApplicationMetadata.application == application_id).execute()
    columns = asdict(source)
    columns["notes"] = {name: columns.pop(name) for name in ("warnings", "unused")}
    ApplicationMetadata.insert(application=application_id, **columns).execute()


def read_signer(text: str, *, field: str) -> str:
    """Return the one certificate, as PEM, that metadata must be signed with; empty for none.

    :raises InputError: at *field*.
    """
    certificates = read_certificates(text)
    try:
        if len(certificates) > 1:
            raise ValidationError("Paste one certificate: the one that signs the metadata")
        for pem in certificates:
            check_certificate(pem)
    except ValidationError as error:
        raise InputError.of(field, str(error.messages[0])) from None
    return certificates[0] if certificates else ""


def source_to_json(source: MetadataSource) -> dict[str, Any]:
    """Return a source as JSON."""
    return asdict(source)


def source_from_json(raw: Any) -> MetadataSource | None:
    """Return a source from its JSON; None for any other value."""
    if not isinstance(raw, Mapping) or raw.get("kind") not in get_args(Kind):
        return None
    name, digest, at = (raw.get(key) for key in ("name", "sha256", "read_at"))
    if not isinstance(name, str) or len(name) > 2048 or not name.isprintable():
        return None
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        return None
    if not isinstance(at, int) or not 0 <= at < 2**40:
        return None
    try:
        signer = read_signer(raw.get("signed_by", ""), field="")
    except (InputError, TypeError):
        return None
    return MetadataSource(
        kind=raw["kind"],
        name=name,
        sha256=digest,
        read_at=at,
        signed_by=signer,
        **_read_notes(raw),
    )


def _read_notes(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return warnings and unused parts from their JSON, as far as they are texts."""
    warnings, unused = raw.get("warnings", ()), raw.get("unused", ())
    pairs = unused if isinstance(unused, list | tuple) else ()
    texts = warnings if isinstance(warnings, list | tuple) else ()
    return {
        "warnings": tuple(str(text)[:1000] for text in texts[:_MAX_NOTES]),
        "unused": tuple(
            Unused(*(str(text)[:500] for text in pair))
            for pair in pairs[:_MAX_NOTES]
            if isinstance(pair, list | tuple) and len(pair) == 2 and all(pair)
        ),
    }
