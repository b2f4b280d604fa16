"""A small identity provider of the test's own, and the sandbox behind its mount."""

import base64
import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from ssoko.plugin import Site, WebApplication, WebContext
from ssoko_sandbox import once
from ssoko_sandbox.once import Memory
from ssoko_sandbox.pages import create_app
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

BASE = "http://localhost:8000"
PLUGIN = f"{BASE}/plugins/sandbox"
URL = f"{PLUGIN}/trial"
IDP = f"{BASE}/saml/abc"


@dataclass
class IdentityProvider:
    """Makes responses; each part can be application wrong by name."""

    key: str
    certificate: str
    application: int = 0
    parts: dict[str, Any] = field(default_factory=dict)

    def response(self, **changes: Any) -> str:
        """Return a SAMLResponse.

        :param changes: ``request_id``, ``audience``, ``recipient``, ``destination``, ``issuer``,
            ``name_id``, ``shift`` (seconds), ``sign_assertion``, ``sign_response``, ``method``,
            ``digest``, ``confirms``, ``edit`` (of the finished XML).
        """
        self.application += 1
        at = changes.get("shift", 0)
        request_id = changes.get("request_id")
        responses = f" InResponseTo={quoteattr(request_id)}" if request_id else ""
        confirms = changes.get("confirms", request_id)
        confirms = f" InResponseTo={quoteattr(confirms)}" if confirms else ""
        issuer = f"<saml:Issuer>{changes.get('issuer', IDP + '/metadata')}</saml:Issuer>"
        assertion = f"""<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
 ID="{changes.get("assertion_id", f"_a{self.application}")}" Version="2.0" IssueInstant="{
            stamp(at)
        }">
{issuer}
<saml:Subject><saml:NameID
 Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">{
            changes.get("name_id", "amina")
        }</saml:NameID><saml:SubjectConfirmation
 Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 NotOnOrAfter="{stamp(at + 300)}" Recipient="{changes.get("recipient", URL + "/acs")}"{confirms}
/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{stamp(at - 60)}" NotOnOrAfter="{
            stamp(at + 300)
        }"><saml:AudienceRestriction
><saml:Audience>{changes.get("audience", URL + "/metadata")}</saml:Audience
></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{stamp(at)}" SessionIndex="_s1"><saml:AuthnContext
><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef
></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="groups"
 NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic"><saml:AttributeValue>{
            escape("R&D <b>")
        }</saml:AttributeValue><saml:AttributeValue>Finance</saml:AttributeValue
></saml:Attribute></saml:AttributeStatement></saml:Assertion>"""
        if changes.get("sign_assertion", True):
            assertion = self.sign(assertion, changes)
        response = f"""<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r{self.application}" Version="2.0"
 IssueInstant="{stamp(at)}" Destination="{changes.get("destination", URL + "/acs")}"{responses}>
{issuer}
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
{assertion}</samlp:Response>"""
        if changes.get("sign_response", True):
            response = self.sign(response, changes)
        response = changes.get("edit", lambda xml: xml)(response)
        return base64.b64encode(response.encode()).decode()

    def sign(self, xml: str, changes: dict[str, Any]) -> str:
        signed = OneLogin_Saml2_Utils.add_sign(
            xml,
            self.key,
            self.certificate,
            sign_algorithm=changes.get("method", Constants.RSA_SHA256),
            digest_algorithm=changes.get("digest", Constants.SHA256),
        )
        return signed.decode()


def stamp(seconds: float) -> str:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def make_identity_provider() -> IdentityProvider:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, SHA256())
    )
    return IdentityProvider(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        certificate.public_bytes(Encoding.PEM).decode(),
    )


@pytest.fixture(scope="session")
def idp() -> IdentityProvider:
    return make_identity_provider()


@pytest.fixture(scope="session")
def stranger() -> IdentityProvider:
    return make_identity_provider()


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the sandbox's memory of each test apart."""
    monkeypatch.setattr(once.tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def memory(temporary: Path) -> Memory:
    return Memory.for_site(PLUGIN)


def application(idp: IdentityProvider, **changes: Any) -> WebApplication:
    values = {
        "id": "app1",
        "workspace": "acme",
        "name": "Try <b>out</b>",
        "enabled": True,
        "settings": {"key": "trial"},
        "entity_id": f"{IDP}/metadata",
        "login_endpoint": f"{IDP}/login",
        "logout_endpoint": f"{IDP}/logout",
        "launch_url": f"{BASE}/w/acme/launch/trial",
        "certificates": (idp.certificate,),
    }
    return WebApplication(**{**values, **changes})


@pytest.fixture
def applications(idp: IdentityProvider) -> list[WebApplication]:
    return [application(idp)]


@pytest.fixture
def accepted() -> list[tuple[str, str]]:
    """Return what the sandbox reported Ssoko: applications and session indexes."""
    return []


@pytest.fixture
def client(
    applications: list[WebApplication], accepted: list[tuple[str, str]], temporary: Path
) -> Client:
    context = WebContext(
        site=Site(base_url=BASE, plugin_url=PLUGIN),
        applications=lambda: tuple(applications),
        accepted=lambda *reported: accepted.append(reported),
    )
    app = create_app(context)
    return Client(DispatcherMiddleware(NotFound(), {"/plugins/sandbox": app}))
