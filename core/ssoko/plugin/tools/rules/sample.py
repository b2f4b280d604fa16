"""Sample values for an install form, from its placeholders."""

import datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from marshmallow import fields

from ssoko.errors import InputError
from ssoko.plugin.fields import Certificates
from ssoko.plugin.host.form import InstallForm, choices_of
from ssoko.plugin.values import HeldRole, NameIdFormat, Person, ServiceProvider, Site
from ssoko.plugin.vendor import LogoutEndpoint, RequestedAttribute, VendorMetadata


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
        attributes={"department": "R&D", "costCenter": ["42", "4711"]},
        application_roles=(HeldRole(name="sso-sample-role", attributes={"level": "read"}),),
    )


def sample_metadata(sp: ServiceProvider) -> VendorMetadata:
    """Return metadata that a service provider could have."""
    slo_url = sp.slo_url or "https://app.example.com/saml/slo"
    return VendorMetadata(
        entity_id=sp.entity_id,
        acs_urls=sp.acs_urls,
        slo=(LogoutEndpoint(binding="redirect", url=slo_url, response_url=slo_url),),
        certificates=(_certificate(),),
        name_id_formats=(NameIdFormat.EMAIL.value,),
        want_assertions_signed=True,
        requested_attributes=(RequestedAttribute(name="mail", required=True),),
        display_name="Example",
    )


def sample_settings(form: InstallForm) -> dict[str, Any]:
    """Return a value for each required field, and for others with a valid placeholder."""
    values = required_settings(form)
    for name, field in form.fields.items():
        if name not in values and field.metadata.get("placeholder"):
            more = {**values, name: _sample(field)}
            # Some placeholders are only hints, such as the first line of a certificate.
            values = values if name in _errors(form, more) else more
    return values


def required_settings(form: InstallForm) -> dict[str, Any]:
    """Return a value for each required field, and for no other."""
    return {name: _sample(field) for name, field in form.fields.items() if field.required}


def _errors(form: InstallForm, values: dict[str, Any]) -> frozenset[str]:
    try:
        form.load(values)
    except InputError as error:
        return frozenset(name.partition(".")[0] for name in error.errors)
    return frozenset()


def _sample(field: Any) -> Any:
    if isinstance(field, Certificates) and field.required:
        return [_certificate()]
    if isinstance(field, fields.List):
        text = _example(field) or next((value for value, _ in choices_of(field)), "")
        return [text] if text else [_sample(field.inner)]
    if isinstance(field, fields.Nested):
        row = {n: _sample(f) for n, f in field.schema.fields.items() if f.required}
        return [row] if field.many else row
    if isinstance(field, fields.Boolean):
        return True
    if isinstance(field, fields.Integer):
        return int(_example(field) or 1)
    if isinstance(field, fields.Number):
        return _example(field) or "1"
    if isinstance(field, fields.Enum):
        return next(iter(choices_of(field)))[0]
    return _example(field) or "example"


def _example(field: Any) -> str:
    first = next((value for value, _ in choices_of(field)), "")
    return str(field.metadata.get("placeholder") or first)


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
