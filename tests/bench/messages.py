"""AuthnRequests to send, and checks of the responses."""

import base64
import itertools
import time
import urllib.parse
import zlib
from dataclasses import dataclass

import lxml.etree
import lxml.html
import xmlsec

ENTITY_ID, ACS_URL = "urn:example:bench", "http://127.0.0.1:9/acs"
SIGNED_ENTITY_ID = "urn:example:signed"
PROTOCOL = "{urn:oasis:names:tc:SAML:2.0:protocol}"
ASSERTION = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
# The attributes that every identity provider sends: 8 attributes with 12 values.
ATTRIBUTES = {f"attribute{n}": [f"value {n} of the person"] for n in range(7)} | {
    "roles": [f"arn:aws:iam::123456789012:role/Role{n}" for n in range(5)]
}
VALUES = sum(len(values) for values in ATTRIBUTES.values())
AUTHN_REQUEST = (
    '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
    'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{id}" Version="2.0" '
    'IssueInstant="{instant}" Destination="{destination}" AssertionConsumerServiceURL="{acs_url}" '
    'ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST">'
    "<saml:Issuer>{entity_id}</saml:Issuer></samlp:AuthnRequest>"
)
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; `expects` is the ID of its AuthnRequest and its RelayState, if any."""

    path: str
    expects: str = ""
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; `seconds` count from when its request was due."""

    status: int
    body: bytes
    seconds: float


def authn_request(destination: str, request_id: str, *, entity_id: str = ENTITY_ID) -> str:
    """Return an AuthnRequest, by default of the service provider that the peers trust."""
    return AUTHN_REQUEST.format(
        id=request_id,
        instant=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        destination=destination,
        acs_url=ACS_URL,
        entity_id=entity_id,
    )


def redirect_path(path: str, message: bytes, relay_state: str) -> str:
    """Return the path of a message in the Redirect binding (bindings, section 3.4.4.1)."""
    deflated = base64.b64encode(zlib.compress(message, wbits=-15)).decode()
    query = urllib.parse.urlencode({"SAMLRequest": deflated, "RelayState": relay_state})
    return f"{path}?{query}"


def sign_ins(destination: str, count: int) -> list[Request]:
    """Return fresh AuthnRequests; each ID is used once and is also the RelayState."""
    path = urllib.parse.urlsplit(destination).path
    requests = []
    for _ in range(count):
        request_id = f"_bench{next(_numbers):08x}{time.time_ns():x}"
        xml = authn_request(destination, request_id).encode()
        requests.append(Request(redirect_path(path, xml, request_id), request_id))
    return requests


def check(request: Request, response: Response) -> lxml.etree._Element:
    """Return the assertion in the response to a request; anything else raises."""
    where = f"{request.path[:80]}: {response.status} {response.body[:800]!r}"
    assert response.status == 200, where
    forms = [
        form
        for form in lxml.html.document_fromstring(response.body).forms
        if "SAMLResponse" in form.fields
    ]
    assert len(forms) == 1, where
    fields = dict(forms[0].form_values())
    assert forms[0].action == ACS_URL, where
    assert fields["RelayState"] == request.expects, where
    root = lxml.etree.fromstring(base64.b64decode(fields["SAMLResponse"]))
    assert root.get("InResponseTo") == request.expects, where
    assert root.find(f"{PROTOCOL}Status/{PROTOCOL}StatusCode").get("Value") == SUCCESS, where
    assertions = root.findall(f"{ASSERTION}Assertion")
    assert len(assertions) == 1, where
    assert assertions[0].find(SIGNATURE) is not None, "the assertion is not signed"
    values = assertions[0].findall(f".//{ASSERTION}AttributeValue")
    assert len(values) == VALUES, f"{len(values)} values instead of {VALUES}"
    return assertions[0]


def verify(assertion: lxml.etree._Element, certificate: str) -> None:
    """Check the signature of an assertion with another library than the one that made it."""
    xmlsec.tree.add_ids(assertion, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate.encode(), xmlsec.KeyFormat.CERT_PEM)
    context.verify(assertion.find(SIGNATURE))
