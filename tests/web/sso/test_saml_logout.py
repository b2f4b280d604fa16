"""Single logout over HTTP: who can end a session, and which applications are notified."""

import base64
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode, urlsplit

import pytest
from lxml import etree
from ssoko.saml import names
from ssoko.saml.bindings import decode_redirect, encode_post, encode_redirect
from ssoko.saml.logout import build_logout_request, build_logout_response
from ssoko.saml.response import NameId
from ssoko.saml.signing import SigningKey
from ssoko.saml.verify import verify_enveloped, verify_query
from ssoko.services.access import assignments
from ssoko.services.activity.log import list_events
from ssoko.services.applications import change, install
from ssoko.services.authentication import sessions
from ssoko.services.issuers import issuers, keys
from ssoko.store import db
from ssoko.store.models.sessions import Participation, Session

PETE = "pete@acme.test"


@pytest.fixture(scope="module")
def two_keys():
    """Two keys of SPs; making one takes a while."""
    return [keys.generate("ec-p256", common_name="SP", now=1_795_511_647) for _ in range(2)]


@dataclass
class Provider:
    """A service provider of the test's own, and the application that it is here."""

    site: object
    name: str
    key: SigningKey
    view: object = None
    binding: str = "redirect"
    session_index: str = ""
    sent: list = field(default_factory=list)

    @property
    def entity_id(self):
        return f"urn:sp:{self.name}"

    @property
    def slo_url(self):
        return f"https://{self.name}.example.com/slo"

    @property
    def endpoint(self):
        return f"/saml/{self.view.issuer.id}/logout"

    def sign_in(self, browser):
        """Go through a sign-in and remember the SessionIndex."""
        page = browser.get(f"/w/acme/launch/{self.view.slug}").text
        encoded = unescape(re.search(r'name="SAMLResponse" value="([^"]+)"', page)[1])
        root = etree.fromstring(base64.b64decode(encoded))
        (self.session_index,) = root.xpath("//@SessionIndex")

    def request(self, **changes):
        """Return a LogoutRequest; the signature comes with the binding."""
        fields = {
            "request_id": f"_{secrets.token_hex(16)}",
            "issuer": self.entity_id,
            "destination": self.view.issuer.logout_endpoint,
            "issue_instant": self.site.services.clock(),
            "name_id": NameId(PETE, names.NAMEID_EMAIL),
            "session_indexes": (self.session_index,),
        }
        return build_logout_request(**(fields | changes))

    def ask(self, client, *, by="redirect", key=None, relay_state="", edit=None, **changes):
        """Send a LogoutRequest by a client."""
        key = key or self.key
        if by == "post":
            xml = self.request(**({"key": key} | changes))
            form = {"SAMLRequest": encode_post(edit(xml) if edit else xml)}
            return client.post(self.endpoint, data=form | {"RelayState": relay_state})
        xml = self.request(**changes)
        url = encode_redirect(
            self.endpoint, edit(xml) if edit else xml, relay_state=relay_state, key=key
        )
        return client.get(url)

    def answer(self, client, message, *, by="redirect", key=None, headers=None, **changes):
        """Send the LogoutResponse to a request of Ssoko's."""
        key = key or self.key
        fields = {
            "response_id": f"_{secrets.token_hex(16)}",
            "issuer": self.entity_id,
            "destination": self.view.issuer.logout_endpoint,
            "in_response_to": message.root.get("ID"),
            "issue_instant": self.site.services.clock(),
        }
        if by == "post":
            xml = build_logout_response(**(fields | {"key": key} | changes))
            return client.post(self.endpoint, data={"SAMLResponse": encode_post(xml)})
        xml = build_logout_response(**(fields | changes))
        url = encode_redirect(self.endpoint, xml, message="SAMLResponse", key=key)
        return client.get(url, headers=headers)


@dataclass
class Message:
    """What Ssoko sent to an SP, its signature verified."""

    url: str
    root: object
    relay_state: str = ""

    @property
    def statuses(self):
        return self.root.xpath("//*[local-name() = 'StatusCode']/@Value")

    def text(self, name):
        return "".join(self.root.xpath(f"//*[local-name() = '{name}']/text()"))


def by_redirect(url, provider):
    """Return the message in an address."""
    query = urlsplit(url).query
    field = "SAMLRequest" if "SAMLRequest=" in query else "SAMLResponse"
    inbound = decode_redirect(query.encode(), message=field)
    verify_query(inbound.raw_query, [provider.view.issuer.certificate], message=field)
    return Message(url.partition("?")[0], etree.fromstring(inbound.xml), inbound.relay_state)


def by_post(response, provider):
    """Return the message in a form."""
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', response.text))
    action = re.search(r'<form[^>]* action="([^"]+)"', response.text)[1]
    encoded = unescape(fields.get("SAMLRequest") or fields["SAMLResponse"])
    root = etree.fromstring(base64.b64decode(encoded))
    verify_enveloped(root, [provider.view.issuer.certificate])
    return Message(unescape(action), root, unescape(fields.get("RelayState", "")))


def told_by(response, provider):
    """Return the request that a page of ours is about to send to a provider."""
    assert response.status_code == 200, response.text
    if 'id="go" method="post"' in response.text:
        return by_post(response, provider)
    found = re.search(r'id="go" href="([^"]+)"|<iframe[^>]* src="([^"]+)"', response.text)
    assert found, response.text
    return by_redirect(unescape(found[1] or found[2]), provider)


def follow(client, response):
    """Open the page that a redirect within Ssoko leads to."""
    assert response.status_code == 303, response.text
    assert response.location.startswith("/saml/signing-out/"), response.location
    return client.get(response.location)


@pytest.fixture
def provider(site, two_keys):
    """Make a service provider that pete may use."""

    def make(name, *, key=0, certificates=True, binding="redirect", slo=True, **settings):
        made = Provider(
            site,
            name,
            SigningKey.from_pem(two_keys[key].private_pem, two_keys[key].certificate),
            binding=binding,
        )
        settings = {
            "entity_id": made.entity_id,
            "acs_urls": [f"https://{name}.example.com/acs"],
            "name_id_format": "email",
            "logout_url": made.slo_url if slo else "",
            "logout_binding": binding,
            "certificates": [two_keys[key].certificate] if certificates else [],
        } | settings
        with db.session():
            made.view = install.install(
                site.scope,
                integration="custom-saml",
                name=name.capitalize(),
                settings=settings,
            )
            assignments.assign_roles(
                site.scope,
                role_ids=[made.view.default_role.id],
                user_id=site.person.id,
            )
        return made

    return make


@pytest.fixture
def pete(site):
    return site.browser(site.person)


@pytest.fixture
def stranger(site):
    """A browser without any cookie, as on a POST from another site."""
    return site.app.test_client()


def signed_in(browser):
    return browser.get("/w/acme/dashboard").status_code == 200


def refused(response):
    """Assert that this is our page, that nothing is sent to anybody, and return its reference."""
    assert response.status_code == 400, response.text
    assert "Location" not in response.headers and "<form" not in response.text
    return re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", response.text)[0]


def events(site, **where):
    with db.session():
        return list_events(site.scope, **where).items


# LO-01: who may end a session


def unsigned(provider):
    xml = provider.request()
    return encode_redirect(provider.endpoint, xml)


def test_lo_01_an_unsigned_request_ends_no_session(provider, pete, stranger):
    app = provider("app")
    app.sign_in(pete)
    refused(stranger.get(unsigned(app)))
    refused(stranger.post(app.endpoint, data={"SAMLRequest": encode_post(app.request())}))
    assert signed_in(pete)


@pytest.mark.parametrize("by", ["redirect", "post"])
def test_lo_01_a_request_by_another_key_ends_no_session(site, provider, pete, stranger, by):
    app, other = provider("app"), provider("other", key=1)
    app.sign_in(pete)
    reference = refused(app.ask(stranger, by=by, key=other.key))
    assert signed_in(pete)
    (event,) = events(site, outcome="refused")
    assert (event.reference, event.detail["code"]) == (reference, "signature-wrong")


def test_lo_01_another_service_provider_cannot_end_a_session(provider, pete, stranger):
    app, other = provider("app"), provider("other", key=1)
    app.sign_in(pete)
    other.sign_in(pete)
    # Correctly signed by itself, with the other one's session; at its own endpoint and at ours.
    unknown = by_redirect(other.ask(stranger, session_indexes=(app.session_index,)).location, other)
    assert unknown.statuses[-1] == names.STATUS_UNKNOWN_PRINCIPAL
    refused(other.ask(stranger, destination=app.view.issuer.logout_endpoint))
    other_view, other.view = other.view, app.view
    refused(other.ask(stranger))
    other.view = other_view
    assert signed_in(pete)


def test_lo_01_without_a_certificate_on_record_no_request_is_good_enough(provider, pete, stranger):
    app = provider("app", certificates=False)
    app.sign_in(pete)
    refused(app.ask(stranger))
    assert signed_in(pete)


def test_lo_01_a_request_changed_on_its_way_ends_no_session(provider, pete, stranger):
    app = provider("app")
    app.sign_in(pete)

    def tampered(xml):
        return xml.replace(app.session_index.encode(), b"_other")

    refused(app.ask(stranger, by="post", edit=tampered))
    assert signed_in(pete)


# LO-02: requests that are no longer, or not here, to be obeyed


@pytest.mark.parametrize("by", ["redirect", "post"])
@pytest.mark.parametrize(
    "changes",
    [
        {"issue_instant": -3600},
        {"issue_instant": 3600},
        {"not_on_or_after": -3600},
        {"destination": "https://other.example/saml/x/logout"},
        {"destination": "http://localhost/saml/x/logout/"},
    ],
    ids=["stale", "from the future", "expired", "for another host", "for another address"],
)
def test_lo_02_a_request_that_is_out_of_place_ends_no_session(
    site, provider, pete, stranger, changes, by
):
    app = provider("app")
    app.sign_in(pete)
    now = site.services.clock()
    changes = {k: now + v if isinstance(v, int) else v for k, v in changes.items()}
    refused(app.ask(stranger, by=by, **changes))
    assert signed_in(pete)


def test_lo_02_a_request_without_destination_ends_no_session(provider, pete, stranger):
    app = provider("app")
    app.sign_in(pete)
    destination = f' Destination="{app.view.issuer.logout_endpoint}"'.encode()
    refused(app.ask(stranger, edit=lambda xml: xml.replace(destination, b"")))
    assert signed_in(pete)


@pytest.mark.parametrize("by", ["redirect", "post"])
def test_lo_02_a_document_type_ends_no_session(provider, pete, stranger, by):
    app = provider("app")
    app.sign_in(pete)
    doctype = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    answer = app.ask(stranger, by=by, edit=lambda xml: doctype + xml)
    refused(answer)
    assert "root:" not in answer.text
    assert signed_in(pete)


def test_lo_02_a_request_is_obeyed_once(site, provider, pete, stranger):
    app = provider("app")
    app.sign_in(pete)
    xml = app.request(session_indexes=())
    url = encode_redirect(app.endpoint, xml, key=app.key)
    assert by_redirect(stranger.get(url).location, app).statuses == [names.STATUS_SUCCESS]
    assert not signed_in(pete)
    again = site.browser(site.person)
    app.sign_in(again)
    refused(stranger.get(url))
    assert signed_in(again)


# LO-04: the right request


@pytest.mark.parametrize("by", ["redirect", "post"])
@pytest.mark.parametrize("binding", ["redirect", "post"])
def test_lo_04_the_right_request_ends_the_session_and_is_answered(
    provider, pete, stranger, by, binding
):
    app = provider("app", binding=binding)
    app.sign_in(pete)
    state = 'back/to?a=1&b="<é>'
    response = app.ask(stranger, by=by, request_id="_l1", relay_state=state)
    assert not signed_in(pete)
    if binding == "redirect":
        assert response.status_code == 303
        answer = by_redirect(response.location, app)
    else:
        assert "form-action" not in response.headers["Content-Security-Policy"]
        answer = by_post(response, app)
    assert response.headers["Cache-Control"] == "no-store"
    assert answer.url == app.slo_url == answer.root.get("Destination")
    assert answer.root.tag == f"{{{names.NS_SAMLP}}}LogoutResponse"
    assert answer.root.get("InResponseTo") == "_l1"
    assert answer.text("Issuer") == app.view.issuer.entity_id
    assert answer.relay_state == state
    assert answer.statuses == [names.STATUS_SUCCESS]


def test_the_answer_goes_to_the_response_address_where_there_is_one(provider, pete, stranger):
    app = provider("app", logout_response_url="https://app.example.com/slo/done?x=1")
    app.sign_in(pete)
    answer = by_redirect(app.ask(stranger).location, app)
    assert answer.url == "https://app.example.com/slo/done"
    assert answer.root.get("Destination") == "https://app.example.com/slo/done?x=1"


def test_a_service_provider_without_logout_url_gets_our_page(provider, pete, stranger):
    app = provider("app", slo=False)
    app.sign_in(pete)
    response = app.ask(stranger)
    assert response.status_code == 200
    assert "You are signed out" in response.text
    assert not signed_in(pete)


def test_without_a_session_index_all_sessions_of_the_person_end(site, provider, pete, stranger):
    app = provider("app")
    other = site.browser(site.person)
    app.sign_in(pete)
    app.sign_in(other)
    app.ask(stranger)
    assert signed_in(pete) and not signed_in(other)
    app.ask(stranger, session_indexes=())
    assert not signed_in(pete)


def test_any_registered_certificate_will_do(provider, two_keys, pete, stranger):
    app = provider("app", certificates=[two_keys[1].certificate, two_keys[0].certificate])
    app.sign_in(pete)
    app.ask(stranger)
    assert not signed_in(pete)


def test_a_session_that_is_over_here_is_no_error(provider, pete, stranger, site):
    app = provider("app")
    app.sign_in(pete)
    with db.session():
        sessions.end_sessions(site.scope, site.person.id)
    assert by_redirect(app.ask(stranger).location, app).statuses == [names.STATUS_SUCCESS]


@pytest.mark.parametrize(
    "changes",
    [
        {"name_id": NameId("ada@acme.test", names.NAMEID_EMAIL)},
        {"name_id": NameId(PETE, names.NAMEID_PERSISTENT)},
        {"name_id": NameId(PETE, names.NAMEID_EMAIL, "urn:another-idp")},
        {"name_id": NameId(PETE, names.NAMEID_EMAIL, None, "urn:another-sp")},
        {"session_indexes": ("_unknown",)},
        {"name_id": NameId("' OR 1=1 --", names.NAMEID_EMAIL), "session_indexes": ()},
    ],
)
def test_who_is_not_known_is_answered_with_that(site, provider, pete, stranger, changes):
    app = provider("app")
    app.sign_in(pete)
    answer = by_redirect(app.ask(stranger, relay_state="s", **changes).location, app)
    assert answer.statuses == [names.STATUS_REQUESTER, names.STATUS_UNKNOWN_PRINCIPAL]
    assert (answer.url, answer.relay_state) == (app.slo_url, "s")
    assert signed_in(pete)
    (event,) = events(site, outcome="refused")
    assert event.detail["code"] == "logout-unknown-person"
    assert event.reference in answer.text("StatusMessage")


def test_qualifiers_that_are_left_out_or_our_own_are_the_same(provider, pete, stranger):
    app = provider("app")
    app.sign_in(pete)
    full = NameId(PETE, names.NAMEID_EMAIL, app.view.issuer.entity_id, app.entity_id)
    assert by_redirect(app.ask(stranger, name_id=full).location, app).statuses == [
        names.STATUS_SUCCESS
    ]
    assert not signed_in(pete)


def test_one_name_for_several_people_needs_a_session_index(site, provider, pete, stranger):
    app = provider("app", name_id_format="unspecified", name_id_source="constant:team")
    with db.session():
        assignments.assign_roles(
            site.scope,
            role_ids=[app.view.default_role.id],
            user_id=site.admin.id,
        )
    ada = site.browser(site.admin)
    app.sign_in(ada)
    app.sign_in(pete)
    team = NameId("team", names.NAMEID_UNSPECIFIED)
    answer = by_redirect(app.ask(stranger, name_id=team, session_indexes=()).location, app)
    assert answer.statuses[-1] == names.STATUS_REQUEST_UNSUPPORTED
    assert signed_in(ada) and signed_in(pete)
    app.ask(stranger, name_id=team)
    assert signed_in(ada) and not signed_in(pete)


def test_a_disabled_application_can_still_sign_out(site, provider, pete, stranger):
    app = provider("app")
    app.sign_in(pete)
    with db.session():
        change.update_application(site.scope, app.view.id, enabled=False)
    assert by_redirect(app.ask(stranger).location, app).statuses == [names.STATUS_SUCCESS]
    assert not signed_in(pete)


def test_signing_in_anew_keeps_what_was_signed_in_to(site, provider, pete, stranger):
    app = provider("app")
    app.sign_in(pete)
    pete.sign_in("pete", query="?fresh=1")
    app.ask(stranger)
    assert not signed_in(pete)


# The others are told


@pytest.mark.parametrize("by", ["redirect", "post"])
def test_the_other_applications_are_told_in_turn_and_then_the_first_is_answered(
    site, provider, pete, stranger, by
):
    apps = [provider("first"), provider("second", binding=by), provider("third", key=1)]
    for app in apps:
        app.sign_in(pete)
    first, *others = apps
    response = first.ask(stranger, request_id="_l1", relay_state="home")
    assert not signed_in(pete)
    page = follow(stranger, response)
    for app in others:
        message = told_by(page, app)
        assert message.root.tag == f"{{{names.NS_SAMLP}}}LogoutRequest"
        assert message.url == app.slo_url == message.root.get("Destination")
        assert message.text("NameID") == PETE
        assert message.text("SessionIndex") == app.session_index
        assert message.text("Issuer") == app.view.issuer.entity_id
        answered = app.answer(stranger, message, by=by)
        assert answered.status_code == 303
        last = page = stranger.get(answered.location)
    answer = by_redirect(last.location, first)
    assert (answer.url, answer.relay_state) == (first.slo_url, "home")
    assert answer.root.get("InResponseTo") == "_l1"
    assert answer.statuses == [names.STATUS_SUCCESS]
    results = {e.target_name: e.detail["result"] for e in events(site, action="logout")}
    assert results == {"Second": "ended", "Third": "ended"}
    with db.session():
        assert not Participation.select().where(Participation.ended_at.is_null()).exists()


def test_the_page_that_tells_says_who_and_frames_nobody_else(provider, pete, stranger):
    first, second, third = provider("first"), provider("second"), provider("third", slo=False)
    for app in (first, second, third):
        app.sign_in(pete)
    page = follow(stranger, first.ask(stranger))
    policy = page.headers["Content-Security-Policy"]
    assert "frame-src 'self' https://second.example.com;" in policy
    assert "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert '<noscript><meta http-equiv="refresh" content="0; url=https://second' in page.text
    assert re.findall(r"<b>(\w+)</b>.*?>([\w ]+)</span>", page.text) == [
        ("Second", "Being notified"),
        ("Third", "Stays signed in until the session expires"),
    ]


def test_lo_07_who_does_not_answer_makes_it_a_partial_logout(site, provider, pete, stranger):
    first, second, third = provider("first"), provider("second"), provider("third")
    for app in (first, second, third):
        app.sign_in(pete)
    response = first.ask(stranger)
    assert not signed_in(pete)
    page = follow(stranger, response)
    told_by(page, second)
    # The browser comes back without an answer.
    page = stranger.get(response.location)
    answered = third.answer(stranger, told_by(page, third))
    answer = by_redirect(stranger.get(answered.location).location, first)
    assert answer.statuses == [names.STATUS_SUCCESS, names.STATUS_PARTIAL_LOGOUT]
    results = {
        e.target_name: (e.detail["result"], e.outcome) for e in events(site, action="logout")
    }
    assert results == {"Second": ("silent", "refused"), "Third": ("ended", "done")}


def test_lo_07_after_five_seconds_nobody_is_waited_for(site, provider, pete, stranger, monkeypatch):
    first, second, third = provider("first"), provider("second"), provider("third")
    for app in (first, second, third):
        app.sign_in(pete)
    response = first.ask(stranger)
    message = told_by(follow(stranger, response), second)
    later = site.services.clock() + 5
    object.__setattr__(site.services, "clock", lambda: later)
    answered = second.answer(stranger, message)
    answer = by_redirect(stranger.get(answered.location).location, first)
    assert answer.statuses == [names.STATUS_SUCCESS, names.STATUS_PARTIAL_LOGOUT]


def test_who_cannot_be_reached_is_told_in_a_frame_at_the_end(provider, pete, stranger):
    first, second, third = provider("first"), provider("second"), provider("third")
    for app in (first, second, third):
        app.sign_in(pete)
    response = first.ask(stranger)
    told_by(follow(stranger, response), second)
    page = stranger.get(f"{response.location}?unreachable=1")
    assert "<iframe" not in page.text
    answered = third.answer(stranger, told_by(page, third))
    page = stranger.get(answered.location)
    assert page.text.count("<iframe") == 1
    heard = second.answer(stranger, told_by(page, second), headers={"Sec-Fetch-Dest": "iframe"})
    assert 'data-received="yes"' in heard.text
    assert "frame-ancestors 'self'" in heard.headers["Content-Security-Policy"]
    answer = by_redirect(stranger.get(answered.location).location, first)
    assert answer.statuses == [names.STATUS_SUCCESS]


def test_who_kept_the_browser_the_last_time_is_told_in_a_frame(site, provider, pete, stranger):
    first, second = provider("first"), provider("second")
    for app in (first, second):
        app.sign_in(pete)
    page = follow(stranger, first.ask(stranger))
    assert "<iframe" not in page.text
    later = site.services.clock() + 60
    object.__setattr__(site.services, "clock", lambda: later)
    again = site.browser(site.person)
    for app in (first, second):
        app.sign_in(again)
    page = follow(stranger, first.ask(stranger))
    assert "<iframe" in page.text
    second.answer(stranger, told_by(page, second))
    later += 60
    third = site.browser(site.person)
    for app in (first, second):
        app.sign_in(third)
    assert "<iframe" not in follow(stranger, first.ask(stranger)).text


def test_an_application_that_could_not_end_its_session_makes_it_partial(provider, pete, stranger):
    first, second = provider("first"), provider("second")
    for app in (first, second):
        app.sign_in(pete)
    page = follow(stranger, first.ask(stranger))
    answered = second.answer(
        stranger, told_by(page, second), status=names.STATUS_REQUEST_DENIED, responder=True
    )
    answer = by_redirect(stranger.get(answered.location).location, first)
    assert answer.statuses == [names.STATUS_SUCCESS, names.STATUS_PARTIAL_LOGOUT]


def test_an_application_that_does_not_know_the_person_any_more_is_signed_out(
    provider, pete, stranger
):
    first, second = provider("first"), provider("second")
    for app in (first, second):
        app.sign_in(pete)
    page = follow(stranger, first.ask(stranger))
    answered = second.answer(stranger, told_by(page, second), status=names.STATUS_UNKNOWN_PRINCIPAL)
    answer = by_redirect(stranger.get(answered.location).location, first)
    assert answer.statuses == [names.STATUS_SUCCESS]


# LO-05: answers


def test_lo_05_an_answer_that_nobody_waits_for_is_ignored(site, provider, pete, stranger):
    first, second = provider("first"), provider("second", key=1)
    for app in (first, second):
        app.sign_in(pete)

    class Nothing:
        root = {"ID": "_never-sent"}

    refused(second.answer(stranger, Nothing))
    assert signed_in(pete)
    message = told_by(follow(stranger, first.ask(stranger)), second)
    refused(first.answer(stranger, message))
    assert second.answer(stranger, message).status_code == 303
    refused(second.answer(stranger, message))


def test_a_response_without_proof_continues_the_sign_out_and_is_named_at_its_end(
    site, provider, pete, stranger
):
    first, second = provider("first"), provider("second", key=1)
    for app in (first, second):
        app.sign_in(pete)
    message = told_by(follow(stranger, first.ask(stranger)), second)
    answered = second.answer(stranger, message, key=first.key)
    assert answered.status_code == 303
    # It is over for this application, whatever else comes without proof.
    refused(second.answer(stranger, message, destination="https://evil.test/"))
    answer = by_redirect(stranger.get(answered.location).location, first)
    assert answer.statuses[-1] == names.STATUS_PARTIAL_LOGOUT


@pytest.mark.parametrize("broken", ["!!!", "AAAA", ""])
def test_a_response_that_cannot_be_decoded_continues_the_sign_out(provider, pete, stranger, broken):
    first, second = provider("first"), provider("second", key=1)
    for app in (first, second):
        app.sign_in(pete)
    message = told_by(follow(stranger, first.ask(stranger)), second)
    values = {"SAMLResponse": broken, "RelayState": message.root.get("ID")}
    answered = stranger.get(f"{second.endpoint}?{urlencode(values)}")
    assert answered.status_code == 303
    unknown = values | {"RelayState": "_nobody"}
    refused(stranger.get(f"{second.endpoint}?{urlencode(unknown)}"))


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><a>&b;</a>'
XXE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


@pytest.mark.parametrize("field", ["SAMLRequest", "SAMLResponse"])
@pytest.mark.parametrize(
    "xml", [BOMB, XXE, b"", b"<a/>", b"\0", b"<" * 1000, b"<a>" + b" " * 600_000 + b"</a>"]
)
def test_lo_05_a_hostile_message_gets_a_page(provider, pete, stranger, field, xml):
    app = provider("app")
    app.sign_in(pete)
    response = stranger.get(encode_redirect(app.endpoint, xml, message=field, key=app.key))
    refused(response)
    assert "root:" not in response.text
    refused(stranger.post(app.endpoint, data={field: encode_post(xml[:100_000])}))
    assert signed_in(pete)


# LO-06: nothing else signs anybody out


@pytest.mark.parametrize(
    "query", ["", "?next=https://evil.test/", "?RelayState=x", "?SAMLart=x", "?a=SAMLRequest"]
)
def test_lo_06_an_address_alone_signs_nobody_out(provider, pete, query):
    app = provider("app")
    app.sign_in(pete)
    refused(pete.get(f"{app.endpoint}{query}"))
    assert signed_in(pete)


def test_lo_06_a_form_from_elsewhere_signs_nobody_out(provider, pete):
    for response in (
        pete.client.post("/w/acme/sign-out", headers={"Sec-Fetch-Site": "cross-site"}),
        pete.client.post("/w/acme/sign-out"),
        pete.get("/w/acme/sign-out"),
    ):
        assert response.status_code in {400, 403, 405}
    assert signed_in(pete)


def test_other_methods_are_not_allowed(provider, pete):
    app = provider("app")
    for method in ("HEAD", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
        for path in (app.endpoint, "/saml/signing-out/x"):
            response = pete.client.open(path, method=method)
            assert response.status_code == 405
            assert "GET" in response.headers["Allow"]


def test_a_key_that_opens_nothing_is_not_found(provider, pete):
    app = provider("app")
    app.sign_in(pete)
    for key in ("x", "x" * 43, "%00", "%ff", "x" * 500):
        assert pete.get(f"/saml/signing-out/{key}").status_code == 404
    assert signed_in(pete)


# Signing out here


def test_sign_out_without_applications_leads_to_the_sign_in_page(pete):
    response = pete.post("/w/acme/sign-out", form="/w/acme/account")
    assert response.location == "/w/acme/sign-in"
    assert not signed_in(pete)


def test_sign_out_tells_the_applications_and_says_who_was_told(site, provider, pete):
    first, second, third = provider("first"), provider("second"), provider("third", slo=False)
    for app in (first, second, third):
        app.sign_in(pete)
    response = pete.post("/w/acme/sign-out", form="/w/acme/account")
    assert not signed_in(pete)
    page = follow(pete, response)
    answered = first.answer(pete, told_by(page, first))
    page = pete.get(answered.location)
    told_by(page, second)
    page = pete.get(answered.location)
    assert page.status_code == 200
    assert "<h1>You are signed out</h1>" in page.text
    assert re.findall(r"<b>(\w+)</b>.*?>([\w ]+)</span>", page.text) == [
        ("First", "Signed out"),
        ("Second", "Did not respond"),
        ("Third", "Stays signed in until the session expires"),
    ]
    assert "2 applications may still have a session" in page.text
    assert 'href="/w/acme/sign-in"' in page.text
    assert page.text == pete.get(answered.location).text
    assert [e.target_name for e in events(site, action="logout", outcome="refused")] == ["Second"]


def test_the_old_cookie_opens_nothing_after_a_logout(site, provider, pete, stranger):
    app = provider("app")
    app.sign_in(pete)
    app.ask(stranger)
    with db.session():
        assert not Session.select().where(Session.ended_at.is_null()).exists()
    assert pete.get("/w/acme/account").status_code == 303


def test_the_metadata_announce_both_bindings(provider, stranger):
    app = provider("app")
    root = etree.fromstring(stranger.get(f"/saml/{app.view.issuer.id}/metadata").data)
    found = root.xpath("//*[local-name() = 'SingleLogoutService']")
    assert {(e.get("Binding"), e.get("Location")) for e in found} == {
        (names.BINDING_REDIRECT, app.view.issuer.logout_endpoint),
        (names.BINDING_POST, app.view.issuer.logout_endpoint),
    }


def test_two_applications_on_a_shared_issuer_are_told_apart(site, provider, pete, stranger):
    with db.session():
        shared = issuers.create_issuer(site.scope, name="Shared")
    first = provider("first")
    assert shared.logout_endpoint != first.view.issuer.logout_endpoint
    moved = f"/saml/{shared.id}/logout"
    xml = first.request(destination=shared.logout_endpoint, session_indexes=())
    first.sign_in(pete)
    refused(stranger.get(encode_redirect(moved, xml, key=first.key)))
    assert signed_in(pete)
