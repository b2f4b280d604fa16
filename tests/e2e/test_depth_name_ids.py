"""What three kinds of service provider call a person, in each NameID format."""

import pytest

from .mellon import UNSPECIFIED, Mellon, make_certificate
from .server import Workspace
from .service_providers import EMAIL, Host
from .three_kinds import KINDS, Case, Cases, Connection, Taken
from .visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
INVALID_POLICY = "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"

Connections = dict[tuple[str, str], Connection]


@pytest.fixture(scope="module")
def person(workspace: Workspace) -> str:
    """Return the id of a person."""
    return workspace.person("amina")["id"]


@pytest.fixture(scope="module")
def connections(
    workspace: Workspace,
    mellon: Mellon,
    providers: Host,
    person: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Connections:
    """Return the providers of this module, by case and kind."""
    home = tmp_path_factory.mktemp("keys")
    make_certificate(home)
    cases = Cases(workspace, person, mellon, providers, home)
    return cases.connect_all(
        Case(name="email", name_id_format=EMAIL),
        Case(name="unspecified", recorded={"name_id_source": "user.username"}),
        Case(name="persistent", name_id_format=PERSISTENT),
        Case(name="elsewhere", name_id_format=PERSISTENT),
        Case(name="transient", name_id_format=TRANSIENT),
        Case(name="other", name_id_format=TRANSIENT, recorded={"name_id_format": EMAIL}),
    )


@pytest.fixture(scope="module")
def signed_in(workspace: Workspace, connections: Connections) -> Visitor:
    """Return this person, signed in to Ssoko."""
    return workspace.sign_in("amina")


def known_as(connection: Connection, visitor: Visitor, name_id_format: str) -> Taken:
    """Return what the provider calls the visitor, who comes anew."""
    known = Visitor({"localhost": dict(visitor.cookies["localhost"])})
    taken = connection.take(known, connection.ask(known))
    assert taken.problem == ""
    assert taken.text("//saml:NameID/@Format") == name_id_format
    assert taken.text("//saml:NameID") == taken.name_id
    return taken


@pytest.mark.parametrize("kind", KINDS)
def test_an_email_address_names_a_person(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    taken = known_as(connections["email", kind], signed_in, EMAIL)
    assert taken.name_id == taken.mail == "amina@depth-name-ids.test"


@pytest.mark.parametrize("kind", KINDS)
def test_an_unspecified_name_is_what_the_record_says(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    assert known_as(connections["unspecified", kind], signed_in, UNSPECIFIED).name_id == "amina"


@pytest.mark.parametrize("kind", KINDS)
def test_a_transient_name_is_another_each_time(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    connection = connections["transient", kind]
    seen = {known_as(connection, signed_in, TRANSIENT).name_id for _ in range(3)}
    assert len(seen) == 3
    assert not any("amina" in name_id for name_id in seen)


@pytest.mark.parametrize("kind", KINDS)
def test_a_format_that_the_application_does_not_send_is_refused_at_the_provider(
    connections: Connections, signed_in: Visitor, kind: str
) -> None:
    connection = connections["other", kind]
    taken = connection.take(signed_in, connection.ask(signed_in))
    assert taken.text("//samlp:StatusCode/samlp:StatusCode/@Value") == INVALID_POLICY
    assert "kind of NameID" in taken.problem, taken.problem


def test_persistent_names_differ_from_provider_to_provider(
    connections: Connections, signed_in: Visitor
) -> None:
    seen = {
        known_as(connections[case, kind], signed_in, PERSISTENT).name_id
        for case in ("persistent", "elsewhere")
        for kind in KINDS
    }
    assert len(seen) == 2 * len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_persistent_name_stays_when_everything_else_changes(
    workspace: Workspace, connections: Connections, person: str, signed_in: Visitor, kind: str
) -> None:
    connection = connections["persistent", kind]
    before = known_as(connection, signed_in, PERSISTENT)
    assert known_as(connection, signed_in, PERSISTENT).name_id == before.name_id
    assert "amina" not in before.name_id
    assert (before.text("//saml:NameID/@SPNameQualifier")) == connection.provider.entity_id
    new = {"username": f"zuri-{kind}", "email": f"zuri@{kind}.test", "first_name": "Zuri"}
    old = {"username": "amina", "email": "amina@depth-name-ids.test", "first_name": "Amina"}
    workspace.api.patch(f"/users/{person}", **new)
    try:
        after = known_as(connection, signed_in, PERSISTENT)
    finally:
        workspace.api.patch(f"/users/{person}", **old)
    assert (after.given_name, after.mail) == ("Zuri", new["email"])
    assert after.name_id == before.name_id
