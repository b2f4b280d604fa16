"""Getting in and out."""

import base64
import re
from datetime import UTC, datetime

import pytest
from ssoko.services.applications import install
from ssoko.services.authentication import links
from ssoko.store import db

from .conftest import AWS_FORM, PASSWORD, Browser


def test_signing_in_leads_to_where_one_was_going(site):
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
def test_it_never_leads_to_another_site(site, target):
    response = site.browser().post(
        "/w/acme/sign-in", {"username": "ada", "password": PASSWORD}, query_string={"next": target}
    )
    assert response.location == "/w/acme/"


def test_the_session_is_new_at_every_sign_in(site):
    browser = site.browser(site.admin)
    before = browser.client.get_cookie("ssoko").value
    browser.sign_in("ada", query="?fresh=1")
    assert browser.client.get_cookie("ssoko").value != before
    thief = Browser(site.app.test_client())
    thief.client.set_cookie("ssoko", before)
    assert thief.get("/w/acme/").status_code == 303


def test_an_old_cookie_is_worth_nothing_after_signing_out(site):
    browser = site.browser(site.admin)
    before = browser.client.get_cookie("ssoko").value
    assert browser.post("/w/acme/sign-out", form="/w/acme/").status_code == 303
    browser.client.set_cookie("ssoko", before)
    assert browser.get("/w/acme/").location.startswith("/w/acme/sign-in")


def test_an_unknown_name_and_a_wrong_password_look_the_same(site):
    pages = []
    for username in ("ada", "nobody"):
        response = site.browser().sign_in(username, "wrong and long enough")
        assert response.status_code == 401
        assert "wrong and long enough" not in response.text
        assert f'value="{username}"' in response.text
        pages.append(re.sub(r'value="[^"]*"', "", response.text))
    assert pages[0] == pages[1]
    assert "<title>Error: " in pages[0]


def test_too_many_tries_are_told_to_wait(site):
    browser = site.browser()
    for _ in range(12):
        response = browser.sign_in("ada", "wrong and long enough")
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert "Try again in" in response.text


def test_who_is_signed_in_is_asked_again_only_when_it_must_be_fresh(site):
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


def test_the_page_says_where_a_pressed_tile_leads(site):
    _install(site)
    browser = site.browser()
    first = browser.get("/w/acme/launch/aws")
    assert "and go on to <b>AWS</b>" in browser.get(first.location).text
    assert "go on to" not in browser.get("/w/acme/sign-in?next=/w/acme/launch/other").text


def test_the_page_says_which_application_sent_the_browser_here(site):
    view = _install(site)
    sent = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = (
        '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" '
        'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" '
        f'IssueInstant="{sent}" Destination="{view.issuer.login_endpoint}">'
        f"<saml:Issuer>{AWS_FORM['issuer_url']}</saml:Issuer></samlp:AuthnRequest>"
    )
    browser = site.browser()
    held = browser.client.post(
        f"/saml/{view.issuer.id}/login",
        data={"SAMLRequest": base64.b64encode(request.encode()).decode()},
    )
    asked = browser.get(held.location)
    assert asked.location.startswith("/w/acme/sign-in?next=%2Fsaml%2F"), asked.text
    assert "and go on to <b>AWS</b>" in browser.get(asked.location).text
    signed = browser.post(asked.location, {"username": "ada", "password": PASSWORD})
    assert signed.location == held.location


def test_the_page_says_whom_to_ask(site):
    assert "it@acme.test" in site.browser().get("/w/acme/sign-in").text


def test_an_unknown_workspace_is_not_found(site):
    assert site.browser().get("/w/nobody/sign-in").status_code == 404
    assert site.browser(site.admin).get("/w/nobody/").status_code == 404


def test_a_person_is_refused_on_admin_pages(site):
    browser = site.browser(site.person)
    assert browser.get("/w/acme/marketplace").status_code == 403
    assert browser.get("/w/acme/").location == "/w/acme/dashboard"


def test_a_disabled_person_is_out_at_once(site):
    from ssoko.services.people import users

    browser = site.browser(site.person)
    with db.session():
        users.update_user(site.scope, site.person.id, active=False)
    assert browser.get("/w/acme/dashboard").status_code == 303


def test_the_theme_is_kept_in_a_cookie_and_drawn_by_the_server(admin):
    response = admin.post(
        "/w/acme/theme", {"theme": "dark", "next": "/w/acme/dashboard"}, form="/w/acme/"
    )
    assert response.location == "/w/acme/dashboard"
    assert 'data-theme="dark"' in admin.get("/w/acme/sign-in?fresh=1").text
    admin.post("/w/acme/theme", {"theme": "system"}, form="/w/acme/")
    assert "data-theme" not in admin.get("/w/acme/").text


def test_a_link_signs_in_once_and_looking_at_it_does_not_use_it_up(site):
    with db.session():
        code = links.create_link(site.services, purpose="sign-in", user_id=site.admin.id)
    browser = site.browser()
    assert "Continue as" in browser.get(f"/link/{code}").text
    assert browser.get(f"/link/{code}").status_code == 200
    assert browser.post(f"/link/{code}").location == "/w/acme/"
    assert browser.get("/w/acme/").status_code == 200
    assert site.browser().get(f"/link/{code}").status_code == 404


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


def test_the_first_run_makes_a_workspace_and_its_admin_once(empty_app):
    path = _setup_path(empty_app)
    browser = Browser(empty_app.test_client())
    assert "ssoko init" in browser.get("/").text
    assert browser.post(path, SETUP).location == "/w/acme/"
    assert browser.get("/w/acme/").status_code == 200
    assert Browser(empty_app.test_client()).get(path).status_code == 404
    assert Browser(empty_app.test_client()).get(_setup_path(empty_app)).status_code == 404


def test_the_first_run_names_each_wrong_field_and_keeps_what_was_typed(empty_app):
    path = _setup_path(empty_app)
    browser = Browser(empty_app.test_client())
    response = browser.post(path, SETUP | {"workspace_slug": "A B", "password": "short"})
    assert response.status_code == 422
    assert "<title>Error: " in response.text
    assert 'href="#f-password"' in response.text
    assert 'href="#f-workspace_slug"' in response.text
    assert 'value="Lovelace"' in response.text
    assert "short" not in response.text.replace("shorter", "")


def test_the_first_run_needs_its_code(empty_app):
    browser = Browser(empty_app.test_client())
    assert browser.get("/setup").status_code == 404
    assert browser.get("/setup?code=guess").status_code == 404
