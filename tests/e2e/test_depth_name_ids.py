"""The NameID that three kinds of service provider receive, in each format."""

import pytest

from .mellon import UNSPECIFIED
from .server import Workspace
from .service_providers import EMAIL
from .three_kinds import KINDS, Case, Cases, Connection, ProviderResult
from .visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
INVALID_POLICY = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"

Connections = dict[tuple[str, str], Connection]


@pytest.fixture(scope="module")
def connections(cases: Cases) -> Connections:
    """Return the providers of this module, by case and kind."""
    return cases.connect_all(
        Case(name="email", name_id_format=EMAIL),
        Case(name="unspecified", recorded={"name_id_source": "user.username"}),
        Case(name="persistent", name_id_format=PERSISTENT),
        Case(name="elsewhere", name_id_format=PERSISTENT),
        Case(name="transient", name_id_format=TRANSIENT),
        Case(name="other", name_id_format=TRANSIENT, recorded={"name_id_format": EMAIL}),
    )


def sign_in_at_provider(
    connection: Connection, visitor: Visitor, name_id_format: str
) -> ProviderResult:
    """Sign in at the provider with a new browser and return the result."""
    browser = Visitor({"localhost": dict(visitor.cookies["localhost"])})
    result = connection.deliver(browser, connection.start_sign_in(browser))
    assert result.problem == ""
    assert result.text("//saml:NameID/@Format") == name_id_format
    assert result.text("//saml:NameID") == result.name_id
    return result


@pytest.mark.parametrize("kind", KINDS)
def test_email_format_sends_the_email_address(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    result = sign_in_at_provider(connections["email", kind], signed_in, EMAIL)
    assert result.name_id == result.mail == "amina@depth-name-ids.test"


@pytest.mark.parametrize("kind", KINDS)
def test_unspecified_format_sends_the_recorded_source(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    assert (
        sign_in_at_provider(connections["unspecified", kind], signed_in, UNSPECIFIED).name_id
        == "amina"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_transient_name_id_is_new_for_each_sign_in(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    connection = connections["transient", kind]
    name_ids = {sign_in_at_provider(connection, signed_in, TRANSIENT).name_id for _ in range(3)}
    assert len(name_ids) == 3
    assert not any("amina" in name_id for name_id in name_ids)


@pytest.mark.parametrize("kind", KINDS)
def test_requested_format_that_is_not_sent_returns_an_error_to_the_provider(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    connection = connections["other", kind]
    result = connection.deliver(signed_in, connection.start_sign_in(signed_in))
    assert result.text("//samlp:StatusCode/samlp:StatusCode/@Value") == INVALID_POLICY
    assert "asks for a NameID format" in result.problem, result.problem


def test_persistent_name_id_differs_between_providers(
    connections: Connections, signed_in: Visitor
) -> None:
    name_ids = {
        sign_in_at_provider(connections[case, kind], signed_in, PERSISTENT).name_id
        for case in ("persistent", "elsewhere")
        for kind in KINDS
    }
    assert len(name_ids) == 2 * len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_persistent_name_id_stays_when_the_user_changes(
    workspace: Workspace, connections: Connections, person: str, signed_in: Visitor, kind: str
) -> None:
    connection = connections["persistent", kind]
    before = sign_in_at_provider(connection, signed_in, PERSISTENT)
    assert sign_in_at_provider(connection, signed_in, PERSISTENT).name_id == before.name_id
    assert "amina" not in before.name_id
    assert (before.text("//saml:NameID/@SPNameQualifier")) == connection.provider.entity_id
    new = {"username": f"zuri-{kind}", "email": f"zuri@{kind}.test", "first_name": "Zuri"}
    old = {"username": "amina", "email": "amina@depth-name-ids.test", "first_name": "Amina"}
    workspace.api.patch(f"/users/{person}", **new)
    try:
        after = sign_in_at_provider(connection, signed_in, PERSISTENT)
    finally:
        workspace.api.patch(f"/users/{person}", **old)
    assert (after.given_name, after.mail) == ("Zuri", new["email"])
    assert after.name_id == before.name_id
