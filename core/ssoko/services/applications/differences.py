"""Differences between recorded and proposed settings, as text for pages and events."""

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
    """One setting, as recorded and as proposed.

    :param kept: why it stays as recorded; empty when accepting changes it.
    :param caution: how accepting it weakens security; empty when it does not.
    """

    name: str
    label: str
    recorded: tuple[str, ...]
    new: tuple[str, ...]
    kept: str = ""
    caution: str = ""

    @property
    def words(self) -> str:
        """The change as one line."""
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
    """Describe two values of a form field."""
    text = label or str(field.metadata.get("label") or name.replace("_", " ").capitalize())
    choices = field.metadata.get("choices")
    return Difference(
        name=name,
        label=text,
        recorded=shown(recorded, choices),
        new=shown(new, choices),
        kept=kept,
        caution=caution,
    )


def shown(value: Any, choices: Any = None) -> tuple[str, ...]:
    """Return a value as lines of text.

    :param choices: value to label, if the field offers choices.
    """
    if isinstance(value, bool):
        return (_ON_OFF[value],)
    if isinstance(value, list | tuple):
        return tuple(line for item in value for line in shown(item, choices))
    text = str("" if value is None else value)
    if "-----BEGIN CERTIFICATE" in text:
        return (certificate_line(text),)
    if isinstance(choices, Mapping) and text in choices:
        return (str(choices[text]),)
    return tuple(text.splitlines())


def certificate_line(pem: str) -> str:
    """Return a certificate as one line: subject, expiry and the start of its fingerprint."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        expires = certificate.not_valid_after_utc.astimezone(datetime.UTC).strftime("%d %b %Y")
        name = certificate.subject.rfc4514_string()[:80] or "no name"
    except ValueError:
        return "a certificate that cannot be parsed"
    fingerprint = certificate.fingerprint(SHA256()).hex()[:16].upper()
    return f"{name}, expires {expires} UTC, SHA-256 {fingerprint}"
