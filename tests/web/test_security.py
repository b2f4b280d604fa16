"""Headers on every answer, and no change from a form that is not ours."""

import pytest
from ssoko.store.models.table import database

from .conftest import HTML, Browser, make_app, populate

PAGES = ("/", "/w/acme/sign-in", "/nowhere", "/w/nobody/sign-in", "/w/acme/users/%00")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_carries_the_headers(site, path):
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


def test_http_names_the_cookie_plainly_and_still_guards_it(site):
    cookie = site.browser().get("/w/acme/sign-in").headers["Set-Cookie"]
    assert cookie.startswith("ssoko=")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie


def test_an_unknown_host_is_refused(site):
    response = site.app.test_client().get("/w/acme/sign-in", base_url="http://evil.test")
    assert response.status_code == 400
    assert "evil.test" not in response.text


def test_static_files_are_kept_for_good_under_their_hash(site):
    browser = site.browser()
    page = browser.get("/w/acme/sign-in").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    response = browser.get(address)
    assert response.status_code == 200
    assert "immutable" in response.headers["Cache-Control"]
    assert "Set-Cookie" not in response.headers
    assert "Vary" not in response.headers
    version = address.split("/")[2]
    old = browser.get(address.replace(version, "0" * 12))
    assert old.status_code == 200
    assert "immutable" not in old.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["../conftest.py", "..%2f..%2fauth.py", "nothing.css", ".env"])
def test_nothing_but_static_files_is_served(site, path):
    assert site.browser().get(f"/static/0/{path}").status_code == 404


def test_a_form_without_its_token_changes_nothing_and_says_what_to_do(admin):
    response = admin.client.post("/w/acme/theme", data={"theme": "dark"}, headers=HTML)
    assert response.status_code == 400
    assert "ssoko-theme" not in str(response.headers)
    assert "Send it again" in response.text
    assert 'name="theme" value="dark"' in response.text


def test_what_another_site_sent_is_not_offered_to_be_sent_again(admin):
    response = admin.client.post("/w/acme/theme", data={"theme": "dark"})
    assert response.status_code == 400
    assert "Send it again" not in response.text


def test_a_password_is_never_handed_back(site):
    response = site.app.test_client().post(
        "/w/acme/sign-in", data={"username": "ada", "password": "secret tree"}, headers=HTML
    )
    assert response.status_code == 400
    assert "secret tree" not in response.text


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}]
)
def test_a_form_from_another_site_is_refused_even_with_a_good_token(admin, headers):
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
def test_a_strange_form_is_never_our_fault(site, kind, body):
    response = site.browser().client.post("/w/acme/sign-in", data=body, content_type=kind)
    assert response.status_code in {400, 401, 413, 415, 422}


def test_too_large_a_form_is_refused(site):
    response = site.browser().client.post(
        "/w/acme/sign-in", data={"username": "a" * 1_100_000, "password": "b"}
    )
    assert response.status_code == 413


def test_odd_characters_in_names_and_passwords_only_fail_the_sign_in(site):
    browser: Browser = site.browser()
    for username in ("\x00", "ada\u200b", "a" * 5000, "\ud7ff", "' OR 1=1"):
        assert browser.sign_in(username).status_code in {401, 422, 429}


def test_a_database_that_is_away_is_said_so_with_when_to_come_back(site, admin, tmp_path):
    database.close()
    file = tmp_path / "ssoko.sqlite3"
    file.rename(tmp_path / "away.sqlite3")
    file.mkdir()
    for path in ("/w/acme/", "/w/acme/sign-in", "/"):
        response = admin.get(path)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
        assert "Ssoko is busy or being repaired" in response.text
    assert admin.get("/static/0/ssoko.css").status_code == 200


def test_a_page_that_breaks_shows_a_reference_and_nothing_of_the_inside(site, caplog):
    app = site.app

    def broken() -> str:
        raise RuntimeError("the inside")

    app.view_functions["auth.start"] = broken
    response = site.browser().get("/")
    assert response.status_code == 500
    assert "the inside" not in response.text
    reference = response.text.split("ERR-")[1].split("<")[0]
    assert f"ERR-{reference}" in caplog.text
