"""Sign-in and sign-out, one-time links, and the first setup."""

import base64
import re
from datetime import UTC, datetime

import pytest
from ssoko.services import workspaces
from ssoko.services.applications import install
from ssoko.services.authentication import links
from ssoko.services.context import SYSTEM
from ssoko.store import db

from ..conftest import AWS_FORM, PASSWORD, Browser


def test_sign_in_redirects_to_the_requested_page(site):
    browser = site.browser()
    first = browser.get("/w/acme/marketplace?q=aws")
    assert first.status_code == 303
    assert first.location.startswith("/w/acme/sign-in?next=")
    response = browser.post(first.location, {"username": "ada", "password": PASSWORD})
    assert response.status_code == 303
    assert response.location == "/w/acme/marketplace?q=aws"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test",
        "//evil.test",
        "/\\evil.test",
        "\\\\evil",
        "javascript:1",
        "/\t/evil",
        "",
    ],
)
def test_sign_in_never_redirects_to_another_site(site, target):
    response = site.browser().post(
        "/w/acme/sign-in", {"username": "ada", "password": PASSWORD}, query_string={"next": target}
    )
    assert response.location == "/w/acme/"


def test_every_sign_in_starts_a_new_session(site):
    browser = site.browser(site.admin)
    before = browser.client.get_cookie("ssoko").value
    browser.sign_in("ada", query="?fresh=1")
    assert browser.client.get_cookie("ssoko").value != before
    thief = Browser(site.app.test_client())
    thief.client.set_cookie("ssoko", before)
    assert thief.get("/w/acme/").status_code == 303


def test_session_cookie_is_rejected_after_sign_out(site):
    browser = site.browser(site.admin)
    before = browser.client.get_cookie("ssoko").value
    assert browser.post("/w/acme/sign-out", form="/w/acme/").status_code == 303
    browser.client.set_cookie("ssoko", before)
    assert browser.get("/w/acme/").location.startswith("/w/acme/sign-in")


def test_unknown_username_and_wrong_password_get_the_same_page(site):
    pages = []
    for username in ("ada", "nobody"):
        response = site.browser().sign_in(username, "wrong and long enough")
        assert response.status_code == 401
        assert "wrong and long enough" not in response.text
        assert f'value="{username}"' in response.text
        pages.append(re.sub(r'value="[^"]*"', "", response.text))
    assert pages[0] == pages[1]
    assert "<title>Error: " in pages[0]


def test_too_many_attempts_get_a_retry_after_header(site):
    browser = site.browser()
    for _ in range(12):
        response = browser.sign_in("ada", "wrong and long enough")
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert "Try again in" in response.text


def test_signed_in_user_is_asked_again_only_with_fresh(site):
    browser = site.browser(site.admin)
    assert browser.get("/w/acme/sign-in?next=/w/acme/users").location == "/w/acme/users"
    page = browser.get("/w/acme/sign-in?next=/w/acme/users&fresh=1")
    assert page.status_code == 200
    assert 'value="ada"' in page.text


def _install(site):
    with db.session():
        return install.install(
            site.scope,
            integration="aws",
            name="AWS",
            settings=AWS_FORM,
        )


def test_sign_in_page_does_not_tell_strangers_which_applications_exist(site):
    _install(site)
    browser = site.browser()
    first = browser.get("/w/acme/launch/aws")
    assert "AWS" not in browser.get(first.location).text


def test_start_page_does_not_list_the_workspaces(site):
    workspaces.create_workspace(site.services, SYSTEM, slug="globex", name="Globex Secret")
    browser = site.browser()
    page = browser.get("/").text
    assert "Globex" not in page and site.workspace.name not in page
    assert browser.get("/?workspace=Globex").location == "/w/globex/sign-in"


def test_sign_in_page_names_the_application_of_the_saml_request(site):
    view = _install(site)
    issue_instant = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = (
        '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
        'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" '
        f'IssueInstant="{issue_instant}" Destination="{view.issuer.login_endpoint}">'
        f"<saml:Issuer>{AWS_FORM['issuer_url']}</saml:Issuer></samlp:AuthnRequest>"
    )
    browser = site.browser()
    pending = browser.client.post(
        f"/saml/{view.issuer.id}/login",
        data={"SAMLRequest": base64.b64encode(request.encode()).decode()},
    )
    redirect = browser.get(pending.location)
    assert redirect.location.startswith("/w/acme/sign-in?next=%2Fsaml%2F"), redirect.text
    assert "to continue to <b>AWS</b>" in browser.get(redirect.location).text
    response = browser.post(redirect.location, {"username": "ada", "password": PASSWORD})
    assert response.location == pending.location


def test_sign_in_page_shows_the_contact(site):
    assert "it@acme.test" in site.browser().get("/w/acme/sign-in").text


def test_unknown_workspace_is_not_found(site):
    assert site.browser().get("/w/nobody/sign-in").status_code == 404
    assert site.browser(site.admin).get("/w/nobody/").status_code == 404


def test_admin_pages_are_forbidden_for_users(site):
    browser = site.browser(site.person)
    assert browser.get("/w/acme/marketplace").status_code == 403
    assert browser.get("/w/acme/").location == "/w/acme/dashboard"


def test_disabling_a_user_ends_the_session(site):
    from ssoko.services.people import users

    browser = site.browser(site.person)
    with db.session():
        users.update_user(site.scope, site.person.id, active=False)
    assert browser.get("/w/acme/dashboard").status_code == 303


def test_theme_is_stored_in_a_cookie_and_rendered_by_the_server(admin):
    response = admin.post(
        "/w/acme/theme", {"theme": "dark", "next": "/w/acme/dashboard"}, form="/w/acme/"
    )
    assert response.location == "/w/acme/dashboard"
    assert 'data-theme="dark"' in admin.get("/w/acme/sign-in?fresh=1").text
    admin.post("/w/acme/theme", {"theme": "system"}, form="/w/acme/")
    assert "data-theme" not in admin.get("/w/acme/").text


def test_link_signs_in_once_and_opening_it_does_not_use_it_up(site):
    with db.session():
        code = links.create_link(site.services, purpose="sign-in", user_id=site.admin.id)
    browser = site.browser()
    assert "Continue as" in browser.get(f"/link/{code}").text
    assert browser.get(f"/link/{code}").status_code == 200
    assert browser.post(f"/link/{code}").location == "/w/acme/"
    assert browser.get("/w/acme/").status_code == 200
    used = site.browser().get(f"/link/{code}")
    assert used.status_code == 404
    assert "This link has expired" in used.text


SETUP = {
    "workspace_name": "Acme",
    "workspace_slug": "acme",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "username": "ada",
    "email": "ada@acme.test",
    "password": PASSWORD,
}


def _setup_path(app) -> str:
    with db.session():
        code = links.create_link(app.extensions["ssoko"], purpose="setup")
    return f"/setup?code={code}"


def test_setup_creates_a_workspace_and_its_admin_once(empty_app):
    path = _setup_path(empty_app)
    browser = Browser(empty_app.test_client())
    assert "ssoko init" in browser.get("/").text
    assert browser.post(path, SETUP).location == "/w/acme/"
    assert browser.get("/w/acme/").status_code == 200
    assert Browser(empty_app.test_client()).get(path).status_code == 404
    assert Browser(empty_app.test_client()).get(_setup_path(empty_app)).status_code == 404


def test_setup_names_each_wrong_field_and_keeps_the_entries(empty_app):
    path = _setup_path(empty_app)
    browser = Browser(empty_app.test_client())
    response = browser.post(path, SETUP | {"workspace_slug": "A B", "password": "short"})
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert 'href="#f-password"' in response.text
    assert 'href="#f-workspace_slug"' in response.text
    assert 'value="Lovelace"' in response.text
    assert "short" not in response.text.replace("shorter", "")


def test_setup_requires_a_valid_code(empty_app):
    browser = Browser(empty_app.test_client())
    assert browser.get("/setup").status_code == 404
    assert browser.get("/setup?code=guess").status_code == 404
