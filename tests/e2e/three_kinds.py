"""One face for three kinds of service provider: mod_auth_mellon, python3-saml and pysaml2."""

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
from .visitor import Answer, Visitor

KINDS = ("mellon", "python3-saml", "pysaml2")
BINDINGS = ("redirect", "post")
PASSWORD_PROTECTED = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
#: pysaml2 knows attributes by these names alone.
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
class Taken:
    """What a provider made of a response.

    :param problem: in the provider's own words; empty when it let the person in.
    """

    response: etree._Element
    name_id: str = ""
    mail: str = ""
    given_name: str = ""
    problem: str = ""

    def text(self, path: str) -> str:
        """Return what a path finds in the response."""
        return str(self.response.xpath(f"string({path})", namespaces=NS))


class Asked(Protocol):
    """A provider that this case is set up for."""

    entity_id: str
    acs_url: str
    logout_url: str

    def trust(self, metadata: Mapping[str, str], case: "Case") -> None: ...

    def metadata(self) -> str: ...

    def ask(self, visitor: Visitor, binding: str, case: "Case", **how: bool) -> Answer: ...

    def take(self, visitor: Visitor, page: Answer) -> Taken: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How a provider is to ask, and what is recorded of it.

    :param imported: record what the provider's own metadata say instead.
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
    """A provider, the case it is set up for, and the application that Ssoko has of it."""

    case: Case
    provider: Asked
    application: dict[str, Any]

    def ask(self, visitor: Visitor, **how: bool) -> Answer:
        """Begin at the provider; return the page of Ssoko that the visitor sees then."""
        return self.provider.ask(visitor, self.case.binding, self.case, **how)

    def take(self, visitor: Visitor, page: Answer) -> Taken:
        """Bring the response on a page to the provider."""
        return self.provider.take(visitor, page)


@dataclass(slots=True)
class Cases:
    """Set up providers of every kind; one issuer and one pair of keys spare time.

    :param home: holds ``key.pem`` and ``certificate.pem`` of all the providers.
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
        """Make an issuer for many applications and return its id."""
        return self.workspace.api.post("/issuers", name="Shared")["id"]

    def connect(self, kind: str, case: Case, issuer: str) -> Connection:
        """Record a provider in Ssoko, and Ssoko at the provider."""
        name = f"{case.name}-{kind}"
        provider = self._provider(kind, case.name, name)
        if case.imported:
            provider.trust(self._metadata_of(issuer), case)
            told = {"sp_metadata": provider.metadata(), "settings": {"attributes": ATTRIBUTES}}
        else:
            told = {"settings": self._settings(provider, case)}
        made = self.workspace.api.post(
            "/applications", integration="custom-saml", name=name, issuer=issuer, **told
        )
        role = made["default_role"]["id"]
        self.workspace.api.post(f"/users/{self.person}/roles", role=role)
        if not case.imported:
            provider.trust(made["metadata"], case)
        return Connection(case, provider, made)

    def connect_all(self, *cases: Case) -> dict[tuple[str, str], Connection]:
        """Connect each case at each kind, by case and kind, and start Apache."""
        issuer = self.share()
        made = {
            (case.name, kind): self.connect(kind, case, issuer)
            for case in cases
            for kind in case.kinds
        }
        self.mellon.start()
        return made

    def _metadata_of(self, issuer: str) -> dict[str, str]:
        (found,) = (i for i in self.workspace.api.items("/issuers") if i["id"] == issuer)
        return found["metadata"]

    def _settings(self, provider: Asked, case: Case) -> dict[str, Any]:
        return {
            "entity_id": provider.entity_id,
            "acs_urls": [provider.acs_url],
            "name_id_format": case.name_id_format,
            "certificates": [self.certificate],
            "attributes": ATTRIBUTES,
            "logout_url": provider.logout_url,
        } | case.recorded

    def _provider(self, kind: str, case_name: str, name: str) -> Asked:
        if kind == "mellon":
            home = self.mellon.directory / case_name
            shutil.copytree(self.home, home)
            return AtMellon(self.mellon, case_name)
        if kind == "python3-saml":
            return AtToolkit(self.providers.provider(name), self.home)
        return AtPysaml2(Pysaml2(name, self.home))


def fetched(metadata: Mapping[str, str]) -> bytes:
    """Return the metadata as a provider fetches it."""
    answer = Visitor().get(metadata["metadata_url"])
    assert answer.status == 200, answer.text
    return answer.body


def response_on(page: Answer) -> etree._Element:
    """Return the response that a page carries."""
    return etree.fromstring(base64.b64decode(page.form("SAMLResponse").values["SAMLResponse"]))


@dataclass(frozen=True, slots=True)
class AtMellon:
    """A location of an Apache. It cannot ask for ForceAuthn."""

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
        xml = fetched(metadata)
        if not case.signed_requests:  # it signs whenever the metadata asks it to
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

    def ask(self, visitor: Visitor, binding: str, case: Case, *, passive: bool = False) -> Answer:
        query = {"ReturnTo": self.mellon.page(self.name)}
        if passive:
            query["IsPassive"] = "true"
        page = visitor.get(f"{self.mellon.url}/{self.name}/mellon/login?{urlencode(query)}")
        return visitor.submit(page, "SAMLRequest") if binding == "post" else page

    def take(self, visitor: Visitor, page: Answer) -> Taken:
        response = response_on(page)
        before = len(self.mellon.log())
        form = page.form("SAMLResponse")
        # Its cookies carry no SameSite, and those are sent for two minutes after they were set.
        answer = visitor.post(form.action, form.values, sent_by=page.url)
        if answer.status != 200:
            problem = f"{answer.status}: {self.mellon.log()[before:]}"
            return Taken(response, problem=problem)
        seen = answer.json()
        return Taken(response, seen["NAME_ID"], seen["mail"], seen["givenName"])


@dataclass(frozen=True, slots=True)
class AtToolkit:
    """A provider of the process that runs python3-saml, strict."""

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

    def ask(self, visitor: Visitor, binding: str, case: Case, **how: bool) -> Answer:
        page = visitor.get(self.provider.url(binding, **{k: "1" for k in how if how[k]}))
        return visitor.submit(page, "SAMLRequest") if binding == "post" else page

    def take(self, visitor: Visitor, page: Answer) -> Taken:
        response = response_on(page)
        seen = visitor.submit(page, "SAMLResponse").json()
        if not seen["authenticated"]:
            return Taken(response, problem=f"{seen['errors']} {seen['reason']}")
        attributes = seen["attributes"]
        return Taken(response, seen["name_id"], attributes[MAIL][0], attributes[GIVEN_NAME][0])


@dataclass(frozen=True, slots=True)
class AtPysaml2:
    """A client of pysaml2."""

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
            fetched(metadata),
            signed_requests=case.signed_requests,
            name_id_format=case.name_id_format,
        )

    def metadata(self) -> str:
        return self.provider.metadata()

    def ask(
        self,
        visitor: Visitor,
        binding: str,
        case: Case,
        *,
        force: bool = False,
        passive: bool = False,
    ) -> Answer:
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
        sent = self.provider.request(binding, **how)
        if binding == "redirect":
            return visitor.get(dict(sent["headers"])["Location"])
        page = Answer(self.acs_url, 200, {}, "".join(sent["data"]).encode())
        return visitor.submit(page, "SAMLRequest")

    def take(self, visitor: Visitor, page: Answer) -> Taken:
        response = response_on(page)
        form = page.form("SAMLResponse")
        assert form.action == self.acs_url
        try:
            seen = self.provider.receive(form.values["SAMLResponse"])
        except StatusError as error:
            return Taken(response, problem=f"{type(error).__name__}: {error}")
        values = seen.ava
        name_id = seen.name_id.text
        return Taken(response, name_id, values["mail"][0], values["givenName"][0])
