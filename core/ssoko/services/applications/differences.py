"""One thing as it is recorded and as it would be, in words: what pages and events show of it."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from marshmallow.fields import Field

_ON_OFF = {True: "On", False: "Off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One setting, as it is recorded and as it would be.

    :param kept: why it stays as recorded; empty when accepting changes it.
    :param caution: what accepting it would give up; empty when it gives up nothing.
    """

    name: str
    label: str
    recorded: tuple[str, ...]
    new: tuple[str, ...]
    kept: str = ""
    caution: str = ""

    @property
    def words(self) -> str:
        """The change in one line."""
        before, after = (", ".join(lines) or "nothing" for lines in (self.recorded, self.new))
        return f"{self.label}: {before} → {after}"


def field_difference(
    name: str,
    field: Field[Any],
    recorded: Any,
    new: Any,
    *,
    label: str = "",
    kept: str = "",
    caution: str = "",
) -> Difference:
    """Describe two values of a form's field."""
    said = label or str(field.metadata.get("label") or name.replace("_", " ").capitalize())
    choices = field.metadata.get("choices")
    return Difference(
        name=name,
        label=said,
        recorded=shown(recorded, choices),
        new=shown(new, choices),
        kept=kept,
        caution=caution,
    )


def shown(value: Any, choices: Any = None) -> tuple[str, ...]:
    """Return a value as lines to read.

    :param choices: words for the values, if the field offers some to choose from.
    """
    if isinstance(value, bool):
        return (_ON_OFF[value],)
    if isinstance(value, list | tuple):
        return tuple(line for one in value for line in shown(one, choices))
    text = str("" if value is None else value)
    if "-----BEGIN CERTIFICATE" in text:
        return (certificate_line(text),)
    if isinstance(choices, Mapping) and text in choices:
        return (str(choices[text]),)
    return tuple(text.splitlines())


def certificate_line(pem: str) -> str:
    """Return a certificate in one line: whose, until when, and the beginning of its digest."""
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        ends = found.not_valid_after_utc.astimezone(datetime.UTC).strftime("%d %b %Y")
        name = found.subject.rfc4514_string()[:80] or "no name"
    except ValueError:
        return "a certificate that cannot be read"
    return f"{name}, until {ends} UTC, SHA-256 {found.fingerprint(SHA256()).hex()[:16].upper()}"
