"""The session cookie is compatible with that of Flask, and caching doesn't extend its lifetime."""

import time

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner
from ssoko.web.framework.cookies import CookieSessions

FLASK = SecureCookieSessionInterface()


@pytest.fixture
def app():
    app = Flask("cookies")
    app.config["SECRET_KEY"] = "first"
    app.session_interface = CookieSessions()
    return app


def content(app, cookie):
    with app.test_request_context("/", headers={"Cookie": f"session={cookie}"}):
        return dict(session)


def sign(app, interface, **data):
    return interface.get_signing_serializer(app).dumps(data)


def test_flask_reads_our_cookies_and_we_read_those_of_flask(app):
    data = {"_user_id": "token", "long": "x" * 500}
    assert content(app, sign(app, FLASK, **data)) == data
    flask = FLASK.get_signing_serializer(app)
    assert flask.loads(sign(app, app.session_interface, **data)) == data


@pytest.mark.parametrize("twice", [1, 2])
def test_modified_cookie_is_empty(app, twice):
    cookie = sign(app, FLASK, a="b")
    for _ in range(twice):
        assert content(app, cookie[:-1] + ("A" if cookie[-1] != "A" else "Q")) == {}
        assert content(app, "x" + cookie) == {}
        assert content(app, "") == {}
        assert content(app, cookie) == {"a": "b"}


def test_cached_cookie_expires(app, monkeypatch):
    then = int(time.time()) - 31 * 86_400
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: then + 5)
    cookie = sign(app, FLASK, a="b")
    monkeypatch.undo()
    assert content(app, cookie) == {"a": "b"}
    app.config["PERMANENT_SESSION_LIFETIME"] = 31 * 86_400 - 60
    assert content(app, cookie) == {}


def test_new_key_applies_immediately_and_fallback_keys_are_accepted(app):
    cookie = sign(app, FLASK, a="b")
    assert content(app, cookie) == {"a": "b"}
    app.config["SECRET_KEY"] = "second"
    assert content(app, cookie) == {}
    app.config["SECRET_KEY_FALLBACKS"] = ["first"]
    assert content(app, cookie) == {"a": "b"}


def test_flashed_message_of_one_request_is_not_in_the_next(app):
    cookie = sign(app, FLASK, _flashes=[("message", "one")])
    with app.test_request_context("/", headers={"Cookie": f"session={cookie}"}):
        session["_flashes"].append(("message", "two"))
    assert len(content(app, cookie)["_flashes"]) == 1


@pytest.mark.parametrize("seconds", [3, 7200, -3, -7200])
def test_cookie_of_a_node_with_another_clock_is_accepted(app, monkeypatch, seconds):
    then = int(time.time()) + seconds
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: then)
    cookie = sign(app, FLASK, a="b")
    monkeypatch.undo()
    assert content(app, cookie) == {"a": "b"}
