"""Sign-in at three kinds of service provider: each binding, signed requests, encryption."""

import pytest

from .mellon import make_certificate
from .server import Workspace
from .three_kinds import (
    BINDINGS,
    KINDS,
    NS,
    PASSWORD_PROTECTED,
    Case,
    Cases,
    Connection,
    response_on,
)
from .visitor import Response, Visitor

AES_256_GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
REQUIRED = {"require_signed_requests": True}
RSA_OAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
SMARTCARD = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
NO_AUTHN_CONTEXT = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"

pytestmark = [pytest.mark.e2e, pytest.mark.release]
#: Expected text, by the fault of the request.
REFUSALS = {"unsigned": "accepts only signed requests", "foreign": "signature"}

Connections = dict[tuple[str, str], Connection]


@pytest.fixture(scope="module")
def connections(cases: Cases, tmp_path_factory: pytest.TempPathFactory) -> Connections:
    """Return the providers of this module, by case and kind."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    make_certificate(elsewhere)
    other = (elsewhere / "certificate.pem").read_text()
    own = cases.certificate
    return cases.connect_all(
        Case(name="plain-redirect"),
        Case(name="plain-post", binding="post", authn_context=PASSWORD_PROTECTED),
        Case(name="signed-redirect", signed_requests=True, recorded=REQUIRED),
        Case(name="signed-post", signed_requests=True, binding="post", recorded=REQUIRED),
        Case(
            name="second-redirect",
            signed_requests=True,
            recorded=REQUIRED | {"certificates": [other, own]},
        ),
        Case(
            name="second-post",
            signed_requests=True,
            binding="post",
            recorded=REQUIRED | {"certificates": [other, own]},
        ),
        Case(
            name="foreign-redirect",
            signed_requests=True,
            recorded=REQUIRED | {"certificates": [other]},
        ),
        Case(
            name="foreign-post",
            signed_requests=True,
            binding="post",
            recorded=REQUIRED | {"certificates": [other]},
        ),
        Case(name="unsigned-redirect", recorded=REQUIRED),
        Case(name="unsigned-post", binding="post", recorded=REQUIRED),
        Case(name="encrypted", recorded={"encrypt_assertions": True}),
        Case(name="imported-redirect", signed_requests=True, imported=True),
        Case(name="imported-post", signed_requests=True, imported=True, binding="post"),
        Case(name="smartcard", authn_context=SMARTCARD),
    )


def assert_amina(connection: Connection, visitor: Visitor, page: Response) -> None:
    """Check that the provider accepts the response and identifies the user."""
    result = connection.deliver(visitor, page)
    assert result.problem == ""
    assert result.name_id == "amina@depth-sign-in.test"
    assert (result.mail, result.given_name) == ("amina@depth-sign-in.test", "Amina")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("requests", ["plain", "signed", "second", "imported"])
def test_user_signs_in_at_the_provider(
    connections: Connections, signed_in: Visitor, requests: str, binding: str, kind: str
) -> None:
    connection = connections[f"{requests}-{binding}", kind]
    page = connection.start_sign_in(signed_in)
    assert_amina(connection, signed_in, page)


@pytest.mark.parametrize("kind", KINDS)
def test_sign_in_started_by_ssoko_needs_no_request(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    connection = connections["signed-redirect", kind]
    link = connection.application["launch_url"]
    # Signed requests are required, so a link elsewhere asks first. The tile does not.
    asked = signed_in.open("GET", link, headers={"Sec-Fetch-Site": "cross-site"})
    assert not asked.has_assertion() and "Continue only if" in asked.words()
    page = signed_in.open("GET", link, headers={"Sec-Fetch-Site": "same-origin"})
    assert response_on(page).get("InResponseTo") is None
    assert_amina(connection, signed_in, page)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("requests", ["unsigned", "foreign"])
def test_request_not_signed_with_a_recorded_certificate_is_refused(
    connections: Connections, signed_in: Visitor, requests: str, binding: str, kind: str
) -> None:
    page = connections[f"{requests}-{binding}", kind].start_sign_in(signed_in)
    assert page.status == 400 and not page.has_assertion()
    assert REFUSALS[requests] in page.words(), page.words()


@pytest.mark.parametrize("kind", KINDS)
def test_metadata_import_requires_the_signatures_in_the_metadata(
    workspace: Workspace, connections: Connections, kind: str
) -> None:
    application = connections["imported-redirect", kind].application
    assert application["settings"]["require_signed_requests"] is True
    assert application["settings"]["sign_assertion"] is True
    assert len(application["settings"]["certificates"]) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_provider_decrypts_its_assertion(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    connection = connections["encrypted", kind]
    page = connection.start_sign_in(signed_in)
    response = response_on(page)
    assert not response.xpath("//saml:Assertion", namespaces=NS)
    assert not response.xpath("//*[contains(., 'amina')]")
    methods = response.xpath(
        "//saml:EncryptedAssertion//xenc:EncryptionMethod/@Algorithm", namespaces=NS
    )
    assert methods == [AES_256_GCM, RSA_OAEP]
    assert_amina(connection, signed_in, page)


@pytest.mark.parametrize("kind", KINDS)
def test_response_has_the_requested_authn_context(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    connection = connections["plain-post", kind]
    page = connection.start_sign_in(signed_in)
    result = connection.deliver(signed_in, page)
    assert result.problem == ""
    assert result.text("//saml:AuthnContextClassRef") == PASSWORD_PROTECTED


@pytest.mark.parametrize("kind", KINDS)
def test_unsupported_authn_context_returns_an_error_to_the_provider(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    connection = connections["smartcard", kind]
    result = connection.deliver(signed_in, connection.start_sign_in(signed_in))
    assert result.text("//samlp:StatusCode/samlp:StatusCode/@Value") == NO_AUTHN_CONTEXT
    assert "asks for another authentication method" in result.problem, result.problem
