"""Single logout with real service providers in a real browser, whoever begins it."""

import base64
import json
import re
import socket
import time
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from .mellon import Mellon, make_certificate
from .server import PASSWORD, Workspace
from .service_providers import EMAIL, Host, ServiceProvider
from .test_pages import flaws, keep_picture
from .visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

#: Locations of one Apache, with what each calls a person: they share a cache that mod_auth_mellon
#: searches by NameID alone.
WIKIS = {"wiki": "user.email", "notes": "user.username"}
#: Five seconds, and what the pages take on a busy machine.
WAITED = 7
SIGNED = {
    "logoutRequestSigned": True,
    "logoutResponseSigned": True,
    "signatureAlgorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
}


@pytest.fixture(scope="module")
def amina(workspace: Workspace) -> dict[str, Any]:
    """Return a person who may use the applications of this module."""
    return workspace.person("amina")


@pytest.fixture(scope="module")
def at_mellon(workspace: Workspace, mellon: Mellon, amina: dict[str, Any]) -> dict[str, Any]:
    """Return the applications behind two locations of an Apache."""
    applications = {}
    for name, source in WIKIS.items():
        made = workspace.application(
            name.capitalize(),
            give_to=(amina["id"],),
            entity_id=mellon.entity_id(name),
            acs_urls=[mellon.acs_url(name)],
            name_id_source=source,
            logout_url=f"{mellon.url}/{name}/mellon/logout",
        )
        mellon.add(name, Visitor().get(made["metadata"]["metadata_url"]).body)
        certificate = (mellon.directory / name / "certificate.pem").read_text()
        applications[name] = workspace.api.patch(
            f"/applications/{made['id']}", settings={"certificates": [certificate]}
        )
    mellon.start()
    return applications


@pytest.fixture(scope="module")
def toolkit(
    workspace: Workspace,
    providers: Host,
    amina: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> ServiceProvider:
    """Return a python3-saml provider whose session is in a cookie."""
    provider = providers.provider("logout-toolkit")
    home = tmp_path_factory.mktemp("toolkit")
    make_certificate(home)
    certificate = (home / "certificate.pem").read_text()
    made = workspace.application(
        "Toolkit",
        give_to=(amina["id"],),
        entity_id=provider.entity_id,
        acs_urls=[provider.acs_url],
        name_id_format=EMAIL,
        logout_url=provider.url("sls"),
        certificates=[certificate],
    )
    metadata = made["metadata"]
    keys = ("entity_id", "login_endpoint", "logout_endpoint", "certificate")
    provider.configure(
        idp={k: metadata[k] for k in keys},
        slo_url=provider.url("sls"),
        certificate=certificate,
        private_key=(home / "key.pem").read_text(),
        security=SIGNED,
    )
    return provider


@pytest.fixture
def silent() -> Iterator[str]:
    """Return an address that takes connections and never says a word."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/slo"


@pytest.fixture
def down() -> str:
    """Return an address that nobody listens at."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/slo"


@pytest.fixture
def everywhere(
    page: Page, workspace: Workspace, mellon: Mellon, at_mellon: Any, toolkit: ServiceProvider
) -> Page:
    """Return a browser that is signed in to all applications."""
    enter(page, workspace, mellon, toolkit)
    return page


def enter(page: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider) -> None:
    page.goto(f"{workspace.url}/sign-in")
    page.locator("[name=username]").fill("amina")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{workspace.url}/**")
    for name in WIKIS:
        page.goto(mellon.page(name))
        arrive(page, mellon.page(name))
    page.goto(toolkit.url("redirect"))
    arrive(page, toolkit.acs_url)
    assert knows(page, toolkit)


def arrive(page: Page, address: str) -> None:
    """Wait for an address, pressing Continue where no script does."""
    if page.get_by_role("button", name="Continue").count():
        try:
            page.get_by_role("button", name="Continue").click(timeout=1000)
        except Exception:  # noqa: S110 - the script was faster
            pass
    page.wait_for_url(f"{address}*")


def knows(page: Page, toolkit: ServiceProvider) -> bool:
    """Tell whether the cookie of the python3-saml provider still names somebody."""
    page.goto(toolkit.url("me"))
    return json.loads(page.locator("body").inner_text()) is not None


def nobody_knows(
    page: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider
) -> None:
    """Check that every application asks for a new sign-in, and so does Ssoko."""
    assert not knows(page, toolkit)
    for address in (f"{workspace.url}/dashboard", *map(mellon.page, WIKIS)):
        page.goto(address)
        page.wait_for_url(re.compile(r"/sign-in\b"))


def press_sign_out(page: Page, workspace: Workspace) -> None:
    page.goto(f"{workspace.url}/account")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()


def results(page: Page) -> dict[str, str]:
    """Return what the last page says of each application."""
    page.get_by_role("heading", name="You are signed out").wait_for(timeout=8000)
    rows = page.get_by_role("list", name="Applications").get_by_role("listitem").all()
    return {row.locator("b").inner_text(): row.locator(".badge").inner_text() for row in rows}


def test_sign_out_here_ends_the_sessions_everywhere(
    everywhere: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider
) -> None:
    press_sign_out(everywhere, workspace)
    assert results(everywhere) == dict.fromkeys(("Wiki", "Notes", "Toolkit"), "Signed out")
    assert flaws(everywhere, "signed out") == []
    keep_picture(everywhere, "signed-out")
    nobody_knows(everywhere, workspace, mellon, toolkit)


def test_mod_auth_mellon_begins_and_gets_its_answer(
    everywhere: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider
) -> None:
    back = f"{mellon.url}/up.txt"
    everywhere.goto(f"{mellon.url}/wiki/mellon/logout?ReturnTo={back}")
    everywhere.wait_for_url(back)
    nobody_knows(everywhere, workspace, mellon, toolkit)


def test_python3_saml_begins_and_gets_its_answer(
    everywhere: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider
) -> None:
    everywhere.goto(toolkit.url("logout", RelayState=toolkit.url("me")))
    everywhere.wait_for_url(f"{toolkit.url('sls')}*")
    assert json.loads(everywhere.locator("body").inner_text())["errors"] == []
    nobody_knows(everywhere, workspace, mellon, toolkit)


def test_without_script_it_works_too(
    browser: Browser, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider, at_mellon: Any
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    enter(page, workspace, mellon, toolkit)
    press_sign_out(page, workspace)
    assert set(results(page).values()) == {"Signed out"}
    nobody_knows(page, workspace, mellon, toolkit)
    context.close()


@pytest.mark.parametrize("fault", ["down", "silent"])
def test_one_that_does_not_answer_holds_nobody_up(
    everywhere: Page,
    workspace: Workspace,
    mellon: Mellon,
    toolkit: ServiceProvider,
    amina: dict[str, Any],
    request: pytest.FixtureRequest,
    fault: str,
) -> None:
    made = workspace.application(
        f"Broken {fault}",
        give_to=(amina["id"],),
        entity_id=f"urn:example:broken:{fault}",
        acs_urls=["http://127.0.0.1:9/acs"],
        logout_url=request.getfixturevalue(fault),
    )
    everywhere.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="in"))
    everywhere.goto(made["launch_url"])
    everywhere.wait_for_url("http://127.0.0.1:9/acs")
    started = time.monotonic()
    press_sign_out(everywhere, workspace)
    found = results(everywhere)
    assert time.monotonic() - started < WAITED
    assert found.pop(f"Broken {fault}") == "Did not answer"
    assert set(found.values()) == {"Signed out"} and len(found) == 3
    expect(everywhere.get_by_text("One application may still have a session")).to_be_visible()
    nobody_knows(everywhere, workspace, mellon, toolkit)
    workspace.api.delete(f"/applications/{made['id']}")


def test_lo_07_the_one_that_asked_is_told_of_those_that_did_not_answer(
    everywhere: Page,
    workspace: Workspace,
    mellon: Mellon,
    toolkit: ServiceProvider,
    amina: dict[str, Any],
    down: str,
) -> None:
    made = workspace.application(
        "Broken again",
        give_to=(amina["id"],),
        entity_id="urn:example:broken:again",
        acs_urls=["http://127.0.0.1:9/acs"],
        logout_url=down,
    )
    everywhere.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="in"))
    everywhere.goto(made["launch_url"])
    everywhere.wait_for_url("http://127.0.0.1:9/acs")
    back = f"{mellon.url}/up.txt"
    asked: list[str] = []
    everywhere.on("request", lambda one: asked.append(one.url))
    started = time.monotonic()
    everywhere.goto(f"{mellon.url}/wiki/mellon/logout?ReturnTo={back}")
    everywhere.wait_for_url(back, timeout=8000)
    assert time.monotonic() - started < WAITED
    (answer,) = (url for url in asked if "/wiki/mellon/logout?SAMLResponse=" in url)
    packed = parse_qs(urlsplit(answer).query)["SAMLResponse"][0]
    xml = zlib.decompress(base64.b64decode(packed), -15)
    assert b"status:Success" in xml and b"status:PartialLogout" in xml
    nobody_knows(everywhere, workspace, mellon, toolkit)
    workspace.api.delete(f"/applications/{made['id']}")


def test_one_that_keeps_the_browser_does_so_once(
    everywhere: Page,
    workspace: Workspace,
    mellon: Mellon,
    toolkit: ServiceProvider,
    amina: dict[str, Any],
) -> None:
    made = workspace.application(
        "Keeper",
        give_to=(amina["id"],),
        entity_id="urn:example:keeper",
        acs_urls=["http://127.0.0.1:9/acs"],
        logout_url="http://127.0.0.1:9/bye",
    )
    everywhere.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="Bye!"))
    everywhere.goto(made["launch_url"])
    everywhere.wait_for_url("http://127.0.0.1:9/acs")
    press_sign_out(everywhere, workspace)
    everywhere.wait_for_url("http://127.0.0.1:9/bye?*")
    everywhere.goto(f"{workspace.url}/dashboard")
    everywhere.wait_for_url(re.compile(r"/sign-in\b"))
    time.sleep(5)  # until nobody waits for it any more
    enter(everywhere, workspace, mellon, toolkit)
    everywhere.goto(made["launch_url"])
    everywhere.wait_for_url("http://127.0.0.1:9/acs")
    press_sign_out(everywhere, workspace)
    found = results(everywhere)
    assert found.pop("Keeper") == "Did not answer"
    assert set(found.values()) == {"Signed out"} and len(found) == 3
    nobody_knows(everywhere, workspace, mellon, toolkit)
    workspace.api.delete(f"/applications/{made['id']}")
