"""The pages of a site: as text, and in a browser when there is one."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lxml import html
from werkzeug.serving import WSGIRequestHandler, make_server

from ssoko.plugin.conformance.site import BASE_URL, SiteFixture
from ssoko.services.authentication import links


def form_page(site: SiteFixture) -> str:
    """Return the install form's page, as an admin sees it."""
    client = site.app.test_client()
    code = links.create_link(site.services, purpose="sign-in", user_id=site.person.id)
    place = {"base_url": BASE_URL, "headers": {"Sec-Fetch-Site": "same-origin"}}
    page = html.fromstring(client.get(f"/link/{code}", **place).text)
    token = page.xpath("string(//input[@name='csrf_token']/@value)")
    answer = client.post(f"/link/{code}", data={"csrf_token": token}, **place)
    assert answer.status_code == 303, answer.text
    response = client.get(f"/w/acme/marketplace/{site.slug}/install", **place)
    assert response.status_code == 200, response.text
    return str(response.text)


class _Quiet(WSGIRequestHandler):
    def log_request(self, *arguments: Any, **more: Any) -> None:
        """Say nothing: the tests do."""


@contextmanager
def served(site: SiteFixture, page: str) -> Iterator[str]:
    """Serve one page and the site's own files on this machine; yields the page's address."""

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/page":
            start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
            return [page.encode()]
        environ["HTTP_HOST"] = BASE_URL.removeprefix("https://")
        return site.app.wsgi_app(environ, start_response)

    server = make_server("127.0.0.1", 0, application, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/page"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def browser_program() -> str | None:
    """Return the path of a browser that is installed beside Playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser")
