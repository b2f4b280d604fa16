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

PAGE = "/plugins/sandbox/tryout"
NS = {"saml": "urn:oasis:names:tc:SAML:2.0:assertion", "samlp": Constants.NS_SAMLP}


@pytest.fixture(scope="module")
def plugin() -> LoadedPlugin:
    return assert_integration(ssoko_sandbox, {"key": "tryout"})


def request_of(answer) -> etree._Element:
    """Read the AuthnRequest from the redirect or the form that a page answered with."""
    if answer.status_code == 302:
        (encoded,) = parse_qs(urlsplit(answer.headers["Location"]).query)["SAMLRequest"]
        return etree.fromstring(zlib.decompress(base64.b64decode(encoded), -15))
    (encoded,) = html.fromstring(answer.text).xpath("//input[@name='SAMLRequest']/@value")
    return etree.fromstring(base64.b64decode(encoded))


def send(client, answer: str, **form: str):
    return client.post(f"{PAGE}/acs", data={"SAMLResponse": answer, **form})


def refusal(client, answer: str) -> str:
    page = send(client, answer)
    assert page.status_code == 400
    assert "Nobody is signed in" in page.text
    return html.fromstring(page.text).get_element_by_id("reason").text_content()


# ---------------------------------------------------------------------------
# The plugin
# ---------------------------------------------------------------------------


def test_it_is_off_unless_named(plugin):
    assert plugin.entry.integration.opt_in


def test_its_addresses_come_from_the_key(plugin):
    sp = plugin.service_provider({"key": "Tryout"})
    assert sp.entity_id == f"{SITE.plugin_url}/tryout/metadata"
    assert sp.acs_urls == (f"{SITE.plugin_url}/tryout/acs",)


@pytest.mark.parametrize("raw", [{}, {"key": ""}, {"key": "  "}])
def test_without_a_key_one_is_made(plugin, raw):
    one, other = plugin.load(raw)["key"], plugin.load(raw)["key"]
    assert one != other
    assert len(one) == 8


@pytest.mark.parametrize("key", ["ab", "../x", "a b c", "-abc", "abc\n", "a" * 41, 7, "ключ"])
def test_a_key_that_is_no_word_is_refused(plugin, key):
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


def test_the_post_page_works_without_script_and_may_post_elsewhere(client):
    page = client.get(f"{PAGE}/post")
    (form,) = html.fromstring(page.text).forms
    assert form.method == "POST"
    assert form.action == "http://localhost:8000/saml/abc/login"
    assert form.xpath(".//button")[0].text == "Continue"
    policy = page.headers["Content-Security-Policy"]
    assert "form-action" not in policy
    assert "script-src 'self'" in policy
    for name in ("post.js", "sandbox.css"):
        with client.get(f"/plugins/sandbox/static/{name}") as answer:
            assert answer.status_code == 200


def test_the_first_page_names_everything_and_escapes_it(client):
    page = client.get(f"{PAGE}/")
    assert "<b>out</b>" not in page.text
    assert "Try &lt;b&gt;out&lt;/b&gt;" in page.text
    links = html.fromstring(page.text).xpath("//main//a/@href")
    assert f"{PAGE}/redirect" in links
    assert f"{PAGE}/post" in links
    assert "http://localhost:8000/w/acme/launch/tryout" in links


def test_the_host_of_the_request_changes_nothing(client):
    page = client.get(f"{PAGE}/", base_url="https://evil.test/")
    assert "evil.test" not in page.text


def test_its_metadata_says_the_same(client):
    answer = client.get(f"{PAGE}/metadata")
    root = etree.fromstring(answer.data)
    assert root.get("entityID") == f"http://localhost:8000{PAGE}/metadata"
    assert f"http://localhost:8000{PAGE}/acs" in answer.text


@pytest.mark.parametrize("path", ["/nowhere/", "/nowhere/redirect", "/nowhere/metadata", "/x/y/z"])
def test_an_unknown_address_is_a_plain_404(client, path):
    page = client.get(f"/plugins/sandbox{path}")
    assert page.status_code == 404
    assert "<h1>Not Found</h1>" in page.text


def test_two_applications_with_one_key_are_refused(client, applications):
    applications.append(replace(applications[0], id="app2"))
    page = client.get(f"{PAGE}/")
    assert page.status_code == 404
    assert "another key" in page.text


def test_the_front_page_tells_no_names(client):
    page = client.get("/plugins/sandbox/")
    assert page.status_code == 200
    assert "Try" not in page.text.replace("to try", "")


def test_every_page_is_guarded(client, idp):
    pages = [client.get(f"{PAGE}/"), send(client, "x"), client.get("/plugins/sandbox/no/")]
    pages.append(send(client, idp.answer()))
    for page in pages:
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in page.headers


# ---------------------------------------------------------------------------
# What is accepted
# ---------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "word"), [("redirect", "Redirect"), ("post", "POST")])
def test_the_answer_to_a_request_is_shown(client, idp, how, word):
    request = request_of(client.get(f"{PAGE}/{how}"))
    page = send(client, idp.answer(request_id=request.get("ID")), RelayState="back <here>")
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


def test_an_answer_without_a_request_began_in_ssoko(client, idp):
    page = send(client, idp.answer())
    assert page.status_code == 200
    assert "From the Dashboard" in page.text


def test_an_answer_signed_by_the_second_known_key_is_accepted(client, idp, stranger, applications):
    applications[0] = replace(applications[0], certificates=(stranger.certificate, idp.certificate))
    assert send(client, idp.answer()).status_code == 200


def test_a_comment_does_not_cut_a_name_short(client, idp):
    page = send(client, idp.answer(name_id="admin<!-- x -->istrator"))
    assert html.fromstring(page.text).get_element_by_id("name-id").text == "administrator"


def test_ssoko_is_told_what_was_accepted_and_nothing_else(client, idp, stranger, accepted):
    refusal(client, stranger.answer())
    assert accepted == []
    assert send(client, idp.answer()).status_code == 200
    assert accepted == [("app1", "_s1")]


# ---------------------------------------------------------------------------
# What is refused
# ---------------------------------------------------------------------------


def test_the_same_answer_is_accepted_once(client, idp):
    started = request_of(client.get(f"{PAGE}/redirect")).get("ID")
    for answer in (idp.answer(), idp.answer(request_id=started)):
        assert send(client, answer).status_code == 200
        refusal(client, answer)


def test_a_second_answer_to_one_request_is_refused(client, idp):
    started = request_of(client.get(f"{PAGE}/redirect")).get("ID")
    assert send(client, idp.answer(request_id=started)).status_code == 200
    assert "no request of this name" in refusal(client, idp.answer(request_id=started))


def test_a_wrong_answer_uses_up_no_request(client, idp, stranger):
    started = request_of(client.get(f"{PAGE}/redirect")).get("ID")
    refusal(client, stranger.answer(request_id=started))
    assert send(client, idp.answer(request_id=started)).status_code == 200


def test_one_assertion_in_two_answers_is_used_once(client, idp):
    assert send(client, idp.answer(assertion_id="_same")).status_code == 200
    assert "used already" in refusal(client, idp.answer(assertion_id="_same"))


def test_the_request_of_another_application_is_not_answered_here(client, idp, applications):
    applications.append(replace(applications[0], id="app2", settings={"key": "other"}))
    started = request_of(client.get("/plugins/sandbox/other/redirect")).get("ID")
    assert "no request of this name" in refusal(client, idp.answer(request_id=started))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"request_id": "_guessed"}, "no request of this name"),
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
def test_a_wrong_answer_is_refused_with_the_reason(client, idp, changes, words):
    assert words in refusal(client, idp.answer(**changes))


def test_another_key_opens_nothing(client, stranger):
    assert "Signature validation failed" in refusal(client, stranger.answer())


def test_a_wrapped_assertion_opens_nothing(client, idp):
    def wrap(xml: str) -> str:
        start, end = xml.index("<saml:Assertion"), xml.index("</saml:Assertion>") + 17
        evil = xml[start:end].replace(">amina<", ">admin<").replace('ID="_a', 'ID="_evil', 1)
        return xml[:start] + evil + xml[start:]

    refusal(client, idp.answer(sign_response=False, edit=wrap))
    refusal(client, idp.answer(edit=wrap))


@pytest.mark.parametrize("answer", ["", "x", "%%%", "é", "QQ=", "A" * 300_000])
def test_what_is_no_answer_is_refused(client, answer):
    refusal(client, answer)


def test_the_form_must_hold_one_answer(client, idp):
    assert client.post(f"{PAGE}/acs", data={}).status_code == 400
    twice = {"SAMLResponse": [idp.answer(), idp.answer()]}
    assert client.post(f"{PAGE}/acs", data=twice).status_code == 400


def test_an_answer_that_is_far_too_long_is_not_read(client):
    assert send(client, "A" * 2_000_000).status_code == 413


def test_an_error_of_the_identity_provider_is_passed_on(client):
    xml = (
        f'<samlp:Response xmlns:samlp="{NS["samlp"]}" ID="_1" Version="2.0">'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">'
        '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:NoPassive"/>'
        "</samlp:StatusCode></samlp:Status></samlp:Response>"
    )
    assert "NoPassive" in refusal(client, base64.b64encode(xml.encode()).decode())


def test_get_is_no_way_to_answer(client):
    assert client.get(f"{PAGE}/acs").status_code == 405
