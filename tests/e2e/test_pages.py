"""Every page at two widths, light and dark: accessible, without overflow, shift or complaint.

With ``SCREENSHOTS=folder`` in the environment the pages are also kept as pictures.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from .pages import NO_PAGES, OFTEN, PAGES, Scene, Shown, build_scene
from .server import Server, Workspace

pytestmark = pytest.mark.e2e

HEIGHT = 900
WIDTHS = (390, 1280)
SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value })
    .observe({type: 'layout-shift', buffered: true});
  requestAnimationFrame(() => setTimeout(() => done(sum), 50));
})"""
WIDER = """() => [...document.querySelectorAll('body *')]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server that nobody has set up yet."""
    server = Server(tmp_path_factory.mktemp("fresh"))
    server.init()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def scene(ssoko: Server, workspace: Workspace, fresh: Server) -> Scene:
    """Return a workspace full of examples."""
    return build_scene(workspace, ssoko.workspace("pages-empty"), fresh)


@pytest.fixture(scope="module")
def contexts(browser: Browser, scene: Scene) -> Iterator[dict[str, BrowserContext]]:
    """Return one signed-in browser for each kind of visitor."""
    made = {}
    for who in {shown.who for shown in PAGES}:
        made[who] = browser.new_context(reduced_motion="reduce")
        cookies = scene.sign_in(who).cookies.get("localhost", {})
        made[who].add_cookies(
            [{"name": n, "value": v, "url": scene.places["root"]} for n, v in cookies.items()]
        )
    yield made
    for context in made.values():
        context.close()


def complaints_of(page: Page) -> list[str]:
    """Return a list that fills with what the browser complains about."""
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        own = message.location.get("url") == page.url and "Failed to load" in message.text
        if message.type in ("error", "warning") and not own:
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    return complaints


def flaws(page: Page, where: str, rules: str = "") -> list[str]:
    """Return what is wrong with a page as it stands; ``rules`` names the only rules to ask."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules.split()} if rules else {})
    found = []
    for rule in page.evaluate("options => axe.run(options)", options)["violations"]:
        for node in rule["nodes"][:3]:
            found.append(f"{where}: {rule['id']}: {node['target']} {node['html'][:160]}")
    if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
        found.append(f"{where}: wider than the window: {page.evaluate(WIDER)}")
    return found


def keep_picture(page: Page, name: str) -> None:
    """Save a screenshot where the environment asks for one."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def look_at(page: Page, width: int, address: str, name: str, status: int = 200) -> list[str]:
    """Open an address and return every flaw at a width, in each theme."""
    complaints, found = complaints_of(page), []
    page.set_viewport_size({"width": width, "height": HEIGHT})
    answer = page.goto(address)
    assert answer is not None and answer.status == status, f"{answer} instead of {status}"
    if page.evaluate(SHIFT) > 0.01:
        page.reload()  # a busy machine may have painted half a page; what is wrong stays wrong
        if (shift := page.evaluate(SHIFT)) > 0.01:
            found.append(f"content shifts by {shift:.3f} while loading")
    for theme, rules in (("light", ""), ("dark", "color-contrast")):
        page.emulate_media(color_scheme=theme)
        found += flaws(page, f"{width} {theme}", rules)
        keep_picture(page, f"{name}-{width}-{theme}")
    return found + complaints


def looks() -> list[Any]:
    """Return each page at each width, as the parameters of a test."""
    made = []
    for shown in PAGES:
        for width in WIDTHS:
            often = width == 390 and shown.name in OFTEN
            marks = () if often else (pytest.mark.release,)
            made.append(pytest.param(shown, width, id=f"{shown.name}-{width}", marks=marks))
    return made


@pytest.mark.parametrize(("shown", "width"), looks())
def test_page(contexts: dict[str, BrowserContext], scene: Scene, shown: Shown, width: int) -> None:
    page = contexts[shown.who].new_page()
    found = look_at(page, width, shown.path.format(**scene.places), shown.name, shown.status)
    page.close()
    assert found == [], "\n".join(found)


ROUTES = """
import json
from ssoko.app import create_app
rules = create_app().url_map.iter_rules()
print(json.dumps({r.endpoint: r.rule for r in rules if "GET" in r.methods}))
"""


def test_every_page_of_the_site_is_looked_at(ssoko: Server) -> None:
    asked = [sys.executable, "-c", ROUTES]
    printed = subprocess.run(asked, env=ssoko.environment(), capture_output=True, check=True)
    routes = {e: r for e, r in json.loads(printed.stdout).items() if not r.startswith("/api/")}
    assert {shown.name for shown in PAGES} >= OFTEN
    looked_at = {shown.endpoint for shown in PAGES if shown.endpoint} | NO_PAGES.keys()
    assert {e: routes[e] for e in routes.keys() - looked_at} == {}
    assert looked_at - routes.keys() == set()


def test_mistakes_are_accessible_too(contexts: dict[str, BrowserContext], scene: Scene) -> None:
    page = contexts["admin"].new_page()
    page.goto(f"{scene.workspace.url}/marketplace/aws/install")
    page.locator("main form[method=post]").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Install").click()
    page.get_by_role("alert").wait_for()
    found = flaws(page, "install form with mistakes")
    keep_picture(page, "install-mistakes-1280-light")
    page.close()
    assert found == [], "\n".join(found)


def test_the_page_on_the_way_to_a_provider_is_accessible(
    contexts: dict[str, BrowserContext], scene: Scene
) -> None:
    page = contexts["person"].new_page()
    page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(status=204))
    page.goto(f"{scene.workspace.url}/launch/{scene.places['saml']}", wait_until="commit")
    page.get_by_role("button", name="Continue").wait_for()
    found = flaws(page, "on the way")
    keep_picture(page, "on-the-way-1280-light")
    page.close()
    assert found == [], "\n".join(found)
