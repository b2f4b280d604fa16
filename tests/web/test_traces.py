"""A trace for each way a sign-in can fail, walked over HTTP and read as an admin would."""

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
from ssoko.services.context import SYSTEM, Scope
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
OTHER_KEY = generate(common_name="Somebody", now=1_795_511_647)


def signing_key(key) -> SigningKey:
    return SigningKey.from_pem(key.private_pem, key.certificate)


@dataclass
class Scene:
    """One application, and ways to fail at it."""

    site: Any
    app: Any

    @property
    def services(self):
        return self.site.services

    def change(self, **settings: Any) -> None:
        with db.session():
            applications_change.update_application(
                Scope(self.services, self.site.workspace.id, SYSTEM), self.app.id, settings=settings
            )

    def disable(self, user=None) -> None:
        with db.session():
            if user is not None:
                users.update_user(
                    Scope(self.services, self.site.workspace.id, SYSTEM), user.id, active=False
                )
                return
            applications_change.update_application(
                Scope(self.services, self.site.workspace.id, SYSTEM), self.app.id, enabled=False
            )

    def take_role(self) -> None:
        with db.session():
            assignments.revoke_role(
                Scope(self.services, self.site.workspace.id, SYSTEM),
                role_id=self.app.default_role.id,
                user_id=self.site.person.id,
            )

    def xml(self, inner: str = "", issuer: str = SP, **attributes: str | None) -> bytes:
        found = {
            "ID": f"_{secrets.token_hex(16)}",
            "Version": "2.0",
            "IssueInstant": instant(self.services.clock()),
            "Destination": self.app.issuer.login_endpoint,
            **attributes,
        }
        written = " ".join(f'{k}="{v}"' for k, v in found.items() if v is not None)
        return (
            f'<samlp:AuthnRequest xmlns:samlp="{names.NS_SAMLP}" xmlns:saml="{names.NS_SAML}" '
            f"{written}><saml:Issuer>{issuer}</saml:Issuer>{inner}</samlp:AuthnRequest>"
        ).encode()

    def path(self, inner: str = "", *, issuer_id: str = "", state: str = "", **more: Any) -> str:
        address = f"/saml/{issuer_id or self.app.issuer.id}/login"
        return encode_redirect(address, self.xml(inner, **more), relay_state=state)

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
class Read:
    """A trace's page, as somebody reads it."""

    text: str

    @property
    def main(self) -> etree._Element:
        (found,) = html.document_fromstring(self.text).xpath("//main")
        return found

    @property
    def words(self) -> str:
        return " ".join(self.main.text_content().split())

    def fact(self, label: str) -> str:
        found = self.main.xpath(f"//dt[.='{label}']/following-sibling::dd[1]")
        return " ".join(found[0].text_content().split()) if found else ""

    @property
    def steps(self) -> dict[str, str]:
        items = [" ".join(h.text_content().split()) for h in self.main.xpath("//ol//h3")]
        states = ("Passed", "Refused", "Not reached")
        return {
            item.removesuffix(state).strip(): state
            for item in items
            for state in states
            if item.endswith(state)
        }

    @property
    def refused_at(self) -> str:
        (step,) = [name for name, state in self.steps.items() if state == "Refused"]
        return step

    @property
    def marks(self) -> list[str]:
        return [mark.text_content() for mark in self.main.xpath("//mark")]

    @property
    def links(self) -> dict[str, str]:
        return {" ".join(a.text_content().split()): a.get("href") for a in self.main.xpath("//a")}


def trace_of(admin, response) -> Read:
    """Open the trace of the reference that the person saw."""
    seen = re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", response.text)
    reference = seen[0] if seen else told_reference(response)
    page = admin.get(f"/w/acme/traces/{reference}")
    assert page.status_code == 200, page.text
    return Read(page.text)


def told_reference(response) -> str:
    """Return the reference in the status message that the SP is told."""
    value = re.search(r'name="SAMLResponse" value="([^"]+)"', response.text)[1]
    xml = base64.b64decode(unescape(value)).decode()
    return re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", xml)[0]


POLICY = f'<samlp:NameIDPolicy Format="{names.NAMEID_PERSISTENT}"/>'
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
class Way:
    """One way to fail.

    :param act: does it with pete's browser and returns what the person sees.
    :param got, expected: parts of what the trace says.
    """

    code: str
    act: Callable[[Scene, Any], Any]
    step: str
    got: str
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
    scene.take_role()
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


WAYS = [
    Way(
        "acs-not-registered",
        _ask(AssertionConsumerServiceURL="https://evil.test/acs"),
        "ACS URL",
        "https://evil.test/acs",
        ACS,
        "Open Settings",
    ),
    Way(
        "acs-index-unknown",
        _ask(AssertionConsumerServiceIndex="7"),
        "ACS URL",
        "AssertionConsumerServiceIndex 7",
        ACS,
        "Open Settings",
    ),
    Way(
        "wrong-destination",
        _ask(Destination="https://other.test/login"),
        "Terms",
        "https://other.test/login",
        "/login",
        "Open Metadata",
    ),
    Way(
        "not-fresh",
        _ask(IssueInstant="2026-01-01T00:00:00Z"),
        "Terms",
        "seconds",
        "at most 300 seconds",
    ),
    Way("signature-required", _unsigned, "Signature", "no signature", "certificates"),
    Way("signature-wrong", _wrongly_signed, "Signature", "another key", "1 registered"),
    Way("signature-algorithm", _sha1, "Signature", "rsa-sha1", "rsa-sha256"),
    Way("replayed", _replayed, "Request read", "_", "a new ID"),
    Way("sp-unknown", _shared, "Application", "https://stranger.test", "the entity ID"),
    Way("no-role", _without_role, "Role", "Pete Test has no role of Wiki", "role", "Open Access"),
    Way("role-expired", _expired, "Role", "has expired", "role", "Open Access"),
    Way("application-disabled", _disabled, "Application", "Wiki is disabled", "enabled"),
    Way(
        "application-uninstalled",
        _uninstalled,
        "Application",
        "not there any more",
        "an installed application",
        "Show uninstalled applications",
    ),
    Way(
        "name-id-missing",
        _no_email,
        "Answer",
        "no e-mail",
        "value for user.email",
        "Open Pete Test",
    ),
    Way(
        "attribute-missing",
        _no_attribute,
        "Answer",
        "no attributes.department",
        "a value for user.attributes.department",
        "Open Mappers",
    ),
    Way("nameid-format", _ask(POLICY), "Terms", "persistent", "unspecified", "Open Settings"),
    Way("authn-context", _ask(CONTEXT), "Terms", "SmartcardPKI", "PasswordProtectedTransport"),
    Way("other-subject", _ask(SUBJECT), "Person", "somebody@else.test", "pete@acme.test"),
    Way("idp-not-listed", _ask(IDP_LIST), "Terms", "https://other.test", "/metadata"),
    Way(
        "binding-unsupported",
        _ask(ProtocolBinding=names.BINDING_REDIRECT),
        "Terms",
        "HTTP-Redirect",
        "HTTP-POST",
    ),
    Way("base64", _get("SAMLRequest=%21%21not-base64"), "Request read", "base64", "padding"),
    Way("inflate", _get("SAMLRequest=QUJDRA%3D%3D"), "Request read", "", "DEFLATE"),
    Way("parameter-missing", _get("SAMLRequest="), "Request read", "empty", "one SAMLRequest"),
    Way("parameter-repeated", _get("SAMLRequest=a&SAMLRequest=b"), "Request read", "SAML", "once"),
    Way(
        "xml-malformed",
        lambda scene, browser: _post(
            scene, browser, {"SAMLRequest": base64.b64encode(b"<broken").decode()}
        ),
        "Request read",
        "",
        "one XML document",
    ),
    Way(
        "xml-dtd",
        lambda scene, browser: _post(
            scene, browser, {"SAMLRequest": base64.b64encode(b"<!DOCTYPE a><a/>").decode()}
        ),
        "Request read",
        "DOCTYPE",
        "no DOCTYPE",
    ),
    Way(
        "wrong-message",
        lambda scene, browser: _post(
            scene, browser, {"SAMLRequest": base64.b64encode(b"<a>secret</a>").decode()}
        ),
        "Request read",
        "a",
        "AuthnRequest",
    ),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.code)
def test_a_failed_sign_in_leaves_a_trace_that_says_why(way, scene, pete, admin) -> None:
    read = trace_of(admin, way.act(scene, pete))
    assert read.fact("Code") == way.code
    assert way.got in read.fact("Got") and read.fact("Got")
    assert way.expected in read.fact("Expected") and read.fact("Expected")
    assert read.fact("Rule") and read.fact("Fix")
    assert read.refused_at == way.step
    assert way.link in read.links or not way.link
    assert "Copy diagnostics" in read.words
    assert "Pete Test" in read.words or way.code == "application-uninstalled"
    (event,) = events(scene, outcome="refused")[:1]
    assert event.reference in read.text


def events(scene: Scene, **where: Any) -> Any:
    with db.session():
        return list_events(Scope(scene.services, scene.site.workspace.id, SYSTEM), **where).items


def test_nobody_signed_in_and_nothing_to_be_seen_is_told_to_the_sp_and_traced(
    scene, site, admin
) -> None:
    response = site.browser().get(scene.path(IsPassive="true"))
    read = trace_of(admin, response)
    assert read.fact("Code") == "no-passive"
    assert read.refused_at == "Person"
    assert "Wiki was told so: NoPassive" in read.words
    assert "Nobody signed in" in read.words


def test_a_launch_has_no_steps_of_a_request(scene, pete, admin) -> None:
    scene.take_role()
    read = trace_of(admin, pete.get(f"/w/acme/launch/{scene.app.slug}"))
    assert list(read.steps) == ["Application", "Person", "Role", "Answer"]
    assert "started at the SSO Dashboard" in read.words


def test_an_address_that_waited_for_too_long_is_traced(scene, pete, admin) -> None:
    response = pete.get(f"/saml/{scene.app.issuer.id}/continue/" + "x" * 43)
    assert trace_of(admin, response).fact("Code") == "request-gone"


# What the page shows


def test_the_part_that_differs_is_marked(scene, pete, admin) -> None:
    asked = "https://app.example.net/saml/acs"
    read = trace_of(admin, pete.get(scene.path(AssertionConsumerServiceURL=asked)))
    assert read.marks == ["net", "com"]


def test_the_message_is_shown_decoded_and_relay_state_is_cut(scene, pete, admin) -> None:
    path = scene.path(state="s" * 1000, Destination="https://other.test/")
    read = trace_of(admin, pete.get(path))
    shown = read.main.xpath("//details//pre")[0].text_content()
    assert "<samlp:AuthnRequest" in shown and f"<saml:Issuer>{SP}</saml:Issuer>" in shown
    assert "s" * 199 in read.text and "s" * 201 not in read.text


def test_what_cannot_be_decoded_is_shown_as_it_came(scene, pete, admin) -> None:
    read = trace_of(admin, pete.get(f"/saml/{scene.app.issuer.id}/login?SAMLRequest=" + "A" * 9001))
    shown = read.main.xpath("//details//pre")[0].text_content()
    assert shown.startswith("AAAA") and len(shown) == sso_trace.MAX_RAW


def test_an_assertion_that_was_sent_here_is_not_kept(scene, pete, admin) -> None:
    xml = f'<samlp:Response xmlns:samlp="{names.NS_SAMLP}"><b>confidential</b></samlp:Response>'
    response = _post(scene, pete, {"SAMLRequest": base64.b64encode(xml.encode()).decode()})
    read = trace_of(admin, response)
    assert "samlp:Response" in read.text and "confidential" not in read.text


def test_hostile_text_is_only_text(scene, pete, admin) -> None:
    issuer = "&lt;script&gt;alert(1)&lt;/script&gt;"
    read = trace_of(admin, pete.get(scene.path(issuer=issuer)))
    assert "<script>alert" not in read.text
    assert "&lt;script&gt;alert(1)" in read.text


def test_the_diagnostics_name_no_person_and_no_cookie(scene, pete, admin) -> None:
    response = pete.get(scene.path(AssertionConsumerServiceURL="https://evil.test/acs"))
    read = trace_of(admin, response)
    (text,) = [e.text_content() for e in read.main.xpath("//*[@id='diagnostics']")]
    assert "acs-not-registered" in text and "https://evil.test/acs" in text
    assert "Person: signed in" in text and "Pete" not in text and "pete" not in text
    cookie = pete.client.get_cookie("session")
    assert cookie is None or cookie.value not in read.text


# Who finds it, and how


def test_the_person_sees_a_sentence_a_reference_whom_to_ask_and_a_way_back(scene, pete) -> None:
    scene.take_role()
    text = pete.get(scene.path()).text
    assert "You do not have the role that opens Wiki." in text
    assert "it@acme.test" in text and re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", text)
    assert 'href="/w/acme/dashboard"' in text
    assert "/traces/" not in text


def test_an_admin_who_is_refused_gets_a_link_to_the_trace(scene, admin) -> None:
    text = admin.get(scene.path()).text
    (href,) = re.findall(r'href="(/w/acme/traces/SK-[0-9A-Z-]+)"', text)
    assert admin.get(href).status_code == 200


def test_a_reference_is_found_however_it_is_typed(scene, pete, admin) -> None:
    scene.take_role()
    response = pete.get(scene.path())
    reference = re.search(r"SK-[0-9A-Z]{4}-[0-9A-Z]{4}", response.text)[0]
    sloppy = reference.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    jumped = admin.get(f"/w/acme/jump?q={quote(sloppy)}")
    assert jumped.location == f"/w/acme/traces/{reference}"
    for query in (reference, f"ref:{reference}", reference.lower()):
        found = admin.get(f"/w/acme/activity?q={quote(query)}")
        assert f'href="/w/acme/traces/{reference}"' in found.text, query
    assert "write the whole reference" in admin.get("/w/acme/activity?q=ref:SK-1").text
    tab = admin.get(f"/w/acme/applications/{scene.app.slug}/activity").text
    assert f'href="/w/acme/traces/{reference}"' in tab
    listed = admin.get(f"/w/acme/traces?app={scene.app.slug}").text
    assert reference in listed and "Pete Test has no role of Wiki" in listed


def test_traces_are_for_admins_of_the_workspace_alone(scene, pete, admin, site) -> None:
    scene.take_role()
    reference = re.search(r"SK-[0-9A-Z-]{9}", pete.get(scene.path()).text)[0]
    for path in ("", f"/{reference}", f"/{reference}/mend"):
        assert pete.get(f"/w/acme/traces{path}").status_code == 403
        assert site.browser().get(f"/w/acme/traces{path}").status_code == 303
    assert admin.get("/w/acme/traces/SK-0000-0000").status_code == 404


def test_a_trace_that_has_ended_leads_to_its_event(scene, pete, admin) -> None:
    scene.take_role()
    reference = re.search(r"SK-[0-9A-Z-]{9}", pete.get(scene.path()).text)[0]
    with db.session():
        Trace.delete().execute()
    response = admin.get(f"/w/acme/traces/{reference}")
    assert response.status_code == 303
    assert "What was written down" in admin.get(response.location).text


# One press


def press(admin, response, **data: str):
    """Open the offer in a trace, look at what will change, and press."""
    read = trace_of(admin, response)
    (href,) = [a.get("href") for a in read.main.xpath("//a[contains(@href, '/mend')]")]
    asked = admin.get(href)
    assert asked.status_code == 200
    done = admin.post(href, data)
    after = admin.get(done.location) if done.status_code == 303 else done
    return Read(asked.text), after


def test_the_role_is_given_with_one_press(scene, pete, admin) -> None:
    scene.take_role()
    asked, after = press(admin, pete.get(scene.path()))
    assert scene.app.default_role.name in asked.words
    assert "Ask Pete Test to try again." in after.text and "Mended" in after.text
    assert pete.get(scene.path()).status_code == 200
    assert events(scene, action="role.given")[0].actor_name == "Ada Test"


def test_the_application_is_enabled_with_one_press(scene, pete, admin) -> None:
    scene.disable()
    _, after = press(admin, pete.get(scene.path()))
    assert "Wiki is enabled." in after.text
    assert pete.get(scene.path()).status_code == 200


def test_an_acs_url_of_a_known_host_is_added_with_one_press(scene, pete, admin) -> None:
    asked = "https://app.example.com/saml/acs2"
    path = scene.path(AssertionConsumerServiceURL=asked)
    question, after = press(admin, pete.get(path))
    assert asked in question.words and ACS in question.words
    assert "None of the recorded" not in question.words
    assert "is added to Wiki" in after.text
    assert f'action="{asked}"' in pete.get(path).text
    settings = admin.get(f"/w/acme/applications/{scene.app.slug}/settings").text
    assert asked in settings


def test_an_acs_url_of_another_host_needs_an_admin_who_compared_it(scene, pete, admin) -> None:
    path = scene.path(AssertionConsumerServiceURL="https://app.example.com.evil.test/saml/acs")
    question, after = press(admin, pete.get(path))
    assert question.marks == ["app.example.com.evil.test"]
    assert "None of the recorded addresses is on this host" in question.words
    assert after.status_code == 422 and "then tick this" in after.text
    assert pete.get(path).status_code == 400
    _, after = press(admin, pete.get(path), compared="yes")
    assert "is added to Wiki" in after.text
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
def test_an_acs_url_that_may_not_be_recorded_is_not_offered(url, scene, pete, admin) -> None:
    read = trace_of(admin, pete.get(scene.path(AssertionConsumerServiceURL=url)))
    assert "/mend" not in read.text


def test_the_certificate_that_signed_is_trusted_only_when_it_was_compared(
    scene, pete, admin
) -> None:
    _needs_signature(scene)
    response = _post(scene, pete, scene.signed_form(OTHER_KEY))
    question, after = press(admin, response)
    assert "SHA-256 fingerprint" in question.words and "brought this certificate" in question.words
    assert after.status_code == 422
    _, after = press(admin, response, compared="yes")
    assert "The certificate is recorded for Wiki." in after.text
    assert _post(scene, pete, scene.signed_form(OTHER_KEY)).status_code == 200
    assert _post(scene, pete, scene.signed_form(KEY)).status_code == 200


def test_a_certificate_that_did_not_sign_is_not_offered(scene, pete, admin) -> None:
    _needs_signature(scene)
    root = etree.fromstring(base64.b64decode(scene.signed_form(OTHER_KEY)["SAMLRequest"]))
    root.set("Consent", "changed")
    form = {"SAMLRequest": base64.b64encode(etree.tostring(root)).decode()}
    read = trace_of(admin, _post(scene, pete, form))
    assert read.fact("Code") == "signature-wrong" and "/mend" not in read.text


def test_what_was_added_stays_when_the_plugin_proposes_anew(scene, site) -> None:
    aws = {
        "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
        "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/9b1c2d3e-aaaa",
        "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
    }
    more = "https://eu-central-1.sso.signin.aws/platform/saml/acs/9b1c2d3e-aaaa"
    here, services = site.workspace.id, site.services
    with db.session():
        app = install.install(
            Scope(services, here, SYSTEM), integration="aws", name="AWS", settings=aws
        )
        fixes.add_acs_url(services, here, SYSTEM, app.id, more)
        fixes.add_acs_url(services, here, SYSTEM, app.id, more)
        moved = aws["acs_url"].replace("aaaa", "bbbb")
        changed = applications_change.update_application(
            Scope(services, here, SYSTEM), app.id, settings={"acs_url": moved}
        )
    assert changed.service_provider.acs_urls == (moved, more)


# How many, and for how long


def test_a_flood_leaves_so_many_traces_and_then_a_counter(scene, site, admin, monkeypatch) -> None:
    monkeypatch.setattr(sso_trace, "HOURLY", 3)
    answers = [site.browser().get(_bad(scene)).text for _ in range(6)]
    shown = [bool(re.search(r"SK-[0-9A-Z]{4}-", text)) for text in answers]
    assert shown == [True, True, True, False, False, False]
    assert "it@acme.test" in answers[-1]
    with db.session():
        (last, *_), count = list(Trace.select().order_by(Trace.id.desc())), Trace.select().count()
    assert (count, last.repeats) == (3, 3)
    assert len(events(scene, outcome="refused")) == 3
    assert "3 more of this kind" in admin.get(f"/w/acme/traces/{last.reference}").text
    # Another kind of refusal, and somebody who is known, still leave theirs.
    other = site.browser().get(f"/saml/{scene.app.issuer.id}/login?SAMLRequest=")
    assert "SK-" in other.text and "SK-" in admin.get(_bad(scene)).text


def _bad(scene: Scene) -> str:
    return scene.path(Destination="https://other.test/login")


def test_many_kinds_in_a_day_leave_few_of_each(scene, site, monkeypatch) -> None:
    monkeypatch.setattr(sso_trace, "DAILY", 3)
    monkeypatch.setattr(sso_trace, "RARE", 2)
    kinds = (_bad(scene), scene.path(AssertionConsumerServiceURL="https://evil.test/"))
    for _ in range(4):
        for path in kinds:
            site.browser().get(path)
    with db.session():
        codes = [trace.code for trace in Trace.select()]
    assert sorted(codes) == ["acs-not-registered"] * 2 + ["wrong-destination"] * 2


def test_traces_end_after_thirty_days(scene, site, admin) -> None:
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


def test_an_address_without_an_issuer_is_only_logged(site, caplog) -> None:
    caplog.set_level("INFO", "ssoko.services.sso.attempt")
    assert site.browser().get("/saml/nobody/login?SAMLRequest=x").status_code == 404
    assert "unknown issuer" in caplog.text
    with db.session():
        assert not Trace.select().exists()
