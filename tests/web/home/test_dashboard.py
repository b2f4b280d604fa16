"""The Dashboard of admins."""

from ssoko.services.applications import install
from ssoko.store import db

from ..conftest import AWS_FORM, make_app, populate
from .test_portal import assign


def test_checklist_shows_detected_steps(site, admin):
    assert "0 of 3 done" in admin.get("/w/acme/").text
    with db.session():
        view = install.install(
            site.scope,
            integration="aws",
            name="AWS",
            settings=AWS_FORM,
        )
    assert "1 of 3 done" in admin.get("/w/acme/").text
    assign(site, view, site.person)
    page = admin.get("/w/acme/").text
    assert "2 of 3 done" in page
    assert "1 installed" in page
    assert "Recent activity" in page


def test_http_base_url_needs_attention(site, admin):
    assert "The base URL uses http" in admin.get("/w/acme/").text


def test_application_without_its_plugin_needs_attention(tmp_path):
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


def test_search_finds_users_and_pages(site, admin):
    page = admin.get("/w/acme/jump?q=test").text
    assert "Pete Test" in page
    assert admin.get("/w/acme/jump?q=workspace+admins").location == "/w/acme/admins"
    assert "No results for" in admin.get("/w/acme/jump?q=zzzzz").text
