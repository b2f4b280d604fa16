"""The pages of a site: as text, and in a browser if one is installed."""

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask.testing import FlaskClient
from lxml import html
from werkzeug.datastructures import MultiDict
from werkzeug.serving import WSGIRequestHandler, make_server

from ssoko.plugin.conformance.site import BASE_URL, ConformanceSite
from ssoko.plugin.host.validate import POSTED_PREFIX
from ssoko.services.authentication import links

_OPTIONS: Any = {"base_url": BASE_URL, "headers": {"Sec-Fetch-Site": "same-origin"}}


def form_page(site: ConformanceSite) -> str:
    """Return the page with the install form, as an admin sees it."""
    return get(_signed_in(site), _install_url(site))


def install_in_browser(site: ConformanceSite, entered: Mapping[str, Any]) -> str:
    """Post the install form as a browser does, and return the URL of the application's page.

    :param entered: values by the names in settings; every other field is posted as shown.
    """
    client = _signed_in(site)
    url = _install_url(site)
    guide = post(client, url, _as_shown(get(client, url), entered))
    return guide.rpartition("/")[0]


def save_in_browser(site: ConformanceSite, application_url: str) -> None:
    """Post the settings of an application as shown."""
    client = _signed_in(site)
    url = f"{application_url}/settings"
    post(client, url, _as_shown(get(client, url), {}))


def get(client: FlaskClient, url: str) -> str:
    """Return a page."""
    response = client.get(url, **_OPTIONS)
    assert response.status_code == 200, f"{url}: {problems_on(response.text)}"
    return str(response.text)


def post(client: FlaskClient, url: str, fields: MultiDict[str, str]) -> str:
    """Post a form, and return the URL that it redirects to."""
    response = client.post(url, data=fields, **_OPTIONS)
    assert response.status_code == 303, f"{url}: {problems_on(response.text)}"
    return str(response.location)


def problems_on(page: str) -> str:
    """Return the text of the errors on a page, or of its first heading."""
    tree = html.fromstring(page)
    found = tree.xpath("//*[@role='alert']") or tree.xpath("//main") or [tree]
    return " ".join(str(found[0].text_content()).split())[:500]


def _install_url(site: ConformanceSite) -> str:
    return f"/w/acme/marketplace/{site.slug}/install"


def _signed_in(site: ConformanceSite) -> FlaskClient:
    client = site.app.test_client()
    code = links.create_link(site.services, purpose="sign-in", user_id=site.person.id)
    page = html.fromstring(client.get(f"/link/{code}", **_OPTIONS).text)
    token = page.xpath("string(//input[@name='csrf_token']/@value)")
    redirect = client.post(f"/link/{code}", data={"csrf_token": token}, **_OPTIONS)
    assert redirect.status_code == 303, redirect.text
    return client


def _as_shown(page: str, entered: Mapping[str, Any]) -> MultiDict[str, str]:
    """Return what a browser posts for the form with the plugin's fields."""
    form = next(f for f in html.fromstring(page).forms if "name" in f.fields)
    fields = MultiDict(form.form_values())
    names = {str(element.name) for element in form.inputs}
    for name, value in entered.items():
        posted = POSTED_PREFIX + name
        if isinstance(value, bool):
            fields.setlist(posted, ["yes"] if value else [])
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for index, row in enumerate(value):
                for cell, text in row.items():
                    fields.setlist(f"{posted}.{index}.{cell}", [str(text)])
        elif posted in names:
            texts = [str(item) for item in (value if isinstance(value, list) else [value])]
            has_boxes = getattr(form.inputs[posted], "type", "") == "checkbox"
            fields.setlist(posted, texts if has_boxes else ["\n".join(texts)])
    return fields


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
