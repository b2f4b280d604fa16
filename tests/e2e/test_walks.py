"""What people do with browsers: several tabs, Back, long pauses, and forms that are open twice."""

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from ssoko.plugin.host.registry import Registry, installed_sources
from ssoko.saml.bindings import encode_redirect
from ssoko.saml.xml import instant

from .server import ADMIN, PASSWORD, Server, Workspace
from .test_pages import WIDTHS, find_flaws, save_screenshot

pytestmark = pytest.mark.e2e

WIKI = "https://wiki.example.com"


@pytest.fixture(scope="module")
def wiki(workspace: Workspace) -> dict[str, Any]:
    """Return an application that amina can use."""
    amina = workspace.create_user("amina")
    return workspace.application(
        "Wiki", assign_to=(amina["id"],), entity_id=WIKI, acs_urls=[f"{WIKI}/acs"]
    )


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Return a browser that nobody is signed in to, with a service provider that accepts all."""

    def answer(route: Route) -> None:
        route.fulfill(body="Welcome to Wiki", content_type="text/plain")

    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(10_000)
    context.route(f"{WIKI}/**", answer)
    yield context
    context.close()


@pytest.fixture(scope="module")
def installs(ssoko: Server) -> Workspace:
    """Return a workspace without applications."""
    return ssoko.workspace("walk-installs")


@pytest.fixture
def admin(browser: Browser, workspace: Workspace) -> Iterator[Page]:
    """Return a page in a browser that the admin is signed in to."""
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(f"{workspace.url}/sign-in")
    sign_in(page, ADMIN)
    yield page
    context.close()


def assert_no_flaws(page: Page, name: str) -> None:
    """Check the page as it is now at both widths and in both themes."""
    flaws: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme, rules in (("light", ""), ("dark", "color-contrast")):
            page.emulate_media(color_scheme=theme)
            flaws += find_flaws(page, f"{width} {theme}", rules)
            save_screenshot(page, f"{name}-{width}-{theme}")
    page.emulate_media(color_scheme="light")
    assert not flaws, "\n".join(flaws)


def sign_in(page: Page, username: str) -> None:
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def start(page: Page, workspace: Workspace, application: dict[str, Any]) -> None:
    """Open the application without a session."""
    endpoint = application["metadata"]["login_endpoint"]
    start.number += 1  # type: ignore[attr-defined]
    now = query(workspace, "SELECT CAST(strftime('%s') AS INTEGER)")[0][0]
    xml = (
        '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0" '
        f'ID="_{start.number:040}" '  # type: ignore[attr-defined]
        f'IssueInstant="{instant(now)}" Destination="{endpoint}">'
        f'<a:Issuer xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">{WIKI}</a:Issuer>'
        "</p:AuthnRequest>"
    )
    page.goto(encode_redirect(endpoint, xml.encode()))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in to")


start.number = 0  # type: ignore[attr-defined]


def query(workspace: Workspace, sql: str, *values: Any) -> list[Any]:
    """Run SQL on the database of the server."""
    path = workspace.server.directory / "data" / "ssoko.sqlite3"
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database, database:
        return database.execute(sql, values).fetchall()


def end_sessions(workspace: Workspace, username: str) -> None:
    """Let an hour without a click pass for the sessions of a user."""
    query(
        workspace,
        "UPDATE browser_session SET last_seen_at = last_seen_at - 7200 WHERE user_id IN "
        "(SELECT id FROM user_account WHERE username = ?)",
        username,
    )


def test_second_tab_continues_without_a_second_password(
    visitor: BrowserContext, workspace: Workspace, wiki: dict[str, Any]
) -> None:
    first, second = visitor.new_page(), visitor.new_page()
    for page in (first, second):
        start(page, workspace, wiki)
    for page in (first, second):
        sign_in(page, "amina")
        expect(page.locator("body")).to_have_text("Welcome to Wiki")


def test_back_after_the_sign_in_offers_the_application(
    visitor: BrowserContext, workspace: Workspace, wiki: dict[str, Any]
) -> None:
    page = visitor.new_page()
    start(page, workspace, wiki)
    sign_in_page = page.url
    sign_in(page, "amina")
    expect(page.locator("body")).to_have_text("Welcome to Wiki")
    page.goto(sign_in_page)
    expect(page.get_by_role("link", name="Open Wiki")).to_be_visible()
    assert_no_flaws(page, "offer-launch")
    page.get_by_role("link", name="Open Wiki").click()
    expect(page.locator("body")).to_have_text("Welcome to Wiki")


@pytest.mark.parametrize(("minutes", "button"), [(59, ""), (61, "Open Wiki")])
def test_sign_in_page_that_stays_open(
    visitor: BrowserContext,
    workspace: Workspace,
    wiki: dict[str, Any],
    minutes: int,
    button: str,
) -> None:
    page = visitor.new_page()
    start(page, workspace, wiki)
    earlier = minutes * 60
    query(
        workspace,
        "UPDATE pending_request SET created_at = created_at - ?, expires_at = expires_at - ?",
        earlier,
        earlier,
    )
    sign_in(page, "amina")
    if button:
        expect(page.locator("main")).to_contain_text("waited for more than an hour")
        page.get_by_role("link", name=button).click()
    expect(page.locator("body")).to_have_text("Welcome to Wiki")


def test_install_form_that_outlives_its_session(admin: Page, workspace: Workspace) -> None:
    admin.goto(f"{workspace.url}/marketplace/slack/install")
    fill_required(admin)
    admin.get_by_label("Name").first.fill("Team chat")
    fields = admin.locator("main form .field :is(input, textarea)")
    typed = [box.input_value() for box in fields.all()]
    end_sessions(workspace, ADMIN)
    admin.get_by_role("button", name="Install", exact=True).click()
    expect(admin.locator("main")).to_contain_text("Your entries are kept")
    assert_no_flaws(admin, "sign-in-kept")
    sign_in(admin, ADMIN)
    expect(admin.get_by_role("heading", level=1)).to_contain_text("Install Slack")
    expect(admin.get_by_role("status").filter(has_text="Nothing was saved yet")).to_be_visible()
    assert [box.input_value() for box in fields.all()] == typed
    assert_no_flaws(admin, "install-kept")
    admin.get_by_role("button", name="Install", exact=True).click()
    expect(admin.get_by_role("heading", level=1)).to_have_text("Team chat")


def test_two_edit_forms(browser: Browser, admin: Page, workspace: Workspace) -> None:
    user = workspace.create_user("chi")
    url = f"{workspace.url}/users/{user['id']}"
    other = admin.context.new_page()
    admin.goto(url)
    other.goto(url)
    admin.get_by_label("Email").fill("chi.new@acme.test")
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    other.get_by_label("Last name").fill("Newname")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    saved = workspace.api.get(f"/users/{user['id']}")
    assert (saved["email"], saved["last_name"]) == ("chi.new@acme.test", "Newname")
    admin.get_by_label("Last name").fill("Third")
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_role("alert")).to_contain_text("This was changed to “Newname”")
    expect(admin.get_by_label("Last name")).to_have_value("Third")
    assert_no_flaws(admin, "edit-conflict")
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    assert workspace.api.get(f"/users/{user['id']}")["last_name"] == "Third"


def fill_required(page: Page) -> None:
    """Fill the required fields of an install form with their examples."""
    for box in page.locator("main form .field :is(input, textarea)[required]").all():
        if not box.input_value():
            box.fill(box.get_attribute("placeholder") or "example")


def integrations() -> list[str]:
    return sorted(Registry.load(installed_sources()).integrations)


@pytest.mark.parametrize("slug", integrations())
def test_every_shipped_plugin_can_be_installed(admin: Page, installs: Workspace, slug: str) -> None:
    # The same browser is signed in to a second workspace.
    admin.goto(f"{installs.url}/sign-in")
    sign_in(admin, ADMIN)
    admin.goto(f"{installs.url}/marketplace/{slug}/install")
    fill_required(admin)
    admin.get_by_label("Name").first.fill(f"Walk {slug}")
    admin.get_by_role("button", name="Install", exact=True).click()
    expect(admin.get_by_role("heading", level=1)).to_have_text(f"Walk {slug}")
    expect(admin.get_by_role("status").filter(has_text=f"Installed Walk {slug}")).to_be_visible()


def test_palette_finds_while_typing_and_opens_with_the_keyboard(
    admin: Page, workspace: Workspace
) -> None:
    workspace.api.post("/groups", name="Night shift")
    admin.goto(f"{workspace.url}/users")
    admin.keyboard.press("Control+k")
    palette = admin.locator("#palette")
    admin.keyboard.type("night sh")
    expect(palette.get_by_role("link", name="Night shift")).to_be_visible()
    assert_no_flaws(admin, "palette")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("heading", level=1)).to_have_text("Night shift")
    admin.keyboard.press("Control+k")
    admin.keyboard.type("api tok")
    expect(palette.get_by_role("link", name="Settings: API tokens")).to_be_visible()
    admin.keyboard.press("ArrowDown")
    admin.keyboard.press("Enter")
    admin.wait_for_url("**/settings/tokens")
    admin.keyboard.press("Control+k")
    admin.keyboard.press("Escape")
    expect(palette).to_be_hidden()


def test_dialog_keeps_the_focus_and_escape_closes_it(admin: Page, workspace: Workspace) -> None:
    admin.goto(f"{workspace.url}/admins?add=1")
    dialog = admin.locator("#picker")
    expect(dialog).to_be_visible()
    for _ in range(30):
        admin.keyboard.press("Tab")
        inside = (
            "document.activeElement === document.body || document.activeElement.closest('#picker')"
        )
        assert admin.evaluate(f"!!({inside})")
    admin.keyboard.press("Escape")
    admin.wait_for_url(re.compile(r"/admins$"))
    expect(dialog).to_have_count(0)


def test_removed_role_is_restored_with_undo(admin: Page, workspace: Workspace) -> None:
    user = workspace.create_user("undone")
    role = workspace.api.post("/roles", name="undo-reader")
    workspace.api.post(f"/users/{user['id']}/roles", role=role["id"])
    admin.goto(f"{workspace.url}/roles/{role['id']}")
    admin.get_by_role("button", name=re.compile("^Remove")).first.click()
    expect(admin.locator(".toast")).to_contain_text("Removed undo-reader")
    assert_no_flaws(admin, "undo")
    admin.get_by_role("button", name="Undo").click()
    expect(admin.locator("main")).to_contain_text("Undone Example")
    assert len(workspace.api.get(f"/roles/{role['id']}/assignments")["items"]) == 1
