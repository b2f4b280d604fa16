"""Applications: install, change, uninstall and restore."""

import threading
from dataclasses import replace

import pytest
from cryptography import x509
from ssoko.errors import Conflict, InputError, NotFound
from ssoko.plugin.host.registry import Registry
from ssoko.services.access import decisions, roles
from ssoko.services.applications import change, mappers, views
from ssoko.services.applications import install as applications_install
from ssoko.services.context import SYSTEM, Actor, Scope
from ssoko.services.issuers import issuers
from ssoko.services.sso.saml import sign_in
from ssoko.store import db
from ssoko.store.models import table
from ssoko.store.models.access import Role
from ssoko.store.models.applications import Application
from ssoko.store.models.issuers import Issuer, SigningKey

AWS = {
    "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
    "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/9b1c2d3e-aaaa",
    "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
}
CUSTOM = {"entity_id": "urn:sp", "acs_urls": ["https://app.example.com/acs"]}


def install(site, name="AWS", settings=AWS, integration="aws", **more):
    return applications_install.install(
        Scope(site.services, site.workspace.id, more.pop("actor", SYSTEM)),
        integration=integration,
        name=name,
        settings=settings,
        **more,
    )


def update(site, app, **changes):
    return change.update_application(site.scope, app.id, **changes)


# Install


def test_install_creates_everything_that_sign_in_needs(site):
    actor = Actor("user", site.amina.id, "Amina Otieno", "192.0.2.7")
    app = install(site, actor=actor)
    assert (app.slug, app.name, app.integration) == ("aws", "AWS", "aws")
    assert app.settings["sign_in_url"] == AWS["sign_in_url"]
    assert app.service_provider.entity_id == AWS["issuer_url"]
    assert app.default_role.name == "sso-aws-AWS-role"
    assert app.default_role.is_default
    assert app.default_role.application_name == "AWS"
    assert app.launch_url == "https://sso.example/w/acme/launch/aws"
    assert app.issuer.application_count == 1
    assert not app.issuer.shared
    assert (app.created_by, app.plugin, app.version) == ("Amina Otieno", "loaded", "0.1.0")
    assert (app.state, app.people_count, app.last_sign_in_at) == ("needs-setup", 0, None)
    subject = x509.load_pem_x509_certificate(app.issuer.certificate.encode()).subject
    assert subject.rfc4514_string() == "O=Acme,CN=AWS"
    (event,) = site.events(action="application.installed")
    assert (event.application_id, event.actor_name) == (app.id, "Amina Otieno")
    assert app == views.get_application(site.scope, "aws")


def test_slugs_differ_where_names_only_look_different(site):
    assert install(site, "AWS!").slug == "aws"
    assert install(site, "AWS?").slug == "aws-2"
    assert install(site, "AWS").slug == "aws-3"
    assert install(site, "東京").slug == "app"


@pytest.mark.parametrize("name", ["aws", "ＡＷＳ", " AWS ", "АWS"])
def test_name_that_looks_the_same_is_refused(site, name):
    install(site, "AWS")
    with pytest.raises(Conflict) as error:
        install(site, name, CUSTOM, "custom-saml")
    assert set(error.value.errors) == {"name"}


def test_existing_role_name_is_reported_at_the_name(site):
    roles.create_role(site.scope, name="sso-aws-AWS-role")
    with pytest.raises(Conflict) as error:
        install(site)
    assert "sso-aws-AWS-role" in error.value.errors["name"][0]
    assert (Application.select().count(), Issuer.select().count()) == (0, 0)


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_written(site):
    with pytest.raises(InputError) as error:
        install(site, "", {"acs_urls": ["javascript:alert(1)"], "colour": "red"}, "custom-saml")
    assert set(error.value.errors) == {"name", "acs_urls.0", "colour", "entity_id"}
    assert (Application.select().count(), SigningKey.select().count()) == (0, 0)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "/acs", "http://app.example.com/acs", ""]
)
def test_unsafe_acs_url_is_refused(site, url):
    settings = {"entity_id": "urn:sp", "acs_urls": [url]}
    with pytest.raises(InputError) as error:
        install(site, "App", settings, "custom-saml")
    assert next(iter(error.value.errors)).startswith("acs_urls")


def test_error_has_the_dotted_name_of_a_nested_field(site):
    settings = CUSTOM | {"attributes": [{"name": "email", "source": "user.shoe_size"}]}
    with pytest.raises(InputError) as error:
        install(site, "App", settings, "custom-saml")
    assert set(error.value.errors) == {"attributes.0.source"}


@pytest.mark.parametrize("raw", [None, [], "x", {1: 2}])
def test_settings_of_the_wrong_shape_are_refused(site, raw):
    with pytest.raises(InputError):
        install(site, "App", raw, "custom-saml")


def test_unknown_integration_is_not_found(site):
    with pytest.raises(NotFound):
        install(site, integration="nothing")


def test_several_applications_share_an_issuer_that_was_made_for_it(site, saml):
    shared = issuers.create_issuer(site.scope, name="Shared")
    app = install(site, "One", CUSTOM, "custom-saml", issuer_id=shared.id)
    other = install(
        site, "Two", CUSTOM | {"entity_id": "urn:two"}, "custom-saml", issuer_id=shared.id
    )
    assert app.issuer.id == other.issuer.id == shared.id
    assert other.issuer.application_count == 2
    site.give(app)
    site.give(other)
    session = site.sign_in()
    for one in (app, other):
        saml.accept(one, site.begin(one, session, ID="_r"), request_id="_r")
    with pytest.raises(Exception) as refusal:
        sign_in.launch(site.services, shared.id, session=session)
    assert refusal.value.code == "request-missing"


def test_service_provider_can_be_on_an_issuer_once(site):
    shared = issuers.create_issuer(site.scope, name="Shared")
    install(site, "One", CUSTOM, "custom-saml", issuer_id=shared.id)
    with pytest.raises(Conflict) as error:
        install(site, "Two", CUSTOM, "custom-saml", issuer_id=shared.id)
    assert set(error.value.errors) == {"issuer"}
    install(site, "Two", CUSTOM, "custom-saml")
    found = applications_install.find_duplicates(site.scope, "custom-saml", CUSTOM)
    assert [app.name for app in found] == ["One", "Two"]


def test_issuer_of_another_application_cannot_be_used(site):
    own = install(site).issuer.id
    for issuer_id in (own, "nobody"):
        with pytest.raises(InputError) as error:
            install(site, "App", CUSTOM, "custom-saml", issuer_id=issuer_id)
        assert set(error.value.errors) == {"issuer"}


def test_installs_at_once_all_succeed_or_name_what_is_taken(site):
    outcomes = []

    def one(number: int) -> None:
        with db.session():
            try:
                # Three names, two of them twice.
                name = ("App", "App", "App!", "App!", "App?")[number]
                outcomes.append(install(site, name, CUSTOM, "custom-saml").slug)
            except Conflict:
                outcomes.append("taken")
            finally:
                table.database.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["app", "app-2", "app-3", "taken", "taken"]
    assert Application.select().count() == Issuer.select().count() == SigningKey.select().count()
    assert Role.select().count() == 3


# Change


def test_settings_are_proposed_and_recorded_anew(site, saml):
    app = site.install()
    moved = update(site, app, settings={"acs_urls": ["https://app.example.com/new"]})
    assert moved.settings["entity_id"] == app.service_provider.entity_id
    assert moved.service_provider.acs_urls == ("https://app.example.com/new",)
    assert (moved.issuer, moved.slug, moved.launch_url) == (app.issuer, app.slug, app.launch_url)
    session = site.sign_in()
    saml.accept(moved, site.begin(moved, session, ID="_r"), request_id="_r")
    (event,) = site.events(action="application.changed")
    assert event.detail == {"changed": ["settings"]}


def test_change_within_the_same_second_applies_to_the_next_sign_in(site):
    app = site.install()
    session = site.sign_in()
    for number in range(3):
        url = f"https://app.example.com/acs/{number}"
        update(site, app, settings={"acs_urls": [url]})
        answer = site.begin(app, session, AssertionConsumerServiceURL=None)
        assert answer.acs_url == url


def test_nothing_changed_writes_nothing(site):
    app = site.install(people=False)
    same = update(site, app, name=app.name, settings=app.settings, enabled=True)
    assert same.updated_at == app.updated_at
    assert not site.events(action="application.changed")


def test_wrong_settings_change_nothing(site):
    app = site.install(people=False)
    with pytest.raises(InputError) as error:
        update(site, app, name="New", settings={"acs_urls": [], "colour": "red"})
    assert set(error.value.errors) == {"acs_urls", "colour"}
    assert views.get_application(site.scope, app.id) == app


def test_renaming_keeps_urls_and_role(site):
    app = site.install("App")
    renamed = update(site, app, name="Better")
    assert (renamed.name, renamed.slug) == ("Better", "app")
    assert renamed.default_role.name == "sso-custom-saml-App-role"
    with pytest.raises(Conflict):
        update(site, install(site), name="BETTER")


def test_disabling_and_enabling_are_events_of_their_own(site):
    app = site.install()
    assert update(site, app, enabled=False).state == "disabled"
    assert update(site, app, enabled=True).state == "active"
    actions = [event.action for event in site.events(application_id=app.id)]
    assert actions[-2:] == ["application.disabled", "application.enabled"]
    with pytest.raises(InputError):
        update(site, app, enabled="yes")


def test_application_works_without_its_plugin(site, saml):
    app = site.install()
    site.services = replace(site.services, registry=Registry.load([]))
    found = views.get_application(site.scope, app.id)
    assert (found.plugin, found.settings, found.warnings) == ("missing", app.settings, ())
    session = site.sign_in()
    saml.accept(app, site.begin(app, session, ID="_r"), request_id="_r")
    with pytest.raises(InputError) as error:
        update(site, app, settings={"entity_id": "urn:new"})
    assert "not loaded" in error.value.errors[""][0]
    assert update(site, app, enabled=False).state == "disabled"
    change.uninstall(site.scope, app.id)


def test_warnings_of_the_plugin_stay_with_the_application(site):
    app = site.install(name_id_source="constant:everybody")
    assert [(w.field, w.level) for w in app.warnings] == [("name_id_source", "warning")]
    again = views.get_application(site.scope, app.id)
    assert again.warnings == app.warnings


# Mappings


def test_mappings_are_replaced_and_used(site, saml):
    app = site.install()
    wanted = [{"name": "mail", "source": "user.email", "name_format": "basic", "required": True}]
    saved = mappers.set_mappers(site.scope, app.id, wanted)
    assert saved[0].required
    answer = site.begin(app, site.sign_in(), ID="_r")
    assert saml.accept(app, answer, request_id="_r").get_attributes() == {
        "mail": ["amina@acme.test"]
    }
    assert site.events(action="mappers.changed")[0].detail == {"attributes": ["mail"]}


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ("text", {"mappers"}),
        ([1], {"mappers.0"}),
        ([{}], {"mappers.0.name", "mappers.0.source"}),
        ([{"name": "a", "source": "user.nothing"}], {"mappers.0.source"}),
        ([{"name": "a", "source": "user.email", "x": 1}], {"mappers.0.x"}),
        ([{"name": "a", "source": "user.email", "required": "yes"}], {"mappers.0.required"}),
        ([{"name": "", "source": "user.email"}], {"mappers.0.name"}),
        ([{"name": "a\0", "source": "user.email"}], {"mappers.0.name"}),
        ([{"name": "a", "source": "user.id", "name_format": "odd"}], {"mappers.0.name_format"}),
        ([{"name": "a", "source": "user.email"}] * 51, {"mappers"}),
    ],
)
def test_invalid_mapper_is_reported_and_nothing_changes(site, raw, names):
    app = site.install()
    with pytest.raises(InputError) as error:
        mappers.set_mappers(site.scope, app.id, raw)
    assert set(error.value.errors) == names
    assert not site.events(action="mappers.changed")


def test_edited_mappings_survive_other_changes_of_the_settings(site):
    app = site.install(attributes=[{"name": "mail", "source": "user.email"}])
    mappers.set_mappers(site.scope, app.id, [{"name": "x", "source": "user.id"}])
    kept = update(site, app, settings={"relay_state": "https://app.example.com/x"})
    assert [mapper.name for mapper in kept.mappers] == ["x"]
    replaced = update(site, app, settings={"attributes": [{"name": "y", "source": "user.id"}]})
    assert [mapper.name for mapper in replaced.mappers] == ["y"]


# Lists


def test_applications_are_found_by_state_word_and_page(site):
    active = site.install("Active")
    waiting = site.install("Waiting", entity_id="urn:2", people=False)
    disabled = update(site, site.install("Disabled", entity_id="urn:3"), enabled=False)
    install(site, "Cloud")

    def named(**where):
        page = views.list_applications(site.scope, **where)
        return [app.name for app in page.items]

    assert named() == ["Active", "Cloud", "Disabled", "Waiting"]
    assert named(state="active") == [active.name]
    assert named(state="needs-setup") == ["Cloud", waiting.name]
    assert named(state="disabled") == [disabled.name]
    assert named(q="wait") == ["Waiting"]
    assert named(q="aws") == ["Cloud"]
    assert named(q="%") == []
    assert named(integration="aws") == ["Cloud"]
    first = views.list_applications(site.scope, limit=3)
    rest = views.list_applications(site.scope, limit=3, cursor=first.next)
    assert [app.name for app in (*first.items, *rest.items)] == named()
    for wrong in ({"state": "odd"}, {"cursor": "odd"}, {"limit": 0}):
        with pytest.raises(InputError):
            named(**wrong)


def test_view_has_the_last_sign_in_and_the_number_of_users(site):
    app = site.install()
    site.begin(app, site.sign_in())
    view = views.get_application(site.scope, app.id)
    assert (view.people_count, view.state) == (1, "active")
    assert abs(view.last_sign_in_at - site.clock()) < 5


# Uninstall and restore


def test_uninstalled_application_can_be_restored_with_its_assignments(site, saml):
    app = site.install()
    session = site.sign_in()
    site.begin(app, session)
    effects = change.impact(site.scope, app.id)
    assert (effects.people, effects.roles, effects.sessions) == (1, 1, 1)
    change.uninstall(site.scope, app.id)
    with pytest.raises(NotFound):
        views.get_application(site.scope, app.id)
    assert not decisions.list_tiles(site.scope, site.amina.id)
    (gone,) = change.list_uninstalled(site.scope)
    assert gone.restore_until - gone.uninstalled_at == 30 * 86_400
    restored = change.restore(site.scope, app.id)
    assert (restored.slug, restored.issuer) == (app.slug, app.issuer)
    saml.accept(app, site.begin(app, session, ID="_r"), request_id="_r")


def test_application_whose_name_is_in_use_cannot_be_restored(site):
    app = install(site)
    change.uninstall(site.scope, app.id)
    install(site)
    with pytest.raises(Conflict) as error:
        change.restore(site.scope, app.id)
    assert set(error.value.errors) == {"name"}


def test_application_whose_role_name_is_in_use_cannot_be_restored(site):
    app = install(site)
    change.uninstall(site.scope, app.id)
    roles.create_role(site.scope, name="SSO-aws-AWS-role")
    with pytest.raises(Conflict, match="SSO-aws-AWS-role"):
        change.restore(site.scope, app.id)


def test_after_thirty_days_it_is_gone_for_good(site):
    app = install(site)
    change.uninstall(site.scope, app.id)
    site.clock.ahead += 30 * 86_400
    assert not change.list_uninstalled(site.scope)
    with pytest.raises(NotFound):
        change.restore(site.scope, app.id)
    other = install(site, "Other")
    change.uninstall(site.scope, other.id)
    assert [row.id for row in Application.select()] == [other.id]
    assert Issuer.select().count() == 1


def test_application_of_another_workspace_is_not_found(site):
    app = install(site)
    for use in (
        lambda ws: views.get_application(Scope(site.services, ws, SYSTEM), app.id),
        lambda ws: change.update_application(Scope(site.services, ws, SYSTEM), app.id, name="x"),
        lambda ws: mappers.set_mappers(Scope(site.services, ws, SYSTEM), app.id, []),
        lambda ws: change.uninstall(Scope(site.services, ws, SYSTEM), app.id),
        lambda ws: change.impact(Scope(site.services, ws, SYSTEM), app.id),
        lambda ws: change.restore(Scope(site.services, ws, SYSTEM), app.id),
    ):
        with pytest.raises(NotFound):
            use("elsewhere")


def test_all_that_is_wrong_with_a_change_is_said_at_once(site):
    app = site.install()
    with pytest.raises(InputError) as error:
        update(site, app, name="", settings={"acs_urls": ["x"], "entity_id": None}, enabled=1)
    assert set(error.value.errors) == {"name", "acs_urls.0", "entity_id", "enabled"}
