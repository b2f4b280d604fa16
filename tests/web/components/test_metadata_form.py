"""Metadata in the install form: a file, pasted XML or a URL, without JavaScript."""

import gzip
import io
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask
from lxml import html
from ssoko.saml import names
from ssoko.services.applications import views
from ssoko.store import db

from ...attacks import kit
from ..conftest import AWS_FORM, HTML, Browser, Site

AWS = "/w/acme/marketplace/aws/install"
SAML = "/w/acme/marketplace/custom-saml/install"
ENTITY = "https://app.example.com/saml/metadata"
ACS = "https://app.example.com/saml/acs"


def sp(entity_id: str = ENTITY, *acs: str, role: str = "") -> str:
    endpoints = "".join(
        f'<md:AssertionConsumerService Binding="{names.BINDING_POST}" index="{i}"'
        f' Location="{url}"/>'
        for i, url in enumerate(acs or (ACS,))
    )
    return (
        f'<md:EntityDescriptor xmlns:md="{names.NS_MD}" entityID="{entity_id}">\n'
        f'<md:SPSSODescriptor{role} protocolSupportEnumeration="{names.PROTOCOL}">{endpoints}'
        "</md:SPSSODescriptor></md:EntityDescriptor>"
    )


def several(*entities: str) -> str:
    inner = "".join(entities)
    return f'<md:EntitiesDescriptor xmlns:md="{names.NS_MD}">{inner}</md:EntitiesDescriptor>'


AWS_SP = sp(AWS_FORM["issuer_url"], AWS_FORM["acs_url"])


def file(xml: str, name: str = "metadata.xml") -> tuple[io.BytesIO, str]:
    return io.BytesIO(xml.encode()), name


class Form:
    """The form of a page's main part that asks for a name, or else the first that posts.

    It is sent as a browser without JavaScript sends it.
    """

    def __init__(self, text: str) -> None:
        self.page = html.document_fromstring(text)
        forms = self.page.xpath("//main//form[@method='post']")
        forms = [f for f in forms if f.xpath(".//input[@name='csrf_token']")]
        self.form = next((f for f in forms if f.xpath(".//input[@name='name']")), forms[0])
        self.values: dict[str, object] = {}
        for item in self.form.xpath(".//input | .//textarea | .//select"):
            name, kind = item.get("name"), item.get("type")
            if item.tag == "textarea":
                self.values[name] = (item.text or "").removeprefix("\n")
            elif item.tag == "select":
                chosen = item.xpath("./option[@selected]") or item.xpath("./option")[:1]
                self.values[name] = chosen[0].get("value")
            elif kind in ("checkbox", "radio"):
                if item.get("checked") is not None:
                    self.values[name] = item.get("value")
            elif name and kind != "file":
                self.values[name] = item.get("value", "")

    @property
    def words(self) -> str:
        (main,) = self.page.xpath("//main")
        return re.sub(r"\s+", " ", main.text_content())

    def send(self, browser: Browser, path: str, **more: object):
        posted = {**self.values, **{k.replace("__", "."): v for k, v in more.items()}}
        return browser.client.post(
            path, data=posted, headers=HTML, content_type="multipart/form-data"
        )


def opened(browser: Browser, path: str) -> Form:
    return Form(browser.get(path).text)


def installed(site: Site) -> list[views.ApplicationView]:
    with db.session():
        items = views.list_applications(site.scope).items
        return [views.get_application(site.scope, item.id) for item in items]


def test_install_form_offers_the_metadata_file_first(admin):
    page = opened(admin, AWS)
    assert "Upload the AWS metadata file instead" in page.words
    assert "In AWS: Service provider metadata > Download metadata file" in page.words
    assert "Fields you already filled in are kept" in page.words
    order = page.form.xpath(".//input[@type!='hidden']/@name | .//textarea/@name")
    assert order.index("name") < order.index("metadata_file") < order.index("plugin.sign_in_url")
    assert page.form.get("enctype") == "multipart/form-data"


def test_enter_key_installs_and_does_not_fill(admin):
    first = opened(admin, AWS).form.xpath(".//button")[0]
    assert first.text == "Install"
    assert first.get("name") is None


def test_filling_saves_nothing_and_keeps_the_input(site, admin):
    page = opened(admin, AWS)
    response = page.send(admin, AWS, name="Mine", metadata_file=file(AWS_SP), metadata__fill="yes")
    assert response.status_code == 200
    form = Form(response.text)
    assert form.values["name"] == "Mine"
    assert form.values["plugin.acs_url"] == AWS_FORM["acs_url"]
    assert form.values["plugin.issuer_url"] == AWS_FORM["issuer_url"]
    assert form.values["plugin.sign_in_url"] == ""
    assert "Filled in from the file metadata.xml: ACS URL, Issuer URL." in form.words
    assert "Still empty: Sign-in URL." in form.words
    assert installed(site) == []
    response = form.send(admin, AWS, plugin__sign_in_url=AWS_FORM["sign_in_url"])
    assert response.status_code == 303
    (app,) = installed(site)
    assert app.service_provider.entity_id == AWS_FORM["issuer_url"]
    assert app.metadata_source.words == "the file metadata.xml"


def test_installing_with_a_file_fills_and_installs(site, admin):
    response = opened(admin, SAML).send(admin, SAML, metadata_file=file(sp()))
    assert response.status_code == 303, response.text
    (app,) = installed(site)
    assert app.service_provider.acs_urls == (ACS,)


def test_installing_with_an_incomplete_file_shows_the_missing_field(site, admin):
    response = opened(admin, AWS).send(admin, AWS, metadata_file=file(AWS_SP))
    assert response.status_code == 422
    form = Form(response.text)
    assert form.values["plugin.issuer_url"] == AWS_FORM["issuer_url"]
    assert "Enter the sign-in URL" in form.words
    assert installed(site) == []


def test_typed_fields_are_kept_and_listed(admin):
    page = opened(admin, AWS)
    response = page.send(
        admin,
        AWS,
        plugin__issuer_url=AWS_FORM["issuer_url"] + "x",
        metadata_file=file(AWS_SP),
        metadata__fill="yes",
    )
    form = Form(response.text)
    assert form.values["plugin.issuer_url"] == AWS_FORM["issuer_url"] + "x"
    assert "Not changed: Issuer URL." in form.words


def test_second_file_replaces_the_values_of_the_first(admin):
    page = opened(admin, SAML)
    first = page.send(admin, SAML, metadata_file=file(sp("urn:one")), metadata__fill="yes")
    second = Form(first.text).send(
        admin, SAML, metadata_file=file(sp("urn:two")), metadata__fill="yes"
    )
    assert Form(second.text).values["plugin.entity_id"] == "urn:two"


def test_filling_without_metadata_is_an_error(site, admin):
    page = opened(admin, AWS)
    response = page.send(admin, AWS, metadata__fill="yes", **AWS_FORM)
    assert response.status_code == 422
    assert 'href="#f-metadata_file"' in response.text
    assert "Choose a metadata file" in response.text
    assert installed(site) == []


BAD = {
    "xxe": ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + sp(), "DOCTYPE"),
    "script": (sp(ENTITY, "javascript:alert(1)"), "no usable ACS URL"),
    "long": (sp("x" * 2048), "entity ID"),
    "html": ("<p>", "not well-formed XML"),
    "markup": (
        sp().replace("EntityDescriptor", "script"),
        "not SAML 2.0 metadata: its root element is script",
    ),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("button", [{}, {"metadata.fill": "yes"}])
def test_md_04_bad_file_is_an_error_of_its_field_and_saves_nothing(site, admin, case, button):
    xml, words = BAD[case]
    page = opened(admin, SAML)
    page.values |= button
    response = page.send(
        admin, SAML, name="Typed", plugin__launch_url="https://a.example/", metadata_file=file(xml)
    )
    assert response.status_code == 422
    assert 'href="#f-metadata_file"' in response.text
    form = Form(response.text)
    assert words in form.words
    assert form.values["name"] == "Typed"
    assert form.values["plugin.launch_url"] == "https://a.example/"
    assert installed(site) == []


def test_invalid_pasted_text_is_kept(admin):
    response = opened(admin, SAML).send(admin, SAML, metadata_xml="<a>&lt;b</a>")
    assert response.status_code == 422
    assert 'href="#f-metadata_xml"' in response.text
    assert Form(response.text).values["metadata_xml"] == "<a>&lt;b</a>"


def test_pasted_text_installs(site, admin):
    response = opened(admin, SAML).send(admin, SAML, metadata_xml=sp())
    assert response.status_code == 303
    assert installed(site)[0].metadata_source.words == "pasted text"


def test_two_metadata_inputs_at_once_are_an_error(admin):
    response = opened(admin, SAML).send(
        admin, SAML, metadata_xml=sp(), metadata_file=file(sp()), metadata__fill="yes"
    )
    assert response.status_code == 422
    assert "Use only one of these" in response.text


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "http://example.com/", "file:///etc/passwd"])
def test_md_02_forbidden_url_is_an_error_of_its_field(site, admin, url):
    response = opened(admin, SAML).send(admin, SAML, metadata_url=url)
    assert response.status_code == 422
    assert 'href="#f-metadata_url"' in response.text
    assert Form(response.text).values["metadata_url"] == url
    assert installed(site) == []


# ---------------------------------------------------------------------------
# Several service providers
# ---------------------------------------------------------------------------

TWO = several(sp("urn:one", "https://one.example/acs"), sp("urn:<two>".replace("<", "&lt;")))


@pytest.mark.parametrize("way", ["file", "text"])
def test_install_continues_after_choosing_one_of_several(site, admin, way):
    page = opened(admin, SAML)
    metadata = {"metadata_file": file(TWO)} if way == "file" else {"metadata_xml": TWO}
    response = page.send(
        admin, SAML, name="Two", plugin__launch_url="https://a.example/", **metadata
    )
    assert response.status_code == 200
    choice = Form(response.text)
    assert choice.form.xpath(".//input[@type='radio']/@value") == ["urn:one", "urn:<two>"]
    assert "ACS URL https://one.example/acs" in choice.words
    assert installed(site) == []
    response = choice.send(admin, SAML, metadata__sp="urn:<two>")
    assert response.status_code == 303, response.text
    (app,) = installed(site)
    assert app.name == "Two"
    assert app.service_provider.entity_id == "urn:<two>"
    assert app.service_provider.launch_url == "https://a.example/"
    assert app.metadata_source.kind == way


def test_choosing_after_filling_only_fills(site, admin):
    page = opened(admin, SAML)
    response = page.send(admin, SAML, metadata_file=file(TWO), metadata__fill="yes")
    response = Form(response.text).send(admin, SAML, metadata__sp="urn:one")
    assert response.status_code == 200
    form = Form(response.text)
    assert form.values["plugin.entity_id"] == "urn:one"
    assert form.values["metadata_xml"] == ""
    assert installed(site) == []


def test_unknown_choice_is_rejected(site, admin):
    page = opened(admin, SAML)
    response = page.send(admin, SAML, metadata_file=file(TWO))
    response = Form(response.text).send(admin, SAML, metadata__sp="urn:three")
    assert response.status_code == 422
    assert "Choose one of these service providers" in response.text
    assert installed(site) == []


@pytest.mark.parametrize(
    "source",
    [
        "x",
        "[]",
        '{"kind": "url", "name": 1}',
        '{"kind": "x", "name": "", "sha256": "", "read_at": 0}',
    ],
)
def test_tampered_source_is_ignored(site, admin, source):
    page = opened(admin, SAML)
    page.values |= {"metadata.source": source, "filled.entity_id": "x"}
    assert page.send(admin, SAML, plugin__entity_id=ENTITY, plugin__acs_urls=ACS).status_code == 303
    assert installed(site)[0].metadata_source is None


# ---------------------------------------------------------------------------
# Fetching, and refreshing from the same address
# ---------------------------------------------------------------------------


class Vendor:
    """A vendor's server of one document, which may change."""

    def __init__(self) -> None:
        self.document = sp()
        self.asked = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.pair = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.url = f"http://{self.pair}/metadata"
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while True:
            try:
                wire, _ = self.listener.accept()
            except OSError:
                return
            wire.recv(65_536)
            self.asked += 1
            body = self.document.encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
            wire.sendall(head.encode() + body)
            wire.close()

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture
def vendor(empty_app: Flask, site: Site) -> Iterator[Vendor]:
    vendor = Vendor()
    services = empty_app.extensions["ssoko"]
    config = replace(services.config, metadata_fetch_allow=frozenset({vendor.pair}))
    empty_app.extensions["ssoko"] = site.services = replace(services, config=config)
    yield vendor
    vendor.stop()


REFRESH = "/w/acme/applications/app/refresh"


@pytest.fixture
def app(vendor: Vendor, admin: Browser):
    response = opened(admin, SAML).send(admin, SAML, name="App", metadata_url=vendor.url)
    assert response.status_code == 303, response.text
    return "app"


def test_md_09_refresh_shows_the_changes_and_saves_after_accept(site, admin, vendor, app):
    assert vendor.url in unescape(admin.get("/w/acme/applications/app/settings").text)
    vendor.document = sp(ENTITY, ACS, ACS + "/2")
    ask = opened(admin, REFRESH)
    assert vendor.url in ask.words
    compared = Form(ask.send(admin, REFRESH, metadata__again="yes").text)
    assert "1 setting will change" in compared.words
    assert f"{ACS}/2" in compared.words
    assert installed(site)[0].service_provider.acs_urls == (ACS,)
    response = compared.send(admin, REFRESH + "/accept")
    assert response.status_code == 303
    assert installed(site)[0].service_provider.acs_urls == (ACS, ACS + "/2")
    assert "Application refreshed from metadata" in admin.get("/w/acme/activity").text
    again = opened(admin, REFRESH).send(admin, REFRESH, metadata__again="yes")
    assert "Nothing changes" in again.text


def test_accept_saves_what_was_shown(site, admin, vendor, app):
    vendor.document = sp(ENTITY, ACS + "/shown")
    compared = Form(opened(admin, REFRESH).send(admin, REFRESH, metadata__again="yes").text)
    vendor.document = sp(ENTITY, "https://evil.example/acs")
    compared.send(admin, REFRESH + "/accept")
    assert installed(site)[0].service_provider.acs_urls == (ACS + "/shown",)


@pytest.mark.parametrize("way", ["file", "url"])
def test_refresh_stores_a_new_source(site, admin, vendor, app, way):
    metadata = (
        {"metadata_file": file(sp(role=' WantAssertionsSigned="0"'), "new.xml")}
        if way == "file"
        else {"metadata_url": vendor.url + "?other"}
    )
    compared = Form(opened(admin, REFRESH).send(admin, REFRESH, **metadata).text)
    assert "An import never turns this off" in compared.words
    assert compared.send(admin, REFRESH + "/accept").status_code == 303
    source = installed(site)[0].metadata_source
    assert source.name == ("new.xml" if way == "file" else vendor.url + "?other")


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"metadata_url": "https://10.0.0.1/"},
        {"metadata_xml": "<a/>"},
        {"metadata_xml": sp("urn:somebody-else")},
    ],
)
def test_refresh_without_plugin_support_is_explained(site, admin, app, metadata):
    before = installed(site)
    response = opened(admin, REFRESH).send(admin, REFRESH, **metadata)
    assert response.status_code == 422
    assert "There is a problem" in response.text
    assert installed(site) == before


@pytest.mark.parametrize("token", ["", "x.y.z"])
def test_forged_comparison_is_rejected(site, admin, app, token):
    before = installed(site)
    response = admin.post(REFRESH + "/accept", {"shown": token}, form=REFRESH)
    assert response.status_code == 409
    assert "Compare again" in response.text
    assert installed(site) == before


def test_comparison_of_another_application_is_rejected(site, admin, vendor, app):
    opened(admin, SAML).send(admin, SAML, name="Other", metadata_xml=sp("urn:other"))
    vendor.document = sp(ENTITY, ACS + "/2")
    compared = Form(opened(admin, REFRESH).send(admin, REFRESH, metadata__again="yes").text)
    response = compared.send(admin, "/w/acme/applications/other/refresh/accept")
    assert response.status_code == 409


def test_refresh_requires_admin_rights(site, app):
    browser = site.browser(site.person)
    assert browser.get(REFRESH).status_code == 403


# ---------------------------------------------------------------------------
# What is not used, and what was removed
# ---------------------------------------------------------------------------

PLAIN = sp("urn:plain", "http://plain.example/acs")


def test_list_with_an_unusable_one_asks_and_says_why(site, admin):
    response = opened(admin, SAML).send(
        admin, SAML, name="Two", metadata_file=file(several(sp(), PLAIN))
    )
    choice = Form(response.text)
    assert choice.form.xpath(".//input[@type='radio']/@value") == [ENTITY]
    assert choice.form.xpath(".//input[@type='radio']/@checked") == []
    assert "urn:plain: The metadata has no usable ACS URL" in choice.words
    assert installed(site) == []


@pytest.mark.parametrize("button", [{}, {"metadata.fill": "yes"}])
def test_expired_file_is_shown_with_a_warning_before_it_is_installed(site, admin, button):
    expired = sp().replace("entityID", 'validUntil="2001-01-01T00:00:00Z" entityID')
    page = opened(admin, SAML)
    page.values |= button
    response = page.send(admin, SAML, name="Old", metadata_file=file(expired))
    assert response.status_code == 200
    form = Form(response.text)
    assert "The metadata expired on 01 Jan 2001" in form.words
    assert installed(site) == []
    assert form.send(admin, SAML).status_code == 303
    assert installed(site)[0].service_provider.entity_id == ENTITY


def test_what_is_not_used_is_on_the_form_and_on_the_settings_tab(site, admin):
    xml = sp(ENTITY, ACS, "http://app.example.com/acs")
    response = opened(admin, SAML).send(
        admin, SAML, name="App", metadata_file=file(xml), metadata__fill="yes"
    )
    form = Form(response.text)
    assert "Not used, and why (1)" in form.words
    assert "ACS URL http://app.example.com/acs with HTTP-POST: Use https" in form.words
    assert form.send(admin, SAML).status_code == 303
    assert "Not used, and why (1)" in admin.get("/w/acme/applications/app/settings").text


@pytest.mark.parametrize("data", [sp().encode("utf-16"), gzip.compress(sp().encode())])
def test_file_in_another_encoding_or_compressed_can_be_chosen_from(site, admin, data):
    several_entities = several(sp(), sp("urn:two"))
    packed = several_entities.encode("utf-16")
    response = opened(admin, SAML).send(
        admin, SAML, name="App", metadata_file=(io.BytesIO(packed), "sp.xml")
    )
    response = Form(response.text).send(admin, SAML, metadata__sp="urn:two")
    assert response.status_code == 303
    response = opened(admin, SAML).send(
        admin, SAML, name="Other", metadata_file=(io.BytesIO(data), "sp.xml.gz")
    )
    assert response.status_code == 303
    assert {app.service_provider.entity_id for app in installed(site)} == {"urn:two", ENTITY}


def test_metadata_of_another_vendor_is_an_error_of_the_file(site, admin):
    response = opened(admin, AWS).send(admin, AWS, name="AWS", metadata_file=file(sp()))
    assert response.status_code == 422
    assert f"This is the metadata of {ENTITY}, not of AWS" in Form(response.text).words


def test_page_says_what_was_removed_from_pasted_values(admin):
    response = opened(admin, SAML).send(
        admin,
        SAML,
        name="App",
        plugin__entity_id=f"Entity ID: {ENTITY}",
        plugin__acs_urls=f"<{ACS}>, {ACS}/2;",
    )
    assert response.status_code == 303
    text = unescape(admin.get(response.headers["Location"]).text)
    assert "Entity ID: Removed the label Entity ID." in text
    assert "ACS URLs: Removed brackets." in text


def test_certificate_is_found_in_the_output_of_openssl(site, admin):
    identity = kit.make_identity("wiki")
    pasted = f"Bag Attributes\r\n    friendlyName: wiki\r\n{identity.certificate}\r\n"
    response = opened(admin, SAML).send(
        admin,
        SAML,
        name="App",
        plugin__entity_id=ENTITY,
        plugin__acs_urls=ACS,
        plugin__certificates=pasted,
    )
    assert response.status_code == 303, Form(response.text).words
    assert installed(site)[0].service_provider.certificates == (identity.certificate.strip(),)


def test_something_else_than_a_certificate_is_named_and_kept(admin):
    pasted = "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"
    response = opened(admin, SAML).send(
        admin,
        SAML,
        name="App",
        plugin__entity_id=ENTITY,
        plugin__acs_urls=ACS,
        plugin__certificates=pasted,
    )
    assert response.status_code == 422
    form = Form(response.text)
    assert "This is a public key without a certificate" in form.words
    assert form.values["plugin.certificates"] == pasted
