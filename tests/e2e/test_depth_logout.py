"""Single logout with pysaml2, without a browser."""

from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from .pysaml2_sp import Pysaml2
from .server import Workspace, at_sign_in
from .service_providers import EMAIL
from .three_kinds import BINDINGS, AtPysaml2, Case, Cases, Connection
from .visitor import Response, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

Connections = dict[str, Connection]


@pytest.fixture(scope="module")
def connections(cases: Cases) -> Connections:
    """Return one provider for each binding."""
    issuer = cases.share()
    connections = {}
    for binding, name_id_format in zip(BINDINGS, (EMAIL, PERSISTENT), strict=True):
        case = Case(name=binding, binding=binding, name_id_format=name_id_format)
        connections[binding] = cases.connect("pysaml2", case, issuer)
    return connections


def follow_redirects_to(visitor: Visitor, page: Response, url: str) -> dict[str, str]:
    """Follow redirects to a provider's URL and return the query parameters that it receives."""
    for _ in range(5):
        there = urljoin(page.url, page.headers.get("location", ""))
        if there.startswith(f"{url}?"):
            return dict(parse_qsl(urlsplit(there).query))
        assert page.status in (302, 303), f"{page.status} {page.url}: {page.words()}"
        page = visitor.get(there, follow=False)
    raise AssertionError(f"no redirect to {url}")


def sign_in_at_provider(connection: Connection, visitor: Visitor) -> Pysaml2:
    """Sign in at a provider and return it."""
    at = connection.provider
    assert isinstance(at, AtPysaml2)
    assert connection.deliver(visitor, connection.start_sign_in(visitor)).problem == ""
    assert len(at.provider.signed_in_users()) == 1
    return at.provider


@pytest.mark.parametrize("binding", BINDINGS)
def test_logout_started_by_pysaml2_returns_a_signed_response(
    workspace: Workspace, connections: Connections, binding: str
) -> None:
    visitor = workspace.sign_in("amina")
    provider = sign_in_at_provider(connections[binding], visitor)
    http_info = provider.logout_request(binding)
    if binding == "redirect":
        page = visitor.get(dict(http_info["headers"])["Location"], follow=False)
    else:
        here = Response(provider.logout_url, 200, {}, "".join(http_info["data"]).encode())
        form = here.form("SAMLRequest")
        page = visitor.post(form.action, form.values, follow=False, cookies=False, sent_by=here.url)
    query = follow_redirects_to(visitor, page, provider.logout_url)
    assert provider.receive_logout_response(query) == SUCCESS
    assert provider.signed_in_users() == []
    assert at_sign_in(visitor.get(f"{workspace.url}/dashboard"))
    assert at_sign_in(connections[binding].start_sign_in(visitor))


@pytest.mark.parametrize("binding", BINDINGS)
def test_logout_started_by_ssoko_ends_the_session_at_pysaml2(
    workspace: Workspace, connections: Connections, binding: str
) -> None:
    visitor = workspace.sign_in("amina")
    provider = sign_in_at_provider(connections[binding], visitor)
    account = visitor.get(f"{workspace.url}/account")
    (form, *_) = (f for f in account.document().forms if f.action.endswith("/sign-out"))
    page = visitor.post(f"{workspace.url}/sign-out", dict(form.form_values()))
    (way,) = page.document().xpath("//a[@id='go']/@href")
    assert way.startswith(f"{provider.logout_url}?")
    page = visitor.get(provider.receive_logout_request(dict(parse_qsl(urlsplit(way).query))))
    assert provider.signed_in_users() == []
    assert "You are signed out" in page.words()
    assert "may still have a session" not in page.words(), page.words()
    assert at_sign_in(visitor.get(f"{workspace.url}/dashboard"))
