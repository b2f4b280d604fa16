"""The session cookie is Flask's, remembered but never believed for longer."""

import time

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner
from ssoko.web.framework.cookies import CookieSessions

FLASKS = SecureCookieSessionInterface()


@pytest.fixture
def app():
    app = Flask("cookies")
    app.config["SECRET_KEY"] = "first"
    app.session_interface = CookieSessions()
    return app


def held(app, cookie):
    with app.test_request_context("/", headers={"Cookie": f"session={cookie}"}):
        return dict(session)


def signed(app, interface, **data):
    return interface.get_signing_serializer(app).dumps(data)


def test_flask_reads_what_is_signed_here_and_the_other_way_round(app):
    data = {"_user_id": "token", "long": "x" * 500}
    assert held(app, signed(app, FLASKS, **data)) == data
    flasks = FLASKS.get_signing_serializer(app)
    assert flasks.loads(signed(app, app.session_interface, **data)) == data


@pytest.mark.parametrize("twice", [1, 2])
def test_a_changed_cookie_holds_nothing(app, twice):
    cookie = signed(app, FLASKS, a="b")
    for _ in range(twice):
        assert held(app, cookie[:-1] + ("A" if cookie[-1] != "A" else "Q")) == {}
        assert held(app, "x" + cookie) == {}
        assert held(app, "") == {}
        assert held(app, cookie) == {"a": "b"}


def test_a_remembered_cookie_gets_too_old_all_the_same(app, monkeypatch):
    then = int(time.time()) - 31 * 86_400
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _: then + 5)
    cookie = signed(app, FLASKS, a="b")
    monkeypatch.undo()
    assert held(app, cookie) == {"a": "b"}
    app.config["PERMANENT_SESSION_LIFETIME"] = 31 * 86_400 - 60
    assert held(app, cookie) == {}


def test_another_key_counts_at_once_and_the_one_before_as_long_as_it_is_told(app):
    cookie = signed(app, FLASKS, a="b")
    assert held(app, cookie) == {"a": "b"}
    app.config["SECRET_KEY"] = "second"
    assert held(app, cookie) == {}
    app.config["SECRET_KEY_FALLBACKS"] = ["first"]
    assert held(app, cookie) == {"a": "b"}


def test_a_message_for_one_request_is_not_seen_by_the_next(app):
    cookie = signed(app, FLASKS, _flashes=[("message", "one")])
    with app.test_request_context("/", headers={"Cookie": f"session={cookie}"}):
        session["_flashes"].append(("message", "two"))
    assert len(held(app, cookie)["_flashes"]) == 1
