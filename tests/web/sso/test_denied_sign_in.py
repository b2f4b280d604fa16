"""Every way a sign-in can be denied leaves a trace, and the trace page shows it to admins."""

import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree, html
from ssoko.saml import names
from ssoko.saml.bindings import encode_redirect
from ssoko.saml.signing import SigningKey, sign_element
from ssoko.saml.xml import instant
from ssoko.services.access import assignments
from ssoko.services.activity.log import list_events
from ssoko.services.applications import change as applications_change
from ssoko.services.applications import install, mappers
from ssoko.services.issuers import issuers
from ssoko.services.issuers.keys import generate
from ssoko.services.people import users
from ssoko.services.sso import trace as sso_trace
from ssoko.services.troubleshooting import fixes, traces
from ssoko.store import db
from ssoko.store.models import table
from ssoko.store.models.sso import Trace

SP = "https://app.example.com/saml/metadata"
ACS = "https://app.example.com/saml/acs"
KEY = generate(common_name="SP", now=1_795_511_647)
OTHER_KEY = generate(common_name="Other", now=1_795_511_647)


def signing_key(key) -> SigningKey:
    return SigningKey.from_pem(key.private_pem, key.certificate)


@dataclass
class Scene:
    """One application, and requests that it denies."""

    site: Any
    app: Any

    @property
    def services(self):
        return self.site.services

    def change(self, **settings: Any) -> None:
        with db.session():
            applications_change.update_application(self.site.scope, self.app.id, settings=settings)

    def disable(self, user=None) -> None:
        with db.session():
            if user is not None:
                users.update_user(self.site.scope, user.id, active=False)
                return
            applications_change.update_application(self.site.scope, self.app.id, enabled=False)

    def remove_role(self) -> None:
        with db.session():
            assignments.remove_role(
                self.site.scope,
                role_id=self.app.default_role.id,
                user_id=self.site.person.id,
            )

    def xml(self, inner: str = "", issuer: str = SP, **attributes: str | None) -> bytes:
        values = {
            "ID": f"_{secrets.token_hex(16)}",
            "Version": "2.0",
            "IssueInstant": instant(self.services.clock()),
            "Destination": self.app.issuer.login_endpoint,
            **attributes,
        }
        markup = " ".join(f'{k}="{v}"' for k, v in values.items() if v is not None)
        return (
            f'<samlp:AuthnRequest xmlns:samlp="{names.NS_SAMLP}" xmlns:saml="{names.NS_SAML}" '
            f"{markup}><saml:Issuer>{issuer}</saml:Issuer>{inner}</samlp:AuthnRequest>"
        ).encode()

    def path(self, inner: str = "", *, issuer_id: str = "", state: str = "", **more: Any) -> str:
        url = f"/saml/{issuer_id or self.app.issuer.id}/login"
        return encode_redirect(url, self.xml(inner, **more), relay_state=state)

    def signed_path(self, key=KEY, **more: Any) -> str:
        url = f"/saml/{self.app.issuer.id}/login"
        return encode_redirect(url, self.xml(**more), key=signing_key(key))

    def signed_form(self, key=KEY, **more: Any) -> dict[str, str]:
        root = etree.fromstring(self.xml(**more))
        sign_element(root, signing_key(key))
        return {"SAMLRequest": base64.b64encode(etree.tostring(root)).decode()}


@pytest.fixture
def scene(site) -> Scene:
    with db.session():
        view = install.install(
            site.scope,
            integration="custom-saml",
            name="Wiki",
            settings={"entity_id": SP, "acs_urls": [ACS]},
        )
        assignments.assign_roles(
            site.scope,
            role_ids=[view.default_role.id],
            user_id=site.person.id,
        )
    return Scene(site, view)


@pytest.fixture
def pete(site):
    return site.browser(site.person)


@dataclass
class TracePage:
    """The page of a trace."""

    text: str

    @property
    def main(self) -> etree._Element:
        (main,) = html.document_fromstring(self.text).xpath("//main")
        return main

    @property
    def words(self) -> str:
        return " ".join(self.main.text_content().split())

    def fact(self, label: str) -> str:
        values = self.main.xpath(f"//dt[.='{label}']/following-sibling::dd[1]")
        return " ".join(values[0].text_content().split()) if values else ""

    @property
    def steps(self) -> dict[str, str]:
        items = [" ".join(h.text_content().split()) for h in self.main.xpath("//ol//h3")]
        states = ("Passed", "Denied", "Not reached")
        return {
            item.removesuffix(state).strip(): state
            for item in items
            for state in states
            if item.endswith(state)
        }

    @property
    def denied_at(self) -> str:
        (step,) = [name for name, state in self.steps.items() if state == "Denied"]
        return step

    @property
    def marks(self) -> list[str]:
        return [mark.text_content() for mark in self.main.xpath("//mark")]

    @property
    def links(self) -> dict[str, str]:
        return {" ".join(a.text_content().split()): a.get("href") for a in self.main.xpath("//a")}


def trace_of(admin, response) -> TracePage:
    """Open the trace of the reference that the user saw."""
    match = re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", response.text)
    reference = match[0] if match else status_reference(response)
    shown = admin.get(f"/w/acme/traces/{reference}")
    assert shown.status_code == 200, shown.text
    return TracePage(shown.text)


def status_reference(response) -> str:
    """Return the reference in the status message that the service provider receives."""
    value = re.search(r'name="SAMLResponse" value="([^"]+)"', response.text)[1]
    xml = base64.b64decode(unescape(value)).decode()
    return re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", xml)[0]


POLICY = f'<samlp:NameIDPolicy Format="{names.NAMEID_KERBEROS}"/>'
CONTEXT = (
    "<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>"
    f"{names.AUTHN_SMARTCARD_PKI}</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>"
)
SUBJECT = "<saml:Subject><saml:NameID>somebody@else.test</saml:NameID></saml:Subject>"
IDP_LIST = (
    '<samlp:Scoping><samlp:IDPList><samlp:IDPEntry ProviderID="https://other.test"/>'
    "</samlp:IDPList></samlp:Scoping>"
)


@dataclass(frozen=True)
class Denial:
    """One reason to deny a sign-in.

    :param act: sends the request with pete's browser and returns the response.
    :param received, expected: parts of these facts on the trace page.
    """

    code: str
    act: Callable[[Scene, Any], Any]
    step: str
    received: str
    expected: str
    link: str = ""


def _shared(scene: Scene, browser: Any) -> Any:
    site = scene.site
    with db.session():
        shared = issuers.create_issuer(site.scope, name="Shared")
    endpoint = issuers.login_endpoint(site.services.config.base_url, shared.id)
    path = scene.path(issuer_id=shared.id, issuer="https://stranger.test", Destination=endpoint)
    return browser.get(path)


def _without_role(scene: Scene, browser: Any) -> Any:
    scene.remove_role()
    return browser.get(scene.path())


def _expired(scene: Scene, browser: Any) -> Any:
    site = scene.site
    with db.session():
        assignments.assign_roles(
            site.scope,
            role_ids=[scene.app.default_role.id],
            user_id=site.person.id,
            expires_at=site.services.clock() + 60,
        )
        later = table.database.param  # the bound database's placeholder
        table.database.execute_sql(
            f"UPDATE role_assignment SET expires_at = {later} WHERE user_id = {later}",  # noqa: S608
            (site.services.clock() - 1, site.person.id),
        )
    return browser.get(scene.path())


def _disabled(scene: Scene, browser: Any) -> Any:
    scene.disable()
    return browser.get(scene.path())


def _uninstalled(scene: Scene, browser: Any) -> Any:
    site = scene.site
    with db.session():
        applications_change.uninstall(site.scope, scene.app.id)
    return browser.get(scene.path())


def _no_email(scene: Scene, browser: Any) -> Any:
    site = scene.site
    with db.session():
        users.update_user(site.scope, site.person.id, email="")
    return browser.get(scene.path())


def _no_attribute(scene: Scene, browser: Any) -> Any:
    site = scene.site
    with db.session():
        mappers.set_mappers(
            site.scope,
            scene.app.id,
            [{"name": "dept", "source": "user.attributes.department", "required": True}],
        )
    return browser.get(scene.path())


def _needs_signature(scene: Scene) -> None:
    scene.change(require_signed_requests=True, certificates=[KEY.certificate])


def _unsigned(scene: Scene, browser: Any) -> Any:
    _needs_signature(scene)
    return browser.get(scene.path())


def _wrongly_signed(scene: Scene, browser: Any) -> Any:
    _needs_signature(scene)
    return browser.get(scene.signed_path(OTHER_KEY))


def _replayed(scene: Scene, browser: Any) -> Any:
    _needs_signature(scene)
    path = scene.signed_path()
    assert browser.get(path).status_code == 200
    return browser.get(path)


def _sha1(scene: Scene, browser: Any) -> Any:
    _needs_signature(scene)
    path = scene.signed_path()
    weak = quote("http://www.w3.org/2000/09/xmldsig#rsa-sha1", safe="")
    return browser.get(re.sub(r"SigAlg=[^&]+", f"SigAlg={weak}", path))


def _post(scene: Scene, browser: Any, data: dict[str, str]) -> Any:
    return browser.client.post(f"/saml/{scene.app.issuer.id}/login", data=data)


def _get(query: str) -> Callable[[Scene, Any], Any]:
    return lambda scene, browser: browser.get(f"/saml/{scene.app.issuer.id}/login?{query}")


def _ask(inner: str = "", **more: Any) -> Callable[[Scene, Any], Any]:
    return lambda scene, browser: browser.get(scene.path(inner, **more))


DENIALS = [
    Denial(
        "acs-not-registered",
        _ask(AssertionConsumerServiceURL="https://evil.test/acs"),
        "ACS URL",
        "https://evil.test/acs",
        ACS,
        "Open Settings",
    ),
    Denial(
        "acs-index-unknown",
        _ask(AssertionConsumerServiceIndex="7"),
        "ACS URL",
        "AssertionConsumerServiceIndex 7",
        ACS,
        "Open Settings",
    ),
    Denial(
        "wrong-destination",
        _ask(Destination="https://other.test/login"),
        "Conditions",
        "https://other.test/login",
        "/login",
        "Open Metadata",
    ),
    Denial(
        "not-fresh",
        _ask(IssueInstant="2026-01-01T00:00:00Z"),
        "Conditions",
        "seconds",
        "at most 300 seconds",
    ),
    Denial("signature-required", _unsigned, "Signature", "no signature", "certificates"),
    Denial("signature-wrong", _wrongly_signed, "Signature", "another key", "1 registered"),
    Denial("signature-algorithm", _sha1, "Signature", "rsa-sha1", "rsa-sha256"),
    Denial("replayed", _replayed, "Request read", "_", "a new ID"),
    Denial("sp-unknown", _shared, "Application", "https://stranger.test", "the entity ID"),
    Denial(
        "no-role", _without_role, "Role", "Pete Test has no role for Wiki", "role", "Open Access"
    ),
    Denial("role-expired", _expired, "Role", "has expired", "role", "Open Access"),
    Denial("application-disabled", _disabled, "Application", "Wiki is disabled", "enabled"),
    Denial(
        "application-uninstalled",
        _uninstalled,
        "Application",
        "uninstalled application",
        "an installed application",
        "View uninstalled applications",
    ),
    Denial(
        "name-id-missing",
        _no_email,
        "Response",
        "no email",
        "value for user.email",
        "Open Pete Test",
    ),
    Denial(
        "attribute-missing",
        _no_attribute,
        "Response",
        "no attributes.department",
        "a value for user.attributes.department",
        "Open Mappers",
    ),
    Denial(
        "nameid-format", _ask(POLICY), "Conditions", "kerberos", "emailAddress", "Open Settings"
    ),
    Denial(
        "authn-context", _ask(CONTEXT), "Conditions", "SmartcardPKI", "PasswordProtectedTransport"
    ),
    Denial("other-subject", _ask(SUBJECT), "User", "somebody@else.test", "pete@acme.test"),
    Denial("idp-not-listed", _ask(IDP_LIST), "Conditions", "https://other.test", "/metadata"),
    Denial(
        "binding-unsupported",
        _ask(ProtocolBinding=names.BINDING_REDIRECT),
        "Conditions",
        "HTTP-Redirect",
        "HTTP-POST",
    ),
    Denial("base64", _get("SAMLRequest=%21%21not-base64"), "Request read", "base64", "base64"),
    Denial("inflate", _get("SAMLRequest=QUJDRA%3D%3D"), "Request read", "", "DEFLATE"),
    Denial("parameter-missing", _get("SAMLRequest="), "Request read", "empty", "one SAMLRequest"),
    Denial(
        "parameter-repeated", _get("SAMLRequest=a&SAMLRequest=b"), "Request read", "SAML", "once"
    ),
    Denial(
        "xml-malformed",
        lambda scene, browser: _post(
            scene, browser, {"SAMLRequest": base64.b64encode(b"<broken").decode()}
        ),
        "Request read",
        "",
        "one XML document",
    ),
    Denial(
        "xml-dtd",
        lambda scene, browser: _post(
            scene, browser, {"SAMLRequest": base64.b64encode(b"<!DOCTYPE a><a/>").decode()}
        ),
        "Request read",
        "DOCTYPE",
        "no DOCTYPE",
    ),
    Denial(
        "wrong-message",
        lambda scene, browser: _post(
            scene, browser, {"SAMLRequest": base64.b64encode(b"<a>secret</a>").decode()}
        ),
        "Request read",
        "a",
        "AuthnRequest",
    ),
]


@pytest.mark.parametrize("denial", DENIALS, ids=lambda denial: denial.code)
def test_denied_sign_in_leaves_a_trace_with_the_reason(denial, scene, pete, admin) -> None:
    page = trace_of(admin, denial.act(scene, pete))
    assert page.fact("Code") == denial.code
    assert denial.received in page.fact("Received") and page.fact("Received")
    assert denial.expected in page.fact("Expected") and page.fact("Expected")
    assert page.fact("Rule") and page.fact("Fix")
    assert page.denied_at == denial.step
    assert denial.link in page.links or not denial.link
    assert "Copy diagnostics" in page.words
    assert "Pete Test" in page.words or denial.code == "application-uninstalled"
    (event,) = events(scene, outcome="refused")[:1]
    assert event.reference in page.text


def events(scene: Scene, **where: Any) -> Any:
    with db.session():
        return list_events(scene.site.scope, **where).items


def test_passive_request_without_a_session_is_returned_to_the_sp_and_traced(
    scene, site, admin
) -> None:
    response = site.browser().get(scene.path(IsPassive="true"))
    page = trace_of(admin, response)
    assert page.fact("Code") == "no-passive"
    assert page.denied_at == "User"
    assert "Wiki got the status NoPassive" in page.words
    assert "Not signed in" in page.words


def test_sign_in_from_the_dashboard_has_no_request_steps(scene, pete, admin) -> None:
    scene.remove_role()
    page = trace_of(admin, pete.get(f"/w/acme/launch/{scene.app.slug}"))
    assert list(page.steps) == ["Application", "User", "Role", "Response"]
    assert "started at the SSO Dashboard" in page.words


def test_expired_continue_url_is_traced(scene, pete, admin) -> None:
    response = pete.get(f"/saml/{scene.app.issuer.id}/continue/" + "x" * 43)
    assert trace_of(admin, response).fact("Code") == "request-gone"


# The trace page


def test_difference_between_received_and_expected_is_marked(scene, pete, admin) -> None:
    requested = "https://app.example.net/saml/acs"
    page = trace_of(admin, pete.get(scene.path(AssertionConsumerServiceURL=requested)))
    assert page.marks == ["net", "com"]


def test_message_is_shown_decoded_and_relay_state_is_shortened(scene, pete, admin) -> None:
    path = scene.path(state="s" * 1000, Destination="https://other.test/")
    page = trace_of(admin, pete.get(path))
    shown = page.main.xpath("//details//pre")[0].text_content()
    assert "<samlp:AuthnRequest" in shown and f"<saml:Issuer>{SP}</saml:Issuer>" in shown
    assert "s" * 199 in page.text and "s" * 201 not in page.text


def test_message_that_cannot_be_decoded_is_shown_unchanged(scene, pete, admin) -> None:
    page = trace_of(admin, pete.get(f"/saml/{scene.app.issuer.id}/login?SAMLRequest=" + "A" * 9001))
    shown = page.main.xpath("//details//pre")[0].text_content()
    assert shown.startswith("AAAA") and len(shown) == sso_trace.MAX_RAW


def test_assertion_sent_to_the_login_endpoint_is_not_stored(scene, pete, admin) -> None:
    xml = f'<samlp:Response xmlns:samlp="{names.NS_SAMLP}"><b>confidential</b></samlp:Response>'
    response = _post(scene, pete, {"SAMLRequest": base64.b64encode(xml.encode()).decode()})
    page = trace_of(admin, response)
    assert "samlp:Response" in page.text and "confidential" not in page.text


def test_markup_in_a_message_is_escaped(scene, pete, admin) -> None:
    issuer = "&lt;script&gt;alert(1)&lt;/script&gt;"
    page = trace_of(admin, pete.get(scene.path(issuer=issuer)))
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text


def test_diagnostics_contain_no_username_and_no_cookie(scene, pete, admin) -> None:
    response = pete.get(scene.path(AssertionConsumerServiceURL="https://evil.test/acs"))
    page = trace_of(admin, response)
    (text,) = [e.text_content() for e in page.main.xpath("//*[@id='diagnostics']")]
    assert "acs-not-registered" in text and "https://evil.test/acs" in text
    assert "User: signed in" in text and "Pete" not in text and "pete" not in text
    cookie = pete.client.get_cookie("session")
    assert cookie is None or cookie.value not in page.text


# Finding a trace


def test_denied_user_sees_the_reason_a_reference_a_contact_and_a_way_back(scene, pete) -> None:
    scene.remove_role()
    text = pete.get(scene.path()).text
    assert "You don&#39;t have access to Wiki." in text
    assert "it@acme.test" in text and re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", text)
    assert 'href="/w/acme/dashboard"' in text
    assert "/traces/" not in text


def test_denied_admin_gets_a_link_to_the_trace(scene, admin) -> None:
    text = admin.get(scene.path()).text
    (href,) = re.findall(r'href="(/w/acme/traces/SK-[0-9A-Z-]+)"', text)
    assert admin.get(href).status_code == 200


def test_reference_is_found_in_any_spelling(scene, pete, admin) -> None:
    scene.remove_role()
    response = pete.get(scene.path())
    reference = re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", response.text)[0]
    sloppy = reference.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    jump = admin.get(f"/w/acme/jump?q={quote(sloppy)}")
    assert jump.location == f"/w/acme/traces/{reference}"
    for query in (reference, f"ref:{reference}", reference.lower()):
        listing = admin.get(f"/w/acme/activity?q={quote(query)}")
        assert f'href="/w/acme/traces/{reference}"' in listing.text, query
    assert "Enter the whole reference" in admin.get("/w/acme/activity?q=ref:SK-1").text
    tab = admin.get(f"/w/acme/applications/{scene.app.slug}/activity").text
    assert f'href="/w/acme/traces/{reference}"' in tab
    traces_page = admin.get(f"/w/acme/traces?app={scene.app.slug}").text
    assert reference in traces_page and "Pete Test has no role for Wiki" in traces_page


def test_only_workspace_admins_can_open_traces(scene, pete, admin, site) -> None:
    scene.remove_role()
    reference = re.search(r"SK-[0-9A-Z-]{9}", pete.get(scene.path()).text)[0]
    for path in ("", f"/{reference}", f"/{reference}/fix"):
        assert pete.get(f"/w/acme/traces{path}").status_code == 403
        assert site.browser().get(f"/w/acme/traces{path}").status_code == 303
    assert admin.get("/w/acme/traces/SK-0000-0000").status_code == 404


def test_reference_of_an_expired_trace_opens_the_event(scene, pete, admin) -> None:
    scene.remove_role()
    reference = re.search(r"SK-[0-9A-Z-]{9}", pete.get(scene.path()).text)[0]
    with db.session():
        Trace.delete().execute()
    response = admin.get(f"/w/acme/traces/{reference}")
    assert response.status_code == 303
    assert "Event details" in admin.get(response.location).text


# Fixes


def apply_fix(admin, response, **data: str):
    """Open the fix of a trace, read what will change, and apply it."""
    page = trace_of(admin, response)
    (href,) = [a.get("href") for a in page.main.xpath("//a[contains(@href, '/fix')]")]
    question = admin.get(href)
    assert question.status_code == 200
    result = admin.post(href, data)
    after = admin.get(result.location) if result.status_code == 303 else result
    return TracePage(question.text), after


def test_fix_assigns_the_role(scene, pete, admin) -> None:
    scene.remove_role()
    question, after = apply_fix(admin, pete.get(scene.path()))
    assert scene.app.default_role.name in question.words
    assert "Ask Pete Test to try again." in after.text and "Fixed" in after.text
    assert pete.get(scene.path()).status_code == 200
    assert events(scene, action="role.assigned")[0].actor_name == "Ada Test"


def test_fix_enables_the_application(scene, pete, admin) -> None:
    scene.disable()
    _, after = apply_fix(admin, pete.get(scene.path()))
    assert "Enabled Wiki." in after.text
    assert pete.get(scene.path()).status_code == 200


def test_fix_adds_an_acs_url_with_a_registered_host(scene, pete, admin) -> None:
    requested = "https://app.example.com/saml/acs2"
    path = scene.path(AssertionConsumerServiceURL=requested)
    question, after = apply_fix(admin, pete.get(path))
    assert requested in question.words and ACS in question.words
    assert "No registered ACS URL" not in question.words
    assert "Added the ACS URL to Wiki." in after.text
    assert f'action="{requested}"' in pete.get(path).text
    settings = admin.get(f"/w/acme/applications/{scene.app.slug}/settings").text
    assert requested in settings


def test_acs_url_with_another_host_requires_confirmation(scene, pete, admin) -> None:
    path = scene.path(AssertionConsumerServiceURL="https://app.example.com.evil.test/saml/acs")
    question, after = apply_fix(admin, pete.get(path))
    assert question.marks == ["app.example.com.evil.test"]
    assert "No registered ACS URL has this host" in question.words
    assert after.status_code == 422 and "then select this box" in after.text
    assert pete.get(path).status_code == 400
    _, after = apply_fix(admin, pete.get(path), compared="yes")
    assert "Added the ACS URL to Wiki." in after.text
    assert pete.get(path).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example.com/saml/acs",
        "https://app.example.com@evil.test/acs",
        "javascript:alert(1)",
        "https://app.example.com/acs#x",
        "https://\u0430pp.example.com/acs",
    ],
)
def test_unsafe_acs_url_has_no_fix(url, scene, pete, admin) -> None:
    page = trace_of(admin, pete.get(scene.path(AssertionConsumerServiceURL=url)))
    assert "/fix" not in page.text


def test_certificate_of_the_signature_requires_confirmation(scene, pete, admin) -> None:
    _needs_signature(scene)
    response = _post(scene, pete, scene.signed_form(OTHER_KEY))
    question, after = apply_fix(admin, response)
    assert (
        "SHA-256 fingerprint" in question.words
        and "The certificate came with the message" in question.words
    )
    assert after.status_code == 422
    _, after = apply_fix(admin, response, compared="yes")
    assert "Added the certificate to Wiki." in after.text
    assert _post(scene, pete, scene.signed_form(OTHER_KEY)).status_code == 200
    assert _post(scene, pete, scene.signed_form(KEY)).status_code == 200


def test_certificate_that_did_not_sign_has_no_fix(scene, pete, admin) -> None:
    _needs_signature(scene)
    root = etree.fromstring(base64.b64decode(scene.signed_form(OTHER_KEY)["SAMLRequest"]))
    root.set("Consent", "changed")
    form = {"SAMLRequest": base64.b64encode(etree.tostring(root)).decode()}
    page = trace_of(admin, _post(scene, pete, form))
    assert page.fact("Code") == "signature-wrong" and "/fix" not in page.text


def test_added_acs_url_survives_a_change_of_the_settings(scene, site) -> None:
    aws = {
        "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
        "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/9b1c2d3e-aaaa",
        "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
    }
    more = "https://eu-central-1.sso.signin.aws/platform/saml/acs/9b1c2d3e-aaaa"
    with db.session():
        app = install.install(site.scope, integration="aws", name="AWS", settings=aws)
        fixes.add_acs_url(site.scope, app.id, more)
        fixes.add_acs_url(site.scope, app.id, more)
        moved = aws["acs_url"].replace("aaaa", "bbbb")
        changed = applications_change.update_application(
            site.scope, app.id, settings={"acs_url": moved}
        )
    assert changed.service_provider.acs_urls == (moved, more)


# Limits


def test_number_of_traces_per_hour_is_limited(scene, site, admin, monkeypatch) -> None:
    monkeypatch.setattr(sso_trace, "HOURLY", 3)
    pages = [site.browser().get(_bad(scene)).text for _ in range(6)]
    has_reference = [bool(re.search(r"SK-[0-9A-Z]{4}-", text)) for text in pages]
    assert has_reference == [True, True, True, False, False, False]
    assert "it@acme.test" in pages[-1]
    with db.session():
        (last, *_), count = list(Trace.select().order_by(Trace.id.desc())), Trace.select().count()
    assert (count, last.repeats) == (3, 3)
    assert len(events(scene, outcome="refused")) == 3
    assert "This happened 3 more times" in admin.get(f"/w/acme/traces/{last.reference}").text
    # Another error code and a signed-in user still get a trace.
    other = site.browser().get(f"/saml/{scene.app.issuer.id}/login?SAMLRequest=")
    assert "SK-" in other.text and "SK-" in admin.get(_bad(scene)).text


def _bad(scene: Scene) -> str:
    return scene.path(Destination="https://other.test/login")


def test_number_of_traces_per_day_is_limited(scene, site, monkeypatch) -> None:
    monkeypatch.setattr(sso_trace, "DAILY", 3)
    monkeypatch.setattr(sso_trace, "RARE", 2)
    kinds = (_bad(scene), scene.path(AssertionConsumerServiceURL="https://evil.test/"))
    for _ in range(4):
        for path in kinds:
            site.browser().get(path)
    with db.session():
        codes = [trace.code for trace in Trace.select()]
    assert sorted(codes) == ["acs-not-registered"] * 2 + ["wrong-destination"] * 2


def test_traces_are_deleted_after_thirty_days(scene, site, admin) -> None:
    response = site.browser().get(_bad(scene))
    reference = re.search(r"SK-[0-9A-Z-]{9}", response.text)[0]
    with db.session():
        Trace.update(at=site.services.clock() - sso_trace.KEPT).execute()
    assert admin.get(f"/w/acme/traces/{reference}").status_code == 303
    assert reference not in admin.get("/w/acme/traces").text
    site.browser().get(_bad(scene))
    with db.session():
        assert [t.reference for t in Trace.select()] != [reference]
        assert Trace.select().count() == 1
        Trace.update(at=0).execute()
        assert traces.purge(site.services) == 1
        assert not Trace.select().exists()


def test_request_to_an_unknown_issuer_is_only_logged(site, caplog) -> None:
    caplog.set_level("INFO", "ssoko.services.sso.log")
    assert site.browser().get("/saml/nobody/login?SAMLRequest=x").status_code == 404
    assert "unknown issuer" in caplog.text
    with db.session():
        assert not Trace.select().exists()
