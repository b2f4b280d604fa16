"""A workspace with users and applications, and a python3-saml SP that verifies responses."""

import base64
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
import ssoko_aws
import ssoko_custom_saml
from lxml import etree
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.saml import names
from ssoko.saml.bindings import Inbound
from ssoko.saml.xml import instant
from ssoko.services.access import assignments
from ssoko.services.applications import install as applications_install
from ssoko.services.applications.views import ApplicationView
from ssoko.services.authentication import sessions
from ssoko.services.authentication import sign_in as authentication_sign_in
from ssoko.services.authentication.sessions import SignedIn
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.issuers.keys import NewKey, generate
from ssoko.services.people import users
from ssoko.services.people.users import UserView
from ssoko.services.sso.saml import outcomes
from ssoko.services.sso.saml import sign_in as saml_sign_in
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.models.activity import Event

PASSWORD = "weathered teapot 41"
ACS = "https://app.example.com/saml/acs"
SP = "https://app.example.com/saml/metadata"

SOURCES = [
    PluginSource("aws", lambda: ssoko_aws, "ssoko-aws", "0.1.0"),
    PluginSource("custom-saml", lambda: ssoko_custom_saml, "ssoko-custom-saml", "0.1.0"),
]

AWS = {
    "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
    "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/9b1c2d3e-aaaa",
    "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
}


def custom(**more: Any) -> dict[str, Any]:
    """Return settings of a custom SP."""
    return {"entity_id": SP, "acs_urls": [ACS], **more}


class Clock:
    """The time at which the test began, which stands still until a test pushes it on."""

    def __init__(self) -> None:
        # Near the real time, which an SP looks at.
        self.began = int(time.time())
        self.ahead = 0

    def __call__(self) -> int:
        return self.began + self.ahead


@dataclass
class SiteFixture:
    """A workspace, who is in it, and the ways to sign in."""

    services: Services
    clock: Clock
    workspace: WorkspaceView
    amina: UserView = field(init=False)

    @property
    def scope(self) -> Scope:
        """Ssoko itself acts in the workspace."""
        return Scope(self.services, self.workspace.id, SYSTEM)

    def install(
        self, name: str = "App", *, people: bool = True, **settings: Any
    ) -> ApplicationView:
        """Install a custom SP; everybody gets its role unless ``people`` is false."""
        app = applications_install.install(
            self.scope,
            integration="custom-saml",
            name=name,
            settings=custom(**settings),
        )
        if people:
            self.give(app)
        return app

    def give(self, app: ApplicationView, *, expires_at: int | None = None) -> None:
        assert app.default_role is not None
        assignments.assign_roles(
            self.scope,
            role_ids=[app.default_role.id],
            user_id=self.amina.id,
            expires_at=expires_at,
        )

    def person(self, username: str, **more: Any) -> UserView:
        return users.create_user(
            self.scope,
            username=username,
            password=PASSWORD,
            **{"email": f"{username}@acme.test", **more},
        )

    def sign_in(self, username: str = "amina") -> SignedIn:
        token = authentication_sign_in.sign_in(
            self.services,
            self.workspace.id,
            username=username,
            password=PASSWORD,
            address="192.0.2.7",
            user_agent="test",
        )
        found = sessions.load_session(self.services, token)
        assert found is not None
        return found

    def request(self, app: ApplicationView, *, inner: str = "", **attributes: str | None) -> str:
        """Return an AuthnRequest for an application; attributes of None are left out."""
        found = {
            "ID": f"_{secrets.token_hex(16)}",
            "Version": "2.0",
            "IssueInstant": instant(self.clock()),
            "Destination": app.issuer.login_endpoint,
            "AssertionConsumerServiceURL": app.service_provider.acs_urls[0],
            **attributes,
        }
        issuer = found.pop("Issuer", app.service_provider.entity_id)
        written = " ".join(f'{k}="{v}"' for k, v in found.items() if v is not None)
        return (
            f'<samlp:AuthnRequest xmlns:samlp="{names.NS_SAMLP}" xmlns:saml="{names.NS_SAML}" '
            f"{written}><saml:Issuer>{issuer}</saml:Issuer>{inner}</samlp:AuthnRequest>"
        )

    def inbound(self, app: ApplicationView, *, relay_state: str = "", **more: Any) -> Inbound:
        xml = self.request(app, **more).encode()
        return Inbound(xml, relay_state, names.BINDING_REDIRECT)

    def begin(self, app: ApplicationView, session: SignedIn | None, **more: Any) -> outcomes.Result:
        inbound = self.inbound(app, **more)
        return saml_sign_in.begin(self.services, app.issuer.id, inbound, session=session)

    def events(self, **where: Any) -> list[Event]:
        query = Event.select().order_by(Event.id)
        return [e for e in query if all(getattr(e, k) == v for k, v in where.items())]


def decoded(answer: outcomes.PostResponse) -> etree._Element:
    """Return the response in an answer."""
    return etree.fromstring(base64.b64decode(answer.saml_response))


def find(root: etree._Element, path: str) -> list[Any]:
    found = root.xpath(path, namespaces={"saml": names.NS_SAML, "samlp": names.NS_SAMLP})
    assert isinstance(found, list)
    return found


def accept(
    app: ApplicationView,
    answer: outcomes.Result,
    *,
    request_id: str | None = None,
    private_key: str = "",
    certificate: str = "",
) -> OneLogin_Saml2_Response:
    """Have a strict python3-saml SP judge an answer; it knows only what the Metadata tab shows."""
    assert isinstance(answer, outcomes.PostResponse), answer
    sp = app.service_provider
    settings = OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": sp.entity_id,
                "assertionConsumerService": {"url": answer.acs_url},
                "NameIDFormat": str(sp.name_id_format),
                "privateKey": private_key,
                "x509cert": certificate,
            },
            "idp": {
                "entityId": app.issuer.entity_id,
                "singleSignOnService": {"url": app.issuer.login_endpoint},
                "x509cert": app.issuer.certificate,
            },
            "security": {
                "wantAssertionsSigned": sp.sign_assertion,
                "wantMessagesSigned": sp.sign_response,
                "wantAssertionsEncrypted": sp.encrypt_assertions,
                "wantAttributeStatement": False,
                "rejectUnsolicitedResponsesWithInResponseTo": True,
                "failOnAuthnContextMismatch": True,
            },
        }
    )
    response = OneLogin_Saml2_Response(settings, answer.saml_response)
    host, _, path = answer.acs_url.removeprefix("https://").partition("/")
    response.is_valid(
        {"https": "on", "http_host": host, "script_name": f"/{path}", "get_data": {}},
        request_id,
        raise_exceptions=True,
    )
    return response


@pytest.fixture
def make_site(services: Services, workspace: WorkspaceView) -> Callable[..., SiteFixture]:
    """Make the site, with more plugins than the usual two if a test brings some."""

    def make(*sources: PluginSource) -> SiteFixture:
        clock = Clock()
        registry = Registry.load([*SOURCES, *sources])
        site = SiteFixture(replace(services, registry=registry, clock=clock), clock, workspace)
        site.amina = site.person("amina", first_name="Amina", last_name="Otieno")
        return site

    return make


@pytest.fixture
def site(make_site: Callable[..., SiteFixture]) -> SiteFixture:
    """A workspace with one person, amina, and no application."""
    return make_site()


@pytest.fixture(scope="session")
def sp_key() -> NewKey:
    """The key that an SP signs with, and that assertions for it are encrypted to."""
    return generate(common_name="SP", now=int(time.time()))


@pytest.fixture
def saml() -> SimpleNamespace:
    """What reads the answers; a fixture, since test files import nothing from each other."""
    return SimpleNamespace(accept=accept, decoded=decoded, find=find)
