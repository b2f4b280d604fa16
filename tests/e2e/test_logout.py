"""Single logout with real service providers in a real browser, started by Ssoko or a provider."""

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
from .test_pages import find_flaws, save_screenshot
from .visitor import Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

#: Locations of one Apache and the NameID source of each. The sources differ, because the
#: locations share a session cache that mod_auth_mellon searches by NameID alone.
WIKIS = {"wiki": "user.email", "notes": "user.username"}
#: Time limit: the five seconds of the product, and the time of the pages on a busy machine.
TIME_LIMIT = 7
SIGNED = {
    "logoutRequestSigned": True,
    "logoutResponseSigned": True,
    "signatureAlgorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
}


@pytest.fixture(scope="module")
def amina(workspace: Workspace) -> dict[str, Any]:
    """Return a user with access to the applications of this module."""
    return workspace.create_user("amina")


@pytest.fixture(scope="module")
def at_mellon(workspace: Workspace, mellon: Mellon, amina: dict[str, Any]) -> dict[str, Any]:
    """Return the applications of two Apache locations."""
    applications = {}
    for name, source in WIKIS.items():
        application = workspace.application(
            name.capitalize(),
            assign_to=(amina["id"],),
            entity_id=mellon.entity_id(name),
            acs_urls=[mellon.acs_url(name)],
            name_id_source=source,
            logout_url=f"{mellon.url}/{name}/mellon/logout",
        )
        mellon.add(name, Visitor().get(application["metadata"]["metadata_url"]).body)
        certificate = (mellon.directory / name / "certificate.pem").read_text()
        applications[name] = workspace.api.patch(
            f"/applications/{application['id']}", settings={"certificates": [certificate]}
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
    """Return a python3-saml provider that keeps its session in a cookie."""
    provider = providers.provider("logout-toolkit")
    home = tmp_path_factory.mktemp("toolkit")
    make_certificate(home)
    certificate = (home / "certificate.pem").read_text()
    application = workspace.application(
        "Toolkit",
        assign_to=(amina["id"],),
        entity_id=provider.entity_id,
        acs_urls=[provider.acs_url],
        name_id_format=EMAIL,
        logout_url=provider.url("sls"),
        certificates=[certificate],
    )
    metadata = application["metadata"]
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
    """Return a URL that accepts connections and never responds."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/slo"


@pytest.fixture
def down() -> str:
    """Return a URL on a port that is not in use."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/slo"


@pytest.fixture
def signed_in_page(
    page: Page, workspace: Workspace, mellon: Mellon, at_mellon: Any, toolkit: ServiceProvider
) -> Page:
    """Return a browser that is signed in to all applications."""
    sign_in_everywhere(page, workspace, mellon, toolkit)
    return page


def sign_in_everywhere(
    page: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider
) -> None:
    page.goto(f"{workspace.url}/sign-in")
    page.locator("[name=username]").fill("amina")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{workspace.url}/**")
    for name in WIKIS:
        page.goto(mellon.page(name))
        wait_for_page(page, mellon.page(name))
    page.goto(toolkit.url("redirect"))
    wait_for_page(page, toolkit.acs_url)
    assert has_session(page, toolkit)


def wait_for_page(page: Page, url: str) -> None:
    """Wait for a URL, pressing Continue if no script does."""
    if page.get_by_role("button", name="Continue").count():
        try:
            page.get_by_role("button", name="Continue").click(timeout=1000)
        except Exception:  # noqa: S110 - the script submitted the form first
            pass
    page.wait_for_url(f"{url}*")


def has_session(page: Page, toolkit: ServiceProvider) -> bool:
    """Return whether the python3-saml provider still has a session."""
    page.goto(toolkit.url("me"))
    return json.loads(page.locator("body").inner_text()) is not None


def assert_signed_out_everywhere(
    page: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider
) -> None:
    """Check that Ssoko and every application require a new sign-in."""
    assert not has_session(page, toolkit)
    for url in (f"{workspace.url}/dashboard", *map(mellon.page, WIKIS)):
        page.goto(url)
        page.wait_for_url(re.compile(r"/sign-in\b"))


def press_sign_out(page: Page, workspace: Workspace) -> None:
    page.goto(f"{workspace.url}/account")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()


def results(page: Page) -> dict[str, str]:
    """Return the status of each application on the last page."""
    page.get_by_role("heading", name="You are signed out").wait_for(timeout=8000)
    rows = page.get_by_role("list", name="Applications").get_by_role("listitem").all()
    return {row.locator("b").inner_text(): row.locator(".badge").inner_text() for row in rows}


def test_logout_started_by_ssoko_ends_all_sessions(
    signed_in_page: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider
) -> None:
    press_sign_out(signed_in_page, workspace)
    assert results(signed_in_page) == dict.fromkeys(("Wiki", "Notes", "Toolkit"), "Signed out")
    assert find_flaws(signed_in_page, "signed out") == []
    save_screenshot(signed_in_page, "signed-out")
    assert_signed_out_everywhere(signed_in_page, workspace, mellon, toolkit)


def test_logout_started_by_mod_auth_mellon_ends_all_sessions(
    signed_in_page: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider
) -> None:
    back = f"{mellon.url}/up.txt"
    signed_in_page.goto(f"{mellon.url}/wiki/mellon/logout?ReturnTo={back}")
    signed_in_page.wait_for_url(back)
    assert_signed_out_everywhere(signed_in_page, workspace, mellon, toolkit)


def test_logout_started_by_python3_saml_ends_all_sessions(
    signed_in_page: Page, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider
) -> None:
    signed_in_page.goto(toolkit.url("logout", RelayState=toolkit.url("me")))
    signed_in_page.wait_for_url(f"{toolkit.url('sls')}*")
    assert json.loads(signed_in_page.locator("body").inner_text())["errors"] == []
    assert_signed_out_everywhere(signed_in_page, workspace, mellon, toolkit)


def test_logout_works_without_javascript(
    browser: Browser, workspace: Workspace, mellon: Mellon, toolkit: ServiceProvider, at_mellon: Any
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in_everywhere(page, workspace, mellon, toolkit)
    press_sign_out(page, workspace)
    assert set(results(page).values()) == {"Signed out"}
    assert_signed_out_everywhere(page, workspace, mellon, toolkit)
    context.close()


@pytest.mark.parametrize("fault", ["down", "silent"])
def test_unresponsive_application_does_not_delay_logout(
    signed_in_page: Page,
    workspace: Workspace,
    mellon: Mellon,
    toolkit: ServiceProvider,
    amina: dict[str, Any],
    request: pytest.FixtureRequest,
    fault: str,
) -> None:
    application = workspace.application(
        f"Broken {fault}",
        assign_to=(amina["id"],),
        entity_id=f"urn:example:broken:{fault}",
        acs_urls=["http://127.0.0.1:9/acs"],
        logout_url=request.getfixturevalue(fault),
    )
    signed_in_page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="in"))
    signed_in_page.goto(application["launch_url"])
    signed_in_page.wait_for_url("http://127.0.0.1:9/acs")
    started = time.monotonic()
    press_sign_out(signed_in_page, workspace)
    statuses = results(signed_in_page)
    assert time.monotonic() - started < TIME_LIMIT
    assert statuses.pop(f"Broken {fault}") == "Did not respond"
    assert set(statuses.values()) == {"Signed out"} and len(statuses) == 3
    expect(signed_in_page.get_by_text("One application may still have a session")).to_be_visible()
    assert_signed_out_everywhere(signed_in_page, workspace, mellon, toolkit)
    workspace.api.delete(f"/applications/{application['id']}")


def test_lo_07_partial_logout_is_reported_to_the_requesting_provider(
    signed_in_page: Page,
    workspace: Workspace,
    mellon: Mellon,
    toolkit: ServiceProvider,
    amina: dict[str, Any],
    down: str,
) -> None:
    application = workspace.application(
        "Broken again",
        assign_to=(amina["id"],),
        entity_id="urn:example:broken:again",
        acs_urls=["http://127.0.0.1:9/acs"],
        logout_url=down,
    )
    signed_in_page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="in"))
    signed_in_page.goto(application["launch_url"])
    signed_in_page.wait_for_url("http://127.0.0.1:9/acs")
    back = f"{mellon.url}/up.txt"
    requested_urls: list[str] = []
    signed_in_page.on("request", lambda request: requested_urls.append(request.url))
    started = time.monotonic()
    signed_in_page.goto(f"{mellon.url}/wiki/mellon/logout?ReturnTo={back}")
    signed_in_page.wait_for_url(back, timeout=8000)
    assert time.monotonic() - started < TIME_LIMIT
    (response_url,) = (url for url in requested_urls if "/wiki/mellon/logout?SAMLResponse=" in url)
    packed = parse_qs(urlsplit(response_url).query)["SAMLResponse"][0]
    xml = zlib.decompress(base64.b64decode(packed), -15)
    assert b"status:Success" in xml and b"status:PartialLogout" in xml
    assert_signed_out_everywhere(signed_in_page, workspace, mellon, toolkit)
    workspace.api.delete(f"/applications/{application['id']}")


def test_application_that_keeps_the_browser_is_skipped_at_the_next_logout(
    signed_in_page: Page,
    workspace: Workspace,
    mellon: Mellon,
    toolkit: ServiceProvider,
    amina: dict[str, Any],
) -> None:
    application = workspace.application(
        "Keeper",
        assign_to=(amina["id"],),
        entity_id="urn:example:keeper",
        acs_urls=["http://127.0.0.1:9/acs"],
        logout_url="http://127.0.0.1:9/bye",
    )
    signed_in_page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(body="Bye!"))
    signed_in_page.goto(application["launch_url"])
    signed_in_page.wait_for_url("http://127.0.0.1:9/acs")
    press_sign_out(signed_in_page, workspace)
    signed_in_page.wait_for_url("http://127.0.0.1:9/bye?*")
    signed_in_page.goto(f"{workspace.url}/dashboard")
    signed_in_page.wait_for_url(re.compile(r"/sign-in\b"))
    time.sleep(5)  # until Ssoko stops waiting for this application
    sign_in_everywhere(signed_in_page, workspace, mellon, toolkit)
    signed_in_page.goto(application["launch_url"])
    signed_in_page.wait_for_url("http://127.0.0.1:9/acs")
    press_sign_out(signed_in_page, workspace)
    statuses = results(signed_in_page)
    assert statuses.pop("Keeper") == "Did not respond"
    assert set(statuses.values()) == {"Signed out"} and len(statuses) == 3
    assert_signed_out_everywhere(signed_in_page, workspace, mellon, toolkit)
    workspace.api.delete(f"/applications/{application['id']}")
