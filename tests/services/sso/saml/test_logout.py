"""Single logout in the services, on both databases."""

import secrets
from urllib.parse import parse_qs, urlsplit

import pytest
from ssoko.errors import MessageRefused, NotFound, RequestRefused
from ssoko.saml import names
from ssoko.saml.bindings import decode_redirect, encode_redirect
from ssoko.saml.logout import (
    build_logout_request,
    build_logout_response,
    parse_logout_request,
    parse_logout_response,
)
from ssoko.saml.response import NameId
from ssoko.saml.signing import SigningKey
from ssoko.services.activity.log import list_events
from ssoko.services.applications import install as applications_install
from ssoko.services.authentication import sessions, sign_in
from ssoko.services.context import Actor, Scope
from ssoko.services.issuers import issuers
from ssoko.services.sso.saml import logout, logout_flow
from ssoko.services.sso.saml.logout_messages import Outgoing
from ssoko.services.sso.trace import LOGOUT_STEPS
from ssoko.services.troubleshooting import traces
from ssoko.store.models.sessions import Participation, Session
from ssoko.store.models.sso import LogoutFlow, LogoutTarget

from ...conftest import custom

AMINA = NameId("amina@acme.test", names.NAMEID_UNSPECIFIED)


@pytest.fixture
def install(site, sp_key):
    """Install an application that takes logout messages."""

    def make(name, **more):
        return site.install(
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


def token(site):
    return sign_in.sign_in(
        site.services,
        site.workspace.id,
        username="amina",
        password="weathered teapot 41",
        address="192.0.2.7",
        user_agent="test",
    )


def index_of(app):
    return Participation.get(Participation.application == app.id).session_index


def ask(site, key, app, **changes):
    """Send a LogoutRequest of an application."""
    xml = build_logout_request(
        **{
            "request_id": f"_{secrets.token_hex(16)}",
            "issuer": app.service_provider.entity_id,
            "destination": app.issuer.logout_endpoint,
            "issue_instant": site.clock(),
            "name_id": AMINA,
            "session_indexes": (index_of(app),),
        }
        | changes
    )
    url = encode_redirect(app.issuer.logout_endpoint, xml, key=key)
    inbound = decode_redirect(urlsplit(url).query.encode())
    return logout.process_request(site.services, app.issuer.id, inbound)


def answer(site, key, app, outgoing):
    """Send the LogoutResponse to what an application was sent."""
    request, _ = parse_logout_request(decode_redirect(urlsplit(outgoing.url).query.encode()).xml)
    xml = build_logout_response(
        response_id=f"_{secrets.token_hex(16)}",
        issuer=app.service_provider.entity_id,
        destination=app.issuer.logout_endpoint,
        in_response_to=request.id,
        issue_instant=site.clock(),
    )
    url = encode_redirect(app.issuer.logout_endpoint, xml, message="SAMLResponse", key=key)
    inbound = decode_redirect(urlsplit(url).query.encode(), message="SAMLResponse")
    return logout.process_response(site.services, app.issuer.id, inbound)


def running(session):
    return Session.get_by_id(session.session_id).ended_at is None


def test_session_ends_before_applications_are_notified(site, install, key):
    first, second = install("first"), install("second")
    session = site.sign_in()
    for app in (first, second):
        site.begin(app, session)
    onward = ask(site, key, first)
    assert not running(session)
    notification = logout.continue_logout(site.services, onward.key)
    assert notification.statuses[0].state == "asked" and notification.seconds_left <= 4
    done = answer(site, key, second, notification.outgoing[0])
    assert done.key != onward.key
    with pytest.raises(NotFound):
        logout.continue_logout(site.services, onward.key)
    last = logout.continue_logout(site.services, done.key)
    assert isinstance(last, Outgoing)
    assert last.url.startswith("https://first.example.com/slo?SAMLResponse=")
    (event,) = site.events(action="logout")
    assert (event.application_id, event.detail["result"]) == (second.id, "ended")
    assert event.actor_name == "Amina Otieno"


def other_answer(site, app, outgoing, *, key=None, relay_state="", **changes):
    """Send a LogoutResponse that cannot be verified."""
    request, _ = parse_logout_request(decode_redirect(urlsplit(outgoing.url).query.encode()).xml)
    fields = {
        "response_id": f"_{secrets.token_hex(16)}",
        "issuer": app.service_provider.entity_id,
        "destination": app.issuer.logout_endpoint,
        "in_response_to": request.id,
        "issue_instant": site.clock(),
    }
    xml = build_logout_response(**(fields | changes))
    if relay_state == "returned":
        xml, relay_state = b"no XML at all", request.id
    url = encode_redirect(
        app.issuer.logout_endpoint, xml, message="SAMLResponse", key=key, relay_state=relay_state
    )
    inbound = decode_redirect(urlsplit(url).query.encode(), message="SAMLResponse")
    return logout.process_response(site.services, app.issuer.id, inbound)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"destination": "https://elsewhere.example/"},
        {"issue_instant": 1},
        {"issuer": "urn:sp:nobody"},
        {"relay_state": "returned"},
    ],
    ids=["unsigned", "wrong destination", "stale", "another issuer", "malformed"],
)
def test_response_without_proof_does_not_stop_the_sign_out(site, install, key, changes):
    apps = [install(name) for name in ("asking", "second", "third")]
    by_name = {app.name: app for app in apps}
    session = site.sign_in()
    for app in apps:
        site.begin(app, session)
    onward = ask(site, key, apps[0])
    notification = logout.continue_logout(site.services, onward.key)
    app = by_name[notification.outgoing[0].application_name]
    signed = {"key": key} if "destination" in changes or "issue_instant" in changes else {}
    onward = other_answer(site, app, notification.outgoing[0], **changes, **signed)
    notification = logout.continue_logout(site.services, onward.key)
    other = by_name[notification.outgoing[0].application_name]
    assert other is not app
    states = {one.name: one.state for one in notification.statuses}
    assert states == {app.name: "unproven", other.name: "asked"}
    onward = answer(site, key, other, notification.outgoing[0])
    last = logout.continue_logout(site.services, onward.key)
    response, _ = parse_logout_response(
        decode_redirect(urlsplit(last.url).query.encode(), message="SAMLResponse").xml
    )
    assert response.statuses[-1] == names.STATUS_PARTIAL_LOGOUT
    results = {e.application_id: e.detail["result"] for e in site.events(action="logout")}
    assert results == {app.id: "unproven", other.id: "ended"}
    (trace,) = traces.list_traces(site.services, site.workspace.id).items
    assert trace.started == "logout" and "sign-in" not in trace.title
    assert {step.key for step in trace.steps} == set(LOGOUT_STEPS)


def test_proof_counts_after_a_response_without_one(site, install, key):
    first, second = install("first"), install("second")
    session = site.sign_in()
    for app in (first, second):
        site.begin(app, session)
    notification = logout.continue_logout(site.services, ask(site, key, first).key)
    other_answer(site, second, notification.outgoing[0])
    answer(site, key, second, notification.outgoing[0])
    assert LogoutTarget.get(LogoutTarget.application == second.id).state == "ended"
    with pytest.raises(MessageRefused):
        other_answer(site, second, notification.outgoing[0])


def test_application_without_a_certificate_is_told(site, install, key):
    first = install("first")
    bare = site.install("bare", entity_id="urn:bare", logout_url="https://bare.example.com/slo")
    session = site.sign_in()
    for app in (first, bare):
        site.begin(app, session)
    notification = logout.continue_logout(site.services, ask(site, key, first).key)
    onward = other_answer(site, bare, notification.outgoing[0])
    assert isinstance(logout.continue_logout(site.services, onward.key), Outgoing)
    assert not traces.list_traces(site.services, site.workspace.id).items


def test_logout_messages_come_from_the_entity_id_of_the_issuer(site, install, key, sp_key):
    issuer = issuers.create_issuer(site.scope, name="Moved", entity_id="urn:old-idp")
    first = install("first")
    moved = applications_install.install(
        site.scope,
        integration="custom-saml",
        name="moved",
        settings=custom(
            entity_id="urn:sp:moved",
            logout_url="https://moved.example.com/slo",
            certificates=[sp_key.certificate],
        ),
        issuer_id=issuer.id,
    )
    site.give(moved)
    session = site.sign_in()
    for app in (first, moved):
        site.begin(app, session)
    notification = logout.continue_logout(site.services, ask(site, key, first).key)
    query = urlsplit(notification.outgoing[0].url).query.encode()
    assert parse_logout_request(decode_redirect(query).xml)[0].issuer == "urn:old-idp"
    assert isinstance(answer(site, key, moved, notification.outgoing[0]), logout.Continuation)


def test_response_that_belongs_to_no_request_is_refused(site, install, key):
    first, second = install("first"), install("second")
    session = site.sign_in()
    for app in (first, second):
        site.begin(app, session)
    notification = logout.continue_logout(site.services, ask(site, key, first).key)
    with pytest.raises(MessageRefused):
        other_answer(site, second, notification.outgoing[0], in_response_to="_nobody")


def test_application_used_in_two_browsers_is_notified_once(site, install, key):
    first, second = install("first"), install("second")
    for _ in range(2):
        session = site.sign_in()
        for app in (first, second):
            site.begin(app, session)
    onward = ask(site, key, first, session_indexes=())
    notification = logout.continue_logout(site.services, onward.key)
    assert len(notification.statuses) == 1
    query = parse_qs(urlsplit(notification.outgoing[0].url).query)
    assert set(query) == {"SAMLRequest", "RelayState", "SigAlg", "Signature"}
    request, _ = parse_logout_request(
        decode_redirect(urlsplit(notification.outgoing[0].url).query.encode()).xml
    )
    assert query["RelayState"] == [request.id]
    rows = Participation.select().where(Participation.application == second.id)
    assert set(request.session_indexes) == {row.session_index for row in rows}
    assert not Session.select().where(Session.ended_at.is_null()).exists()


def test_application_that_was_not_notified_is_notified_at_the_next_logout(site, install, key):
    first, second = install("first"), install("second")
    session = site.sign_in()
    for app in (first, second):
        site.begin(app, session)
    actor = Actor("system")
    sessions.end_sessions(Scope(site.services, site.workspace.id, actor), site.amina.id)
    onward = ask(site, key, first)
    notification = logout.continue_logout(site.services, onward.key)
    assert [one.name for one in notification.statuses] == ["second"]


def test_abandoned_logout_is_recorded(site, install):
    app = install("first")
    for _ in range(2):
        mine = token(site)
        site.begin(app, sessions.load_session(site.services, mine))
        key = logout.sign_out(site.services, mine, Actor("user", site.amina.id, "Amina"))
        logout.continue_logout(site.services, key)
        site.clock.ahead += 601
    (event,) = site.events(action="logout")
    assert (event.outcome, event.detail["result"]) == ("refused", "silent")
    with pytest.raises(NotFound):
        logout.continue_logout(site.services, key)
    site.clock.ahead += logout_flow.KEEP_FLOWS
    logout_flow.close_abandoned(site.services)
    assert not LogoutFlow.select().exists() and not LogoutTarget.select().exists()


def test_late_response_is_accepted_until_the_logout_expires(site, install, key):
    first, second = install("first"), install("second")
    mine = token(site)
    for app in (first, second):
        site.begin(app, sessions.load_session(site.services, mine))
    flow = logout.sign_out(site.services, mine, Actor("user", site.amina.id, "Amina"))
    one = logout.continue_logout(site.services, flow).outgoing[0]
    two = logout.continue_logout(site.services, flow).outgoing[0]
    apps = {f"https://{app.name}.example.com": app for app in (first, second)}
    of = [apps[f"https://{urlsplit(sent.url).netloc}"] for sent in (one, two)]
    answer(site, key, of[0], one)
    assert {t.state for t in LogoutTarget.select()} == {"ended", "asked"}
    site.clock.ahead += 601
    with pytest.raises(MessageRefused) as refusal:
        answer(site, key, of[1], two)
    assert refusal.value.code == "logout-unsolicited"


def test_signing_in_again_hands_the_applications_on(site, install, key):
    app = install("first")
    old = token(site)
    site.begin(app, sessions.load_session(site.services, old))
    new = token(site)
    sessions.replace_session(site.services, old, new, Actor("user", site.amina.id, "Amina"))
    session = sessions.load_session(site.services, new)
    assert sessions.load_session(site.services, old) is None
    ask(site, key, app)
    assert not running(session)


def test_another_person_takes_nothing_over(site, install):
    app = install("first")
    site.person("joseph")
    old = token(site)
    session = sessions.load_session(site.services, old)
    site.begin(app, session)
    new = sign_in.sign_in(
        site.services,
        site.workspace.id,
        username="joseph",
        password="weathered teapot 41",
        address="",
        user_agent="",
    )
    sessions.replace_session(site.services, old, new, Actor("user"))
    assert Participation.get().session.id == session.session_id
    assert not running(session)


def test_without_an_address_to_answer_at_the_refusal_is_a_page(site, sp_key, key):
    app = site.install(certificates=[sp_key.certificate])
    site.begin(app, site.sign_in())
    with pytest.raises(RequestRefused) as refusal:
        ask(site, key, app, name_id=NameId("nobody", names.NAMEID_UNSPECIFIED))
    assert refusal.value.reference
    events = list_events(site.scope, outcome="refused").items
    assert [e.reference for e in events] == [refusal.value.reference]
