"""ForceAuthn and IsPassive at real service providers."""

import time
from datetime import datetime

import pytest

from .server import Workspace, at_sign_in, sign_in_at
from .three_kinds import BINDINGS, KINDS, Case, Cases, Connection, response_on
from .visitor import Response, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

NO_PASSIVE = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
#: The kinds that can send ForceAuthn; mod_auth_mellon cannot.
FORCING = tuple(kind for kind in KINDS if kind != "mellon")

Connections = dict[tuple[str, str], Connection]


@pytest.fixture(scope="module")
def connections(cases: Cases) -> Connections:
    """Return the providers of this module, by binding and kind."""
    return cases.connect_all(
        Case(name="redirect"),
        Case(name="post", binding="post", signed_requests=True),
    )


def signed_in_at(page: Response) -> datetime:
    """Return the AuthnInstant of the response on a page."""
    (instant,) = response_on(page).xpath("//@AuthnInstant")
    return datetime.fromisoformat(instant)


@pytest.mark.parametrize("kind", FORCING)
@pytest.mark.parametrize("binding", BINDINGS)
def test_force_authn_requires_a_signed_in_user_to_sign_in_again(
    workspace: Workspace, connections: Connections, binding: str, kind: str
) -> None:
    connection = connections[binding, kind]
    visitor = workspace.sign_in("amina")
    first = signed_in_at(connection.start_sign_in(visitor))
    time.sleep(1.1)  # AuthnInstant has a resolution of one second
    page = connection.start_sign_in(visitor, force=True)
    assert at_sign_in(page) and not page.has_assertion()
    wrong = sign_in_at(visitor, page, "amina", "another password")
    assert at_sign_in(wrong) and not wrong.has_assertion()
    page = sign_in_at(visitor, wrong, "amina")
    again = signed_in_at(page)
    assert again > first
    result = connection.deliver(visitor, page)
    assert (result.problem, result.given_name) == ("", "Amina")
    assert signed_in_at(connection.start_sign_in(visitor)) == again
    assert at_sign_in(connection.start_sign_in(visitor, force=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("binding", BINDINGS)
def test_is_passive_without_a_session_returns_no_passive(
    connections: Connections, binding: str, kind: str
) -> None:
    connection = connections[binding, kind]
    visitor = Visitor()
    result = connection.deliver(visitor, connection.start_sign_in(visitor, passive=True))
    assert result.text("//samlp:StatusCode/samlp:StatusCode/@Value") == NO_PASSIVE
    assert result.text("/samlp:Response/@InResponseTo")
    assert "signed in" in result.problem, result.problem
    assert at_sign_in(connection.start_sign_in(visitor))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("binding", BINDINGS)
def test_is_passive_with_a_session_signs_in(
    workspace: Workspace, connections: Connections, binding: str, kind: str
) -> None:
    connection = connections[binding, kind]
    visitor = workspace.sign_in("amina")
    result = connection.deliver(visitor, connection.start_sign_in(visitor, passive=True))
    assert (result.problem, result.given_name) == ("", "Amina")


@pytest.mark.parametrize("kind", FORCING)
def test_force_authn_with_is_passive_returns_no_passive(
    workspace: Workspace, connections: Connections, kind: str
) -> None:
    connection = connections["redirect", kind]
    visitor = workspace.sign_in("amina")
    result = connection.deliver(
        visitor, connection.start_sign_in(visitor, passive=True, force=True)
    )
    assert result.text("//samlp:StatusCode/samlp:StatusCode/@Value") == NO_PASSIVE
    assert result.problem
