"""The service provider: python3-saml in strict mode, with the checks it leaves to callers."""

import hashlib
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from lxml import etree
from onelogin.saml2 import authn_request  # type: ignore[import-untyped]
from onelogin.saml2.response import OneLogin_Saml2_Response  # type: ignore[import-untyped]
from onelogin.saml2.settings import OneLogin_Saml2_Settings  # type: ignore[import-untyped]
from ssoko.plugin import NameIdFormat, WebApplication

from ssoko_sandbox.once import Memory
from ssoko_sandbox.structure import DS, SAML, Refused, read_response

BINDING_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
BINDING_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
NS = {"saml": SAML, "ds": DS}


@dataclass(frozen=True, slots=True)
class Request:
    """An AuthnRequest, ready to send."""

    id: str
    url: str
    saml_request: str


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    format: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """The signature of one element, with the last parts of the algorithms' URIs."""

    element: str
    method: str
    digest: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """The contents of an accepted Response."""

    name_id: str
    name_id_format: str
    attributes: tuple[Attribute, ...]
    signatures: tuple[Signature, ...]
    certificate_sha256: str
    facts: tuple[tuple[str, str], ...]
    session_index: str
    started: str
    xml: str


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One application of the sandbox, as a service provider.

    :param url: URL of its pages, without a slash at the end.
    """

    application: WebApplication
    url: str
    memory: Memory

    @property
    def acs_url(self) -> str:
        return f"{self.url}/acs"

    @property
    def entity_id(self) -> str:
        return f"{self.url}/metadata"

    def settings(self) -> Any:
        """Return python3-saml's settings."""
        idp = self.application
        return OneLogin_Saml2_Settings(
            {
                "strict": True,
                "sp": {
                    "entityId": self.entity_id,
                    "assertionConsumerService": {"url": self.acs_url, "binding": BINDING_POST},
                    "NameIDFormat": NameIdFormat.UNSPECIFIED.value,
                },
                "idp": {
                    "entityId": idp.entity_id,
                    "singleSignOnService": {"url": idp.login_endpoint, "binding": BINDING_REDIRECT},
                    "x509certMulti": {"signing": list(idp.certificates)},
                },
                "security": {
                    "wantAssertionsSigned": True,
                    "wantMessagesSigned": True,
                    "wantAttributeStatement": False,
                    "requestedAuthnContext": False,
                    "rejectDeprecatedAlgorithm": True,
                    "rejectUnsolicitedResponsesWithInResponseTo": True,
                    "allowSingleLabelDomains": True,
                },
            }
        )

    def metadata(self) -> bytes:
        """Return the metadata of this service provider."""
        xml = self.settings().get_sp_metadata()
        return xml if isinstance(xml, bytes) else xml.encode()

    def start(self, *, by_post: bool, now: float) -> Request:
        """Build a request and store it until its response arrives."""
        new_request = authn_request.OneLogin_Saml2_Authn_Request(self.settings())
        encoded = new_request.get_request(deflate=not by_post)
        how = "POST" if by_post else "Redirect"
        self.memory.expect(new_request.get_id(), f"{self.application.id} {how}", now=now)
        query = urlencode({"SAMLRequest": encoded, "RelayState": self.url})
        endpoint = self.application.login_endpoint
        return Request(
            new_request.get_id(), endpoint if by_post else f"{endpoint}?{query}", encoded
        )

    def accept(self, encoded: str, relay_state: str, *, now: float) -> SignIn:
        """Return the contents of a response, once.

        :raises Refused: with the reason of python3-saml, or of a check it leaves to callers.
        """
        root = read_response(encoded)
        request_id = root.get("InResponseTo")
        started = self._started(request_id, now)
        response = OneLogin_Saml2_Response(self.settings(), encoded)
        if not response.is_valid(self._request_data(), request_id):
            raise Refused(response.get_error() or "python3-saml returned no reason")
        document = response.document
        assertion = document.find("saml:Assertion", NS)
        self._check_exactly(document, assertion, request_id)
        if request_id is not None and not self.memory.consume(request_id):
            raise Refused("This request already has a response")
        if not self.memory.use(f"{self.application.id} {assertion.get('ID')}", now=now):
            raise Refused("This assertion was already used. Each one is accepted once")
        return SignIn(
            name_id=_text(assertion.find("saml:Subject/saml:NameID", NS)),
            name_id_format=response.get_nameid_format() or "none",
            attributes=_attributes(assertion),
            signatures=_signatures(document),
            certificate_sha256=self._certificate_of(document),
            facts=_facts(document, assertion, relay_state),
            session_index=response.get_session_index() or "",
            started=started,
            xml=etree.tostring(document, pretty_print=True, encoding="unicode"),
        )

    def _started(self, request_id: str | None, now: float) -> str:
        if request_id is None:
            return "From the Dashboard, without a request"
        note = self.memory.note(request_id, now=now)
        application, _, how = (note or "").partition(" ")
        if application != self.application.id:
            raise Refused(
                f"InResponseTo is {request_id}, but no request with this ID is open. It already "
                "has a response, is older than an hour, or was never sent"
            )
        return f"Here, by {how}"

    def _request_data(self) -> dict[str, Any]:
        # From the configuration: the request's Host header cannot be trusted.
        parts = urlsplit(self.acs_url)
        return {
            "https": "on" if parts.scheme == "https" else "off",
            "http_host": parts.netloc,
            "script_name": parts.path,
            "get_data": {},
            "post_data": {},
        }

    def _check_exactly(
        self, document: etree._Element, assertion: etree._Element, request_id: str | None
    ) -> None:
        """Compare in full the values that python3-saml compares in part, or only if present."""
        if document.get("Destination") != self.acs_url:
            raise Refused(f"Destination must be {self.acs_url}")
        confirmations = assertion.findall(".//saml:SubjectConfirmationData", NS)
        if {c.get("Recipient") for c in confirmations} != {self.acs_url}:
            raise Refused(f"Recipient must be {self.acs_url}")
        if {c.get("InResponseTo") for c in confirmations} != {request_id}:
            raise Refused("InResponseTo of the subject confirmation differs from the Response's")
        audiences = [_text(a) for a in assertion.iter(f"{{{SAML}}}Audience")]
        if audiences != [self.entity_id]:
            raise Refused(f"Audience must be {self.entity_id} only")

    def _certificate_of(self, document: etree._Element) -> str:
        """Return the fingerprint of the certificate in the signature, if the IdP has it."""
        certificates = {
            "".join(_text(c).split()) for c in document.iterfind(".//ds:X509Certificate", NS)
        }
        for pem in self.application.certificates:
            der = ssl.PEM_cert_to_DER_cert(pem)
            if not certificates or "".join(pem.split("-----")[2].split()) in certificates:
                digest = hashlib.sha256(der).hexdigest().upper()
                return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))
        return ""


def _text(element: etree._Element | None) -> str:
    """Return the whole text: a comment in a NameID must not truncate it."""
    if element is None:
        return ""
    return "".join(str(part) for part in element.itertext(with_tail=False))


def _attributes(assertion: etree._Element) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(
            name=a.get("Name") or "",
            format=(a.get("NameFormat") or "none").rpartition(":")[2],
            values=tuple(_text(v) for v in a.findall("saml:AttributeValue", NS)),
        )
        for a in assertion.iterfind("saml:AttributeStatement/saml:Attribute", NS)
    )


def _signatures(document: etree._Element) -> tuple[Signature, ...]:
    signatures = []
    for signature in document.iter(f"{{{DS}}}Signature"):
        parent = signature.getparent()
        method = signature.find("ds:SignedInfo/ds:SignatureMethod", NS)
        digest = signature.find("ds:SignedInfo/ds:Reference/ds:DigestMethod", NS)
        if parent is not None and method is not None and digest is not None:
            signatures.append(
                Signature(etree.QName(parent).localname, _algorithm(method), _algorithm(digest))
            )
    return tuple(signatures)


def _algorithm(element: etree._Element) -> str:
    return (element.get("Algorithm") or "").rpartition("#")[2]


def _facts(
    document: etree._Element, assertion: etree._Element, relay_state: str
) -> tuple[tuple[str, str], ...]:
    def at(path: str, attribute: str = "") -> str:
        element = assertion.find(path, NS)
        if element is None:
            return ""
        return element.get(attribute) or "" if attribute else _text(element)

    confirmation = "saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
    facts = (
        ("Issuer", at("saml:Issuer")),
        ("Audience", at(".//saml:Audience")),
        ("Destination", document.get("Destination") or ""),
        ("Recipient", at(confirmation, "Recipient")),
        ("InResponseTo", document.get("InResponseTo") or "none: IdP-initiated"),
        ("Issued", assertion.get("IssueInstant") or ""),
        ("Not before", at("saml:Conditions", "NotBefore")),
        ("Not on or after", at("saml:Conditions", "NotOnOrAfter")),
        ("Confirmed until", at(confirmation, "NotOnOrAfter")),
        ("Signed in at", at("saml:AuthnStatement", "AuthnInstant")),
        ("AuthnContext", at(".//saml:AuthnContextClassRef")),
        ("Session index", at("saml:AuthnStatement", "SessionIndex")),
        ("Session ends", at("saml:AuthnStatement", "SessionNotOnOrAfter")),
        ("RelayState", relay_state),
    )
    return tuple((name, value) for name, value in facts if value)
