"""One interface to three kinds of service provider: mod_auth_mellon, python3-saml, pysaml2."""

import base64
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from lxml import etree
from saml2.response import StatusError

from .mellon import UNSPECIFIED, Mellon, without_redirect
from .pysaml2_sp import Pysaml2
from .server import Workspace
from .service_providers import Host, ServiceProvider
from .visitor import Response, Visitor

KINDS = ("mellon", "python3-saml", "pysaml2")
BINDINGS = ("redirect", "post")
PASSWORD_PROTECTED = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
#: pysaml2 recognizes attributes only by these names.
MAIL, GIVEN_NAME = "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.5.4.42"
ATTRIBUTES = [
    {"name": MAIL, "name_format": "uri", "source": "user.email"},
    {"name": GIVEN_NAME, "name_format": "uri", "source": "user.first_name"},
]
NS = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
}


@dataclass(frozen=True, slots=True)
class ProviderResult:
    """The result of a response at a provider.

    :param problem: the provider's error; empty if it accepted the response.
    """

    response: etree._Element
    name_id: str = ""
    mail: str = ""
    given_name: str = ""
    problem: str = ""

    def text(self, path: str) -> str:
        """Return the text at an XPath in the response."""
        return str(self.response.xpath(f"string({path})", namespaces=NS))


class Provider(Protocol):
    """A service provider that is configured for one case."""

    entity_id: str
    acs_url: str
    logout_url: str

    def trust(self, metadata: Mapping[str, str], case: "Case") -> None: ...

    def metadata(self) -> str: ...

    def start_sign_in(
        self, visitor: Visitor, binding: str, case: "Case", **how: bool
    ) -> Response: ...

    def deliver(self, visitor: Visitor, page: Response) -> ProviderResult: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How a provider sends requests, and how it is recorded in Ssoko.

    :param imported: record the values of the provider's metadata instead.
    """

    name: str
    signed_requests: bool = False
    name_id_format: str = UNSPECIFIED
    authn_context: str = ""
    binding: str = "redirect"
    kinds: tuple[str, ...] = KINDS
    imported: bool = False
    recorded: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connection:
    """A provider, its case and its application in Ssoko."""

    case: Case
    provider: Provider
    application: dict[str, Any]

    def start_sign_in(self, visitor: Visitor, **how: bool) -> Response:
        """Start a sign-in at the provider; return the page that Ssoko shows."""
        return self.provider.start_sign_in(visitor, self.case.binding, self.case, **how)

    def deliver(self, visitor: Visitor, page: Response) -> ProviderResult:
        """Send the response on a page to the provider."""
        return self.provider.deliver(visitor, page)


@dataclass(slots=True)
class Cases:
    """Set up providers of every kind. They share an issuer and a key to save time.

    :param home: folder with ``key.pem`` and ``certificate.pem`` of all providers.
    """

    workspace: Workspace
    person: str
    mellon: Mellon
    providers: Host
    home: Path

    @property
    def certificate(self) -> str:
        """Return the providers' certificate."""
        return (self.home / "certificate.pem").read_text()

    def share(self) -> str:
        """Create an issuer for many applications and return its ID."""
        return self.workspace.api.post("/issuers", name="Shared")["id"]

    def connect(self, kind: str, case: Case, issuer: str) -> Connection:
        """Register a provider in Ssoko, and Ssoko at the provider."""
        name = f"{case.name}-{kind}"
        provider = self._provider(kind, case.name, name)
        if case.imported:
            provider.trust(self._metadata_of(issuer), case)
            body = {"sp_metadata": provider.metadata(), "settings": {"attributes": ATTRIBUTES}}
        else:
            body = {"settings": self._settings(provider, case)}
        application = self.workspace.api.post(
            "/applications", integration="custom-saml", name=name, issuer=issuer, **body
        )
        role = application["default_role"]["id"]
        self.workspace.api.post(f"/users/{self.person}/roles", role=role)
        if not case.imported:
            provider.trust(application["metadata"], case)
        return Connection(case, provider, application)

    def connect_all(self, *cases: Case) -> dict[tuple[str, str], Connection]:
        """Connect each case with each kind of provider and start Apache.

        :returns: connections by case name and kind."""
        issuer = self.share()
        connections = {
            (case.name, kind): self.connect(kind, case, issuer)
            for case in cases
            for kind in case.kinds
        }
        self.mellon.start()
        return connections

    def _metadata_of(self, issuer: str) -> dict[str, str]:
        (shared,) = (i for i in self.workspace.api.items("/issuers") if i["id"] == issuer)
        return shared["metadata"]

    def _settings(self, provider: Provider, case: Case) -> dict[str, Any]:
        return {
            "entity_id": provider.entity_id,
            "acs_urls": [provider.acs_url],
            "name_id_format": case.name_id_format,
            "certificates": [self.certificate],
            "attributes": ATTRIBUTES,
            "logout_url": provider.logout_url,
        } | case.recorded

    def _provider(self, kind: str, case_name: str, name: str) -> Provider:
        if kind == "mellon":
            home = self.mellon.directory / case_name
            shutil.copytree(self.home, home)
            return AtMellon(self.mellon, case_name)
        if kind == "python3-saml":
            return AtToolkit(self.providers.provider(name), self.home)
        return AtPysaml2(Pysaml2(name, self.home))


def fetch_metadata(metadata: Mapping[str, str]) -> bytes:
    """Fetch the metadata, as a provider does."""
    response = Visitor().get(metadata["metadata_url"])
    assert response.status == 200, response.text
    return response.body


def response_on(page: Response) -> etree._Element:
    """Return the response that a page carries."""
    return etree.fromstring(base64.b64decode(page.form("SAMLResponse").values["SAMLResponse"]))


@dataclass(frozen=True, slots=True)
class AtMellon:
    """An Apache location. It cannot send ForceAuthn."""

    mellon: Mellon
    name: str

    @property
    def entity_id(self) -> str:
        return self.mellon.entity_id(self.name)

    @property
    def acs_url(self) -> str:
        return self.mellon.acs_url(self.name)

    @property
    def logout_url(self) -> str:
        return f"{self.mellon.url}/{self.name}/mellon/logout"

    def trust(self, metadata: Mapping[str, str], case: Case) -> None:
        xml = fetch_metadata(metadata)
        if not case.signed_requests:  # Mellon signs whenever the metadata requires it
            xml = xml.replace(b'WantAuthnRequestsSigned="true"', b"")
        directives = [f"MellonSetEnv mail {MAIL}", f"MellonSetEnv givenName {GIVEN_NAME}"]
        if case.authn_context:
            directives.append(f"MellonAuthnContextClassRef {case.authn_context}")
        self.mellon.add(
            self.name,
            xml if case.binding == "redirect" else without_redirect(xml),
            signed_requests=case.signed_requests,
            name_id_format=case.name_id_format,
            directives="\n".join(directives),
        )

    def metadata(self) -> str:
        return (self.mellon.directory / self.name / "metadata.xml").read_text()

    def start_sign_in(
        self, visitor: Visitor, binding: str, case: Case, *, passive: bool = False
    ) -> Response:
        query = {"ReturnTo": self.mellon.page(self.name)}
        if passive:
            query["IsPassive"] = "true"
        page = visitor.get(f"{self.mellon.url}/{self.name}/mellon/login?{urlencode(query)}")
        return visitor.submit(page, "SAMLRequest") if binding == "post" else page

    def deliver(self, visitor: Visitor, page: Response) -> ProviderResult:
        response = response_on(page)
        before = len(self.mellon.log())
        form = page.form("SAMLResponse")
        # Browsers send cookies without SameSite for two minutes after they are set.
        landing = visitor.post(form.action, form.values, sent_by=page.url)
        if landing.status != 200:
            problem = f"{landing.status}: {self.mellon.log()[before:]}"
            return ProviderResult(response, problem=problem)
        variables = landing.json()
        return ProviderResult(
            response, variables["NAME_ID"], variables["mail"], variables["givenName"]
        )


@dataclass(frozen=True, slots=True)
class AtToolkit:
    """A provider of the python3-saml process, in strict mode."""

    provider: ServiceProvider
    home: Path

    @property
    def entity_id(self) -> str:
        return self.provider.entity_id

    @property
    def acs_url(self) -> str:
        return self.provider.acs_url

    @property
    def logout_url(self) -> str:
        return self.provider.url("sls")

    def trust(self, metadata: Mapping[str, str], case: Case) -> None:
        security = {
            "authnRequestsSigned": case.signed_requests,
            "wantMessagesSigned": True,
            "wantAssertionsEncrypted": bool(case.recorded.get("encrypt_assertions")),
            "requestedAuthnContext": [case.authn_context] if case.authn_context else False,
            "signatureAlgorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        }
        self.provider.trust(
            dict(metadata),
            name_id_format=case.name_id_format,
            certificate=(self.home / "certificate.pem").read_text(),
            private_key=(self.home / "key.pem").read_text(),
            security=security,
        )

    def metadata(self) -> str:
        return Visitor().get(self.provider.url("metadata")).text

    def start_sign_in(self, visitor: Visitor, binding: str, case: Case, **how: bool) -> Response:
        page = visitor.get(self.provider.url(binding, **{k: "1" for k in how if how[k]}))
        return visitor.submit(page, "SAMLRequest") if binding == "post" else page

    def deliver(self, visitor: Visitor, page: Response) -> ProviderResult:
        response = response_on(page)
        outcome = visitor.submit(page, "SAMLResponse").json()
        if not outcome["authenticated"]:
            return ProviderResult(response, problem=f"{outcome['errors']} {outcome['reason']}")
        attributes = outcome["attributes"]
        return ProviderResult(
            response, outcome["name_id"], attributes[MAIL][0], attributes[GIVEN_NAME][0]
        )


@dataclass(frozen=True, slots=True)
class AtPysaml2:
    """A pysaml2 client."""

    provider: Pysaml2

    @property
    def entity_id(self) -> str:
        return self.provider.entity_id

    @property
    def acs_url(self) -> str:
        return self.provider.acs_url

    @property
    def logout_url(self) -> str:
        return self.provider.logout_url

    def trust(self, metadata: Mapping[str, str], case: Case) -> None:
        self.provider.trust(
            fetch_metadata(metadata),
            signed_requests=case.signed_requests,
            name_id_format=case.name_id_format,
        )

    def metadata(self) -> str:
        return self.provider.metadata()

    def start_sign_in(
        self,
        visitor: Visitor,
        binding: str,
        case: Case,
        *,
        force: bool = False,
        passive: bool = False,
    ) -> Response:
        how: dict[str, Any] = {"sign": case.signed_requests}
        if case.authn_context:
            how["requested_authn_context"] = {
                "authn_context_class_ref": [case.authn_context],
                "comparison": "exact",
            }
        if force:
            how["force_authn"] = "true"
        if passive:
            how["is_passive"] = "true"
        http_info = self.provider.request(binding, **how)
        if binding == "redirect":
            return visitor.get(dict(http_info["headers"])["Location"])
        page = Response(self.acs_url, 200, {}, "".join(http_info["data"]).encode())
        return visitor.submit(page, "SAMLRequest")

    def deliver(self, visitor: Visitor, page: Response) -> ProviderResult:
        response = response_on(page)
        form = page.form("SAMLResponse")
        assert form.action == self.acs_url
        try:
            accepted = self.provider.receive(form.values["SAMLResponse"])
        except StatusError as error:
            return ProviderResult(response, problem=f"{type(error).__name__}: {error}")
        values = accepted.ava
        name_id = accepted.name_id.text
        return ProviderResult(response, name_id, values["mail"][0], values["givenName"][0])
