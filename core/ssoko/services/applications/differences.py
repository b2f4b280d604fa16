"""Differences between recorded and proposed settings, as text for pages and events."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow.fields import Field

from ssoko.text.certificates import CertificateError, fingerprint, read_pem

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
        certificate = read_pem(pem)
    except CertificateError:
        return "a certificate that cannot be parsed"
    expires = "an unknown date"
    if certificate.not_after is not None:
        moment = datetime.datetime.fromtimestamp(certificate.not_after, datetime.UTC)
        expires = f"{moment:%d %b %Y} UTC"
    digest = fingerprint(certificate)[:16].upper()
    return f"{certificate.subject[:80]}, expires {expires}, SHA-256 {digest}"
