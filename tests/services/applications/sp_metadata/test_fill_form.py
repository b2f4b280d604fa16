"""Fill install forms and refresh applications from metadata, without weakening security."""

import time
import types
from dataclasses import replace
from typing import Any

import pytest
import ssoko_aws
import ssoko_custom_saml
from marshmallow import Schema, fields
from ssoko.errors import Conflict, HookFailed, InputError
from ssoko.plugin import ServiceProvider, hookimpl
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.saml import names
from ssoko.saml.refusals import message_refused
from ssoko.saml.signing import certificate_b64
from ssoko.saml.xml import instant
from ssoko.services.applications import change as applications_change
from ssoko.services.applications import install as applications_install
from ssoko.services.applications import mappers
from ssoko.services.applications.metadata_source import find_source
from ssoko.services.applications.sp_metadata import fill_form, refresh
from ssoko.services.applications.sp_metadata.fill_form import ParsedMetadata
from ssoko.services.context import SYSTEM, Scope, Services
from ssoko.services.issuers.keys import generate
from ssoko.store.models.activity import Event
from ssoko.store.models.applications import Application

ENTITY = "https://app.example.com/saml/metadata"
ACS = "https://app.example.com/saml/acs"
PORTAL = "https://d-9967a1b2c3.awsapps.com/start"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


def key(certificate: str, use: str = "") -> str:
    use = f' use="{use}"' if use else ""
    return (
        f"<md:KeyDescriptor{use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
        f"{certificate_b64(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        "</md:KeyDescriptor>"
    )


def sp(
    *,
    entity_id: str = ENTITY,
    acs: tuple[str, ...] = (ACS,),
    keys: str = "",
    formats: tuple[str, ...] = (),
    role: str = "",
    slo: str = "",
    services: str = "",
    around: str = "",
) -> str:
    """Return the metadata of one SP."""
    endpoints = "".join(
        f'<md:AssertionConsumerService Binding="{names.BINDING_POST}" index="{i}"'
        f' Location="{url}"/>'
        for i, url in enumerate(acs)
    )
    named = "".join(f"<md:NameIDFormat>{uri}</md:NameIDFormat>" for uri in formats)
    return (
        f'<md:EntityDescriptor xmlns:md="{names.NS_MD}" xmlns:ds="{names.NS_DS}"'
        f' entityID="{entity_id}"{around}><md:SPSSODescriptor{role}'
        f' protocolSupportEnumeration="{names.PROTOCOL}">{keys}{slo}{named}{endpoints}{services}'
        "</md:SPSSODescriptor></md:EntityDescriptor>"
    )


def several(*entities: str) -> str:
    inner = "".join(entities)
    return f'<md:EntitiesDescriptor xmlns:md="{names.NS_MD}">{inner}</md:EntitiesDescriptor>'


SIGNED = ' AuthnRequestsSigned="true" WantAssertionsSigned="true"'
SLO = (
    f'<md:SingleLogoutService Binding="{names.BINDING_POST}" Location="https://app.example.com/p"'
    ' ResponseLocation="https://app.example.com/done"/>'
)
REQUESTED = (
    '<md:AttributeConsumingService index="0"><md:ServiceName xml:lang="en">App</md:ServiceName>'
    '<md:RequestedAttribute Name="urn:oid:0.9.2342.19200300.100.1.3" FriendlyName="mail"'
    f' NameFormat="{names.ATTRNAME_URI}"/><md:RequestedAttribute Name="costCenter"/>'
    "</md:AttributeConsumingService>"
)


class SwitchForm(Schema):
    """A form whose protection is no switch and no certificate field."""

    entity_id = fields.String(required=True)
    acs = fields.String(required=True)
    signing = fields.String(load_default="both")
    token = fields.String(load_default="", metadata={"secret": True})


def switch_plugin(answer: object) -> types.ModuleType:
    """Return a plugin that makes *answer* of any metadata."""
    module = types.ModuleType("switch")
    for name in ("integration", "metadata_fields"):
        setattr(module, name, getattr(ssoko_custom_saml, name))

    @hookimpl
    def install_form() -> type[Schema]:
        return SwitchForm

    @hookimpl
    def service_provider(settings: Any) -> ServiceProvider:
        return ServiceProvider(
            entity_id=settings["entity_id"],
            acs_urls=(settings["acs"],),
            sign_response=settings["signing"] == "both",
        )

    @hookimpl
    def settings_from_metadata() -> Any:
        return answer

    for hook in (install_form, service_provider, settings_from_metadata):
        setattr(module, hook.__name__, hook)
    module.installation_guide = hookimpl(lambda: "# Install\n\nPaste it.\n")
    return module


@pytest.fixture(scope="session")
def pems() -> tuple[str, str]:
    """Return two certificates."""
    now = int(time.time())
    return tuple(generate(common_name=f"SP {i}", now=now).certificate for i in (1, 2))


@pytest.fixture
def site(services: Services) -> Services:
    sources = [
        PluginSource("aws", lambda: ssoko_aws),
        PluginSource("custom-saml", lambda: ssoko_custom_saml),
    ]
    return replace(services, registry=Registry.load(sources))


@pytest.fixture
def read(site: Services):
    def read(xml: str) -> ParsedMetadata:
        return fill_form.from_xml(site, xml, name="sp.xml", file=True, field="file")

    return read


def filled(site: Services, found: ParsedMetadata, slug: str = "custom-saml", **typed: Any):
    loaded = site.registry.integrations[slug]
    offered = fill_form.settings_from(site, loaded, found.profiles[0], field="file")
    return fill_form.fill(loaded, typed, offered)


def refused(call, *args: Any, **more: Any) -> dict[str, list[str]]:
    with pytest.raises(InputError) as caught:
        call(*args, **more)
    return caught.value.errors


# ---------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------

IDP = (
    f'<md:EntityDescriptor xmlns:md="{names.NS_MD}" entityID="https://idp.example.com">'
    f'<md:IDPSSODescriptor protocolSupportEnumeration="{names.PROTOCOL}">'
    f'<md:SingleSignOnService Binding="{names.BINDING_POST}" Location="https://idp.example.com/"/>'
    "</md:IDPSSODescriptor></md:EntityDescriptor>"
)
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
XXE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'

BAD = {
    "no acs that can be used": (sp(acs=("javascript:alert(1)",)), "no usable ACS URL"),
    "http to another machine": (sp(acs=("http://app.example.com/acs",)), "no usable ACS URL"),
    "artifact only": (sp().replace("HTTP-POST", "HTTP-Artifact"), "no usable ACS URL"),
    "an identity provider": (IDP, "identity provider"),
    "an entity ID of 2 kB": (sp(entity_id="x" * 2048), "entity ID"),
    "laughs": (LAUGHS + sp(), "document type declaration"),
    "an external entity": (XXE + sp(), "document type declaration"),
    "HTML": ("<!doctype html><p>Sign in", "HTML page"),
    "other XML": ("<a/>", "not SAML 2.0 metadata: its root element is a"),
    "nothing": ("", "is empty"),
    "no role": (sp().replace("SPSSODescriptor", "Extensions"), "It has Extensions"),
}


@pytest.mark.parametrize("case", BAD)
def test_md_01_and_md_04_what_cannot_be_used_is_refused_in_plain_words(read, case):
    xml, words = BAD[case]
    errors = refused(read, xml)
    assert list(errors) == ["file"]
    assert words in errors["file"][0]
    assert len(errors["file"][0]) < 500


def test_md_01_utf_16_hides_no_doctype(site):
    data = (XXE + sp()).encode("utf-16")
    errors = refused(fill_form.from_xml, site, data, field="file")
    assert "document type declaration" in errors["file"][0]


def test_expired_metadata_is_read_from_a_file_with_a_warning(site, read):
    expired = sp(around=f' validUntil="{instant(1_000_000_000)}"')
    (profile,) = read(expired).profiles
    assert profile.expired
    assert "expired on 09 Sep 2001" in profile.warnings[0]
    errors = refused(fill_form.from_xml, site, expired, field="file", accept_expired=False)
    assert "expired on 09 Sep 2001 (validUntil 2001-09-09" in errors["file"][0]
    assert "send accept_expired" in errors["file"][0]


def test_expired_metadata_at_a_url_is_refused_without_an_offer(site, read):
    refusal = message_refused("metadata-expired", "It expired.", fix="Download it.")
    assert fill_form.explain(refusal, "https://sso.example") == "It expired. Download it"


def test_list_asks_which_one_even_when_one_is_usable(read):
    unusable = sp(entity_id="urn:plain", acs=("http://plain.example/acs",))
    found = read(several(sp(), unusable))
    assert found.must_choose
    asked = refused(fill_form.choose, found, "", field="sp")["sp"][0]
    assert f"Choose one of these service providers: {ENTITY}" in asked
    assert "urn:plain: The metadata has no usable ACS URL" in asked
    named = refused(fill_form.choose, found, "urn:plain", field="sp")["sp"][0]
    assert "urn:plain cannot be used" in named
    assert "Use https" in named


def test_list_of_one_need_not_be_chosen(read):
    assert not read(several(sp())).must_choose


@pytest.mark.parametrize("slug", ["aws"])
def test_metadata_of_another_vendor_is_refused(site, read, slug):
    loaded = site.registry.integrations[slug]
    profile = read(sp()).profiles[0]
    errors = refused(fill_form.settings_from, site, loaded, profile, field="file")
    assert f"This is the metadata of {ENTITY}, not of AWS" in errors["file"][0]


@pytest.mark.parametrize(
    ("listed", "method"),
    [
        ((), None),
        (("xmlenc#aes128-cbc", "xmlenc11#aes128-gcm"), "aes128-gcm"),
        (("xmlenc#aes256-cbc",), "aes256-cbc"),
    ],
)
def test_encryption_method_of_the_metadata_is_used(site, read, pems, listed, method):
    methods = "".join(
        f'<md:EncryptionMethod Algorithm="http://www.w3.org/{year}{name}"/>'
        for name in listed
        for year in ("2009/" if "11" in name else "2001/04/",)
    )
    keys = key(pems[0], "encryption").replace("</md:KeyD", f"{methods}</md:KeyD")
    assert filled(site, read(sp(keys=keys))).raw.get("encryption_method") == method


def test_own_metadata_is_recognized(site):
    own = IDP.replace("https://idp.example.com", site.config.base_url + "/saml/x")
    assert "Ssoko's own metadata" in refused(fill_form.from_xml, site, own, field="f")["f"][0]


def test_one_of_several_providers_is_chosen_by_entity_id(read):
    found = read(several(sp(), sp(entity_id="urn:two"), sp()))
    assert [one.entity_id for one in found.profiles] == [ENTITY, "urn:two"]
    assert fill_form.choose(found, "urn:two", field="sp").entity_id == "urn:two"
    for wrong in ("", "urn:three"):
        errors = refused(fill_form.choose, found, wrong, field="sp")
        assert f"{ENTITY}, urn:two" in errors["sp"][0]


def test_single_provider_is_the_default_and_must_match_the_entity_id(read):
    found = read(sp())
    assert fill_form.choose(found, "", field="sp").entity_id == ENTITY
    assert refused(fill_form.choose, found, "urn:two", field="sp")


# ---------------------------------------------------------------------------
# Filling
# ---------------------------------------------------------------------------


def test_aws_gets_its_acs_and_issuer_urls_and_the_portal_stays_to_type(site, read):
    acs = tuple(f"https://{r}.signin.aws/platform/saml/acs/1" for r in ("us-east-1", "eu-west-1"))
    done = filled(site, read(sp(acs=acs)), "aws", sign_in_url=PORTAL)
    assert done.raw == {
        "sign_in_url": PORTAL,
        "acs_url": "\n".join(acs),
        "issuer_url": ENTITY,
    }


def test_custom_saml_gets_all_that_the_metadata_say(site, read, pems):
    signing, encryption = pems
    xml = sp(
        acs=(ACS, "http://localhost:8080/acs"),
        keys=key(signing, "signing") + key(encryption, "encryption"),
        formats=(PERSISTENT,),
        role=SIGNED,
        slo=SLO,
        services=REQUESTED,
    )
    raw = filled(site, read(xml)).raw
    loaded = site.registry.integrations["custom-saml"]
    values = loaded.form().load(raw)
    assert values["acs_urls"] == [ACS, "http://localhost:8080/acs"]
    assert values["certificates"] == [signing.strip()]
    assert values["encryption_certificates"] == [encryption.strip()]
    assert values["name_id_format"] == PERSISTENT
    assert values["require_signed_requests"]
    assert values["sign_assertion"]
    assert values["logout_binding"] == "post"
    assert values["logout_url"] == "https://app.example.com/p"
    assert values["logout_response_url"] == "https://app.example.com/done"
    assert values["attributes"] == [
        {
            "name": "urn:oid:0.9.2342.19200300.100.1.3",
            "name_format": "uri",
            "source": "user.email",
        },
        {
            "name": "costCenter",
            "name_format": "unspecified",
            "source": "user.attributes.costCenter",
        },
    ]


def test_md_08_key_without_use_signs_and_encrypts(site, read, pems):
    raw = filled(site, read(sp(keys=key(pems[0]), role=SIGNED))).raw
    assert raw["certificates"] == raw["encryption_certificates"] == [pems[0].strip()]
    assert raw["require_signed_requests"]


def test_metadata_that_ask_for_no_signature_turn_none_off(site, read):
    role = ' AuthnRequestsSigned="false" WantAssertionsSigned="false"'
    raw = filled(site, read(sp(role=role))).raw
    assert "sign_assertion" not in raw
    assert site.registry.integrations["custom-saml"].form().load(raw)["sign_assertion"] is True


def test_typed_fields_are_kept_and_filled_fields_are_replaced(site, read):
    loaded = site.registry.integrations["custom-saml"]
    first = filled(site, read(sp(slo=SLO)), launch_url="https://app.example.com/start")
    assert first.raw["entity_id"] == ENTITY
    changed = {**first.raw, "acs_urls": ["https://app.example.com/mine"]}
    other = read(sp(entity_id="urn:other", acs=("https://other.example.com/acs",)))
    offered = fill_form.settings_from(site, loaded, other.profiles[0], field="file")
    second = fill_form.fill(loaded, changed, offered, marks=first.marks)
    assert second.raw["entity_id"] == "urn:other"
    assert second.raw["acs_urls"] == ["https://app.example.com/mine"]
    assert second.raw["launch_url"] == "https://app.example.com/start"
    assert second.stayed == ("acs_urls",)
    # The first file's logout URL is not left behind with the second's entity ID.
    assert "logout_url" not in second.raw


def test_numbers_of_acs_urls_are_kept_where_they_say_more_than_the_order(site, read):
    xml = sp(acs=(ACS, ACS + "2")).replace('index="1"', 'index="7"')
    raw = filled(site, read(xml)).raw
    assert raw["acs_indexes"] == [f"0 {ACS}", f"7 {ACS}2"]
    assert "acs_indexes" not in filled(site, read(sp(acs=(ACS, ACS + "2")))).raw


@pytest.mark.parametrize(
    "answer",
    [{"nothing": "x"}, {"token": "x"}, {"acs": object()}, [("acs", "x")], {"acs": float("nan")}],
)
def test_values_that_no_form_can_send_are_an_error_of_the_plugin(site, read, answer):
    registry = Registry.load([PluginSource("switch", lambda: switch_plugin(answer))])
    loaded = registry.integrations["switch"]
    with pytest.raises(HookFailed):
        fill_form.settings_from(
            replace(site, registry=registry), loaded, read(sp()).profiles[0], field="file"
        )


# ---------------------------------------------------------------------------
# Refreshing
# ---------------------------------------------------------------------------


@pytest.fixture
def install(site, workspace, actor, read):
    def install(xml: str, **more: Any):
        found = read(xml)
        return applications_install.install(
            Scope(site, workspace.id, actor),
            integration="custom-saml",
            name="App",
            settings={**filled(site, found).raw, **more},
            source=found.source_of(found.profiles[0]),
        )

    return install


@pytest.fixture
def compare(site, workspace, read):
    def compare(app, xml: str) -> refresh.Refresh:
        return refresh.compare(Scope(site, workspace.id, SYSTEM), app.id, read(xml), field="file")

    return compare


@pytest.fixture
def accept(site, workspace, actor):
    def accept(app, shown: refresh.Refresh):
        return refresh.accept(
            Scope(site, workspace.id, actor),
            app.id,
            offered=shown.accepted,
            source=shown.source,
            seen=shown.seen,
        )

    return accept


def test_source_of_metadata_is_recorded(site, workspace, install):
    app = install(sp())
    source = app.metadata_source
    assert (source.kind, source.name, source.words) == ("file", "sp.xml", "the file sp.xml")
    event = Event.get(Event.action == "application.installed")
    assert event.detail["metadata"] == "the file sp.xml"


def test_md_09_nothing_changes_before_the_difference_is_accepted(
    install, compare, accept, pems, clock
):
    app = install(sp(keys=key(pems[0], "signing")))
    before = Application.get_by_id(app.id)
    shown = compare(app, sp(acs=(ACS, ACS + "/2"), keys=key(pems[1], "signing")))
    assert Application.get_by_id(app.id).__data__ == before.__data__
    assert [one.name for one in shown.changes] == ["acs_urls", "certificates"]
    acs, certificates = shown.changes
    assert (acs.recorded, acs.new) == ((ACS,), (ACS, ACS + "/2"))
    assert "CN=SP 1" in certificates.recorded[0]
    assert "CN=SP 2" in certificates.new[0]
    clock.advance(days=1)
    after = accept(app, shown)
    assert after.service_provider.acs_urls == (ACS, ACS + "/2")
    assert after.service_provider.certificates == (pems[1].strip(),)
    assert after.metadata_source == shown.source
    event = Event.get(Event.action == "application.refreshed")
    assert event.detail["changed"][0] == f"ACS URLs: {ACS} → {ACS}, {ACS}/2"
    assert event.detail["metadata"] == "the file sp.xml"
    assert "BEGIN" not in str(event.detail)
    assert compare(app, sp(acs=(ACS, ACS + "/2"), keys=key(pems[1], "signing"))).changes == ()


def test_import_never_weakens_security(install, compare, accept, pems):
    app = install(sp(keys=key(pems[0]), role=SIGNED), encrypt_assertions=True, sign_response=True)
    role = ' AuthnRequestsSigned="false" WantAssertionsSigned="false"'
    shown = compare(app, sp(role=role, acs=(ACS + "/new",)))
    assert [one.name for one in shown.changes] == ["acs_urls"]
    assert {one.name for one in shown.kept} == {
        "sign_assertion",
        "require_signed_requests",
        "certificates",
        "encryption_certificates",
    }
    assert all(one.kept for one in shown.kept)
    sp_after = accept(app, shown).service_provider
    assert sp_after.acs_urls == (ACS + "/new",)
    assert sp_after.sign_assertion
    assert sp_after.sign_response
    assert sp_after.require_signed_requests
    assert sp_after.encrypt_assertions
    assert sp_after.certificates == sp_after.encryption_certificates == (pems[0].strip(),)


def test_forged_values_lower_no_protection_either(install, compare, accept, pems):
    app = install(sp(keys=key(pems[0]), role=SIGNED))
    shown = compare(app, sp(keys=key(pems[0]), role=SIGNED))
    forged = replace(
        shown,
        accepted={
            "require_signed_requests": False,
            "sign_assertion": False,
            "certificates": [],
            "unknown": 1,
        },
    )
    after = accept(app, forged).service_provider
    assert after.require_signed_requests
    assert after.sign_assertion
    assert after.certificates


def test_protection_that_is_no_switch_is_guarded_as_well(site, workspace, actor, read):
    plugin = switch_plugin({"signing": "assertion"})
    site = replace(site, registry=Registry.load([PluginSource("switch", lambda: plugin)]))
    app = applications_install.install(
        Scope(site, workspace.id, actor),
        integration="switch",
        name="Switch",
        settings={"entity_id": ENTITY, "acs": ACS},
    )
    errors = refused(
        refresh.compare, Scope(site, workspace.id, SYSTEM), app.id, read(sp()), field="file"
    )
    assert "would disable signing the response" in errors[""][0]


def test_refresh_never_replaces_gcm_by_cbc(install, compare, pems):
    cbc = '<md:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes256-cbc"/>'
    keys = key(pems[0], "encryption")
    app = install(sp(keys=keys), encrypt_assertions=True)
    shown = compare(app, sp(keys=keys.replace("</md:KeyD", f"{cbc}</md:KeyD")))
    assert shown.changes == ()


def test_what_is_not_used_is_kept_with_the_application(install, read):
    unused = '<md:SingleLogoutService Binding="urn:x:SOAP" Location="https://app.example.com/s"/>'
    app = install(sp(slo=unused))
    source = find_source(app.id)
    assert source.unused[0].what == "logout URL https://app.example.com/s with SOAP"
    assert source.notes[0].startswith("Not used: logout URL")


def test_stronger_metadata_are_offered(install, compare, accept, pems):
    app = install(sp())
    shown = compare(app, sp(keys=key(pems[0], "signing"), role=SIGNED))
    assert {one.name for one in shown.changes} == {"certificates", "require_signed_requests"}
    assert accept(app, shown).service_provider.require_signed_requests


def test_name_id_format_that_the_sp_accepts_is_kept(install, compare):
    app = install(sp(formats=(PERSISTENT,)))
    transient = PERSISTENT.replace("persistent", "transient")
    assert compare(app, sp(formats=(transient, PERSISTENT))).changes == ()
    (change,) = compare(app, sp(formats=(transient,))).changes
    assert (change.recorded, change.new) == (("persistent",), ("transient",))


def test_mappings_stay_and_what_is_asked_for_beyond_them_is_named(
    site, workspace, actor, install, compare, accept
):
    app = install(sp())
    mine = [{"name": "mine", "source": "user.email"}]
    mappers.set_mappers(Scope(site, workspace.id, actor), app.id, mine)
    shown = compare(app, sp(services=REQUESTED, acs=(ACS + "/2",)))
    assert shown.unmapped == ("urn:oid:0.9.2342.19200300.100.1.3", "costCenter")
    assert [one.name for one in shown.changes] == ["acs_urls"]
    assert [m.name for m in accept(app, shown).mappers] == ["mine"]


def test_metadata_of_another_sp_is_refused(install, compare):
    app = install(sp())
    errors = refused(compare, app, sp(entity_id="urn:evil"))
    assert "urn:evil" in errors["file"][0]
    assert ENTITY in errors["file"][0]
    assert compare(app, several(sp(entity_id="urn:evil"), sp())).changes == ()


def test_concurrent_change_requires_a_new_comparison(
    site, workspace, actor, install, compare, accept
):
    app = install(sp())
    shown = compare(app, sp(acs=(ACS + "/2",)))
    applications_change.update_application(Scope(site, workspace.id, actor), app.id, name="Other")
    with pytest.raises(Conflict):
        accept(app, shown)


def test_source_is_recorded_without_other_changes(install, compare, accept, site):
    app = install(sp())
    shown = compare(app, sp(around=' cacheDuration="PT1H"'))
    assert shown.changes == ()
    assert accept(app, shown).metadata_source.sha256 != app.metadata_source.sha256
    assert Event.get(Event.action == "application.refreshed").detail["changed"] == []


def test_application_without_its_plugin_is_not_refreshed(services, workspace, install, read):
    app = install(sp())
    errors = refused(
        refresh.compare, Scope(services, workspace.id, SYSTEM), app.id, read(sp()), field="file"
    )
    assert "not loaded" in errors[""][0]


def test_source_of_metadata_is_deleted_with_the_application(install):
    app = install(sp())
    Application.delete().where(Application.id == app.id).execute()
    assert find_source(app.id) is None
