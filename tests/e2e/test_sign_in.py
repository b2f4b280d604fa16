"""Sign-in at real service providers, started from either side, in a real browser."""

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
    """Somebody who may use the applications of this module."""

    id: str
    username: str
    email: str


@pytest.fixture(scope="module")
def amina(workspace: Workspace) -> Person:
    """Return a person who is in two groups."""
    made = workspace.person("amina", attributes={"room": "B 12"})
    for name in ("Engineering", "Field & sea"):
        group = workspace.api.post("/groups", name=name)
        workspace.api.post(f"/groups/{group['id']}/members", user=made["id"])
    return Person(made["id"], made["username"], made["email"])


@pytest.fixture(scope="module")
def at_mellon(workspace: Workspace, mellon: Mellon, amina: Person) -> dict[str, Any]:
    """Return the applications behind three locations of an Apache, by the way in."""
    applications = {}
    for way in WAYS:
        applications[way] = workspace.application(
            f"Mellon {way}",
            give_to=(amina.id,),
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
    """Return the applications behind three python3-saml providers, by the way in."""
    applications = {}
    for way in WAYS:
        provider = providers.provider(f"sign-in-{way}")
        applications[way] = workspace.application(
            f"Toolkit {way}",
            give_to=(amina.id,),
            entity_id=provider.entity_id,
            acs_urls=[provider.acs_url],
            name_id_format=EMAIL,
            name_id_source="user.email",
            attributes=ATTRIBUTES,
        )
        provider.trust(applications[way]["metadata"], name_id_format=EMAIL)
    return applications


def sign_in(page: Page, person: Person) -> None:
    """Fill in the sign-in page that the browser was led to."""
    page.locator("[name=username]").fill(person.username)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def shown(page: Page, address: str) -> dict[str, Any]:
    """Return the JSON at the end of the way."""
    page.wait_for_url(lambda url: url.partition("?")[0] == address)
    return json.loads(page.locator("pre").inner_text())


def test_the_example_attributes_are_hostile_enough() -> None:
    assert all(character in MOTTO for character in '<>&"')


@pytest.mark.parametrize("way", WAYS)
def test_mod_auth_mellon_lets_a_person_in(
    page: Page, mellon: Mellon, at_mellon: dict[str, Any], amina: Person, way: str
) -> None:
    start = at_mellon[way]["launch_url"] if way == "idp" else mellon.page(way)
    page.goto(start)
    sign_in(page, amina)
    seen = shown(page, mellon.page(way))
    assert seen["NAME_ID"] == amina.email
    assert seen["IDP"] == at_mellon[way]["metadata"]["entity_id"]
    assert seen["mail"] == amina.email
    assert html.unescape(seen["motto"]) == MOTTO
    assert seen["room"] == "B 12"
    groups = {html.unescape(seen["groups_0"]), html.unescape(seen["groups_1"])}
    assert groups == {"Engineering", "Field & sea"}


def test_a_signed_in_person_meets_no_second_sign_in_page(
    page: Page, mellon: Mellon, at_mellon: dict[str, Any], amina: Person
) -> None:
    page.goto(at_mellon["idp"]["launch_url"])
    sign_in(page, amina)
    shown(page, mellon.page("idp"))
    for way in ("redirect", "post"):
        page.goto(mellon.page(way))
        assert shown(page, mellon.page(way))["NAME_ID"] == amina.email


@pytest.mark.parametrize("way", WAYS)
def test_python3_saml_lets_a_person_in(
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
    seen = shown(page, provider.acs_url)
    assert seen["errors"] == [] and seen["authenticated"], seen["reason"]
    assert (seen["name_id"], seen["name_id_format"]) == (amina.email, EMAIL)
    assert seen["attributes"]["mail"] == [amina.email]
    assert seen["attributes"]["motto"] == [MOTTO]
    assert sorted(seen["attributes"]["groups"]) == ["Engineering", "Field & sea"]
    if way == "idp":
        assert seen["in_response_to"] == "" and not seen["relay_state"]
    else:
        assert seen["asked_by"] == way and seen["relay_state"] == relay_state


@pytest.mark.parametrize("way", ["redirect", "post"])
def test_a_signed_in_person_returns_at_once_with_both_parts_signed(
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


def test_the_sign_in_page_works_without_script(
    providers: Host, at_python3_saml: dict[str, Any], amina: Person
) -> None:
    provider = providers.provider("sign-in-redirect")
    visitor = Visitor()
    page = visitor.get(provider.url("redirect", RelayState="here"))
    page = sign_in_at(visitor, page, amina.username)
    accepted = visitor.submit(page, "SAMLResponse", "RelayState").json()
    assert accepted["authenticated"] and accepted["relay_state"] == "here"


def test_the_button_on_the_way_to_the_provider_is_there_for_people_without_script(
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


def test_two_providers_share_an_issuer_and_each_gets_its_own_assertion(
    workspace: Workspace, providers: Host, amina: Person
) -> None:
    issuer = workspace.api.post("/issuers", name="Shared")
    visitor = workspace.sign_in(amina.username)
    for name in ("shared-a", "shared-b"):
        provider = providers.provider(name)
        made = workspace.api.post(
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
        workspace.api.post(f"/users/{amina.id}/roles", role=made["default_role"]["name"])
        assert made["metadata"]["entity_id"] == issuer["metadata"]["entity_id"]
        provider.trust(issuer["metadata"])
    for name in ("shared-a", "shared-b"):
        page = visitor.get(providers.provider(name).url("redirect"))
        accepted = visitor.submit(page, "SAMLResponse").json()
        assert accepted["authenticated"], accepted["reason"]
