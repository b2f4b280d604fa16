"""Attacks on the sign-in page and on sessions (SE and LI rows)."""

import copy
import http.client
import statistics
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..e2e.server import PASSWORD, ApiError, Workspace, at_sign_in
from ..e2e.visitor import Response, Visitor


@pytest.fixture(scope="module")
def admin(workspace: Workspace) -> Visitor:
    """Return the browser of an admin."""
    return workspace.sign_in()


def try_to_sign_in(workspace: Workspace, username: str, password: str) -> Response:
    """Send the sign-in form in a new browser."""
    visitor = Visitor()
    page = visitor.get(f"{workspace.url}/sign-in")
    return visitor.submit(page, username=username, password=password)


def test_se_01_signing_in_creates_a_new_session(workspace: Workspace) -> None:
    visitor = Visitor()
    page = visitor.get(f"{workspace.url}/sign-in")
    before = copy.deepcopy(visitor.cookies["localhost"])
    visitor.submit(page, username="admin1", password=PASSWORD)
    after = visitor.cookies["localhost"]
    assert before and all(after[name] != value for name, value in before.items() if name in after)
    old = Visitor({"localhost": before})
    assert at_sign_in(old.get(f"{workspace.url}/dashboard"))


def test_se_02_the_session_cookie_has_its_flags(workspace: Workspace) -> None:
    page = Visitor().get(f"{workspace.url}/sign-in", follow=False)
    cookie = page.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert len(cookie) < 4096


@pytest.mark.parametrize(
    "value", ["", "x", "." * 5000, "\u00e9", "eyJhIjoxfQ.aaaaaa.bbbbbb", "null"]
)
def test_se_03_forged_cookies_are_rejected(
    workspace: Workspace, admin: Visitor, value: str
) -> None:
    name = next(iter(admin.cookies["localhost"]))
    headers = {"Cookie": f"{name}={urllib.parse.quote(value, safe='.')}"}
    page = Visitor().open("GET", f"{workspace.url}/dashboard", headers=headers)
    assert page.status in (200, 400) and (page.status == 400 or at_sign_in(page))


def test_se_10_personal_pages_are_not_cached(workspace: Workspace, admin: Visitor) -> None:
    for path in ("dashboard", "users", "activity", "marketplace"):
        page = admin.get(f"{workspace.url}/{path}")
        assert page.status == 200
        assert "no-store" in page.headers["cache-control"]
        assert "cookie" in page.headers.get("vary", "").lower()


def test_li_01_and_02_sign_in_does_not_reveal_which_users_exist(
    workspace: Workspace, amina: dict
) -> None:
    pages: dict[str, list[Response]] = {"amina": [], "nobody-here": []}
    took: dict[str, list[float]] = {"amina": [], "nobody-here": []}
    for _ in range(4):
        for name in pages:
            visitor = Visitor()
            page = visitor.get(f"{workspace.url}/sign-in")
            began = time.monotonic()
            pages[name].append(visitor.submit(page, username=name, password="wrong"))
            took[name].append(time.monotonic() - began)
    known, unknown = (p[0] for p in pages.values())
    assert known.status == unknown.status
    assert known.words().replace("amina", "*") == unknown.words().replace("nobody-here", "*")
    fast, slow = sorted(statistics.median(t) for t in took.values())
    assert fast > slow / 4, "an unknown username takes as long as a known one"


def test_se_03_a_cookie_from_before_sign_out_is_rejected(workspace: Workspace) -> None:
    workspace.create_user("leaver")
    visitor = workspace.sign_in("leaver")
    old = copy.deepcopy(visitor)
    page = visitor.get(f"{workspace.url}/dashboard")
    form = page.form("csrf_token").values
    visitor.post(f"{workspace.url}/sign-out", {"csrf_token": form["csrf_token"]}, sent_by=page.url)
    for browser in (visitor, old):
        assert at_sign_in(browser.get(f"{workspace.url}/dashboard"))


@pytest.mark.parametrize(
    "change", [{"password": "another good pass 77"}, {"active": False}, "delete"]
)
def test_se_04_and_05_sessions_end_with_the_account_or_password(
    workspace: Workspace, change: dict | str
) -> None:
    name = f"ends-{'-'.join(change) if isinstance(change, dict) else change}"
    person = workspace.create_user(name)
    visitor = workspace.sign_in(name)
    assert not at_sign_in(visitor.get(f"{workspace.url}/dashboard"))
    if change == "delete":
        workspace.api.delete(f"/users/{person['id']}")
    else:
        workspace.api.patch(f"/users/{person['id']}", **change)
    assert at_sign_in(visitor.get(f"{workspace.url}/dashboard"))


def guess(
    workspace: Workspace, page: Response, visitor: Visitor, username: str, **headers: str
) -> int:
    """Send one wrong password and return the status."""
    form = page.form("username", "password").values
    body = urllib.parse.urlencode(form | {"username": username, "password": "wrong"}).encode()
    sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": workspace.server.url}
    return visitor.open("POST", page.url, body=body, headers=sent | headers, follow=False).status


def test_li_03_and_04_parallel_guesses_are_limited(workspace: Workspace) -> None:
    workspace.create_user("guessed")
    visitor = Visitor()
    page = visitor.get(f"{workspace.url}/sign-in")

    def one(number: int) -> int:
        # However it is written, and from wherever it claims to come.
        name = ("guessed", "GUESSED", "guessed@attacked.test", " guessed")[number % 4]
        claim = {"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
        return guess(workspace, page, copy.deepcopy(visitor), name, **claim)

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(one, range(60)))
    assert 429 in statuses and all(status < 500 or status == 503 for status in statuses)
    # Username and email count apart, so that the counter does not tell that they are one account.
    assert sum(status not in (429, 503) for status in statuses) <= 20
    # The owner still has access from another IP address.
    assert signs_in_from("127.0.0.77", workspace, "guessed")


def signs_in_from(address: str, workspace: Workspace, username: str) -> bool:
    """Return whether the correct password still signs in from another IP address."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", workspace.server.port, timeout=10, source_address=(address, 0)
    )
    visitor = Visitor()
    page = visitor.get(f"{workspace.url}/sign-in")
    cookie = "; ".join(f"{k}={v}" for k, v in visitor.cookies["localhost"].items())
    form = page.form("username", "password").values | {"username": username, "password": PASSWORD}
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": f"localhost:{workspace.server.port}",
        "Origin": workspace.server.url,
        "Cookie": cookie,
    }
    path = urllib.parse.urlsplit(page.url).path
    connection.request("POST", path, urllib.parse.urlencode(form), headers)
    status = connection.getresponse().status
    connection.close()
    return status == 303


@pytest.mark.parametrize(
    "password",
    ["", "short", "password1234", "qwertyuiop12", "123456789012", "a" * 12, "x" * 5000],
)
def test_li_06_weak_passwords_are_rejected(workspace: Workspace, password: str) -> None:
    with pytest.raises(ApiError) as refusal:
        workspace.create_user("weak", password=password)
    assert refusal.value.status == 422 and "password" in refusal.value.problem


@pytest.mark.parametrize(
    "name",
    ["AMINA", "\uff41mina", "\u0430mina", "amin\u0430", "am\u0131na", "am\u200bina", "a\u00admina",
     "amina\u202e", "amina "],
)  # fmt: skip
def test_li_12_look_alike_usernames_are_rejected(
    workspace: Workspace, amina: dict, name: str
) -> None:
    with pytest.raises(ApiError) as refusal:
        workspace.api.post(
            "/users", username=name, email="look@alike.test", first_name="L", last_name="A"
        )
    assert refusal.value.status in (409, 422)
