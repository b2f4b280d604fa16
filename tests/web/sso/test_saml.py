"""The SAML endpoints over HTTP, as browsers and service providers use them."""

import base64
import re
import secrets
from html import unescape
from types import SimpleNamespace
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from lxml import etree
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from ssoko.saml import names
from ssoko.saml.bindings import encode_redirect
from ssoko.saml.verify import verify_enveloped
from ssoko.saml.xml import instant, parse_xml
from ssoko.services.access import assignments
from ssoko.services.activity.log import list_events
from ssoko.services.applications import change, install
from ssoko.services.issuers import issuers, keys
from ssoko.store import db
from ssoko.store.models.sso import PendingRequest

SP = "https://app.example.com/saml/metadata"
ACS = "https://app.example.com/saml/acs"
PASSWORD = "correct horse battery 7"


@pytest.fixture
def app(site):
    """An application that pete has the role of."""
    with db.session():
        view = install.install(
            site.scope,
            integration="custom-saml",
            name="App <1>",
            settings={"entity_id": SP, "acs_urls": [ACS]},
        )
        assignments.assign_roles(
            site.scope,
            role_ids=[view.default_role.id],
            user_id=site.person.id,
        )
    return view


@pytest.fixture
def pete(site):
    return site.browser(site.person)


def authn_request(site, app, **attributes) -> bytes:
    found = {
        "ID": f"_{secrets.token_hex(16)}",
        "Version": "2.0",
        "IssueInstant": instant(site.services.clock()),
        "Destination": app.issuer.login_endpoint,
        **attributes,
    }
    written = " ".join(f'{k}="{v}"' for k, v in found.items())
    return (
        f'<samlp:AuthnRequest xmlns:samlp="{names.NS_SAMLP}" xmlns:saml="{names.NS_SAML}" '
        f"{written}><saml:Issuer>{SP}</saml:Issuer></samlp:AuthnRequest>"
    ).encode()


def redirect_path(site, app, relay_state="", **attributes) -> str:
    url = encode_redirect(
        f"/saml/{app.issuer.id}/login",
        authn_request(site, app, **attributes),
        relay_state=relay_state,
    )
    return url


def form(site, app, relay_state="", **attributes) -> dict[str, str]:
    xml = authn_request(site, app, **attributes)
    return {"SAMLRequest": base64.b64encode(xml).decode(), "RelayState": relay_state}


def posted(response) -> SimpleNamespace:
    """Return what the page would post, and where."""
    assert response.status_code == 200, response.text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', response.text))
    action = re.search(r'<form class="stack" method="post" action="([^"]+)">', response.text)[1]
    return SimpleNamespace(
        action=unescape(action),
        relay_state=unescape(fields.get("RelayState", "")),
        root=etree.fromstring(base64.b64decode(unescape(fields["SAMLResponse"]))),
    )


def statuses(sent) -> list[str]:
    return sent.root.xpath("//*[local-name() = 'StatusCode']/@Value")


def refused(response, status=400) -> str:
    """Assert that this is our page and nobody else's, and return its reference."""
    assert response.status_code == status, response.text
    assert "SAMLResponse" not in response.text
    assert "Location" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    return re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", response.text)[0]


def events(site, **where):
    with db.session():
        return list_events(site.scope, **where).items


# Signing in


def test_a_redirect_request_with_a_session_is_answered_by_a_page_that_posts(site, app, pete):
    hostile = '"><script>alert(1)</script>&\u00e9'
    response = pete.get(redirect_path(site, app, hostile, ID="_r"))
    sent = posted(response)
    assert (sent.action, sent.relay_state) == (ACS, hostile)
    assert sent.root.get("InResponseTo") == "_r"
    assert statuses(sent) == [names.STATUS_SUCCESS]


def test_the_page_that_posts_works_with_and_without_script_and_is_not_kept(site, app, pete):
    response = pete.get(redirect_path(site, app))
    policy = response.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)[1]
    assert "form-action" not in policy
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert f'<script nonce="{nonce}">' in response.text
    assert '<button class="btn primary">Continue</button>' in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert "App &lt;1&gt;" in response.text
    assert "Set-Cookie" not in response.headers
    again = pete.get(redirect_path(site, app))
    assert nonce not in again.headers["Content-Security-Policy"]


def test_without_a_session_the_sign_in_page_comes_first_and_then_the_answer(site, app):
    browser = site.browser()
    asked = browser.get(redirect_path(site, app, "state", ID="_r"))
    assert asked.status_code == 303
    target = urlsplit(asked.location)
    assert target.path == "/w/acme/sign-in"
    (back,) = parse_qs(target.query)["next"]
    assert re.fullmatch(rf"/saml/{app.issuer.id}/continue/[\w-]{{43}}", back)
    signed_in = browser.sign_in("pete", query=f"?next={quote(back)}")
    assert signed_in.location == back
    sent = posted(browser.get(back))
    assert (sent.root.get("InResponseTo"), sent.relay_state) == ("_r", "state")
    again = browser.get(back)
    assert "SAMLResponse" not in again.text
    assert "Open App &lt;1&gt;" in again.text


def test_a_cross_site_post_without_the_cookie_goes_on_by_a_get_that_has_it(site, app, pete):
    stranger = site.app.test_client()  # the browser holds pete's cookie back
    response = stranger.post(
        f"/saml/{app.issuer.id}/login",
        data=form(site, app, "state", ID="_r"),
        headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://app.example.com"},
    )
    assert response.status_code == 303
    assert "Set-Cookie" not in response.headers
    sent = posted(pete.get(response.location))
    assert (sent.root.get("InResponseTo"), sent.relay_state) == ("_r", "state")


def test_a_post_with_the_cookie_is_answered_at_once(site, app, pete):
    response = pete.client.post(f"/saml/{app.issuer.id}/login", data=form(site, app))
    assert statuses(posted(response)) == [names.STATUS_SUCCESS]


def test_the_tile_and_the_login_address_begin_a_sign_in(site, app, pete):
    for path in (f"/w/acme/launch/{app.slug}", f"/saml/{app.issuer.id}/login"):
        sent = posted(pete.get(path))
        assert sent.action == ACS
        assert "InResponseTo" not in sent.root.attrib
    asked = site.browser().get(f"/saml/{app.issuer.id}/login")
    assert parse_qs(urlsplit(asked.location).query)["next"] == [f"/w/acme/launch/{app.slug}"]


@pytest.mark.parametrize(
    ("headers", "starts"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Referer": "http://localhost/w/acme/dashboard"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Referer": "http://localhost/w/acme/dashboard"}, False),
        ({"Referer": "http://localhost.evil.test/"}, False),
        ({}, False),
    ],
)
def test_another_site_cannot_start_a_sign_in_where_signed_requests_are_required(
    site, app, pete, headers, starts
):
    key = keys.generate("ec-p256", common_name="SP", now=1_795_511_647)
    with db.session():
        change.update_application(
            site.scope,
            app.id,
            settings={"certificates": [key.certificate], "require_signed_requests": True},
        )
    for path in (f"/w/acme/launch/{app.slug}", f"/saml/{app.issuer.id}/login"):
        page = pete.client.get(path, headers=headers)
        if starts:
            assert posted(page).action == ACS
        else:
            assert "SAMLResponse" not in page.text
            assert f'href="/w/acme/launch/{app.slug}"' in page.text


@pytest.mark.parametrize("relay_state", ["https://app.example.com/a?b=1&c=<d>", "x" * 4096])
def test_a_launch_link_carries_relay_state(app, pete, relay_state):
    query = urlencode({"RelayState": relay_state})
    for path in (f"/w/acme/launch/{app.slug}", f"/saml/{app.issuer.id}/login"):
        assert posted(pete.get(f"{path}?{query}")).relay_state == relay_state


@pytest.mark.parametrize("query", ["RelayState=a&RelayState=b", "RelayState=%00", "RelayState=%ff"])
def test_a_launch_link_with_an_unusable_relay_state_is_refused(app, pete, query):
    page = pete.get(f"/w/acme/launch/{app.slug}?{query}")
    assert page.status_code == 400 and "SAMLResponse" not in page.text


def test_signed_metadata_and_their_certificate_can_be_downloaded(site, app, pete):
    base = f"/saml/{app.issuer.id}/metadata"
    signed = site.browser().get(f"{base}/signed")
    assert signed.mimetype == "application/samlmetadata+xml"
    root = parse_xml(signed.data)
    certificate = site.browser().get(f"{base}/certificate")
    assert "attachment" in certificate.headers["Content-Disposition"]
    assert verify_enveloped(root, [certificate.text])
    again = site.browser().get(f"{base}/signed", headers={"If-None-Match": signed.headers["ETag"]})
    assert again.status_code == 304
    for path in ("signed", "certificate"):
        assert site.browser().get(f"/saml/nobody/metadata/{path}").status_code == 404


def test_force_authn_asks_for_the_password_again(site, app, pete):
    asked = pete.get(redirect_path(site, app, ForceAuthn="true"))
    query = parse_qs(urlsplit(asked.location).query)
    assert query["fresh"] == ["1"]
    (back,) = query["next"]
    assert 'name="password"' in pete.get(asked.location).text
    assert pete.get(back).status_code == 303
    pete.sign_in("pete", query=f"?{urlsplit(asked.location).query}")
    assert statuses(posted(pete.get(back))) == [names.STATUS_SUCCESS]


def test_is_passive_without_a_session_tells_the_sp(site, app):
    response = site.browser().get(redirect_path(site, app, "state", IsPassive="true"))
    sent = posted(response)
    assert statuses(sent)[-1] == names.STATUS_NO_PASSIVE
    assert sent.relay_state == "state"
    assert not sent.root.xpath("//*[local-name() = 'Signature']")


def test_a_launch_url_is_left_for_by_a_page(site, app, pete):
    with db.session():
        change.update_application(
            site.scope,
            app.id,
            settings={"launch_url": "https://app.example.com/start?a=1&b=2"},
        )
    response = pete.get(f"/w/acme/launch/{app.slug}")
    assert response.status_code == 200
    address = "https://app.example.com/start?a=1&amp;b=2"
    assert f'content="0; url={address}"' in response.text
    assert f'href="{address}"' in response.text


# Refusals


def test_a_person_without_the_role_sees_whom_to_ask_and_a_reference(site, app, admin):
    response = admin.get(redirect_path(site, app))
    reference = refused(response, 403)
    assert "You don&#39;t have access to App &lt;1&gt;." in response.text
    assert "it@acme.test" in response.text
    assert "/w/acme/dashboard" in response.text
    assert "Ada Test has no role" in response.text
    (event,) = events(site, application_id=app.id, outcome="refused")
    assert (event.reference, event.detail["code"]) == (reference, "no-role")


def test_only_admins_see_what_was_got_and_expected(site, app, admin, pete):
    path = redirect_path(site, app, AssertionConsumerServiceURL="https://evil.test/acs")
    for browser, seen in ((admin, True), (pete, False), (site.browser(), False)):
        response = browser.get(path)
        refused(response)
        assert ("https://evil.test/acs" in response.text) is seen


HOSTILE_QUERIES = [
    "SAMLRequest=",
    "SAMLRequest=%00",
    "SAMLRequest=PHg+",
    "SAMLRequest=a&SAMLRequest=b",
    "SAMLResponse=abc",
    "SAMLRequest=abc&Signature=x",
    "SAMLRequest=" + "A" * 70_000,
]


def test_what_cannot_be_read_gets_a_page_and_a_line_in_the_log(site, app):
    for query in HOSTILE_QUERIES:
        reference = refused(site.browser().get(f"/saml/{app.issuer.id}/login?{query}"))
        event = events(site, outcome="refused")[0]
        assert (event.action, event.reference) == ("request.refused", reference)
    assert len(events(site, outcome="refused")) == len(HOSTILE_QUERIES)


FORM = "application/x-www-form-urlencoded"
HOSTILE_BODIES = [
    (b'{"SAMLRequest": "x"}', "application/json"),
    (b"SAMLRequest=x", "text/plain"),
    (b"SAMLRequest=x", ""),
    (b"", FORM),
    (b"SAMLRequest=\xff\xfe", FORM),
    (b"SAMLRequest=%ff%fe", FORM),
    (b"&a=b" * 100, FORM),
    (b"SAMLRequest=PHg%2BPC94Pg%3D%3D&RelayState=%ff", FORM),
]


def test_a_body_that_is_no_good_form_is_refused(site, app):
    for body, content_type in HOSTILE_BODIES:
        response = site.app.test_client().post(
            f"/saml/{app.issuer.id}/login", data=body, content_type=content_type
        )
        refused(response)
    with db.session():
        assert not PendingRequest.select().exists()


def test_a_body_that_is_too_large_is_not_read(site, app):
    response = site.app.test_client().post(
        f"/saml/{app.issuer.id}/login", data={"SAMLRequest": "A" * 300_000}
    )
    assert response.status_code == 413


def test_other_methods_are_not_allowed(site, app, pete):
    for method in ("HEAD", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
        for path in (
            f"/saml/{app.issuer.id}/login",
            f"/saml/{app.issuer.id}/continue/key",
            f"/w/acme/launch/{app.slug}",
        ):
            response = pete.client.open(path, method=method)
            assert response.status_code == 405
            assert "GET" in response.headers["Allow"]
    assert not events(site, action="sign-in", application_id=app.id)


NOWHERE = [
    "/saml/nobody/login",
    "/saml/nobody/login?SAMLRequest=x",
    "/saml/nobody/continue/key",
    "/saml/nobody/metadata",
    "/saml/nobody/logout",
    "/saml/%00/login",
    "/saml/%00/metadata",
    "/saml/..%2f..%2fetc/login",
    "/w/acme/launch/nothing",
    "/w/acme/launch/%00",
    "/w/nowhere/launch/app",
    "/w/%00/launch/app",
]


def test_an_address_that_is_not_there_is_a_404(site, app, pete):
    for path in NOWHERE:
        response = pete.get(path)
        assert (path, response.status_code) == (path, 404)
        assert "SAMLResponse" not in response.text


def test_a_key_that_opens_nothing_gets_a_page(site, app, pete):
    response = pete.get(f"/saml/{app.issuer.id}/continue/" + "x" * 43)
    refused(response)
    assert "or it has expired" in response.text


def test_a_shared_issuer_waits_for_a_request(site, pete):
    with db.session():
        shared = issuers.create_issuer(site.scope, name="Shared")
    response = pete.get(f"/saml/{shared.id}/login")
    refused(response)
    assert "from your dashboard" in response.text


# Metadata


def test_the_metadata_can_be_kept_and_asked_for_again(site, app):
    client = site.app.test_client()
    path = f"/saml/{app.issuer.id}/metadata"
    response = client.get(path)
    assert response.mimetype == "application/samlmetadata+xml"
    assert "max-age=3600" in response.headers["Cache-Control"]
    assert "Set-Cookie" not in response.headers
    parsed = OneLogin_Saml2_IdPMetadataParser.parse(response.data)["idp"]
    assert parsed["entityId"] == f"http://localhost{path}" == app.issuer.entity_id
    same = client.get(path, headers={"If-None-Match": response.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    assert client.head(path).status_code == 200


def test_the_host_header_changes_nothing_in_the_metadata(site, app):
    path = f"/saml/{app.issuer.id}/metadata"
    response = site.app.test_client().get(path, headers={"X-Forwarded-Host": "evil.test"})
    assert b"evil.test" not in response.data
