"""Single logout below the web: what is ended, noted and forgotten, on either database."""

import secrets
from urllib.parse import parse_qs, urlsplit

import pytest
from ssoko.errors import MessageRefused, NotFound, RequestRefused
from ssoko.saml import names
from ssoko.saml.bindings import decode_redirect, encode_redirect
from ssoko.saml.logout import build_logout_request, build_logout_response, parse_logout_request
from ssoko.saml.response import NameId
from ssoko.saml.signing import SigningKey
from ssoko.services import logout, logout_flows, sessions
from ssoko.services.activity import list_events
from ssoko.services.context import Actor
from ssoko.services.logout_messages import Outgoing
from ssoko.store.logout import LogoutFlow, LogoutTarget
from ssoko.store.models import Participation, Session

AMINA = NameId("amina@acme.test", names.NAMEID_UNSPECIFIED)


@pytest.fixture
def install(house, sp_key):
    """Install an application that takes logout messages."""

    def make(name, **more):
        return house.install(
            name,
            entity_id=f"urn:sp:{name}",
            logout_url=f"https://{name}.example.com/slo",
            certificates=[sp_key.certificate],
            **more,
        )

    return make


@pytest.fixture
def key(sp_key):
    return SigningKey.from_pem(sp_key.private_pem, sp_key.certificate)


def token(house):
    return sessions.sign_in(
        house.services,
        house.workspace.id,
        username="amina",
        password="weathered teapot 41",
        address="192.0.2.7",
        user_agent="test",
    )


def index_of(app):
    return Participation.get(Participation.application == app.id).session_index


def ask(house, key, app, **changes):
    """Send a LogoutRequest of an application."""
    xml = build_logout_request(
        **{
            "request_id": f"_{secrets.token_hex(16)}",
            "issuer": app.service_provider.entity_id,
            "destination": app.issuer.logout_endpoint,
            "issue_instant": house.clock(),
            "name_id": AMINA,
            "session_indexes": (index_of(app),),
        }
        | changes
    )
    url = encode_redirect(app.issuer.logout_endpoint, xml, key=key)
    inbound = decode_redirect(urlsplit(url).query.encode())
    return logout.request(house.services, app.issuer.id, inbound)


def answer(house, key, app, outgoing):
    """Send the LogoutResponse to what an application was sent."""
    request, _ = parse_logout_request(decode_redirect(urlsplit(outgoing.url).query.encode()).xml)
    xml = build_logout_response(
        response_id=f"_{secrets.token_hex(16)}",
        issuer=app.service_provider.entity_id,
        destination=app.issuer.logout_endpoint,
        in_response_to=request.id,
        issue_instant=house.clock(),
    )
    url = encode_redirect(app.issuer.logout_endpoint, xml, message="SAMLResponse", key=key)
    inbound = decode_redirect(urlsplit(url).query.encode(), message="SAMLResponse")
    return logout.respond(house.services, app.issuer.id, inbound)


def running(session):
    return Session.get_by_id(session.session_id).ended_at is None


def test_the_session_is_over_before_anybody_is_told(house, install, key):
    first, second = install("first"), install("second")
    session = house.sign_in()
    for app in (first, second):
        house.begin(app, session)
    onward = ask(house, key, first)
    assert not running(session)
    telling = logout.go_on(house.services, onward.key)
    assert telling.told[0].state == "asked" and telling.left <= 4
    done = answer(house, key, second, telling.outgoing[0])
    assert done.key != onward.key
    with pytest.raises(NotFound):
        logout.go_on(house.services, onward.key)
    last = logout.go_on(house.services, done.key)
    assert isinstance(last, Outgoing)
    assert last.url.startswith("https://first.example.com/slo?SAMLResponse=")
    (event,) = house.events(action="logout")
    assert (event.application_id, event.detail["result"]) == (second.id, "ended")
    assert event.actor_name == "Amina Otieno"


def test_what_a_person_signed_in_to_in_two_browsers_is_told_once(house, install, key):
    first, second = install("first"), install("second")
    for _ in range(2):
        session = house.sign_in()
        for app in (first, second):
            house.begin(app, session)
    onward = ask(house, key, first, session_indexes=())
    telling = logout.go_on(house.services, onward.key)
    assert len(telling.told) == 1
    query = parse_qs(urlsplit(telling.outgoing[0].url).query)
    assert set(query) == {"SAMLRequest", "SigAlg", "Signature"}
    request, _ = parse_logout_request(
        decode_redirect(urlsplit(telling.outgoing[0].url).query.encode()).xml
    )
    rows = Participation.select().where(Participation.application == second.id)
    assert set(request.session_indexes) == {row.session_index for row in rows}
    assert not Session.select().where(Session.ended_at.is_null()).exists()


def test_what_nobody_was_told_is_told_at_the_next_chance(house, install, key):
    first, second = install("first"), install("second")
    session = house.sign_in()
    for app in (first, second):
        house.begin(app, session)
    actor = Actor("system")
    sessions.end_sessions(house.services, house.workspace.id, actor, house.amina.id)
    onward = ask(house, key, first)
    telling = logout.go_on(house.services, onward.key)
    assert [one.name for one in telling.told] == ["second"]


def test_a_browser_that_never_comes_back_is_written_down_in_the_end(house, install):
    app = install("first")
    for _ in range(2):
        mine = token(house)
        house.begin(app, sessions.load_session(house.services, mine))
        key = logout.sign_out(house.services, mine, Actor("user", house.amina.id, "Amina"))
        logout.go_on(house.services, key)
        house.clock.ahead += 601
    (event,) = house.events(action="logout")
    assert (event.outcome, event.detail["result"]) == ("refused", "silent")
    with pytest.raises(NotFound):
        logout.go_on(house.services, key)
    house.clock.ahead += logout_flows.KEPT
    logout_flows.close_abandoned(house.clock())
    assert not LogoutFlow.select().exists() and not LogoutTarget.select().exists()


def test_a_late_answer_still_counts_and_a_very_late_one_does_not(house, install, key):
    first, second = install("first"), install("second")
    mine = token(house)
    for app in (first, second):
        house.begin(app, sessions.load_session(house.services, mine))
    flow = logout.sign_out(house.services, mine, Actor("user", house.amina.id, "Amina"))
    one = logout.go_on(house.services, flow).outgoing[0]
    two = logout.go_on(house.services, flow).outgoing[0]
    apps = {f"https://{app.name}.example.com": app for app in (first, second)}
    of = [apps[f"https://{urlsplit(sent.url).netloc}"] for sent in (one, two)]
    answer(house, key, of[0], one)
    assert {t.state for t in LogoutTarget.select()} == {"ended", "asked"}
    house.clock.ahead += 601
    with pytest.raises(MessageRefused) as refusal:
        answer(house, key, of[1], two)
    assert refusal.value.code == "logout-unsolicited"


def test_signing_in_again_hands_the_applications_on(house, install, key):
    app = install("first")
    old = token(house)
    house.begin(app, sessions.load_session(house.services, old))
    new = token(house)
    sessions.replace_session(house.services, old, new, Actor("user", house.amina.id, "Amina"))
    session = sessions.load_session(house.services, new)
    assert sessions.load_session(house.services, old) is None
    ask(house, key, app)
    assert not running(session)


def test_another_person_takes_nothing_over(house, install):
    app = install("first")
    house.person("joseph")
    old = token(house)
    session = sessions.load_session(house.services, old)
    house.begin(app, session)
    new = sessions.sign_in(
        house.services,
        house.workspace.id,
        username="joseph",
        password="weathered teapot 41",
        address="",
        user_agent="",
    )
    sessions.replace_session(house.services, old, new, Actor("user"))
    assert Participation.get().session.id == session.session_id
    assert not running(session)


def test_without_an_address_to_answer_at_the_refusal_is_a_page(house, sp_key, key):
    app = house.install(certificates=[sp_key.certificate])
    house.begin(app, house.sign_in())
    with pytest.raises(RequestRefused) as refusal:
        ask(house, key, app, name_id=NameId("nobody", names.NAMEID_UNSPECIFIED))
    assert refusal.value.reference
    events = list_events(house.services, house.workspace.id, outcome="refused").items
    assert [e.reference for e in events] == [refusal.value.reference]
