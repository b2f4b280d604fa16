"""Service providers as they are out of the box: any NameID format, and no other settings here.

Ssoko knows an entity ID and an ACS URL, or the provider's metadata, and nothing else.
"""

import pytest

from .mellon import UNSPECIFIED
from .service_providers import EMAIL
from .three_kinds import BINDINGS, KINDS, Case, Cases, Connection
from .visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

FORMATS = {
    "unspecified": UNSPECIFIED,
    "email": EMAIL,
    "persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "transient": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
}
#: What an admin types: the defaults of the install form but for these.
BARE = {"name_id_format": UNSPECIFIED, "certificates": [], "logout_url": ""}

Connections = dict[tuple[str, str], Connection]


@pytest.fixture(scope="module")
def connections(cases: Cases) -> Connections:
    """Return the providers of this module, by case and kind."""
    return cases.connect_all(
        *(
            Case(name=f"typed-{name}-{binding}", name_id_format=uri, binding=binding, recorded=BARE)
            for name, uri in FORMATS.items()
            for binding in BINDINGS
        ),
        *(
            Case(name=f"imported-{name}-redirect", name_id_format=uri, imported=True)
            for name, uri in FORMATS.items()
        ),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("way", ["typed-{}-redirect", "typed-{}-post", "imported-{}-redirect"])
def test_provider_gets_the_format_that_it_asks_for(
    connections: Connections, signed_in: Visitor, way: str, name: str, kind: str
) -> None:
    connection = connections[way.format(name), kind]
    browser = Visitor({"localhost": dict(signed_in.cookies["localhost"])})
    result = connection.deliver(browser, connection.start_sign_in(browser))
    assert result.problem == ""
    assert result.text("//saml:NameID/@Format") == FORMATS[name]
    is_email = name in ("unspecified", "email")
    assert (result.name_id == "amina@defaults.test") is is_email
    assert result.mail == "amina@defaults.test"
