"""The admin's Dashboard."""

from ssoko.services.applications import install
from ssoko.store import db

from .conftest import AWS_FORM, make_app, populate
from .test_portal import give


def test_the_checklist_follows_what_was_done(site, admin):
    assert "0 of 3 done" in admin.get("/w/acme/").text
    with db.session():
        view = install.install(
            site.scope,
            integration="aws",
            name="AWS",
            settings=AWS_FORM,
        )
    assert "1 of 3 done" in admin.get("/w/acme/").text
    give(site, view, site.person)
    page = admin.get("/w/acme/").text
    assert "2 of 3 done" in page
    assert "1 installed" in page
    assert "Recent activity" in page


def test_plain_http_is_mentioned(site, admin):
    assert "The base URL is plain http" in admin.get("/w/acme/").text


def test_an_application_without_its_plugin_needs_attention(tmp_path):
    site = populate(make_app(tmp_path))
    with db.session():
        install.install(
            site.scope,
            integration="aws",
            name="AWS",
            settings=AWS_FORM,
        )
    site.app = make_app(tmp_path, sources=())
    page = site.browser(site.admin).get("/w/acme/").text
    assert "The plugin of AWS is missing" in page


def test_the_search_leads_to_people_and_pages(site, admin):
    page = admin.get("/w/acme/jump?q=test").text
    assert "Pete Test" in page
    assert admin.get("/w/acme/jump?q=workspace+admins").location == "/w/acme/admins"
    assert "Nothing fits" in admin.get("/w/acme/jump?q=zzzzz").text
