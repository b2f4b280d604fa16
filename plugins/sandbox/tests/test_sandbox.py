import base64
import zlib
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import ssoko_sandbox
from lxml import etree, html
from marshmallow import ValidationError
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from ssoko.plugin.testing import SITE, LoadedPlugin, assert_integration

PAGE = "/plugins/sandbox/trial"
NS = {"saml": "urn:oasis:names:tc:SAML:2.0:assertion", "samlp": Constants.NS_SAMLP}


@pytest.fixture(scope="module")
def plugin() -> LoadedPlugin:
    return assert_integration(ssoko_sandbox, {"key": "trial"})


def request_of(response) -> etree._Element:
    """Read the AuthnRequest from the redirect or the form that a page returned."""
    if response.status_code == 302:
        (encoded,) = parse_qs(urlsplit(response.headers["Location"]).query)["SAMLRequest"]
        return etree.fromstring(zlib.decompress(base64.b64decode(encoded), -15))
    (encoded,) = html.fromstring(response.text).xpath("//input[@name='SAMLRequest']/@value")
    return etree.fromstring(base64.b64decode(encoded))


def send(client, response: str, **form: str):
    return client.post(f"{PAGE}/acs", data={"SAMLResponse": response, **form})


def refusal(client, response: str) -> str:
    page = send(client, response)
    assert page.status_code == 400
    assert "Nobody is signed in" in page.text
    return html.fromstring(page.text).get_element_by_id("reason").text_content()


# ---------------------------------------------------------------------------
# The plugin
# ---------------------------------------------------------------------------


def test_sandbox_is_opt_in(plugin):
    assert plugin.entry.integration.opt_in


def test_urls_contain_the_key(plugin):
    sp = plugin.service_provider({"key": "Trial"})
    assert sp.entity_id == f"{SITE.plugin_url}/trial/metadata"
    assert sp.acs_urls == (f"{SITE.plugin_url}/trial/acs",)


@pytest.mark.parametrize("raw", [{}, {"key": ""}, {"key": "  "}])
def test_missing_key_is_generated(plugin, raw):
    one, other = plugin.load(raw)["key"], plugin.load(raw)["key"]
    assert one != other
    assert len(one) == 8


@pytest.mark.parametrize("key", ["ab", "../x", "a b c", "-abc", "abc\n", "a" * 41, 7, "ключ"])
def test_invalid_key_is_refused(plugin, key):
    if key == "abc\n":
        assert plugin.load({"key": key}) == {"key": "abc"}
        return
    with pytest.raises(ValidationError) as caught:
        plugin.load({"key": key})
    assert list(caught.value.messages) == ["key"]


# ---------------------------------------------------------------------------
# Starting
# ---------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["redirect", "post"])
def test_a_sign_in_starts_with_a_request_for_this_application(client, how):
    request = request_of(client.get(f"{PAGE}/{how}"))
    assert request.tag == f"{{{NS['samlp']}}}AuthnRequest"
    assert request.get("Destination") == "http://localhost:8000/saml/abc/login"
    assert request.get("AssertionConsumerServiceURL") == f"http://localhost:8000{PAGE}/acs"
    assert request.find("saml:Issuer", NS).text == f"http://localhost:8000{PAGE}/metadata"


def test_post_page_works_without_script_and_posts_to_another_site(client):
    page = client.get(f"{PAGE}/post")
    (form,) = html.fromstring(page.text).forms
    assert form.method == "POST"
    assert form.action == "http://localhost:8000/saml/abc/login"
    assert form.xpath(".//button")[0].text == "Continue"
    policy = page.headers["Content-Security-Policy"]
    assert "form-action" not in policy
    assert "script-src 'self'" in policy
    for name in ("post.js", "sandbox.css"):
        with client.get(f"/plugins/sandbox/static/{name}") as response:
            assert response.status_code == 200


def test_first_page_shows_and_escapes_all_values(client):
    page = client.get(f"{PAGE}/")
    assert "<b>out</b>" not in page.text
    assert "Try &lt;b&gt;out&lt;/b&gt;" in page.text
    links = html.fromstring(page.text).xpath("//main//a/@href")
    assert f"{PAGE}/redirect" in links
    assert f"{PAGE}/post" in links
    assert "http://localhost:8000/w/acme/launch/trial" in links


def test_the_host_of_the_request_changes_nothing(client):
    page = client.get(f"{PAGE}/", base_url="https://evil.test/")
    assert "evil.test" not in page.text


def test_metadata_has_the_same_values(client):
    response = client.get(f"{PAGE}/metadata")
    root = etree.fromstring(response.data)
    assert root.get("entityID") == f"http://localhost:8000{PAGE}/metadata"
    assert f"http://localhost:8000{PAGE}/acs" in response.text


@pytest.mark.parametrize("path", ["/nowhere/", "/nowhere/redirect", "/nowhere/metadata", "/x/y/z"])
def test_unknown_path_is_a_plain_404(client, path):
    page = client.get(f"/plugins/sandbox{path}")
    assert page.status_code == 404
    assert "<h1>Not Found</h1>" in page.text


def test_two_applications_with_one_key_are_refused(client, applications):
    applications.append(replace(applications[0], id="app2"))
    page = client.get(f"{PAGE}/")
    assert page.status_code == 404
    assert "Change the key" in page.text


def test_front_page_shows_no_application(client):
    page = client.get("/plugins/sandbox/")
    assert page.status_code == 200
    assert "Try" not in page.text.replace("to try", "")


def test_every_page_has_security_headers(client, idp):
    pages = [client.get(f"{PAGE}/"), send(client, "x"), client.get("/plugins/sandbox/no/")]
    pages.append(send(client, idp.response()))
    for page in pages:
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in page.headers


# ---------------------------------------------------------------------------
# What is accepted
# ---------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "word"), [("redirect", "Redirect"), ("post", "POST")])
def test_response_to_a_request_is_shown(client, idp, how, word):
    request = request_of(client.get(f"{PAGE}/{how}"))
    page = send(client, idp.response(request_id=request.get("ID")), RelayState="back <here>")
    assert page.status_code == 200
    tree = html.fromstring(page.text)
    assert tree.get_element_by_id("name-id").text == "amina"
    assert tree.get_element_by_id("started").text == f"Here, by {word}"
    assert "R&amp;D &lt;b&gt;" in page.text
    assert "Finance" in page.text
    assert "back &lt;here&gt;" in page.text
    facts = " ".join(" ".join(tree.itertext()).split())
    for fact in ("Response rsa-sha256 sha256", "Assertion rsa-sha256 sha256", "Session index _s1"):
        assert fact in facts
    assert f"Audience http://localhost:8000{PAGE}/metadata" in facts
    assert "PasswordProtectedTransport" in facts
    assert "SHA-256 fingerprint" in facts
    assert "<samlp:Response" in tree.xpath("//pre")[0].text


def test_response_without_a_request_is_idp_initiated(client, idp):
    page = send(client, idp.response())
    assert page.status_code == 200
    assert "From the Dashboard" in page.text


def test_response_signed_with_the_second_key_is_accepted(client, idp, stranger, applications):
    applications[0] = replace(applications[0], certificates=(stranger.certificate, idp.certificate))
    assert send(client, idp.response()).status_code == 200


def test_a_comment_does_not_cut_a_name_short(client, idp):
    page = send(client, idp.response(name_id="admin<!-- x -->istrator"))
    assert html.fromstring(page.text).get_element_by_id("name-id").text == "administrator"


def test_only_accepted_responses_are_reported_to_ssoko(client, idp, stranger, accepted):
    refusal(client, stranger.response())
    assert accepted == []
    assert send(client, idp.response()).status_code == 200
    assert accepted == [("app1", "_s1")]


# ---------------------------------------------------------------------------
# What is refused
# ---------------------------------------------------------------------------


def test_same_response_is_accepted_once(client, idp):
    started = request_of(client.get(f"{PAGE}/redirect")).get("ID")
    for response in (idp.response(), idp.response(request_id=started)):
        assert send(client, response).status_code == 200
        refusal(client, response)


def test_second_response_to_one_request_is_refused(client, idp):
    started = request_of(client.get(f"{PAGE}/redirect")).get("ID")
    assert send(client, idp.response(request_id=started)).status_code == 200
    assert "no request with this ID" in refusal(client, idp.response(request_id=started))


def test_refused_response_does_not_consume_the_request(client, idp, stranger):
    started = request_of(client.get(f"{PAGE}/redirect")).get("ID")
    refusal(client, stranger.response(request_id=started))
    assert send(client, idp.response(request_id=started)).status_code == 200


def test_one_assertion_in_two_responses_is_accepted_once(client, idp):
    assert send(client, idp.response(assertion_id="_same")).status_code == 200
    assert "already used" in refusal(client, idp.response(assertion_id="_same"))


def test_response_to_a_request_of_another_application_is_refused(client, idp, applications):
    applications.append(replace(applications[0], id="app2", settings={"key": "other"}))
    started = request_of(client.get("/plugins/sandbox/other/redirect")).get("ID")
    assert "no request with this ID" in refusal(client, idp.response(request_id=started))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"request_id": "_guessed"}, "no request with this ID"),
        ({"confirms": "_guessed"}, "InResponseTo"),
        ({"audience": "https://other.test/"}, "not a valid audience"),
        ({"recipient": "http://localhost:8000/plugins/sandbox/other/acs"}, "SubjectConfirmation"),
        ({"recipient": f"http://localhost:8000{PAGE}/acs/more"}, "Recipient must be"),
        ({"destination": "http://localhost:8000/elsewhere"}, "instead of"),
        ({"destination": f"http://localhost:8000{PAGE}/acs/more"}, "Destination must be"),
        ({"destination": f"http://LOCALHOST:8000{PAGE}/acs"}, "Destination must be"),
        ({"issuer": "https://other.test/"}, "Invalid issuer"),
        ({"shift": -3600}, "expired"),
        ({"shift": 3600}, "not yet valid"),
        ({"sign_assertion": False}, "Assertion of the Response is not signed"),
        ({"sign_response": False}, "Message of the Response is not signed"),
        ({"sign_response": False, "sign_assertion": False}, "is not signed"),
        ({"method": Constants.RSA_SHA1}, "Deprecated signature algorithm"),
        ({"digest": Constants.SHA1}, "Deprecated digest algorithm"),
        ({"edit": lambda xml: xml.replace(">amina<", ">admin<")}, "ignature"),
        ({"edit": lambda xml: "<!DOCTYPE x>" + xml.removeprefix("<?xml")}, "document type"),
        ({"edit": lambda xml: "<a>"}, "not XML"),
        ({"edit": lambda xml: "<a/>"}, "not Response"),
        ({"edit": lambda xml: xml.replace('ID="_a', 'ID="_r')}, "same ID"),
        (
            {
                "edit": lambda xml: xml.replace(
                    'Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"',
                    'Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"',
                    1,
                )
            },
            "transform",
        ),
    ],
)
def test_wrong_response_is_refused_with_the_reason(client, idp, changes, words):
    assert words in refusal(client, idp.response(**changes))


def test_response_signed_with_another_key_is_refused(client, stranger):
    assert "Signature validation failed" in refusal(client, stranger.response())


def test_wrapped_assertion_is_refused(client, idp):
    def wrap(xml: str) -> str:
        start, end = xml.index("<saml:Assertion"), xml.index("</saml:Assertion>") + 17
        evil = xml[start:end].replace(">amina<", ">admin<").replace('ID="_a', 'ID="_evil', 1)
        return xml[:start] + evil + xml[start:]

    refusal(client, idp.response(sign_response=False, edit=wrap))
    refusal(client, idp.response(edit=wrap))


@pytest.mark.parametrize("response", ["", "x", "%%%", "é", "QQ=", "A" * 300_000])
def test_text_that_is_not_a_response_is_refused(client, response):
    refusal(client, response)


def test_form_must_have_one_response(client, idp):
    assert client.post(f"{PAGE}/acs", data={}).status_code == 400
    twice = {"SAMLResponse": [idp.response(), idp.response()]}
    assert client.post(f"{PAGE}/acs", data=twice).status_code == 400


def test_very_long_response_is_not_read(client):
    assert send(client, "A" * 2_000_000).status_code == 413


def test_error_of_the_identity_provider_is_shown(client):
    xml = (
        f'<samlp:Response xmlns:samlp="{NS["samlp"]}" ID="_1" Version="2.0">'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">'
        '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:NoPassive"/>'
        "</samlp:StatusCode></samlp:Status></samlp:Response>"
    )
    assert "NoPassive" in refusal(client, base64.b64encode(xml.encode()).decode())


def test_response_by_get_is_refused(client):
    assert client.get(f"{PAGE}/acs").status_code == 405
