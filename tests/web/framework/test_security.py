"""Security headers, protection against forged forms, and error pages."""

import pytest
from ssoko.store.models.table import database

from ..conftest import HTML, PASSWORD, Browser, make_app, populate

PAGES = ("/", "/w/acme/sign-in", "/nowhere", "/w/nobody/sign-in", "/w/acme/users/%00")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_headers(site, path):
    response = site.browser().get(path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert response.headers["Cache-Control"] == "no-store"
    assert "Cookie" in response.headers["Vary"]
    assert "Strict-Transport-Security" not in response.headers


def test_no_page_has_inline_script_or_style(admin):
    for path in ("/w/acme/", "/w/acme/marketplace", "/w/acme/dashboard", "/w/acme/sign-in?fresh=1"):
        page = admin.get(path).text
        assert " style=" not in page
        assert "<style" not in page
        assert "<script>" not in page
        assert " onclick=" not in page


def test_https_makes_the_cookie_secure_and_adds_hsts(tmp_path):
    site = populate(make_app(tmp_path, base_url="https://sso.acme.test"))
    response = site.app.test_client().get("/w/acme/sign-in", base_url="https://sso.acme.test")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("__Host-ssoko=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert response.headers["Strict-Transport-Security"].startswith("max-age=")


def test_cookie_over_http_is_httponly_and_samesite(site):
    cookie = site.browser().get("/w/acme/sign-in").headers["Set-Cookie"]
    assert cookie.startswith("ssoko=")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie


def test_unknown_host_is_rejected(site):
    response = site.app.test_client().get("/w/acme/sign-in", base_url="http://evil.test")
    assert response.status_code == 400
    assert "evil.test" not in response.text


def test_static_files_are_cached_under_their_hash(site):
    browser = site.browser()
    page = browser.get("/w/acme/sign-in").text
    url = page.split('rel="stylesheet" href="')[1].split('"')[0]
    response = browser.get(url)
    assert response.status_code == 200
    assert "immutable" in response.headers["Cache-Control"]
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers
    version = url.split("/")[2]
    old = browser.get(url.replace(version, "0" * 12))
    assert old.status_code == 200
    assert "immutable" not in old.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["../conftest.py", "..%2f..%2fauth.py", "nothing.css", ".env"])
def test_only_static_files_are_served(site, path):
    assert site.browser().get(f"/static/0/{path}").status_code == 404


def test_form_without_a_token_changes_nothing_and_can_be_sent_again(admin):
    response = admin.client.post("/w/acme/theme", data={"theme": "dark"}, headers=HTML)
    assert response.status_code == 400
    assert "ssoko-theme" not in str(response.headers)
    assert "This page expired" in response.text
    assert "Reload and try again." in response.text
    assert "Send again" in response.text
    assert 'name="theme" value="dark"' in response.text


def test_form_of_another_site_cannot_be_sent_again(admin):
    response = admin.client.post("/w/acme/theme", data={"theme": "dark"})
    assert response.status_code == 400
    assert "Send again" not in response.text


def test_error_page_never_contains_a_password(site):
    response = site.app.test_client().post(
        "/w/acme/sign-in", data={"username": "ada", "password": "secret tree"}, headers=HTML
    )
    assert response.status_code == 400
    assert "secret tree" not in response.text


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}]
)
def test_form_of_another_site_is_rejected_even_with_a_valid_token(admin, headers):
    token = admin.token("/w/acme/account")
    response = admin.client.post("/w/acme/sign-out", data={"csrf_token": token}, headers=headers)
    assert response.status_code == 403
    assert admin.get("/w/acme/account").status_code == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("application/x-www-form-urlencoded", b"username=%ff%fe&password=%00"),
        ("application/x-www-form-urlencoded; charset=utf-99", b"username=a"),
        ("text/plain", b"username=ada"),
        ("application/json", b"{"),
    ],
)
def test_malformed_form_is_a_client_error(site, kind, body):
    response = site.browser().client.post("/w/acme/sign-in", data=body, content_type=kind)
    assert response.status_code in {400, 401, 413, 415, 422}


def test_form_over_1_mb_is_rejected(site):
    response = site.browser().client.post(
        "/w/acme/sign-in", data={"username": "a" * 1_100_000, "password": "b"}
    )
    assert response.status_code == 413


def test_control_characters_in_a_username_only_fail_the_sign_in(site):
    browser: Browser = site.browser()
    for username in ("\x00", "ada\u200b", "a" * 5000, "\ud7ff", "' OR 1=1"):
        assert browser.sign_in(username).status_code in {401, 422, 429}


def test_missing_database_is_a_503_with_retry_after(site, admin, tmp_path):
    database.close()
    file = tmp_path / "ssoko.sqlite3"
    file.rename(tmp_path / "away.sqlite3")
    file.mkdir()
    for path in ("/w/acme/", "/w/acme/sign-in", "/"):
        response = admin.get(path)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert "Ssoko is temporarily unavailable" in response.text
    assert admin.get("/static/0/ssoko.css").status_code == 200


def test_unexpected_error_shows_a_reference_and_no_details(site, caplog):
    app = site.app

    def broken() -> str:
        raise RuntimeError("the inside")

    app.view_functions["auth.start"] = broken
    response = site.browser().get("/")
    assert response.status_code == 500
    assert "the inside" not in response.text
    reference = response.text.split("ERR-")[1].split("<")[0]
    assert f"ERR-{reference}" in caplog.text


@pytest.mark.parametrize(
    ("base_url", "host", "origin", "status"),
    [
        ("https://sso.acme.test:8443", "sso.acme.test", "https://sso.acme.test:8443", 303),
        ("https://sso.acme.test:8443", "sso.acme.test:8443", "https://sso.acme.test:8443", 303),
        ("https://sso.acme.test", "sso.acme.test", "https://sso.acme.test", 303),
        ("https://[::1]:8443", "[::1]:8443", "https://[::1]:8443", 303),
        ("https://[::1]:8443", "[::1]", "https://[::1]:8443", 303),
        ("https://SSO.Acme.test:443", "sso.acme.test", "https://sso.acme.test", 303),
        ("https://sso.acme.test", "sso.acme.test", "null", 303),
        ("https://sso.acme.test:8443", "sso.acme.test", "https://sso.acme.test", 403),
        ("https://sso.acme.test:8443", "sso.acme.test", "https://sso.acme.test:9443", 403),
        ("https://sso.acme.test", "sso.acme.test", "https://sso.acme.test.evil.test", 403),
        ("https://sso.acme.test", "sso.acme.test", "https://sso.acme.test:bad", 403),
    ],
)
def test_the_origin_of_a_form_is_compared_with_the_base_url(
    tmp_path, base_url, host, origin, status
):
    site = populate(make_app(tmp_path, base_url=base_url))
    client, base = site.app.test_client(), f"https://{host}"
    page = client.get("/w/acme/sign-in", base_url=base)
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    fields = {"csrf_token": token, "username": site.admin.username, "password": PASSWORD}
    headers = {"Origin": origin}
    response = client.post("/w/acme/sign-in", data=fields, headers=headers, base_url=base)
    assert response.status_code == status


@pytest.mark.parametrize(
    ("base_url", "host", "status"),
    [
        ("http://[::1]:8000", "[::1]:8000", 200),
        ("http://[::1]:8000", "[0:0:0:0:0:0:0:1]", 200),
        ("http://[::1]:8000", "localhost:8000", 200),
        ("http://localhost:8000", "[::1]:8000", 200),
        ("https://sso.acme.test", "SSO.ACME.TEST", 200),
        ("http://[::1]:8000", "[::2]:8000", 400),
        ("http://[::1]:8000", "[::1", 400),
    ],
)
def test_a_host_is_known_however_it_is_written(tmp_path, base_url, host, status):
    site = populate(make_app(tmp_path, base_url=base_url))
    response = site.app.test_client().get("/w/acme/sign-in", headers={"Host": host})
    assert response.status_code == status
