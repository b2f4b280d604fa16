"""Pages of plugins: mounted beside the site, without its cookies, isolated when they fail."""

import logging
from collections.abc import Iterable
from typing import Any

import pytest
from ssoko.web.plugins.mounted_pages import PluginPages, remove_our_cookies
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

Environ = dict[str, Any]


@Request.application
def site(request: Request) -> Response:
    return Response(f"the site at {request.path}")


@Request.application
def mirror(request: Request) -> Response:
    """Return the request as text, and set the requested cookies."""
    received = {
        "root": request.root_path,
        "path": request.path,
        "cookies": request.headers.get("Cookie", ""),
        "authorization": request.headers.get("Authorization", ""),
        "body": request.get_data(as_text=True),
    }
    response = Response("\n".join(f"{k}={v}" for k, v in received.items()))
    for name in request.args.getlist("set"):
        response.set_cookie(name, "x")
    return response


def raises(environ: Environ, start_response: Any) -> Iterable[bytes]:
    raise ValueError("no such luck")


def raises_late(environ: Environ, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"half a page"
    raise ValueError("no such luck")


def cannot_be_made() -> Any:
    raise RuntimeError("not today")


@pytest.fixture
def client() -> Client:
    pages = {
        "mirror": lambda: mirror,
        "raises": lambda: raises,
        "raises-late": lambda: raises_late,
        "unmade": cannot_be_made,
        "nothing": lambda: None,
    }
    hosts = {"localhost"}
    app = PluginPages(site, pages, is_ours=lambda env: env["HTTP_HOST"] in hosts)
    return Client(app, use_cookies=False)


@pytest.mark.parametrize(
    "path", ["/", "/plugins", "/plugins/", "/plugins/other/x", "/pluginsmirror"]
)
def test_other_paths_belong_to_the_site(client: Client, path: str) -> None:
    assert client.get(path).text == f"the site at {path}"


def test_plugin_is_mounted_at_its_slug(client: Client) -> None:
    http_response = client.post("/plugins/mirror/acs", data="SAMLResponse=x")
    assert "root=/plugins/mirror\npath=/acs" in http_response.text
    assert "body=SAMLResponse=x" in http_response.text


def test_plugin_is_not_served_for_another_host(client: Client) -> None:
    http_response = client.get("/plugins/mirror/", base_url="http://evil.example")
    assert http_response.text == "the site at /plugins/mirror/"


def test_plugin_gets_no_cookies_or_tokens_of_the_site(client: Client) -> None:
    cookies = "ssoko=a; __Host-ssoko=b; ssoko-theme=dark; sandbox=c; SSOKO=d; other=e"
    headers = {"Cookie": cookies, "Authorization": "Bearer ssoko_x"}
    http_response = client.get("/plugins/mirror/", headers=headers)
    assert "cookies=sandbox=c; other=e\n" in http_response.text
    assert "authorization=\n" in http_response.text


def test_plugin_can_set_only_its_own_cookies(client: Client) -> None:
    http_response = client.get("/plugins/mirror/?set=ssoko&set=__Host-ssoko&set=sandbox")
    assert [c.partition("=")[0] for c in http_response.headers.getlist("Set-Cookie")] == ["sandbox"]


@pytest.mark.parametrize("slug", ["raises", "raises-late", "unmade", "nothing"])
def test_failing_plugin_returns_an_error_page_and_is_logged(
    client: Client, slug: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        http_response = client.get(f"/plugins/{slug}/")
    assert http_response.status_code == 500
    assert slug in http_response.text
    assert "no such luck" not in http_response.text
    assert "half a page" not in http_response.text
    assert f"Plugin {slug} raised an error" in caplog.text
    assert client.get("/").status_code == 200


def test_plugin_responses_have_security_headers(client: Client) -> None:
    headers = client.get("/plugins/mirror/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("header", "kept"),
    [("", ""), ("ssoko=1", ""), ("a=1;ssoko=2;b=3", "a=1; b=3"), ("ssokoish=1", "ssokoish=1")],
)
def test_only_cookies_of_the_site_are_removed(header: str, kept: str) -> None:
    assert remove_our_cookies(header) == kept
