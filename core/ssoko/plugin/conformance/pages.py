"""The pages of a house: as text, and in a browser when there is one."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lxml import html
from werkzeug.serving import WSGIRequestHandler, make_server

from ssoko.plugin.conformance.house import BASE_URL, House
from ssoko.services import sessions


def form_page(house: House) -> str:
    """Return the install form's page, as an admin sees it."""
    client = house.app.test_client()
    code = sessions.create_link(house.services, purpose="sign-in", user_id=house.person.id)
    place = {"base_url": BASE_URL, "headers": {"Sec-Fetch-Site": "same-origin"}}
    page = html.fromstring(client.get(f"/link/{code}", **place).text)
    token = page.xpath("string(//input[@name='csrf_token']/@value)")
    answer = client.post(f"/link/{code}", data={"csrf_token": token}, **place)
    assert answer.status_code == 303, answer.text
    response = client.get(f"/w/acme/marketplace/{house.slug}/install", **place)
    assert response.status_code == 200, response.text
    return str(response.text)


class _Quiet(WSGIRequestHandler):
    def log_request(self, *arguments: Any, **more: Any) -> None:
        """Say nothing: the tests do."""


@contextmanager
def served(house: House, page: str) -> Iterator[str]:
    """Serve one page and the site's own files on this machine; yields the page's address."""

    def site(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/page":
            start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
            return [page.encode()]
        environ["HTTP_HOST"] = BASE_URL.removeprefix("https://")
        return house.app.wsgi_app(environ, start_response)

    server = make_server("127.0.0.1", 0, site, request_handler=_Quiet)
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
