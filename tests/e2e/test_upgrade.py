"""Users can sign in while a plugin is upgraded, removed and installed again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from .. import two_versions
from .server import ADMIN, Server, Workspace
from .service_providers import Host, ServiceProvider
from .test_pages import find_flaws, save_screenshot

pytestmark = [pytest.mark.e2e, pytest.mark.release]

BOTH = {"wantMessagesSigned": True, "wantAssertionsSigned": True}


@dataclass(slots=True)
class Upgradable(Server):
    """A server that also finds the plugins in a folder, laid out as pip installs them."""

    folder: Path = field(default=Path(), kw_only=True)

    def environment(self) -> dict[str, str]:
        """Return the environment, with the folder in PYTHONPATH."""
        return Server.environment(self) | {"PYTHONPATH": str(self.folder)}

    def restart(self, version: str = "") -> None:
        """Restart with another version of the plugin, or without the plugin."""
        self.stop()
        if version:
            two_versions.write(self.folder, version)
        else:
            two_versions.remove(self.folder)
        self.start()


@dataclass(frozen=True, slots=True)
class Notes:
    """The application, its service provider and a browser of the admin."""

    server: Upgradable
    workspace: Workspace
    provider: ServiceProvider
    page: Page

    def received_attributes(self) -> dict[str, Any]:
        """Sign in as the user and return the attributes that the provider accepted."""
        visitor = self.workspace.sign_in("amina")
        page = visitor.get(self.provider.url("redirect"))
        accepted = visitor.submit(page, "SAMLResponse").json()
        assert accepted["authenticated"], accepted["reason"]
        return accepted["attributes"]

    def open(self, path: str = "") -> Page:
        """Open a page of the application."""
        self.page.goto(f"{self.workspace.url}/applications/notes{path}")
        return self.page

    def press(self, name: str) -> None:
        """Press the one link or button with this label."""
        what = re.compile(rf"^\s*{re.escape(name)}\s*$", re.IGNORECASE)
        self.page.get_by_role("link", name=what).or_(
            self.page.get_by_role("button", name=what)
        ).click()


@pytest.fixture
def notes(tmp_path: Path, providers: Host, context: BrowserContext) -> Iterator[Notes]:
    """Install 0.1 for amina, with a provider that requires both signatures."""
    server = Upgradable(tmp_path, folder=tmp_path / "plugins")
    two_versions.write(server.folder, "0.1")
    server.init()
    server.start()
    try:
        workspace, provider = server.workspace("acme"), providers.provider("upgraded")
        amina = workspace.create_user("amina")
        application = workspace.api.post(
            "/applications",
            integration="notes",
            name="Notes",
            settings={"entity_id": provider.entity_id, "acs_url": provider.acs_url},
        )
        workspace.api.post(f"/users/{amina['id']}/roles", role=application["default_role"]["id"])
        provider.trust(application["metadata"], security=BOTH)
        cookies = workspace.sign_in(ADMIN).cookies.get("localhost", {})
        context.add_cookies(
            [{"name": n, "value": v, "url": server.url} for n, v in cookies.items()]
        )
        yield Notes(server, workspace, provider, context.new_page())
    finally:
        server.stop()


def test_sign_in_works_through_upgrade_removal_and_reinstall(notes: Notes) -> None:
    page = notes.page
    before = {"mail": ["amina@acme.test"], "sn": ["Example"]}
    assert notes.received_attributes() == before

    notes.server.restart("0.2")
    assert notes.received_attributes() == before
    page.goto(f"{notes.workspace.url}/applications")
    expect(page.get_by_text("Update to 0.2")).to_be_visible()
    notes.press("Notes")
    notes.press("Review update to 0.2")
    protection = page.get_by_role("group", name="NameID and security")
    expect(protection.get_by_label(re.compile("^Don't apply"))).to_be_checked()
    page.get_by_label("Username or email").fill("amina")
    notes.press("Compare for this person")
    row = page.get_by_role("row", name="Attribute mail")
    expect(row.get_by_text("AMINA@ACME.TEST", exact=True)).to_be_visible()
    page.get_by_text(re.compile("^Assertion: ")).click()
    expect(page.get_by_role("region", name="Differences in the assertion")).to_contain_text(
        "AMINA@ACME.TEST"
    )
    page.get_by_text(re.compile("^Guide text: ")).click()
    problems = find_flaws(page, "an upgrade, everything expanded")
    save_screenshot(page, "upgrade-reviewed-1280-light")
    assert notes.received_attributes() == before

    notes.press("Apply selected")
    expect(page.get_by_text("Not changed: NameID and security")).to_be_visible()
    # The provider still receives both signatures, which 0.2 alone would have disabled.
    assert notes.received_attributes() == {"mail": ["AMINA@ACME.TEST"], "given": ["Amina"]}

    notes.press("Restore previous settings")
    expect(page.get_by_text("Restored the previous settings").first).to_be_visible()
    assert notes.received_attributes() == before

    notes.server.restart()
    assert notes.received_attributes() == before
    notes.open()
    expect(page.get_by_text("Plugin not loaded")).to_be_visible()
    notes.press("SAML settings")
    page.get_by_label("Assertion lifetime (seconds)").fill("240")
    notes.press("Save")
    expect(page.get_by_text("Saved the SAML settings.")).to_be_visible()
    notes.open("/settings")
    expect(page.get_by_text(notes.provider.entity_id)).to_be_visible()
    assert notes.received_attributes() == before

    notes.server.restart("0.3")
    assert notes.received_attributes() == before
    expect(notes.open().get_by_text("0.3 needs settings", exact=True)).to_be_visible()
    notes.press("Open Settings")
    page.get_by_label("Region").fill("eu")
    notes.press("Save")
    assert notes.received_attributes() == before
    expect(
        notes.open("/upgrade").get_by_role("heading", name="Review update to 0.3")
    ).to_be_visible()
    assert problems == [], "\n".join(problems)
