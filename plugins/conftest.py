"""Shared by the tests of plugins: a whole sign-in, from the install form to the response."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import onelogin.saml2
import pytest
from lxml import etree
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from ssoko.app import build_services
from ssoko.config import load_config
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.xml import instant
from ssoko.services import workspaces
from ssoko.services.access import assignments
from ssoko.services.applications import install as applications_install
from ssoko.services.applications.views import ApplicationView
from ssoko.services.authentication import sessions, sign_in
from ssoko.services.authentication.sessions import SignedIn
from ssoko.services.context import SYSTEM, Scope
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.people import users
from ssoko.services.sso.saml import sign_in as saml_sign_in
from ssoko.store.db import connect
from ssoko.store.migrate import migrate

PASSWORD = "weathered teapot 41"
NAMESPACES = {"saml": names.NS_SAML, "samlp": names.NS_SAMLP}


@dataclass(frozen=True)
class Accepted:
    """A response that a strict service provider accepted."""

    application: ApplicationView
    saml_response: str
    acs_url: str
    relay_state: str
    root: etree._Element

    def find(self, path: str) -> list[Any]:
        elements = self.root.xpath(path, namespaces=NAMESPACES)
        assert isinstance(elements, list)
        return elements

    @property
    def name_id(self) -> tuple[str, str]:
        """Format and value."""
        (name_id,) = self.find("//saml:NameID")
        return name_id.get("Format"), name_id.text

    @property
    def attributes(self) -> dict[tuple[str, str], list[str]]:
        """Name and NameFormat to the values."""
        return {
            (attribute.get("Name"), attribute.get("NameFormat").rpartition(":")[2]): [
                value.text for value in attribute
            ]
            for attribute in self.find("//saml:Attribute")
        }


class Visit:
    """A workspace with one plugin, and the sign-ins of its user Amina."""

    def __init__(self, folder: Path, module: ModuleType, slug: str) -> None:
        registry = Registry.load([PluginSource(slug, lambda: module, f"ssoko-{slug}", "0.1.0")])
        assert not registry.problems
        self.slug = slug
        config = load_config(
            {
                "SSOKO_DATA_DIR": str(folder),
                "SSOKO_BASE_URL": "https://sso.example.org",
                "SSOKO_SECRET_KEY": "s" * 32,
                "SSOKO_MASTER_KEY": base64.b64encode(b"m" * 32).decode(),
            }
        )
        services = build_services(config, registry)
        self.services = replace(services, hasher=Hasher(memory_cost=64, time_cost=1))
        workspace = workspaces.create_workspace(
            self.services, SYSTEM, slug="acme", name="Acme", contact="it@acme.test"
        )
        self.scope = Scope(self.services, workspace.id, SYSTEM)

    def install(self, settings: Mapping[str, Any]) -> ApplicationView:
        return applications_install.install(
            self.scope, integration=self.slug, name="Ours", settings=dict(settings)
        )

    def person(self, application: ApplicationView, **more: Any) -> SignedIn:
        """Create a user with the role of the application, and sign in."""
        values = {
            "username": "amina",
            "email": "amina@acme.test",
            "first_name": "Amina",
            "last_name": "Otieno",
            **more,
        }
        user = users.create_user(self.scope, password=PASSWORD, **values)
        assert application.default_role is not None
        assignments.assign_roles(
            self.scope, role_ids=[application.default_role.id], user_id=user.id
        )
        token = sign_in.sign_in(
            self.services,
            self.scope.workspace_id,
            username=values["username"],
            password=PASSWORD,
            address="192.0.2.7",
            user_agent="test",
        )
        session = sessions.load_session(self.services, token)
        assert session is not None
        return session

    def ask(self, application: ApplicationView, session: SignedIn) -> Accepted:
        """Respond to a SAML request of the vendor, and check the response."""
        xml = (
            f'<samlp:AuthnRequest xmlns:samlp="{names.NS_SAMLP}" xmlns:saml="{names.NS_SAML}" '
            f'ID="_r" Version="2.0" IssueInstant="{instant(self.services.clock())}" '
            f'Destination="{application.issuer.login_endpoint}"><saml:Issuer>'
            f"{application.service_provider.entity_id}</saml:Issuer></samlp:AuthnRequest>"
        )
        inbound = Inbound(xml.encode(), "", names.BINDING_REDIRECT)
        response = saml_sign_in.begin(
            self.services, application.issuer.id, inbound, session=session
        )
        return check_response(application, response, "_r")

    def launch(self, application: ApplicationView, session: SignedIn) -> Accepted:
        """Start from the tile, and check the response."""
        response = saml_sign_in.launch(self.services, "acme", application.slug, session=session)
        return check_response(application, response, None)


def check_response(
    application: ApplicationView, response: saml_sign_in.Result, request_id: str | None
) -> Accepted:
    """Validate a response against the OASIS schema, and with a strict python3-saml."""
    assert isinstance(response, saml_sign_in.PostResponse), response
    root = etree.fromstring(base64.b64decode(response.saml_response))
    schemas = Path(onelogin.saml2.__path__[0]) / "schemas"
    schema = etree.XMLSchema(etree.parse(schemas / "saml-schema-protocol-2.0.xsd"))
    schema.assertValid(root)
    sp = application.service_provider
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": sp.entity_id,
                "assertionConsumerService": {"url": response.acs_url},
                "NameIDFormat": str(sp.name_id_format),
            },
            "idp": {
                "entityId": application.issuer.entity_id,
                "singleSignOnService": {"url": application.issuer.login_endpoint},
                "x509cert": application.issuer.certificate,
            },
            "security": {
                "wantAssertionsSigned": sp.sign_assertion,
                "wantMessagesSigned": sp.sign_response,
                "wantAttributeStatement": False,
            },
        }
    )
    host, slash, path = response.acs_url.removeprefix("https://").partition("/")
    OneLogin_Saml2_Response(settings, response.saml_response).is_valid(
        {"https": "on", "http_host": host, "script_name": f"{slash}{path}", "get_data": {}},
        request_id,
        raise_exceptions=True,
    )
    return Accepted(
        application, response.saml_response, response.acs_url, response.relay_state, root
    )


@pytest.fixture
def visit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Visit]:
    """A workspace with the plugin that the test module declares as PLUGIN and SLUG."""
    bound = connect(f"sqlite:///{tmp_path}/ssoko.sqlite3")
    migrate(bound)
    bound.connect(reuse_if_open=True)
    try:
        yield Visit(tmp_path, request.module.PLUGIN, request.module.SLUG)
    finally:
        bound.close()
