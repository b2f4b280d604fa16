"""Sign-in at real service providers in a real browser, started by Ssoko or the provider."""

import html
import json
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .mellon import Mellon, without_redirect
from .server import PASSWORD, Workspace, sign_in_at
from .service_providers import EMAIL, Host
from .visitor import Visitor

pytestmark = pytest.mark.e2e

MOTTO = 'Karibu <b>"soko"</b> & co, \u00e9t\u00e9 \u5e02\u5834'
ATTRIBUTES = [
    {"name": "mail", "source": "user.email"},
    {"name": "groups", "source": "user.groups"},
    {"name": "motto", "source": f"constant:{MOTTO}"},
    {"name": "room", "source": "user.attributes.room"},
]
WAYS = ("redirect", "post", "idp")


@dataclass(frozen=True, slots=True)
class Person:
    """A user with access to the applications of this module."""

    id: str
    username: str
    email: str


@pytest.fixture(scope="module")
def amina(workspace: Workspace) -> Person:
    """Return a user who is a member of two groups."""
    user = workspace.create_user("amina", attributes={"room": "B 12"})
    for name in ("Engineering", "Field & sea"):
        group = workspace.api.post("/groups", name=name)
        workspace.api.post(f"/groups/{group['id']}/members", user=user["id"])
    return Person(user["id"], user["username"], user["email"])


@pytest.fixture(scope="module")
def at_mellon(workspace: Workspace, mellon: Mellon, amina: Person) -> dict[str, Any]:
    """Return the applications of three Apache locations, by how a sign-in starts."""
    applications = {}
    for way in WAYS:
        applications[way] = workspace.application(
            f"Mellon {way}",
            assign_to=(amina.id,),
            entity_id=mellon.entity_id(way),
            acs_urls=[mellon.acs_url(way)],
            name_id_format=EMAIL,
            name_id_source="user.email",
            attributes=ATTRIBUTES,
        )
        metadata = Visitor().get(applications[way]["metadata"]["metadata_url"])
        assert metadata.status == 200, metadata.text
        mellon.add(way, metadata.body if way != "post" else without_redirect(metadata.body))
    mellon.start()
    return applications


@pytest.fixture(scope="module")
def at_python3_saml(workspace: Workspace, providers: Host, amina: Person) -> dict[str, Any]:
    """Return the applications of three python3-saml providers, by how a sign-in starts."""
    applications = {}
    for way in WAYS:
        provider = providers.provider(f"sign-in-{way}")
        applications[way] = workspace.application(
            f"Toolkit {way}",
            assign_to=(amina.id,),
            entity_id=provider.entity_id,
            acs_urls=[provider.acs_url],
            name_id_format=EMAIL,
            name_id_source="user.email",
            attributes=ATTRIBUTES,
        )
        provider.trust(applications[way]["metadata"], name_id_format=EMAIL)
    return applications


def sign_in(page: Page, person: Person) -> None:
    """Submit the sign-in page in the browser."""
    page.locator("[name=username]").fill(person.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def wait_for_json(page: Page, url: str) -> dict[str, Any]:
    """Wait for a URL and return the JSON on its page."""
    page.wait_for_url(lambda url: url.partition("?")[0] == url)
    return json.loads(page.locator("pre").inner_text())


def test_example_attribute_has_all_special_characters() -> None:
    assert all(character in MOTTO for character in '<>&"')


@pytest.mark.parametrize("way", WAYS)
def test_user_signs_in_at_mod_auth_mellon(
    page: Page, mellon: Mellon, at_mellon: dict[str, Any], amina: Person, way: str
) -> None:
    start = at_mellon[way]["launch_url"] if way == "idp" else mellon.page(way)
    page.goto(start)
    sign_in(page, amina)
    result = wait_for_json(page, mellon.page(way))
    assert result["NAME_ID"] == amina.email
    assert result["IDP"] == at_mellon[way]["metadata"]["entity_id"]
    assert result["mail"] == amina.email
    assert html.unescape(result["motto"]) == MOTTO
    assert result["room"] == "B 12"
    groups = {html.unescape(result["groups_0"]), html.unescape(result["groups_1"])}
    assert groups == {"Engineering", "Field & sea"}


def test_signed_in_user_sees_no_second_sign_in_page(
    page: Page, mellon: Mellon, at_mellon: dict[str, Any], amina: Person
) -> None:
    page.goto(at_mellon["idp"]["launch_url"])
    sign_in(page, amina)
    wait_for_json(page, mellon.page("idp"))
    for way in ("redirect", "post"):
        page.goto(mellon.page(way))
        assert wait_for_json(page, mellon.page(way))["NAME_ID"] == amina.email


@pytest.mark.parametrize("way", WAYS)
def test_user_signs_in_at_python3_saml(
    page: Page,
    providers: Host,
    at_python3_saml: dict[str, Any],
    amina: Person,
    way: str,
) -> None:
    provider = providers.provider(f"sign-in-{way}")
    relay_state = "deep/link?a=1&b=\u00e9%20<>"
    if way == "idp":
        page.goto(at_python3_saml[way]["launch_url"])
    else:
        page.goto(provider.url(way, RelayState=relay_state))
    sign_in(page, amina)
    result = wait_for_json(page, provider.acs_url)
    assert result["errors"] == [] and result["authenticated"], result["reason"]
    assert (result["name_id"], result["name_id_format"]) == (amina.email, EMAIL)
    assert result["attributes"]["mail"] == [amina.email]
    assert result["attributes"]["motto"] == [MOTTO]
    assert sorted(result["attributes"]["groups"]) == ["Engineering", "Field & sea"]
    if way == "idp":
        assert result["in_response_to"] == "" and not result["relay_state"]
    else:
        assert result["asked_by"] == way and result["relay_state"] == relay_state


@pytest.mark.parametrize("way", ["redirect", "post"])
def test_signed_in_user_gets_a_response_with_both_parts_signed(
    workspace: Workspace, providers: Host, at_python3_saml: dict[str, Any], amina: Person, way: str
) -> None:
    provider = providers.provider(f"sign-in-{way}")
    provider.trust(
        at_python3_saml[way]["metadata"],
        name_id_format=EMAIL,
        security={"wantMessagesSigned": True, "wantAssertionsSigned": True},
    )
    visitor = workspace.sign_in(amina.username)
    page = visitor.get(provider.url(way))
    if way == "post":
        page = visitor.submit(page, "SAMLRequest")
    assert page.form("SAMLResponse").action == provider.acs_url
    accepted = visitor.submit(page, "SAMLResponse")
    assert accepted.json()["authenticated"], accepted.text


def test_sign_in_page_works_without_javascript(
    providers: Host, at_python3_saml: dict[str, Any], amina: Person
) -> None:
    provider = providers.provider("sign-in-redirect")
    visitor = Visitor()
    page = visitor.get(provider.url("redirect", RelayState="here"))
    page = sign_in_at(visitor, page, amina.username)
    accepted = visitor.submit(page, "SAMLResponse", "RelayState").json()
    assert accepted["authenticated"] and accepted["relay_state"] == "here"


def test_continue_button_posts_the_response_without_javascript(
    page: Page, browser: Any, providers: Host, at_python3_saml: dict[str, Any], amina: Person
) -> None:
    context = browser.new_context(java_script_enabled=False)
    quiet = context.new_page()
    quiet.goto(at_python3_saml["idp"]["launch_url"])
    sign_in(quiet, amina)
    button = quiet.get_by_role("button", name="Continue")
    expect(button).to_be_visible()
    button.click()
    quiet.wait_for_url(providers.provider("sign-in-idp").acs_url)
    context.close()


def test_providers_that_share_an_issuer_get_separate_assertions(
    workspace: Workspace, providers: Host, amina: Person
) -> None:
    issuer = workspace.api.post("/issuers", name="Shared")
    visitor = workspace.sign_in(amina.username)
    for name in ("shared-a", "shared-b"):
        provider = providers.provider(name)
        application = workspace.api.post(
            "/applications",
            integration="custom-saml",
            name=name,
            issuer=issuer["id"],
            settings={
                "entity_id": provider.entity_id,
                "acs_urls": [provider.acs_url],
                "attributes": ATTRIBUTES,
            },
        )
        workspace.api.post(f"/users/{amina.id}/roles", role=application["default_role"]["name"])
        assert application["metadata"]["entity_id"] == issuer["metadata"]["entity_id"]
        provider.trust(issuer["metadata"])
    for name in ("shared-a", "shared-b"):
        page = visitor.get(providers.provider(name).url("redirect"))
        accepted = visitor.submit(page, "SAMLResponse").json()
        assert accepted["authenticated"], accepted["reason"]
