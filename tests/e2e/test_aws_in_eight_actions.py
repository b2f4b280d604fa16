"""AWS from the marketplace to the first sign-in in eight actions."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from .server import ADMIN, PASSWORD, Workspace
from .service_providers import EMAIL, Host
from .test_pages import find_flaws, save_screenshot

pytestmark = pytest.mark.e2e


@dataclass(slots=True)
class Admin:
    """An admin who uses Ssoko; every press, paste and upload is counted."""

    page: Page
    done: list[str] = field(default_factory=list)

    def press(self, label: str, where: Locator | None = None) -> None:
        """Press the one link or button with this label."""
        place, name = where or self.page, re.compile(rf"^\s*{re.escape(label)}\s*$", re.IGNORECASE)
        self.done.append(f"press {label}")
        place.get_by_role("link", name=name).or_(place.get_by_role("button", name=name)).click()

    def paste(self, label: str, text: str) -> None:
        """Fill in a field."""
        self.done.append(f"paste {label}")
        self.page.get_by_label(re.compile(rf"^{re.escape(label)}", re.IGNORECASE)).fill(text)

    def upload(self, label: str, file: Path) -> None:
        """Choose a file."""
        self.done.append(f"upload {label}")
        self.page.get_by_label(re.compile(re.escape(label), re.IGNORECASE)).set_input_files(file)

    def download(self, label: str, folder: Path) -> Path:
        """Press a download link and save the file."""
        with self.page.expect_download() as started:
            self.press(label)
        path = folder / started.value.suggested_filename
        started.value.save_as(path)
        return path


def step(page: Page, number: int) -> Locator:
    """Find a step of the guide by its number. The steps of Remove come later on the page."""
    return page.locator("main .steps > li").filter(has=page.get_by_text(f"Step {number}")).first


def test_aws_sign_in_works_after_eight_actions(
    page: Page, workspace: Workspace, providers: Host, tmp_path: Path
) -> None:
    page.goto(f"{workspace.url}/sign-in")
    page.locator("[name=username]").fill(ADMIN)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"^(?!.*/sign-in)"))
    page.goto(f"{workspace.url}/marketplace")
    aws = page.context.new_page()
    aws.goto(f"{providers.url}/aws/files")
    with aws.expect_download() as started:
        aws.get_by_role("link", name="Download metadata file").click()
    aws_metadata = tmp_path / "aws-metadata.xml"
    started.value.save_as(aws_metadata)

    admin = Admin(page)
    admin.press("AWS", page.get_by_role("main"))
    admin.press("Install")
    admin.upload("metadata file instead", aws_metadata)
    admin.paste("Sign-in URL", aws.locator("#sign-in").inner_text())
    admin.press("Install")
    expect(step(page, 10)).to_contain_text("Installed by First Last, Today")
    expect(step(page, 12)).to_contain_text("Next")
    ssoko_metadata = admin.download("download the metadata file", tmp_path)

    aws.get_by_label("IdP SAML metadata").set_input_files(ssoko_metadata)
    aws.get_by_label("Type ACCEPT").fill("ACCEPT")
    aws.get_by_role("button", name="Change identity source").click()
    expect(aws.get_by_role("status")).to_have_text("You changed the identity source")

    admin.press("Assign to me")
    expect(step(page, 12)).to_contain_text("Metadata file downloaded by First Last, Today")
    expect(step(page, 21)).to_contain_text("sso-aws-AWS-role assigned to First Last by First Last")
    expect(step(page, 23)).not_to_contain_text("Done")
    assert find_flaws(page, "the guide, half done") == []
    save_screenshot(page, "guide-half-done-1280-light")
    with page.expect_response(re.compile("/saml/acs/")):
        admin.press("AWS", step(page, 23))
    page.wait_for_url(re.compile("/saml/acs/"))
    accepted = json.loads(page.locator("pre").inner_text())
    assert accepted["authenticated"], accepted["reason"]
    assert accepted["name_id"] == f"{ADMIN}@{workspace.slug}.test"
    assert accepted["name_id_format"] == EMAIL
    assert len(admin.done) <= 8, admin.done

    page.goto(f"{workspace.url}/applications/aws/guide")
    last_step = step(page, 23)
    expect(last_step).to_contain_text("Done")
    expect(last_step).to_contain_text(
        re.compile(r"Assertion sent to http.*/saml/acs/.*, for First Last")
    )
    # AWS sends no confirmation, so the page must not claim that it accepted.
    expect(page.get_by_role("main")).not_to_contain_text("confirmed that it accepted")
    expect(step(page, 24)).not_to_contain_text("Done")
