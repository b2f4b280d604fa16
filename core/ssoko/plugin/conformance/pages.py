"""The pages of a site: as text, and in a browser if one is installed."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lxml import html
from werkzeug.serving import WSGIRequestHandler, make_server

from ssoko.plugin.conformance.site import BASE_URL, ConformanceSite
from ssoko.services.authentication import links


def form_page(site: ConformanceSite) -> str:
    """Return the page with the install form, as an admin sees it."""
    client = site.app.test_client()
    code = links.create_link(site.services, purpose="sign-in", user_id=site.person.id)
    options = {"base_url": BASE_URL, "headers": {"Sec-Fetch-Site": "same-origin"}}
    page = html.fromstring(client.get(f"/link/{code}", **options).text)
    token = page.xpath("string(//input[@name='csrf_token']/@value)")
    redirect = client.post(f"/link/{code}", data={"csrf_token": token}, **options)
    assert redirect.status_code == 303, redirect.text
    response = client.get(f"/w/acme/marketplace/{site.slug}/install", **options)
    assert response.status_code == 200, response.text
    return str(response.text)


class _Quiet(WSGIRequestHandler):
    def log_request(self, *arguments: Any, **more: Any) -> None:
        """Log nothing."""


@contextmanager
def served(site: ConformanceSite, page: str) -> Iterator[str]:
    """Serve one page and the site's static files on this machine; yields the page's URL."""

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
    """Return the path of an installed browser, or None to use that of Playwright."""
    return shutil.which("chromium") or shutil.which("chromium-browser")
