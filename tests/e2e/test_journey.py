"""An admin follows the AWS guide, and users sign in to AWS."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from .server import ADMIN, PASSWORD, Workspace
from .service_providers import EMAIL, Host

pytestmark = pytest.mark.e2e

ROLE = "sso-aws-AWS-role"


@pytest.fixture(scope="module")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Allow pages to use the clipboard, as a user would in the prompt of the browser."""
    allowed = ["clipboard-read", "clipboard-write"]
    return browser_context_args | {
        "permissions": allowed,
        "viewport": {"width": 1280, "height": 900},
    }


def named(label: str) -> re.Pattern[str]:
    """Match a visible label regardless of case, which the style sheet sets."""
    return re.compile(rf"^\s*{re.escape(label)}\s*$", re.IGNORECASE)


def control(where: Page | Locator, label: str) -> Locator:
    """Find the link or the button with this label."""
    name = named(label)
    return where.get_by_role("link", name=name).or_(where.get_by_role("button", name=name))


def press(where: Page | Locator, label: str) -> None:
    """Press the one link or button with this label."""
    control(where, label).click()


def menu(page: Page, *labels: str) -> None:
    """Press entries of the main menu in order."""
    for label in labels:
        page.get_by_role("navigation", name="Main").get_by_role("link", name=named(label)).click()


def fill(page: Page, label: str, value: str) -> None:
    """Type into the field with this label."""
    page.get_by_label(re.compile(rf"^{re.escape(label)}\b", re.IGNORECASE)).fill(value)


def copied(page: Page, value: str) -> str:
    """Press the copy button of a value and return what the clipboard holds."""
    page.get_by_role(
        "button", name=re.compile(rf"^Copy {re.escape(value)}$", re.IGNORECASE)
    ).click()
    return page.evaluate("navigator.clipboard.readText()")


def sign_in(page: Page, workspace: Workspace, username: str) -> None:
    """Sign in on the workspace's sign-in page."""
    page.goto(f"{workspace.url}/sign-in")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    press(page, "Sign in")
    page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))


def install(page: Page, aws: Page) -> None:
    """Follow steps 1 to 14: from the dashboard to the installed application."""
    menu(page, "Dashboard", "Marketplace", "SSO Integrations")
    page.get_by_role("main").get_by_role("link", name=named("AWS")).click()
    tabs = page.get_by_role("navigation", name=named("AWS"))
    expect(tabs.get_by_role("link", name=named("Overview"))).to_have_attribute(
        "aria-current", "page"
    )
    press(tabs, "Installation")
    expect(page.get_by_role("main")).to_contain_text("Change identity source")
    press(page, "Install")
    fill(page, "Name", "AWS")
    fill(page, "Sign-in URL", aws.locator("#sign-in").inner_text())
    fill(page, "ACS URL", aws.locator("#acs").inner_text())
    fill(page, "Issuer URL", aws.locator("#issuer").inner_text())
    press(page, "Install")
    expect(page.get_by_role("heading", level=1)).to_have_text(named("AWS"))


def connect(page: Page, aws: Page, directory: Path) -> None:
    """Follow steps 15 to 23: copy the values of the Metadata tab to AWS."""
    menu(page, "Applications", "SSO")
    page.get_by_role("main").get_by_role("link", name=named("AWS")).click()
    press(page.get_by_role("navigation", name=named("AWS")), "Metadata")
    aws.get_by_label("IdP sign-in URL").fill(copied(page, "Login Endpoint"))
    aws.get_by_label("IdP issuer URL").fill(copied(page, "Entity ID"))
    with page.expect_download() as download:
        press(page, "Download certificate")
    certificate = directory / download.value.suggested_filename
    download.value.save_as(certificate)
    assert certificate.read_text().startswith("-----BEGIN CERTIFICATE-----")
    aws.get_by_label("IdP certificate").set_input_files(certificate)
    aws.get_by_label("Type ACCEPT").fill("ACCEPT")
    aws.get_by_role("button", name="Change identity source").click()
    expect(aws.get_by_role("status")).to_have_text("You changed the identity source")


def assign_role(page: Page, section: str, person: str) -> None:
    """Follow steps 24 to 27: assign the role of the application to one user."""
    menu(page, section)
    page.get_by_role("main").get_by_role("link", name=named(person)).click()
    tabs = page.get_by_role("navigation", name=named(person))
    expect(tabs.get_by_role("link", name=named("Details"))).to_have_attribute(
        "aria-current", "page"
    )
    press(tabs, "Roles & Groups")
    press(page, "List View")
    press(page, "+ Add role")
    page.get_by_label(re.compile(re.escape(ROLE))).check()
    press(page, "Add roles")
    expect(page.get_by_role("table").filter(has_text=ROLE)).to_be_visible()


def open_tile(context: BrowserContext, page: Page) -> dict[str, Any]:
    """Press the AWS tile and return the result at AWS, in the same tab or a new one."""
    tile = page.get_by_role("main").get_by_role("link", name=named("AWS"))
    expect(tile).to_be_enabled()
    pages = len(context.pages)
    with context.expect_event("response", lambda response: "/saml/acs/" in response.url):
        tile.click()
    arrived = context.pages[-1] if len(context.pages) > pages else page
    arrived.wait_for_url(re.compile("/saml/acs/"))
    return json.loads(arrived.locator("pre").inner_text())


def test_admin_connects_aws_and_users_sign_in(
    browser: Browser, context: BrowserContext, workspace: Workspace, providers: Host, tmp_path: Path
) -> None:
    amina = workspace.create_user("amina", first_name="Amina", last_name="Otieno")
    page, aws = context.new_page(), context.new_page()
    aws.goto(f"{providers.url}/aws/console")
    sign_in(page, workspace, ADMIN)
    install(page, aws)
    connect(page, aws, tmp_path)
    hers = browser.new_context(viewport={"width": 390, "height": 800})
    portal = hers.new_page()
    sign_in(portal, workspace, "amina")
    expect(portal.get_by_role("link", name=named("AWS"))).to_have_count(0)
    assign_role(page, "Users", "Amina Otieno")
    assign_role(page, "Workspace Admins", "First Last")
    menu(page, "Applications", "SSO")
    press(page.get_by_role("main"), "SSO Dashboard")
    accepted = open_tile(context, page)
    assert accepted["authenticated"], accepted["reason"]
    assert accepted["name_id"] == f"{ADMIN}@{workspace.slug}.test"
    portal.reload()
    accepted = open_tile(hers, portal)
    assert accepted["authenticated"], accepted["reason"]
    assert (accepted["name_id"], accepted["name_id_format"]) == (amina["email"], EMAIL)
    hers.close()


def test_know_more_links_open_pages(page: Page, workspace: Workspace) -> None:
    sign_in(page, workspace, ADMIN)
    menu(page, "Marketplace", "SSO Integrations")
    page.get_by_role("main").get_by_role("link", name=named("AWS")).click()
    press(page.get_by_role("navigation", name=named("AWS")), "Installation")
    guide = page.url
    for label in ("Application Details", "Application Execution"):
        page.goto(guide)
        with page.expect_navigation() as navigation:
            press(page, label)
        assert navigation.value.status == 200
        expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_install_form_error_names_the_field_and_keeps_the_input(
    page: Page, workspace: Workspace
) -> None:
    sign_in(page, workspace, ADMIN)
    page.goto(f"{workspace.url}/marketplace")
    page.get_by_role("main").get_by_role("link", name=named("AWS")).first.click()
    press(page, "Install")
    fill(page, "Name", "Typed")
    fill(page, "Sign-in URL", "https://d-9967a1b2c3.awsapps.com/start")
    fill(page, "ACS URL", "not an address")
    fill(page, "Issuer URL", "")
    press(page, "Install")
    problems = page.get_by_role("alert")
    expect(problems).to_contain_text("ACS URL")
    expect(problems).to_contain_text("Issuer URL")
    expect(page.get_by_label(re.compile("^Name"))).to_have_value("Typed")
    expect(page.get_by_label(re.compile("^ACS URL"))).to_have_value("not an address")
    assert "Typed" not in {a["name"] for a in workspace.api.items("/applications")}
