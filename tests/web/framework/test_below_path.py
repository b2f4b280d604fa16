"""A site below a path of its host, with a proxy that passes the path on or removes it."""

import shutil
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import html
from ssoko.services.access import assignments
from ssoko.services.applications import install, views
from ssoko.store import db

from ..conftest import PASSWORD, make_app, populate

BASE = "http://localhost/sso"


@pytest.fixture
def site(tmp_path, migrated):
    """A site at a path, with an application that pete has a role of."""
    shutil.copy(migrated, tmp_path / "ssoko.sqlite3")
    site = populate(make_app(tmp_path, base_url=BASE))
    with db.session():
        app = install.install(
            site.scope,
            integration="custom-saml",
            name="App",
            settings={"entity_id": "urn:sp", "acs_urls": ["https://sp.example/acs"]},
        )
        assignments.assign_roles(site.scope, role_ids=[app.default_role.id], user_id=site.person.id)
    return site


@pytest.fixture(params=["passed on", "removed"])
def send(site, request):
    """A function that requests a path of the site as a browser sees it."""
    client = site.app.test_client()

    def open_path(path: str, form: dict[str, str] | None = None):
        assert path.startswith("/sso/"), path
        sent = path if request.param == "passed on" else path.removeprefix("/sso")
        headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
        if form is None:
            return client.get(sent, headers=headers)
        return client.post(sent, data=form, headers=headers)

    return open_path


def sign_in(send, path: str = "/sso/w/acme/sign-in"):
    page = html.fromstring(send(path).text)
    form = {field.get("name"): field.get("value", "") for field in page.xpath("//form//input")}
    answer = send(path, form | {"username": "pete", "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return answer


def test_links_and_redirects_lead_below_the_path(send):
    sign_in(send)
    page = send("/sso/w/acme/dashboard")
    assert page.status_code == 200
    links = html.fromstring(page.text).xpath("//@href | //@src | //form/@action")
    paths = [link for link in links if not link.startswith(("#", "?")) and "://" not in link]
    assert paths and all(path.startswith("/sso/") for path in paths), paths
    assert "/sso/w/acme/launch/app" in paths
    style = next(path for path in paths if path.endswith("ssoko.css"))
    with send(style) as file:
        assert file.status_code == 200


def test_a_sign_in_continues_below_the_path(site, send):
    asked = send("/sso/w/acme/launch/app")
    assert urlsplit(asked.location).path == "/sso/w/acme/sign-in"
    (target,) = parse_qs(urlsplit(asked.location).query)["next"]
    answer = sign_in(send, asked.location)
    assert answer.location == f"/sso{target}"
    page = send(answer.location)
    assert "SAMLResponse" in page.text and "https://sp.example/acs" in unescape(page.text)


def test_endpoints_and_metadata_have_the_path(site, send):
    with db.session():
        (app,) = views.list_applications(site.scope).items
    assert app.launch_url == f"{BASE}/w/acme/launch/app"
    endpoint = app.issuer.login_endpoint
    assert endpoint.startswith(f"{BASE}/saml/")
    metadata = send(urlsplit(app.issuer.metadata_url).path)
    assert metadata.status_code == 200 and endpoint in metadata.text
    assert send("/sso/healthz").status_code == 200
