"""Every page at two widths and in both themes: accessible, no overflow, layout shift or error.

Set ``SCREENSHOTS=folder`` in the environment to save a screenshot of each page.
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

from .pages import NO_PAGES, OFTEN, PAGES, PageState, Scene, build_scene
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
    """Return a server that is not set up yet."""
    server = Server(tmp_path_factory.mktemp("fresh"))
    server.init()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def scene(ssoko: Server, workspace: Workspace, fresh: Server) -> Scene:
    """Return a workspace with example data."""
    return build_scene(workspace, ssoko.workspace("pages-empty"), fresh)


@pytest.fixture(scope="module")
def contexts(browser: Browser, scene: Scene) -> Iterator[dict[str, BrowserContext]]:
    """Return one signed-in browser for each kind of visitor."""
    browsers = {}
    for who in {state.who for state in PAGES}:
        browsers[who] = browser.new_context(reduced_motion="reduce")
        cookies = scene.sign_in(who).cookies.get("localhost", {})
        browsers[who].add_cookies(
            [{"name": n, "value": v, "url": scene.places["root"]} for n, v in cookies.items()]
        )
    yield browsers
    for context in browsers.values():
        context.close()


def collect_errors(page: Page) -> list[str]:
    """Return a list to which the browser adds its errors and warnings."""
    errors: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        own = message.location.get("url") == page.url and "Failed to load" in message.text
        if message.type in ("error", "warning") and not own:
            errors.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("requestfailed", lambda request: errors.append(f"failed: {request.url}"))
    return errors


def find_flaws(page: Page, where: str, rules: str = "") -> list[str]:
    """Return the accessibility and overflow problems of a page.

    :param rules: axe rules to run, separated by spaces; all if empty."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules.split()} if rules else {})
    problems = []
    for rule in page.evaluate("options => axe.run(options)", options)["violations"]:
        for node in rule["nodes"][:3]:
            problems.append(f"{where}: {rule['id']}: {node['target']} {node['html'][:160]}")
    if page.evaluate("document.scrollingElement.scrollWidth > innerWidth"):
        problems.append(f"{where}: wider than the window: {page.evaluate(WIDER)}")
    return problems


def save_screenshot(page: Page, name: str) -> None:
    """Save a screenshot if ``SCREENSHOTS`` is set."""
    if folder := os.environ.get("SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def inspect_page(page: Page, width: int, url: str, name: str, status: int = 200) -> list[str]:
    """Open a URL and return all problems at one width, in each theme."""
    errors, problems = collect_errors(page), []
    page.set_viewport_size({"width": width, "height": HEIGHT})
    response = page.goto(url)
    assert response is not None and response.status == status, f"{response} instead of {status}"
    if page.evaluate(SHIFT) > 0.01:
        page.reload()  # a busy machine may paint a page in parts; a real problem persists
        if (shift := page.evaluate(SHIFT)) > 0.01:
            problems.append(f"content shifts by {shift:.3f} while loading")
    for theme, rules in (("light", ""), ("dark", "color-contrast")):
        page.emulate_media(color_scheme=theme)
        problems += find_flaws(page, f"{width} {theme}", rules)
        save_screenshot(page, f"{name}-{width}-{theme}")
    return problems + errors


def page_parameters() -> list[Any]:
    """Return test parameters for each page at each width."""
    parameters = []
    for state in PAGES:
        for width in WIDTHS:
            often = width == 390 and state.name in OFTEN
            marks = () if often else (pytest.mark.release,)
            parameters.append(pytest.param(state, width, id=f"{state.name}-{width}", marks=marks))
    return parameters


@pytest.mark.parametrize(("state", "width"), page_parameters())
def test_page_has_no_flaws(
    contexts: dict[str, BrowserContext], scene: Scene, state: PageState, width: int
) -> None:
    page = contexts[state.who].new_page()
    problems = inspect_page(
        page, width, state.path.format(**scene.places), state.name, state.status
    )
    page.close()
    assert problems == [], "\n".join(problems)


ROUTES = """
import json
from ssoko.app import create_app
rules = create_app().url_map.iter_rules()
print(json.dumps({r.endpoint: r.rule for r in rules if "GET" in r.methods}))
"""


def test_every_route_is_tested(ssoko: Server) -> None:
    command = [sys.executable, "-c", ROUTES]
    printed = subprocess.run(command, env=ssoko.environment(), capture_output=True, check=True)
    routes = {e: r for e, r in json.loads(printed.stdout).items() if not r.startswith("/api/")}
    assert {state.name for state in PAGES} >= OFTEN
    tested = {state.endpoint for state in PAGES if state.endpoint} | NO_PAGES.keys()
    assert {e: routes[e] for e in routes.keys() - tested} == {}
    assert tested - routes.keys() == set()


def test_form_errors_are_accessible(contexts: dict[str, BrowserContext], scene: Scene) -> None:
    page = contexts["admin"].new_page()
    page.goto(f"{scene.workspace.url}/marketplace/aws/install")
    page.locator("main form[method=post]").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Install").click()
    page.get_by_role("alert").wait_for()
    problems = find_flaws(page, "install form with mistakes")
    save_screenshot(page, "install-mistakes-1280-light")
    page.close()
    assert problems == [], "\n".join(problems)


def test_page_that_posts_to_a_provider_is_accessible(
    contexts: dict[str, BrowserContext], scene: Scene
) -> None:
    page = contexts["person"].new_page()
    page.route("http://127.0.0.1:9/**", lambda route: route.fulfill(status=204))
    page.goto(f"{scene.workspace.url}/launch/{scene.places['saml']}", wait_until="commit")
    page.get_by_role("button", name="Continue").wait_for()
    problems = find_flaws(page, "on the way")
    save_screenshot(page, "on-the-way-1280-light")
    page.close()
    assert problems == [], "\n".join(problems)
