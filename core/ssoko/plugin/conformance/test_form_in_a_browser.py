"""The accessibility of the install form in a real browser, checked with axe."""

import pytest

from ssoko.plugin.conformance.pages import browser_program, form_page, served
from ssoko.plugin.conformance.site import ConformanceSite


def test_form_is_accessible(ssoko_site: ConformanceSite) -> None:
    reason = "install ssoko[dev] for this test: axe checks the form in a browser"
    api = pytest.importorskip("playwright.sync_api", reason=reason)
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason)
    page_text = form_page(ssoko_site)
    with served(ssoko_site, page_text) as url, api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=browser_program(), args=["--no-sandbox", "--disable-gpu"]
            )
        except api.Error as error:
            pytest.skip(f"cannot start a browser: {error.message.splitlines()[0]}")
        page = browser.new_page()
        page.goto(url)
        results = axe.Axe().run(page)
        browser.close()
    broken = [
        f"{rule['id']}: {node['html'][:160]}"
        for rule in results.response["violations"]
        for node in rule["nodes"][:3]
    ]
    assert not broken, "\n".join(broken)
