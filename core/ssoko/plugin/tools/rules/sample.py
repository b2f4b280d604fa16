"""Sample values for an install form, from its placeholders."""

import datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from marshmallow import Schema, fields

from ssoko.plugin.fields import Certificates
from ssoko.plugin.values import HeldRole, Person, Site


def sample_site(slug: str) -> Site:
    """Return sample URLs of Ssoko."""
    base_url = "https://sso.example.org"
    return Site(base_url=base_url, plugin_url=f"{base_url}/plugins/{slug}")


def sample_person() -> Person:
    """Return a user whose name is not ASCII."""
    return Person(
        id="p7k2m4",
        username="zoë",
        email="zoe@example.org",
        first_name="Zoë",
        last_name="O'Brien & Søn",
        groups=("Everyone", "R&D"),
        roles=("sso-sample-role",),
        application_roles=(HeldRole(name="sso-sample-role"),),
    )


def sample_settings(form: type[Schema]) -> dict[str, Any]:
    """Return a value for each required field, and for others with a valid placeholder."""
    fields_of = form().fields
    values = {name: _sample(f) for name, f in fields_of.items() if f.required}
    for name, field in fields_of.items():
        if name not in values and field.metadata.get("placeholder"):
            more = {**values, name: _sample(field)}
            # Some placeholders are only hints, such as the first line of a certificate.
            values = values if name in form().validate(more) else more
    return values


def _sample(field: Any) -> Any:
    if isinstance(field, Certificates) and field.required:
        return [_certificate()]
    if isinstance(field, fields.List):
        text = _example(field)
        return [text] if text else [_sample(field.inner)]
    if isinstance(field, fields.Nested):
        row = {n: _sample(f) for n, f in field.schema.fields.items() if f.required}
        return [row] if field.many else row
    if isinstance(field, fields.Boolean):
        return True
    if isinstance(field, fields.Integer):
        return int(_example(field) or 1)
    return _example(field) or "example"


def _example(field: Any) -> str:
    choices = field.metadata.get("choices")
    return str(field.metadata.get("placeholder") or (next(iter(choices), "") if choices else ""))


@cache
def _certificate() -> str:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sample.example.org")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(datetime.datetime(2120, 1, 1))
        .sign(key, SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )
