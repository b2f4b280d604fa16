"""Keys, sign-ins and messages for the tests of the SAML package."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from ssoko.saml import names
from ssoko.saml.response import Attribute, NameId, SignIn
from ssoko.saml.signing import SigningKey
from ssoko.saml.xml import instant

IDP = "https://sso.example.com/saml/abc/metadata"
SSO_URL = "https://sso.example.com/saml/abc/login"
SP = "https://sp.example.org/metadata"
ACS_URL = "https://sp.example.org/acs?tenant=1&x=<2>"


@dataclass(frozen=True)
class KeyPair:
    """A key in PEM and as a loaded SigningKey."""

    private_pem: bytes
    certificate: str
    key: SigningKey


def make_certificate(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=3650))
        .sign(private, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
        .decode()
    )


def make_pair(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> KeyPair:
    certificate = make_certificate(private)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return KeyPair(pem, certificate, SigningKey.from_pem(pem, certificate))


def rsa_pair() -> KeyPair:
    return make_pair(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture(scope="session")
def idp() -> KeyPair:
    return rsa_pair()


@pytest.fixture(scope="session")
def sp() -> KeyPair:
    return rsa_pair()


@pytest.fixture(scope="session")
def stranger() -> KeyPair:
    return rsa_pair()


@pytest.fixture(scope="session")
def ec_p256() -> KeyPair:
    return make_pair(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(scope="session")
def ec_p384() -> KeyPair:
    return make_pair(ec.generate_private_key(ec.SECP384R1()))


@pytest.fixture
def now() -> int:
    return int(time.time())


@pytest.fixture
def make_sign_in(now: int) -> Callable[..., SignIn]:
    """Return a function that creates a SignIn; keyword arguments replace its fields."""

    def make(**changes: Any) -> SignIn:
        fields: dict[str, Any] = {
            "response_id": "_response1",
            "assertion_id": "_assertion1",
            "issuer": IDP,
            "acs_url": ACS_URL,
            "in_response_to": "_request1",
            "issue_instant": now,
            "not_before": now - 60,
            "not_on_or_after": now + 300,
            "audience": SP,
            "name_id": NameId("asha@example.com", names.NAMEID_EMAIL),
            "session_index": "_session1",
            "authn_instant": now - 10,
            "authn_context": names.AUTHN_PASSWORD_PROTECTED,
            "attributes": (
                Attribute("mail", ("asha@example.com",), names.ATTRNAME_BASIC, "Mail"),
                Attribute("roles", ("admin", "reader & <writer>"), names.ATTRNAME_URI),
            ),
        }
        return SignIn(**(fields | changes))

    return make


@pytest.fixture
def make_request(now: int) -> Callable[..., bytes]:
    """Return a function that creates an AuthnRequest with attributes; None omits one."""

    def make(*children: str, issuer: str | None = SP, **attributes: str | None) -> bytes:
        fields = {
            "ID": "_request1",
            "Version": "2.0",
            "IssueInstant": instant(now),
            "Destination": SSO_URL,
            "AssertionConsumerServiceURL": "https://sp.example.org/acs",
        } | attributes
        markup = "".join(f' {k}="{v}"' for k, v in fields.items() if v is not None)
        body = "" if issuer is None else f"<saml:Issuer>{issuer}</saml:Issuer>"
        return (
            f'<samlp:AuthnRequest xmlns:samlp="{names.NS_SAMLP}" xmlns:saml="{names.NS_SAML}"'
            f"{markup}>{body}{''.join(children)}</samlp:AuthnRequest>"
        ).encode()

    return make
