"""The marketplace lists plugins of the index that are not on this server."""

from dataclasses import replace

import pytest
from ssoko.plugin import Integration
from ssoko.plugin.host.index import IndexEntry, write_index
from ssoko.services.plugins.index import PluginIndex

from ..conftest import Browser, Site

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h8v8z"/></svg>'
HOSTILE = "<script>alert('{{ 7 * 7 }}')</script>"


def entry(slug: str, version: str = "1.0", core: str = ">=0.1,<0.2", **about) -> IndexEntry:
    about = {"name": slug.capitalize(), "summary": f"Sign in to {slug}", **about}
    return IndexEntry(
        slug=slug,
        distribution=f"ssoko-{slug}",
        version=version,
        about=Integration(**about),
        requires_core=core,
        sha256="ab" * 32,
        tier="silver",
    )


ENTRIES = (
    entry("wiki", publisher="Kilele Labs", logo=SVG, homepage="https://wiki.example/sso"),
    entry("future", core=">=0.9,<1.0"),
    entry("cloudy", vendor="AWS", opt_in=True),
    entry("aws", version="0.7"),
    entry(
        "evil",
        name=HOSTILE[:60],
        summary=HOSTILE,
        description=f"{HOSTILE}\n\n[press](javascript:alert(1))",
        vendor=HOSTILE[:60],
        requirements=(HOSTILE,),
    ),
)


@pytest.fixture
def shop(site: Site, tmp_path) -> Browser:
    """An admin's browser on a site that has an index."""
    path = tmp_path / "index.json"
    path.write_bytes(write_index(ENTRIES))
    site.app.extensions["ssoko"] = replace(site.services, index=PluginIndex(path))
    return site.browser(site.admin)


def test_cards_of_the_index_are_marked_and_link_to_their_page(shop):
    page = shop.get("/w/acme/marketplace?q=wiki").text
    assert 'href="/w/acme/marketplace/wiki"' in page
    assert "Not on this server" in page
    assert 'src="/w/acme/logo/wiki.svg"' in page
    assert shop.get("/w/acme/logo/wiki.svg").text == SVG
    assert "1 to 6 of 6 integrations" in shop.get("/w/acme/marketplace").text


def test_state_filter_shows_absent_integrations(shop):
    page = shop.get("/w/acme/marketplace?state=absent").text
    assert 'href="/w/acme/marketplace/wiki"' in page
    assert 'href="/w/acme/marketplace/aws"' not in page
    page = shop.get("/w/acme/marketplace?state=available").text
    assert 'href="/w/acme/marketplace/wiki"' not in page
    assert 'href="/w/acme/marketplace/aws"' in page


def test_absent_filter_needs_an_index(admin):
    assert "Not on this server" not in admin.get("/w/acme/marketplace").text


def test_absent_integration_shows_the_pip_command_and_no_install_button(shop):
    page = shop.get("/w/acme/marketplace/wiki").text
    assert "<code>pip install ssoko-wiki==1.0</code>" in page
    for fact in ("Kilele Labs", "ab" * 32, "&gt;=0.1,&lt;0.2", "Silver", "restart Ssoko"):
        assert fact in page
    assert "requires Ssoko" not in page
    assert "/install" not in page
    for tail in ("/install", "/installation"):
        assert shop.get(f"/w/acme/marketplace/wiki{tail}").status_code == 404
    assert shop.get("/w/acme/marketplace/nothing").status_code == 404


def test_incompatible_plugin_shows_a_warning(shop):
    page = shop.get("/w/acme/marketplace/future").text
    assert "requires Ssoko &gt;=0.9,&lt;1.0" in page
    assert "Needs another Ssoko version" in shop.get("/w/acme/marketplace?q=future").text


def test_opt_in_plugin_tells_how_to_enable_it(shop):
    assert "SSOKO_OPT_IN_PLUGINS" in shop.get("/w/acme/marketplace/cloudy").text
    assert "SSOKO_OPT_IN_PLUGINS" not in shop.get("/w/acme/marketplace/wiki").text


def test_newer_version_is_shown_on_card_and_page(shop):
    assert "0.7 available" in shop.get("/w/acme/marketplace?q=aws").text
    page = shop.get("/w/acme/marketplace/aws").text
    assert "<code>pip install ssoko-aws==0.7</code>" in page
    assert 'href="/w/acme/marketplace/aws/install"' in page


def test_integrations_of_a_vendor_share_a_card_without_filters(shop):
    page = shop.get("/w/acme/marketplace").text
    assert '<span class="help">2 integrations</span>' in page
    assert page.count('href="/w/acme/marketplace/cloudy"') == 1
    narrowed = shop.get("/w/acme/marketplace?vendor=AWS").text
    assert '<span class="help">2 integrations</span>' not in narrowed
    assert "1 to 2 of 2 integrations" in narrowed
    assert (
        '<span class="help">2 integrations</span>' not in shop.get("/w/acme/marketplace?q=aws").text
    )


@pytest.mark.parametrize("path", ["", "/evil", "?q=script", "?vendor=%3Cscript%3E&page=2"])
def test_markup_of_an_index_is_escaped(shop, path):
    page = shop.get(f"/w/acme/marketplace{path}").text
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page


def test_broken_index_is_reported_and_the_page_works(site, tmp_path):
    path = tmp_path / "index.json"
    path.write_text('{"format": 1, "integrations": [{}]}')
    site.app.extensions["ssoko"] = replace(site.services, index=PluginIndex(path))
    browser = site.browser(site.admin)
    for where in ("marketplace", "settings/plugins"):
        page = browser.get(f"/w/acme/{where}").text
        assert "The plugin index is not used." in page
        assert "integrations.0." in page
    assert 'href="/w/acme/marketplace/aws"' in browser.get("/w/acme/marketplace").text
    path.write_bytes(write_index(ENTRIES))
    page = browser.get("/w/acme/marketplace").text
    assert "The plugin index is not used." not in page
    assert 'href="/w/acme/marketplace/wiki"' in page
