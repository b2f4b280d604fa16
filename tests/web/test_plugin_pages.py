"""Pages that plugins bring: beside the site, without its cookies, and alone when they fail."""

import logging
from collections.abc import Iterable
from typing import Any

import pytest
from ssoko.web.plugins.mounted_pages import PluginPages, without_ours
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

Environ = dict[str, Any]


@Request.application
def site(request: Request) -> Response:
    return Response(f"the site at {request.path}")


@Request.application
def mirror(request: Request) -> Response:
    """Answer with what it was shown; set the cookies that were asked for."""
    seen = {
        "root": request.root_path,
        "path": request.path,
        "cookies": request.headers.get("Cookie", ""),
        "authorization": request.headers.get("Authorization", ""),
        "body": request.get_data(as_text=True),
    }
    response = Response("\n".join(f"{k}={v}" for k, v in seen.items()))
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
    known = {"localhost"}
    app = PluginPages(site, pages, is_ours=lambda env: env["HTTP_HOST"] in known)
    return Client(app, use_cookies=False)


@pytest.mark.parametrize(
    "path", ["/", "/plugins", "/plugins/", "/plugins/other/x", "/pluginsmirror"]
)
def test_everything_else_is_the_sites(client: Client, path: str) -> None:
    assert client.get(path).text == f"the site at {path}"


def test_a_plugin_is_mounted_at_its_slug(client: Client) -> None:
    answer = client.post("/plugins/mirror/acs", data="SAMLResponse=x")
    assert "root=/plugins/mirror\npath=/acs" in answer.text
    assert "body=SAMLResponse=x" in answer.text


def test_a_plugin_is_not_reached_by_another_host_name(client: Client) -> None:
    answer = client.get("/plugins/mirror/", base_url="http://evil.example")
    assert answer.text == "the site at /plugins/mirror/"


def test_a_plugin_sees_none_of_our_cookies_and_no_token(client: Client) -> None:
    cookies = "ssoko=a; __Host-ssoko=b; ssoko-theme=dark; sandbox=c; SSOKO=d; other=e"
    headers = {"Cookie": cookies, "Authorization": "Bearer ssoko_x"}
    answer = client.get("/plugins/mirror/", headers=headers)
    assert "cookies=sandbox=c; other=e\n" in answer.text
    assert "authorization=\n" in answer.text


def test_a_plugin_sets_cookies_of_its_own_only(client: Client) -> None:
    answer = client.get("/plugins/mirror/?set=ssoko&set=__Host-ssoko&set=sandbox")
    assert [c.partition("=")[0] for c in answer.headers.getlist("Set-Cookie")] == ["sandbox"]


@pytest.mark.parametrize("slug", ["raises", "raises-late", "unmade", "nothing"])
def test_a_plugin_that_fails_gets_a_page_and_a_line_in_the_log(
    client: Client, slug: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = client.get(f"/plugins/{slug}/")
    assert answer.status_code == 500
    assert slug in answer.text
    assert "no such luck" not in answer.text
    assert "half a page" not in answer.text
    assert f"plugin {slug} failed" in caplog.text
    assert client.get("/").status_code == 200


def test_answers_may_not_be_framed_or_sniffed(client: Client) -> None:
    headers = client.get("/plugins/mirror/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("header", "kept"),
    [("", ""), ("ssoko=1", ""), ("a=1;ssoko=2;b=3", "a=1; b=3"), ("ssokoish=1", "ssokoish=1")],
)
def test_only_our_cookies_are_taken_out(header: str, kept: str) -> None:
    assert without_ours(header) == kept
