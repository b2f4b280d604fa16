"""Find an integration, read about it, install it."""

from dataclasses import replace

import pytest
import ssoko_aws
from ssoko.plugin import hookimpl
from ssoko.plugin.host.registry import PluginSource
from ssoko.services.applications import views
from ssoko.store import db

from ..conftest import AWS_FORM, BROKEN, SOURCES, make_app, populate

INSTALL = "/w/acme/marketplace/aws/install"


def test_cards_link_to_their_integration(admin):
    page = admin.get("/w/acme/marketplace").text
    assert 'href="/w/acme/marketplace/aws"' in page
    assert 'href="/w/acme/marketplace/custom-saml"' in page
    assert "1 to 2 of 2 integrations" in page


@pytest.mark.parametrize("words", ["aws", "AWS", "amazon web", "identity center"])
def test_search_finds_by_name_and_alias(admin, words):
    page = admin.get("/w/acme/marketplace", query_string={"q": words}).text
    assert 'href="/w/acme/marketplace/aws"' in page
    assert 'href="/w/acme/marketplace/custom-saml"' not in page


def test_filters_are_links_that_keep_each_other(admin):
    page = admin.get("/w/acme/marketplace?q=saml&category=Generic").text
    assert "/w/acme/marketplace?q=saml&amp;category=Generic&amp;state=installed" in page
    assert 'href="/w/acme/marketplace/aws"' not in page


def test_search_without_results_offers_custom_saml(admin):
    page = admin.get("/w/acme/marketplace?q=zzzzzz").text
    assert "No results for" in page
    assert 'href="/w/acme/marketplace/custom-saml"' in page


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999", "x", ""])
def test_invalid_page_numbers_show_a_page(admin, number):
    assert admin.get("/w/acme/marketplace", query_string={"page": number}).status_code == 200


def test_marketplace_without_plugins_tells_how_to_add_one(tmp_path):
    site = populate(make_app(tmp_path, sources=()))
    page = site.browser(site.admin).get("/w/acme/marketplace").text
    assert "pip install" in page


def test_plugin_that_failed_to_load_is_shown_to_admins(tmp_path):
    site = populate(make_app(tmp_path, sources=(*SOURCES, BROKEN)))
    browser = site.browser(site.admin)
    page = browser.get("/w/acme/marketplace").text
    assert "broken" in page
    assert "1 plugin failed to load" in page
    assert 'href="/w/acme/marketplace/aws"' in page
    assert "no module named cloud" in browser.get("/w/acme/").text


def test_overview_shows_description_requirements_and_attributes(admin):
    page = admin.get("/w/acme/marketplace/aws").text
    for words in ("What it does", "What you need", "Attributes sent to AWS", "User email"):
        assert words in page
    assert "Installation</a>" in page
    assert "sso-aws-AWS-role" in page


def test_installation_tab_contains_the_guide(admin):
    page = admin.get("/w/acme/marketplace/aws/installation").text
    assert "Change identity source" in page
    assert "{{" not in page


@pytest.mark.parametrize("tail", ["", "/installation", "/install"])
def test_unknown_integration_is_not_found(admin, tail):
    assert admin.get(f"/w/acme/marketplace/nothing{tail}").status_code == 404


def test_installing_redirects_to_the_guide(site, admin):
    page = admin.get(INSTALL).text
    assert 'value="AWS"' in page
    response = admin.post(INSTALL, {"name": "AWS", **AWS_FORM})
    assert response.status_code == 303
    assert response.location == "/w/acme/applications/aws/guide"
    with db.session():
        view = views.get_application(site.scope, "aws")
    assert view.settings["issuer_url"] == AWS_FORM["issuer_url"]
    assert "Installed" in admin.get("/w/acme/marketplace?state=installed").text
    assert "Already installed as" in admin.get("/w/acme/marketplace/aws").text
    assert 'value="AWS 2"' in admin.get(INSTALL).text


def test_invalid_fields_show_errors_and_keep_the_input(site, admin):
    response = admin.post(INSTALL, {"name": " ", **AWS_FORM, "acs_url": "not an address <b>"})
    assert response.status_code == 422
    page = response.text
    assert "<title>Error: Install AWS" in page
    assert 'href="#f-name"' in page
    assert 'href="#f-plugin-acs_url"' in page
    assert "not an address &lt;b&gt;" in page
    assert AWS_FORM["issuer_url"] in page
    with db.session():
        assert not views.list_applications(site.scope).items


def test_duplicate_service_provider_needs_confirmation(site, admin):
    admin.post(INSTALL, {"name": "AWS", **AWS_FORM})
    response = admin.post(INSTALL, {"name": "AWS Two", **AWS_FORM})
    assert response.status_code == 409
    assert "Already installed as" in response.text
    assert 'value="AWS Two"' in response.text
    response = admin.post(INSTALL, {"name": "AWS Two", "again": "yes", **AWS_FORM})
    assert response.location == "/w/acme/applications/aws-two/guide"


def test_custom_saml_installs_with_rows_and_lines(site, admin):
    path = "/w/acme/marketplace/custom-saml/install"
    response = admin.post(
        path,
        {
            "name": "Wiki",
            "entity_id": "https://wiki.test/saml",
            "acs_urls": "https://wiki.test/acs\r\nhttps://wiki.test/acs2",
            "name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            "name_id_source": "user.email",
            "sign_assertion": "yes",
            "attributes.0.name": "mail",
            "attributes.0.name_format": "basic",
            "attributes.0.source": "user.email",
            "attributes.1.name": "",
            "attributes.1.name_format": "unspecified",
        },
    )
    assert response.status_code == 303, response.text
    with db.session():
        view = views.get_application(site.scope, "wiki")
    assert view.service_provider.acs_urls == ("https://wiki.test/acs", "https://wiki.test/acs2")
    assert [m.name for m in view.mappers] == ["mail"]
    assert not view.service_provider.sign_response


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>'


class Drawn:
    """The AWS plugin with a logo."""

    InstallForm = ssoko_aws.InstallForm
    metadata_fields = staticmethod(ssoko_aws.metadata_fields)
    service_provider = staticmethod(ssoko_aws.service_provider)

    @hookimpl
    def integration(self):
        return replace(ssoko_aws.integration(), name="Drawn", logo=SVG)

    @hookimpl
    def installation_guide(self):
        return "## Test"


def test_logo_is_served_with_a_policy_that_blocks_scripts(tmp_path):
    sources = (*SOURCES, PluginSource("drawn", Drawn, "ssoko-drawn", "1.0"))
    site = populate(make_app(tmp_path, sources=sources))
    browser = site.browser(site.admin)
    assert 'src="/w/acme/logo/drawn.svg"' in browser.get("/w/acme/marketplace").text
    response = browser.get("/w/acme/logo/drawn.svg")
    assert response.mimetype == "image/svg+xml"
    assert response.text == SVG
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert browser.get("/w/acme/logo/aws.svg").status_code == 404
    assert site.browser().get("/w/acme/logo/drawn.svg").status_code == 303


def test_installing_requires_admin_rights(site):
    browser = site.browser(site.person)
    token = browser.token("/w/acme/dashboard")
    response = browser.client.post(INSTALL, data={"csrf_token": token, "name": "AWS", **AWS_FORM})
    assert response.status_code == 403
