"""The pages and the API under attack (WB and AT rows)."""

import http.client
import json
import socket
import time
import urllib.parse

import pytest

from ..e2e.server import PASSWORD, ApiError, Server, Workspace, at_sign_in
from ..e2e.visitor import Visitor
from .conftest import Applications
from .site import INTERNALS, Target


@pytest.fixture(scope="module")
def admin(workspace: Workspace) -> Visitor:
    """Return the browser of an admin."""
    return workspace.sign_in()


def test_wb_01_forms_posted_by_another_site_change_nothing(
    workspace: Workspace, admin: Visitor
) -> None:
    address = f"{workspace.url}/groups/new"
    values = admin.get(address).form("csrf_token").values | {"name": "Forged"}
    without = {k: v for k, v in values.items() if k != "csrf_token"}
    for form, page in (
        (values, "https://evil.example/"),
        (without, ""),
        (values | {"csrf_token": "x"}, ""),
        (values | {"csrf_token": ""}, ""),
    ):
        assert admin.post(address, form, sent_by=page).status in (400, 403)
    plain = {"Content-Type": "text/plain"}
    body = urllib.parse.urlencode(values).encode()
    assert admin.open("POST", address, body=body, headers=plain).status in (400, 403)
    cross = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site"}
    assert admin.open("POST", address, body=body, headers=cross).status == 403
    names = [group["name"] for group in workspace.api.items("/groups")]
    assert "Forged" not in names


@pytest.mark.parametrize("path", ["/w/attacked/sign-in", "/w/attacked/nothing", "/nothing", "/"])
def test_wb_02_every_page_has_the_security_headers(ssoko: Server, path: str) -> None:
    page = Visitor().get(f"{ssoko.url}{path}")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "referrer-policy" in page.headers
    assert "python" not in page.headers.get("server", "").lower()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Host": ""},
        {"Host": "localhost@evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        {"X-Forwarded-Prefix": "//evil.example", "X-Script-Name": "/evil.example"},
        {"X-Original-URL": "/w/attacked/users", "X-Rewrite-URL": "/w/attacked/users"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"Remote-User": "admin1", "X-Remote-User": "admin1", "X-Forwarded-User": "admin1"},
    ],
)
def test_wb_04_forged_headers_have_no_effect(workspace: Workspace, headers: dict) -> None:
    page = Visitor().open("GET", f"{workspace.url}/dashboard", headers=headers, follow=False)
    assert page.status in (302, 303, 400)
    assert "evil" not in page.headers.get("location", "") and "evil" not in page.text


METHODS = ("GET", "PATCH", "DELETE")


def test_wb_05_ids_of_another_workspace_are_not_found(
    workspace: Workspace, rival: Workspace, target: Target, amina: dict
) -> None:
    group = workspace.api.post("/groups", name="Ours")
    role = target.application["default_role"]["id"]
    for kind, number in (
        ("users", amina["id"]),
        ("groups", group["id"]),
        ("roles", role),
        ("applications", target.id),
    ):
        for method in METHODS:
            body = {"name": "Taken"} if method == "PATCH" else None
            with pytest.raises(ApiError) as ours:
                rival.api.call(method, f"/{kind}/{number}", body)
            with pytest.raises(ApiError) as unknown:
                rival.api.call(method, f"/{kind}/1234567890abcdef", body)
            assert ours.value.status == unknown.value.status
            assert ours.value.status == 404 or (method, kind) == ("PATCH", "users")
    rita = rival.api.items("/users")[0]["id"]
    for path, body in (
        (f"/users/{rita}/roles", {"role": role}),
        (f"/users/{amina['id']}/roles", {"role": role}),
        (f"/groups/{group['id']}/members", {"user": rita}),
    ):
        with pytest.raises(ApiError) as refusal:
            rival.api.post(path, **body)
        assert refusal.value.status in (404, 422)
    stranger = rival.sign_in("rita")
    for path in ("dashboard", "users", f"users/{amina['id']}", f"applications/{target.id}"):
        page = stranger.get(f"{workspace.url}/{path}")
        assert at_sign_in(page) or page.status in (403, 404)
    target.accepts()


def test_wb_06_admin_pages_are_closed_to_users(
    workspace: Workspace, target: Target, amina: dict
) -> None:
    for path in (
        "users", "users/new", f"users/{amina['id']}", "groups", "roles", "activity", "settings",
        f"applications/{target.id}", f"applications/{target.id}/settings",
        "marketplace/custom-saml/install", "settings/tokens", "settings/issuers",
    ):  # fmt: skip
        page = target.person.get(f"{workspace.url}/{path}")
        assert page.status in (403, 404), f"{page.status} {path}"
        assert at_sign_in(Visitor().get(f"{workspace.url}/{path}"))


def test_wb_07_fields_that_nobody_may_set_are_rejected(workspace: Workspace, amina: dict) -> None:
    before = workspace.api.get(f"/users/{amina['id']}")
    for extra in (
        {"workspace": "x"}, {"workspace_id": "x"}, {"id": "x"}, {"password_hash": "x"},
        {"roles": ["admin"]}, {"created_at": 0}, {"__class__": "x"}, {"is_admin": True},
    ):  # fmt: skip
        with pytest.raises(ApiError) as refusal:
            workspace.api.patch(f"/users/{amina['id']}", **extra)
        assert refusal.value.status == 422
    assert workspace.api.get(f"/users/{amina['id']}") == before


MARKUP = "<script>alert(1)</script>{{7*191}}${7*191}\"'><img src=x onerror=alert(1)>"


def test_wb_08_markup_in_names_is_escaped(
    workspace: Workspace, admin: Visitor, applications: Applications
) -> None:
    person = workspace.create_user("markup", first_name=MARKUP, last_name="<b>b</b>")
    group = workspace.api.post("/groups", name=MARKUP, description=MARKUP)
    role = workspace.api.post("/roles", name=MARKUP, description=MARKUP)
    application = workspace.application(
        MARKUP[:60], entity_id="https://markup.example/", acs_urls=["https://markup.example/acs"]
    )
    for path in (
        f"users/{person['id']}", f"users/{person['id']}/roles", f"groups/{group['id']}/settings",
        f"roles/{role['id']}/settings", "users", "groups", "roles", "activity", "marketplace",
        f"applications/{application['id']}", f"applications/{application['id']}/guide", "dashboard",
    ):  # fmt: skip
        page = admin.get(f"{workspace.url}/{path}")
        assert page.status == 200, f"{page.status} {path}"
        document = page.document()
        assert "1337" not in page.words()
        assert not document.xpath("//img[@src='x'] | //*[@onerror]")
        assert not [s for s in document.xpath("//script") if "alert" in (s.text or "")]


@pytest.mark.parametrize(
    "path",
    [
        "/.env", "/.git/config", "/console", "/debug", "/admin", "/static/../config", "/w/%2e%2e/",
        "/static/%2e%2e/%2e%2e/app.py", "/static/..%2f..%2fapp.py", "/static/x/../../app.py",
        "/w/attacked/..%2f..%2fetc/passwd", "/%00", "/w/%00/sign-in", "/w/attacked/users/%00",
        "/w/%ff/sign-in", "/w/attacked/%e2%80%ae", "//evil.example/", "/\\evil.example/",
        "/w/attacked/applications/" + "x" * 3000, "/saml/x/metadata", "/saml/%00/metadata",
        "/w/attacked/applications/x/mappers/" + "9" * 5000, "/w/attacked/applications/x/mappers/-1",
        "/logo/..%2f..%2fx.svg", "/plugins/../x", "/api/v1/workspaces/attacked/users/%00",
    ],
)  # fmt: skip
def test_wb_10_malformed_urls_get_a_client_error(ssoko: Server, admin: Visitor, path: str) -> None:
    for visitor in (Visitor(), admin):
        page = visitor.open("GET", f"{ssoko.url}{path}", follow=False)
        assert page.status in (301, 302, 303, 308, 400, 401, 403, 404, 405, 414), page.status
        place = urllib.parse.urljoin(ssoko.url, page.headers.get("location", "/"))
        assert place.startswith(ssoko.url)
        assert not INTERNALS.search(page.text)


@pytest.mark.parametrize("place", ["0", "1", "99", "9" * 30, "9" * 5000, "-1", "x", "%00"])
def test_wb_10_unknown_mapper_positions_are_not_found(
    admin: Visitor, target: Target, place: str
) -> None:
    mappers = f"{target.workspace.url}/applications/{target.application['slug']}/mappers"
    token = admin.get(f"{mappers}/new").form("csrf_token").values["csrf_token"]
    for path in ("", "/move", "/remove"):
        address = f"{mappers}/{place}{path}"
        assert admin.get(address, follow=False).status < 500
        form = {"csrf_token": token, "to": place, "direction": place, "version": place}
        assert admin.post(address, form, follow=False).status < 500
    target.accepts()


@pytest.mark.parametrize(
    "query",
    [
        "q=%27%20OR%201%3D1--", "q=%25%25%25%25%25%25_____", "q=%00", "q=%ff", "q=" + "x" * 5000,
        "page=1000000000", "page=-1", "page=x", "limit=100000000", "cursor=x", "cursor=%00",
        "sort=password", "order=%27", "since=x", "since=99999999999999999999", "until=-1",
        "q=a&q=b", "actor=%27", "application=%00", "outcome=x", "active=maybe", "q=%5C%22*",
    ],
)  # fmt: skip
def test_wb_15_queries_for_too_much_are_rejected(
    workspace: Workspace, admin: Visitor, query: str
) -> None:
    headers = {"Authorization": f"Bearer {workspace.api.token}"}
    for path in ("users", "groups", "roles", "applications", "activity", "marketplace", "traces"):
        began = time.monotonic()
        page = admin.get(f"{workspace.url}/{path}?{query}")
        assert page.status < 500, f"{page.status} {path}"
        assert time.monotonic() - began < 3
        listed = "events" if path == "activity" else path
        sent = Visitor().open("GET", f"{workspace.api.root}/{listed}?{query}", headers=headers)
        assert sent.status in (200, 404, 422), f"{sent.status} {listed}: {sent.text[:300]}"


def test_wb_17_no_other_origin_reads_or_writes_the_api(workspace: Workspace) -> None:
    token = {"Authorization": f"Bearer {workspace.api.token}"}
    address = f"{workspace.api.root}/groups"
    body = json.dumps({"name": "Crossed"}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = token | {"Content-Type": kind, "Origin": "https://evil.example"}
        assert Visitor().open("POST", address, body=body, headers=headers).status == 415
    page = Visitor().open("GET", address, headers=token | {"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in page.headers
    names = [group["name"] for group in workspace.api.items("/groups")]
    assert "Crossed" not in names


SMUGGLED = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: -1",
        "Content-Length: 5x",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Bad Header: x",
        "X: a\nY: b\n\nZ",
    ],
)
def test_wb_18_ambiguous_http_requests_are_rejected(ssoko: Server, head: str) -> None:
    text = f"POST /saml/x/login HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n0\r\n\r\n{SMUGGLED}"
    with socket.create_connection(("127.0.0.1", ssoko.port), timeout=3) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert received.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5", b"HTTP/1.0 4")), received[:100]
    assert b"HTTP/1.1 500" not in received
    assert b"HTTP/1.1 200" not in received, "the second request was not read as one"
    assert Visitor().get(f"{ssoko.url}/healthz").status == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer None", "Bearer null", "Bearer x", "Basic YTpi", "{token}",
     "bearer{token}", "Bearer {token}x", "Bearer {cut}", "Bearer {token} {token}", "Bearer \x00",
     "Token {token}", "Bearer \xe9"],
)  # fmt: skip
def test_at_01_malformed_tokens_are_rejected(workspace: Workspace, authorization: str) -> None:
    token = workspace.api.token
    value = authorization.replace("{token}", token).replace("{cut}", token[:-1])
    try:
        page = Visitor().open(
            "GET", f"{workspace.api.root}/users", headers={"Authorization": value}
        )
    except (ValueError, http.client.HTTPException):
        pytest.fail("the client could not send it")
    assert page.status in (400, 401)
    assert "items" not in page.text


def test_at_01_tokens_outside_the_authorization_header_are_rejected(
    workspace: Workspace, admin: Visitor
) -> None:
    token = workspace.api.token
    for query in (f"token={token}", f"access_token={token}", f"Authorization=Bearer%20{token}"):
        assert Visitor().get(f"{workspace.api.root}/users?{query}").status == 401
    assert admin.get(f"{workspace.api.root}/users").status == 401, "cookies do not count"
    cookie = {"Cookie": f"token={token}"}
    assert Visitor().open("GET", f"{workspace.api.root}/users", headers=cookie).status == 401


def test_at_04_a_token_of_another_workspace_is_rejected(
    workspace: Workspace, rival: Workspace
) -> None:
    for path in ("", "/users", "/applications", "/events", "/traces"):
        headers = {"Authorization": f"Bearer {rival.api.token}"}
        assert Visitor().open("GET", f"{workspace.api.root}{path}", headers=headers).status == 404


def test_at_05_secrets_are_never_returned(workspace: Workspace, target: Target) -> None:
    texts = [
        json.dumps(workspace.api.get(path))
        for path in ("", "/users", "/applications", f"/applications/{target.id}", "/issuers",
                     "/events?limit=200", "/traces", "/integrations", "/plugins")
    ]  # fmt: skip
    for text in texts:
        for secret in ("PRIVATE KEY", "$argon2", PASSWORD, workspace.api.token):
            assert secret not in text
