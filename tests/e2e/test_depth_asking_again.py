"""ForceAuthn and IsPassive at real service providers: to ask again, and not to ask at all."""

import time
from datetime import datetime

import pytest

from .mellon import Mellon, make_certificate
from .server import Workspace, at_sign_in, sign_in_at
from .service_providers import Host
from .three_kinds import BINDINGS, KINDS, Case, Cases, Connection, response_on
from .visitor import Answer, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

NO_PASSIVE = "urn:oasis:names:tc:SAML:2.0:status:NoPassive"
#: mod_auth_mellon never asks for ForceAuthn.
FORCING = tuple(kind for kind in KINDS if kind != "mellon")

Connections = dict[tuple[str, str], Connection]


@pytest.fixture(scope="module")
def connections(
    workspace: Workspace,
    mellon: Mellon,
    providers: Host,
    tmp_path_factory: pytest.TempPathFactory,
) -> Connections:
    """Return the providers of this module, by binding and kind."""
    home = tmp_path_factory.mktemp("keys")
    make_certificate(home)
    cases = Cases(workspace, workspace.person("amina")["id"], mellon, providers, home)
    return cases.connect_all(
        Case(name="redirect"),
        Case(name="post", binding="post", signed_requests=True),
    )


def signed_in_at(page: Answer) -> datetime:
    """Return the AuthnInstant that a response gives."""
    (instant,) = response_on(page).xpath("//@AuthnInstant")
    return datetime.fromisoformat(instant)


@pytest.mark.parametrize("kind", FORCING)
@pytest.mark.parametrize("binding", BINDINGS)
def test_force_authn_asks_somebody_again_who_is_signed_in(
    workspace: Workspace, connections: Connections, binding: str, kind: str
) -> None:
    connection = connections[binding, kind]
    visitor = workspace.sign_in("amina")
    first = signed_in_at(connection.ask(visitor))
    time.sleep(1.1)  # instants are whole seconds
    page = connection.ask(visitor, force=True)
    assert at_sign_in(page) and not page.has_assertion()
    wrong = sign_in_at(visitor, page, "amina", "another password")
    assert at_sign_in(wrong) and not wrong.has_assertion()
    page = sign_in_at(visitor, wrong, "amina")
    again = signed_in_at(page)
    assert again > first
    taken = connection.take(visitor, page)
    assert (taken.problem, taken.given_name) == ("", "Amina")
    assert signed_in_at(connection.ask(visitor)) == again
    assert at_sign_in(connection.ask(visitor, force=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("binding", BINDINGS)
def test_is_passive_tells_the_provider_that_nobody_is_signed_in(
    connections: Connections, binding: str, kind: str
) -> None:
    connection = connections[binding, kind]
    visitor = Visitor()
    taken = connection.take(visitor, connection.ask(visitor, passive=True))
    assert taken.text("//samlp:StatusCode/samlp:StatusCode/@Value") == NO_PASSIVE
    assert taken.text("/samlp:Response/@InResponseTo")
    assert "signed in" in taken.problem, taken.problem
    assert at_sign_in(connection.ask(visitor))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("binding", BINDINGS)
def test_is_passive_lets_somebody_in_who_is_signed_in(
    workspace: Workspace, connections: Connections, binding: str, kind: str
) -> None:
    connection = connections[binding, kind]
    visitor = workspace.sign_in("amina")
    taken = connection.take(visitor, connection.ask(visitor, passive=True))
    assert (taken.problem, taken.given_name) == ("", "Amina")


@pytest.mark.parametrize("kind", FORCING)
def test_to_force_and_to_be_passive_at_once_cannot_be_done(
    workspace: Workspace, connections: Connections, kind: str
) -> None:
    connection = connections["redirect", kind]
    visitor = workspace.sign_in("amina")
    taken = connection.take(visitor, connection.ask(visitor, passive=True, force=True))
    assert taken.text("//samlp:StatusCode/samlp:StatusCode/@Value") == NO_PASSIVE
    assert taken.problem
