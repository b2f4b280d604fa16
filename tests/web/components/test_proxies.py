"""A proxy that no setting names."""

import logging

import pytest

from ..conftest import make_app, populate

FORWARDED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


def visit(site, *, address, headers=FORWARDED, times=1):
    client = site.app.test_client()
    for _ in range(times):
        client.get("/w/acme/sign-in", headers=headers, environ_base={"REMOTE_ADDR": address})


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "::1", "fd00::2", ""])
def test_a_proxy_without_its_setting_is_logged_once_and_on_the_dashboard(site, caplog, address):
    with caplog.at_level(logging.WARNING, "ssoko.web.components.proxies"):
        visit(site, address=address, times=3)
    (record,) = caplog.records
    assert "SSOKO_TRUSTED_PROXIES" in record.getMessage()
    page = site.browser(site.admin).get("/w/acme/").text
    assert "The proxy is not configured" in page


@pytest.mark.parametrize(
    ("address", "headers"), [("8.8.8.8", FORWARDED), ("127.0.0.1", {"Accept": "text/html"})]
)
def test_a_visitor_who_is_no_proxy_causes_no_notice(site, address, headers):
    visit(site, address=address, headers=headers)
    assert "The proxy is not configured" not in site.browser(site.admin).get("/w/acme/").text


def test_a_named_proxy_causes_no_notice(tmp_path):
    site = populate(make_app(tmp_path, trusted_proxies=1))
    visit(site, address="127.0.0.1")
    assert "The proxy is not configured" not in site.browser(site.admin).get("/w/acme/").text
