"""The content of an assertion: NameID, attributes, signatures, encryption."""

import base64
from dataclasses import replace

import pytest
from cryptography import x509
from ssoko.errors import AccessRefused
from ssoko.plugin import (
    DefaultRole,
    Integration,
    MetadataField,
    NameIdFormat,
    SamlAttribute,
    ServiceProvider,
    SignInRefused,
    hookimpl,
)
from ssoko.plugin.host.registry import PluginSource, Registry
from ssoko.saml import names
from ssoko.saml.xml import parse_instant
from ssoko.services.access import assignments, roles
from ssoko.services.applications import change as applications_change
from ssoko.services.applications import install
from ssoko.services.applications import mappers as applications_mappers
from ssoko.services.people import groups, users
from ssoko.store.models.applications import Application
from ssoko.store.models.sessions import Participation


def attributes(site, saml, app, session=None):
    answer = site.begin(app, session or site.sign_in(), ID="_r")
    return saml.accept(app, answer, request_id="_r").get_attributes()


def set_mappers(site, app, *mappers):
    applications_mappers.set_mappers(site.scope, app.id, list(mappers))


def change(site, user, **values):
    return users.update_user(site.scope, user.id, **values)


# NameID


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("user.email", "amina@acme.test"),
        ("user.username", "amina"),
        ("user.display_name", "Amina Otieno"),
        ("user.attributes.staff", "A-17"),
        ("constant:everybody", "everybody"),
    ],
)
def test_name_id_can_come_from_any_field(site, saml, source, value):
    app = site.install(name_id_source=source)
    change(site, site.amina, attributes={"staff": ["A-17", "B-2"]})
    root = saml.decoded(site.begin(app, site.sign_in()))
    (name_id,) = saml.find(root, "//saml:NameID")
    assert name_id.text == value
    assert name_id.get("Format") == names.NAMEID_UNSPECIFIED


def test_user_without_a_name_id_value_sees_what_is_missing(site):
    app = site.install(name_id_source="user.attributes.staff")
    with pytest.raises(AccessRefused) as refusal:
        site.begin(app, site.sign_in())
    assert refusal.value.code == "name-id-missing"
    assert "attributes.staff" in str(refusal.value)
    assert refusal.value.fix
    assert not Participation.select().exists()


def test_persistent_name_id_differs_per_sp_and_never_changes(site, saml):
    persistent = NameIdFormat.PERSISTENT.value
    app = site.install(name_id_format=persistent)
    other = site.install("Other", entity_id="urn:other", name_id_format=persistent)
    session = site.sign_in()
    site.person("brian")

    def name_id(app, session):
        (found,) = saml.find(saml.decoded(site.begin(app, session)), "//saml:NameID")
        assert found.get("NameQualifier") == app.issuer.entity_id
        assert found.get("SPNameQualifier") == app.service_provider.entity_id
        return found.text

    first = name_id(app, session)
    change(site, site.amina, username="renamed", email="renamed@acme.test")
    assert name_id(app, session) == first
    assert name_id(other, session) != first
    assert first == first.lower()
    assert "amina" not in first
    assignments.assign_roles(
        site.scope,
        role_ids=[app.default_role.id],
        user_id=users.find_user(site.workspace.id, "brian").id,
    )
    assert name_id(app, site.sign_in("brian")) != first


def test_transient_name_id_is_new_each_time(site, saml):
    app = site.install(name_id_format=NameIdFormat.TRANSIENT.value)
    session = site.sign_in()
    answers = [site.begin(app, session, ID="_r") for _ in range(2)]
    first, second = (saml.accept(app, a, request_id="_r").get_nameid() for a in answers)
    assert first != second


# Attributes


def test_mappings_give_values_of_every_source(site, saml):
    app = site.install()
    group = groups.create_group(site.scope, name="Engineers")
    groups.add_member(site.scope, group.id, site.amina.id)
    free = roles.create_role(site.scope, name="auditor")
    elsewhere = site.install("Other", entity_id="urn:other")
    assignments.assign_roles(
        site.scope,
        role_ids=[free.id],
        group_id=group.id,
    )
    change(site, site.amina, attributes={"shift": ["early", "late"], "city": "Nairobi <&\"'>"})
    set_mappers(
        site,
        app,
        {"name": "email", "source": "user.email", "name_format": "basic"},
        {"name": "first", "source": "user.first_name"},
        {"name": "last", "source": "user.last_name"},
        {"name": "id", "source": "user.id"},
        {"name": "groups", "source": "user.groups"},
        {"name": "roles", "source": "user.roles"},
        {"name": "shift", "source": "user.attributes.shift"},
        {"name": "city", "source": "user.attributes.city"},
        {"name": "none", "source": "user.attributes.none"},
        {"name": "plan", "source": "constant:gold"},
        {"name": "plan", "source": "user.username"},
    )
    found = attributes(site, saml, app)
    assert found == {
        "email": ["amina@acme.test"],
        "first": ["Amina"],
        "last": ["Otieno"],
        "id": [site.amina.id],
        "groups": ["Engineers"],
        "roles": ["auditor", "sso-custom-saml-App-role"],
        "shift": ["early", "late"],
        "city": ["Nairobi <&\"'>"],
        "plan": ["gold", "amina"],
    }
    assert elsewhere.default_role.name not in found["roles"]


def test_name_format_is_as_recorded(site, saml):
    app = site.install()
    set_mappers(
        site,
        app,
        {"name": "a", "source": "user.id", "name_format": "basic", "friendly_name": "A"},
        {"name": "urn:oid:0.9.2342.19200300.100.1.3", "source": "user.id", "name_format": "uri"},
        {"name": "c", "source": "user.id", "name_format": "urn:format:own"},
    )
    root = saml.decoded(site.begin(app, site.sign_in()))
    assert saml.find(root, "//saml:Attribute/@NameFormat") == [
        names.ATTRNAME_BASIC,
        names.ATTRNAME_URI,
        "urn:format:own",
    ]
    assert saml.find(root, "//saml:Attribute/@FriendlyName") == ["A"]


def test_missing_required_attribute_denies_the_sign_in(site):
    app = site.install()
    set_mappers(
        site,
        app,
        {"name": "cost", "source": "user.attributes.cost_centre", "required": True},
    )
    with pytest.raises(AccessRefused) as refusal:
        site.begin(app, site.sign_in())
    assert refusal.value.code == "attribute-missing"
    assert "cost" in str(refusal.value)


# Signatures, lifetimes, encryption


@pytest.mark.parametrize(("response", "assertion"), [(True, True), (True, False), (False, True)])
def test_recorded_signatures_are_applied(site, saml, response, assertion):
    app = site.install(sign_response=response, sign_assertion=assertion)
    answer = site.begin(app, site.sign_in(), ID="_r")
    saml.accept(app, answer, request_id="_r")
    root = saml.decoded(answer)
    ds = "*[local-name() = 'Signature']"
    assert len(saml.find(root, f"/samlp:Response/{ds}")) == response
    assert len(saml.find(root, f"//saml:Assertion/{ds}")) == assertion


def test_validity_is_short_and_allows_slow_clocks(site, saml):
    app = site.install()
    session = site.sign_in()
    root = saml.decoded(site.begin(app, session))
    now = parse_instant(root.get("IssueInstant"))
    (conditions,) = saml.find(root, "//saml:Conditions")
    (confirmation,) = saml.find(root, "//saml:SubjectConfirmationData")
    assert parse_instant(conditions.get("NotBefore")) == now - 60
    assert parse_instant(conditions.get("NotOnOrAfter")) == now + 300
    assert parse_instant(confirmation.get("NotOnOrAfter")) == now + 300
    assert confirmation.get("NotBefore") is None
    assert (
        confirmation.get("Recipient")
        == root.get("Destination")
        == "https://app.example.com/saml/acs"
    )
    assert saml.find(root, "//saml:Audience/text()") == [app.service_provider.entity_id]


def test_only_the_key_of_the_sp_decrypts_the_assertion(site, saml, sp_key):
    app = site.install(certificates=[sp_key.certificate], encrypt_assertions=True)
    answer = site.begin(app, site.sign_in(), ID="_r")
    assert b"amina" not in base64.b64decode(answer.saml_response)
    response = saml.accept(
        app,
        answer,
        request_id="_r",
        private_key=sp_key.private_pem.decode(),
        certificate=sp_key.certificate,
    )
    assert response.get_nameid() == "amina@acme.test"


def test_metadata_has_the_certificate_of_the_signature(site, saml):
    app = site.install()
    root = saml.decoded(site.begin(app, site.sign_in()))
    shown = root.xpath("//*[local-name() = 'X509Certificate']/text()")
    pem = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----"
    for text in shown:
        found = x509.load_pem_x509_certificate(pem.format(text).encode())
        assert found == x509.load_pem_x509_certificate(app.issuer.certificate.encode())


# Participations


def test_session_has_one_participation_per_application(site, saml):
    app = site.install()
    session = site.sign_in()
    first = saml.decoded(site.begin(app, session))
    site.begin(app, session)
    site.begin(app, site.sign_in())
    rows = list(Participation.select().where(Participation.session == session.session_id))
    assert [row.session_index for row in rows] == saml.find(first, "//@SessionIndex")
    assert rows[0].name_id == "amina@acme.test"
    assert Participation.select().count() == 2


# A plugin that adds attributes


class Federation:
    """A plugin whose attributes depend on the roles, or which fails."""

    def __init__(self, answer):
        self.answer = answer
        self.seen = None

    @hookimpl
    def integration(self):
        return Integration(name="Federation", summary="Attributes that no mapper can express")

    @hookimpl
    def install_form(self):
        from marshmallow import Schema
        from ssoko.plugin import fields

        return Schema.from_dict(
            {
                "region": fields.Text(required=True, metadata={"label": "Region", "help": "x"}),
                "token": fields.Text(metadata={"label": "Token", "help": "x", "secret": True}),
            }
        )

    @hookimpl
    def metadata_fields(self):
        return (MetadataField(key="entity_id", label="Entity ID"),)

    @hookimpl
    def default_role(self):
        return DefaultRole(name="sso-federation-{name}-role")

    @hookimpl
    def installation_guide(self):
        return "# Before you start\n\nNothing."

    @hookimpl
    def service_provider(self, settings):
        return ServiceProvider(entity_id="urn:fed", acs_urls=("https://app.example.com/saml/acs",))

    @hookimpl
    def saml_attributes(self, settings, person, roles):
        self.seen = (dict(settings), person, roles)
        return self.answer() if callable(self.answer) else self.answer


def federation(make_site, answer):
    plugin = Federation(answer)
    site = make_site(PluginSource("federation", lambda: plugin, "ssoko-federation", "1.0"))
    app = install.install(
        site.scope,
        integration="federation",
        name="Fed",
        settings={"region": "eu-1", "token": "s3cret"},
    )
    site.give(app)
    return site, app, plugin


def test_plugin_adds_attributes_from_settings_person_and_roles(make_site, saml):
    site, app, plugin = federation(
        make_site, (SamlAttribute(name="urn:role", values=("a", "b"), name_format="uri"),)
    )
    assert attributes(site, saml, app) == {"urn:role": ["a", "b"]}
    settings, person, found = plugin.seen
    assert settings == {"region": "eu-1", "token": "s3cret"}
    assert (person.email, person.roles) == ("amina@acme.test", ("sso-federation-Fed-role",))
    assert found == ("sso-federation-Fed-role",)


def test_plugin_gets_the_attributes_of_active_roles(make_site, saml):
    site, app, plugin = federation(make_site, ())
    roles.update_role(
        site.scope, app.default_role.id, attributes={"level": ["1", "2"], "team": "a"}
    )
    other = roles.create_role(site.scope, name="idle", application_id=app.id, attributes={"x": "y"})
    site.begin(app, site.sign_in())
    (held,) = plugin.seen[1].application_roles
    assert (held.name, held.is_default) == ("sso-federation-Fed-role", True)
    assert (held.values("level"), held.values("team"), held.values("x")) == (("1", "2"), ("a",), ())
    assignments.assign_roles(site.scope, role_ids=[other.id], user_id=site.amina.id)
    site.begin(app, site.sign_in())
    assert [role.name for role in plugin.seen[1].application_roles] == [
        "idle",
        "sso-federation-Fed-role",
    ]


def test_plugin_can_refuse_a_sign_in_with_a_reason(make_site):
    def refuse():
        raise SignInRefused("No level was given", fix="Write level at the role")

    site, app, _ = federation(make_site, refuse)
    with pytest.raises(AccessRefused) as refusal:
        site.begin(app, site.sign_in())
    said = refusal.value
    assert (said.code, said.received) == ("plugin-refused", "No level was given")
    assert said.fix == "Write level at the role"


def failing():
    raise RuntimeError("no network")


@pytest.mark.parametrize("answer", [failing, "text", (SamlAttribute(name="", values=()),)])
def test_failing_plugin_denies_only_its_sign_in(make_site, answer):
    site, app, _ = federation(make_site, answer)
    well = site.install()
    session = site.sign_in()
    with pytest.raises(AccessRefused) as refusal:
        site.begin(app, session)
    assert refusal.value.code == "plugin-failed"
    assert not Participation.select().exists()
    site.begin(well, session)


def test_secret_setting_is_never_returned_and_kept_when_left_empty(make_site, saml):
    site, app, plugin = federation(make_site, ())
    assert app.settings == {"region": "eu-1"}
    stored = Application.get_by_id(app.id).settings
    assert "s3cret" not in str(stored)
    changed = applications_change.update_application(
        site.scope,
        app.id,
        settings={"region": "eu-2", "token": ""},
    )
    assert changed.settings == {"region": "eu-2"}
    attributes(site, saml, app)
    assert plugin.seen[0] == {"region": "eu-2", "token": "s3cret"}


def test_a_missing_plugin_stops_the_sign_in_until_an_admin_allows_it(make_site, saml):
    site, app, _ = federation(make_site, (SamlAttribute(name="urn:role", values=("read-only",)),))
    site.services = replace(site.services, registry=Registry())
    session = site.sign_in()
    with pytest.raises(AccessRefused) as refusal:
        site.begin(app, session)
    assert refusal.value.code == "plugin-missing"
    applications_change.update_application(site.scope, app.id, without_plugin=True)
    assert attributes(site, saml, app) == {}
    applications_change.update_application(site.scope, app.id, without_plugin=False)
    with pytest.raises(AccessRefused):
        site.begin(app, session)


def test_a_missing_plugin_that_adds_nothing_stops_no_sign_in(site, saml):
    app = site.install()
    site.services = replace(site.services, registry=Registry())
    site.begin(app, site.sign_in())
