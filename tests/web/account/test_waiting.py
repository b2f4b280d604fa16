"""Continuing to an application from a sign-in page of another tab, of before, or of long ago."""

import re
from dataclasses import replace

import pytest
from ssoko.saml.bindings import encode_redirect
from ssoko.saml.xml import instant
from ssoko.services.access import assignments
from ssoko.services.applications import change, install
from ssoko.services.issuers import issuers
from ssoko.services.people import users
from ssoko.services.sso.saml import pending
from ssoko.store import db

from tests.web.conftest import HTML, PASSWORD

SP = "https://wiki.example.com/saml"
SIGN_IN = {"username": "pete", "password": PASSWORD}


def add_application(site, name, *, issuer_id=None, entity_id=SP):
    with db.session():
        view = install.install(
            site.scope,
            integration="custom-saml",
            name=name,
            settings={"entity_id": entity_id, "acs_urls": [f"{entity_id}/acs"]},
            issuer_id=issuer_id,
        )
        assignments.assign_roles(
            site.scope, role_ids=[view.default_role.id], user_id=site.person.id
        )
    return view


@pytest.fixture
def wiki(site):
    return add_application(site, "Wiki")


def start(browser, site, application, *, number=1, entity_id=SP):
    """Open the application without a session, and return the path of the sign-in page."""
    xml = (
        '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" Version="2.0" '
        f'ID="_{number:040}" IssueInstant="{instant(site.services.clock())}" '
        f'Destination="{application.issuer.login_endpoint}">'
        f'<a:Issuer xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion">{entity_id}</a:Issuer>'
        "</p:AuthnRequest>"
    )
    url = encode_redirect(application.issuer.login_endpoint, xml.encode())
    response = browser.get(url.removeprefix("http://localhost"))
    assert response.status_code == 303, response.text
    return response.headers["Location"]


def send(browser, path, token, **fields):
    return browser.client.post(path, data=SIGN_IN | fields | {"csrf_token": token}, headers=HTML)


def later(site, seconds):
    now = site.services.clock() + seconds
    site.app.extensions["ssoko"] = replace(site.app.extensions["ssoko"], clock=lambda: now)


def test_second_tab_continues_after_the_first_signed_in(site, wiki):
    browser = site.browser()
    first, second = (start(browser, site, wiki, number=n) for n in (1, 2))
    tokens = [browser.token(path) for path in (first, second)]
    send(browser, first, tokens[0])
    response = send(browser, second, tokens[1])
    assert response.status_code == 303
    assert "SAMLResponse" in browser.get(response.headers["Location"]).text


def test_second_tab_asks_before_it_continues_as_somebody_else(site, wiki):
    browser = site.browser()
    first, second = (start(browser, site, wiki, number=n) for n in (1, 2))
    tokens = [browser.token(path) for path in (first, second)]
    send(browser, first, tokens[0])
    page = send(browser, second, tokens[1], username="ada")
    assert page.status_code == 409
    assert "You are already signed in as Pete Test" in page.text
    assert "Continue as Pete Test" in page.text
    assert 'value="ada"' in page.text


def test_confirmation_of_identity_is_never_skipped_by_an_outdated_token(site):
    browser = site.browser(site.person)
    page = send(browser, "/w/acme/sign-in?fresh=1", "outdated")
    assert page.status_code == 400
    assert 'value="pete"' in page.text
    assert PASSWORD not in page.text


def test_outdated_token_without_a_session_keeps_the_username(site):
    page = send(site.browser(), "/w/acme/sign-in", "outdated")
    assert page.status_code == 400
    assert 'value="pete"' in page.text
    assert "Enter your password again." in page.text


def test_back_after_sign_in_offers_the_application_again(site, wiki):
    browser = site.browser()
    path = start(browser, site, wiki)
    send(browser, path, browser.token(path))
    waiting = browser.get(path).headers["Location"]
    assert "SAMLResponse" in browser.get(waiting).text
    page = browser.get(browser.get(path).headers["Location"])
    assert page.status_code == 200
    assert "You already continued to Wiki" in page.text
    launch = re.search(r'href="(/w/acme/launch/[^"]+)">Open Wiki', page.text)[1]
    assert "SAMLResponse" in browser.get(launch).text


@pytest.mark.parametrize("minutes", [11, 59])
def test_request_waits_for_an_hour(site, wiki, minutes):
    browser = site.browser()
    path = start(browser, site, wiki)
    later(site, minutes * 60)
    response = send(browser, path, browser.token(path))
    assert "SAMLResponse" in browser.get(response.headers["Location"]).text


@pytest.mark.parametrize("seconds", [pending.LIFETIME, pending.LIFETIME + pending.KNOWN - 1])
def test_request_that_waited_for_longer_offers_the_application(site, wiki, seconds):
    browser = site.browser()
    path = start(browser, site, wiki)
    later(site, seconds)
    response = send(browser, path, browser.token(path))
    page = browser.get(response.headers["Location"])
    assert page.status_code == 200
    assert "waited for more than an hour" in page.text
    assert "Open Wiki" in page.text
    assert "SAMLResponse" not in page.text


def test_application_that_starts_its_sign_ins_itself_has_no_button(site, wiki):
    with db.session():
        change.update_application(site.scope, wiki.id, service_provider={"idp_initiated": False})
    browser = site.browser()
    path = start(browser, site, wiki)
    later(site, pending.LIFETIME)
    page = browser.get(send(browser, path, browser.token(path)).headers["Location"]).text
    assert "Start again at Wiki." in page
    assert "/launch/" not in page


def test_request_is_forgotten_in_the_end(site, wiki):
    browser = site.browser()
    path = start(browser, site, wiki)
    later(site, pending.LIFETIME + pending.KNOWN)
    response = send(browser, path, browser.token(path))
    page = browser.get(response.headers["Location"])
    assert page.status_code == 400
    assert "Open Wiki" not in page.text


def test_one_of_two_applications_of_an_issuer_is_offered(site):
    with db.session():
        issuer = issuers.create_issuer(site.scope, name="Shared")
    add_application(site, "Wiki", issuer_id=issuer.id)
    chat = add_application(site, "Chat", issuer_id=issuer.id, entity_id="https://chat.test")
    browser = site.browser()
    path = start(browser, site, chat, entity_id="https://chat.test")
    later(site, pending.LIFETIME)
    page = browser.get(send(browser, path, browser.token(path)).headers["Location"])
    assert "Open Chat" in page.text
    assert "Wiki" not in page.text


def test_sign_in_page_continues_to_the_page_with_the_kept_entries(site):
    browser = site.browser(site.admin)
    path = "/w/acme/groups/new"
    token = browser.token(path)
    with db.session():
        users.sign_out_everywhere(site.admin.id, now=site.services.clock())
    data = {"csrf_token": token, "name": "Night shift", "description": "Until six"}
    sign_in = browser.client.post(path, data=data, headers=HTML).headers["Location"]
    assert sign_in.startswith(f"/w/acme/sign-in?next={path}")
    assert "Your entries are kept" in browser.get(sign_in).text
