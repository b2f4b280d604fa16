"""Shapes of metadata that vendors, federations and admins send, each built from small parts."""

import gzip
import io
import zipfile
from base64 import b64encode
from functools import cache

from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ssoko.saml import names

ENTITY = "https://wiki.example/saml/metadata"
ACS = "https://wiki.example/saml/acs"
MDUI = 'xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
FED = "http://docs.oasis-open.org/wsfed/federation/200706"
ARTIFACT, SOAP, PAOS = (
    f"urn:oasis:names:tc:SAML:2.0:bindings:{b}" for b in ("HTTP-Artifact", "SOAP", "PAOS")
)
SAML_1_POST = "urn:oasis:names:tc:SAML:1.0:profiles:browser-post"
SAML_1 = "urn:oasis:names:tc:SAML:1.1:protocol"
XENC, XENC11 = names.NS_XENC, "http://www.w3.org/2009/xmlenc11#"


def der(*parts: bytes, tag: int = 0x30) -> bytes:
    """Return one element of DER."""
    content = b"".join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def dn(text: bytes, tag: int = 0x0C) -> bytes:
    """Return a name with one CN; the tag 0x13 is a PrintableString."""
    return der(der(der(der(b"\x55\x04\x03", tag=6), der(text, tag=tag)), tag=0x31))


@cache
def key(kind: str = "rsa-2048", number: int = 0) -> bytes:
    """Return the SubjectPublicKeyInfo of a new key."""
    if kind.startswith("rsa"):
        private: object = rsa.generate_private_key(65537, int(kind[4:]))
    elif kind.startswith("ec"):
        private = ec.generate_private_key({"ec-256": ec.SECP256R1, "ec-192": ec.SECP192R1}[kind]())
    elif kind == "dsa":
        private = dsa.generate_private_key(2048)
    else:
        private = ed25519.Ed25519PrivateKey.generate()
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]


def certificate(
    name: bytes = b"wiki.example",
    *,
    issuer: bytes | None = None,
    kind: str = "rsa-2048",
    number: int = 0,
    tag: int = 0x0C,
) -> str:
    """Return a certificate in base64; its signature is nonsense, which SAML ignores."""
    algorithm = der(der(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", tag=6), der(tag=5))
    validity = der(der(b"260101000000Z", tag=0x17), der(b"360101000000Z", tag=0x17))
    subject = dn(name, tag)
    tbs = der(
        der(der(b"\x02", tag=2), tag=0xA0),
        der(bytes([1, number]), tag=2),
        algorithm,
        dn(issuer, tag) if issuer else subject,
        validity,
        subject,
        key(kind, number),
    )
    return b64encode(der(tbs, algorithm, der(b"\0" * 257, tag=3))).decode()


def pem(body: str) -> str:
    """Return PEM of base64."""
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----"


def key_descriptor(
    *bodies: str, use: str = ' use="signing"', info: str = "", more: str = ""
) -> str:
    """Return a KeyDescriptor with certificates, or with another *info*."""
    inner = (
        info
        or "<ds:X509Data>"
        + "".join(f"<ds:X509Certificate>{body}</ds:X509Certificate>" for body in bodies)
        + "</ds:X509Data>"
    )
    return f"<md:KeyDescriptor{use}><ds:KeyInfo>{inner}</ds:KeyInfo>{more}</md:KeyDescriptor>"


def method(*uris: str) -> str:
    """Return EncryptionMethod elements."""
    return "".join(f'<md:EncryptionMethod Algorithm="{uri}"/>' for uri in uris)


def acs(
    url: str = ACS, binding: str = names.BINDING_POST, more: str = ' index="0" isDefault="true"'
) -> str:
    """Return an AssertionConsumerService."""
    return f'<md:AssertionConsumerService Binding="{binding}" Location="{url}"{more}/>'


def slo(url: str = "https://wiki.example/slo", binding: str = names.BINDING_REDIRECT) -> str:
    """Return a SingleLogoutService."""
    return f'<md:SingleLogoutService Binding="{binding}" Location="{url}"/>'


def formats(*uris: str) -> str:
    """Return NameIDFormat elements."""
    return "".join(f"<md:NameIDFormat>{uri}</md:NameIDFormat>" for uri in uris)


def role(
    inner: str | None = None,
    *,
    name: str = "SPSSODescriptor",
    attributes: str = "",
    protocols: str | None = names.PROTOCOL,
) -> str:
    """Return a role."""
    supports = "" if protocols is None else f' protocolSupportEnumeration="{protocols}"'
    return f"<md:{name}{attributes}{supports}>{acs() if inner is None else inner}</md:{name}>"


def entity(
    *roles: str,
    entity_id: str | None = ENTITY,
    attributes: str = "",
    namespaces: str = f'xmlns:md="{names.NS_MD}" xmlns:ds="{names.NS_DS}"',
    declaration: str = "",
) -> str:
    """Return an EntityDescriptor."""
    name = "" if entity_id is None else f' entityID="{entity_id}"'
    inner = "".join(roles) or role()
    return (
        f"{declaration}<md:EntityDescriptor {namespaces}{name}{attributes}>{inner}"
        "</md:EntityDescriptor>"
    )


def sp(*inner: str, **more: str) -> str:
    """Return an SP with these parts and an ACS URL."""
    return entity(role("".join(inner) + acs()), **more)


def several(*entities: str, attributes: str = "") -> str:
    """Return an EntitiesDescriptor."""
    inner = "".join(entities)
    start = f'<md:EntitiesDescriptor xmlns:md="{names.NS_MD}"{attributes}>'
    return f"{start}{inner}</md:EntitiesDescriptor>"


def declared(encoding: str, text: str | None = None) -> str:
    """Return metadata with an encoding declaration."""
    return f'<?xml version="1.0" encoding="{encoding}"?>\n{text or sp()}'


def zipped(files: dict[str, str]) -> bytes:
    """Return a ZIP file of names and texts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def gz(text: str) -> bytes:
    """Return a gzip file."""
    return gzip.compress(text.encode())


IDP = role(
    f'<md:SingleSignOnService Binding="{names.BINDING_POST}" Location="https://idp.example/sso"/>',
    name="IDPSSODescriptor",
)
WS_FED = (
    f'<md:RoleDescriptor {XSI} xmlns:fed="{FED}" xsi:type="fed:ApplicationServiceType" '
    f'protocolSupportEnumeration="{FED}"><fed:TargetScopes/></md:RoleDescriptor>'
)
QUERY = (
    f'<md:RoleDescriptor {XSI} xmlns:query="urn:oasis:names:tc:SAML:metadata:ext:query" '
    f'xsi:type="query:AttributeQueryDescriptorType" protocolSupportEnumeration="{names.PROTOCOL}"/>'
)
UI = (
    f'<md:Extensions><mdui:UIInfo {MDUI}><mdui:DisplayName xml:lang="de">Wiki DE</mdui:DisplayName>'
    '<mdui:DisplayName xml:lang="en">Wiki</mdui:DisplayName></mdui:UIInfo></md:Extensions>'
)
DISCOVERY = (
    '<md:Extensions><idpdisc:DiscoveryResponse xmlns:idpdisc="urn:oasis:names:tc:SAML:profiles:SSO:'
    'idp-discovery-protocol" Binding="urn:oasis:names:tc:SAML:profiles:SSO:idp-discovery-protocol" '
    'Location="https://wiki.example/Login" index="1"/><init:RequestInitiator xmlns:init="urn:oasis:'
    'names:tc:SAML:profiles:SSO:request-init" Binding="urn:oasis:names:tc:SAML:profiles:SSO:'
    'request-init" Location="https://wiki.example/Login"/></md:Extensions>'
)
REGISTRATION = (
    '<md:Extensions><mdrpi:RegistrationInfo xmlns:mdrpi="urn:oasis:names:tc:SAML:metadata:rpi" '
    'registrationAuthority="https://federation.example"/></md:Extensions>'
)
ORGANIZATION = (
    '<md:Organization><md:OrganizationName xml:lang="en">Wiki</md:OrganizationName>'
    "<md:OrganizationDisplayName>The Wiki</md:OrganizationDisplayName>"
    '<md:OrganizationURL xml:lang="en">https://wiki.example</md:OrganizationURL></md:Organization>'
)
CONTACT = (
    '<md:ContactPerson contactType="technical"><md:EmailAddress>a@b</md:EmailAddress>'
    "</md:ContactPerson>"
)
ATTRIBUTES = (
    '<md:AttributeConsumingService index="1"><md:ServiceName>Wiki</md:ServiceName>'
    '<md:RequestedAttribute Name="mail" FriendlyName="mail" isRequired="True"/>'
    '<md:RequestedAttribute Name="urn:oid:2.5.4.42"/><md:RequestedAttribute/>'
    "</md:AttributeConsumingService>"
)
