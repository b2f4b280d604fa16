"""Plugin updates: compare, apply, skip and undo them; sign-in uses the record."""

from dataclasses import dataclass, replace

import pytest
from ssoko.errors import Conflict, InputError
from ssoko.plugin.host.registry import Registry
from ssoko.saml import names
from ssoko.services.access import roles
from ssoko.services.applications import change, install, mappers, views
from ssoko.services.applications.upgrades import compare as upgrades_compare
from ssoko.services.applications.upgrades import decide as upgrades_decide
from ssoko.services.applications.views import ApplicationView
from ssoko.services.context import Scope
from ssoko.services.sso.saml import outcomes
from ssoko.services.troubleshooting import preview
from ssoko.services.troubleshooting.preview_difference import compare_previews

from .... import two_versions

ALL = ("service_provider", "protection", "mappers", "default_role", "guide")


@dataclass
class Notes:
    """An application of the plugin, and which version of it is loaded."""

    site: object
    app_id: str

    def load(self, *versions: str) -> None:
        sources = [two_versions.source(version) for version in versions]
        self.site.services = replace(self.site.services, registry=Registry.load(sources))

    @property
    def scope(self) -> Scope:
        return self.site.scope

    @property
    def view(self) -> ApplicationView:
        return views.get_application(self.scope, self.app_id)

    def compare(self) -> upgrades_compare.Upgrade:
        return upgrades_compare.compare(self.scope, self.app_id)

    def decide(self, *accept: str, **more: object) -> upgrades_compare.Upgrade:
        return upgrades_decide.decide(self.scope, self.app_id, accept=accept, **more)

    def update(self, **changes: object) -> ApplicationView:
        return change.update_application(self.scope, self.app_id, **changes)

    def sign_in(self) -> outcomes.PostResponse:
        answer = self.site.begin(self.view, self.site.sign_in())
        assert isinstance(answer, outcomes.PostResponse), answer
        return answer


@pytest.fixture
def notes(site) -> Notes:
    """Version 0.1, installed for amina."""
    found = Notes(site, "")
    found.load("0.1")
    made = install.install(
        found.scope,
        integration="notes",
        name="Notes",
        settings=two_versions.SETTINGS | {"team": "blue", "api_key": "top secret"},
    )
    site.give(made)
    found.app_id = made.id
    return found


def told(notes, saml) -> dict[str, list[str]]:
    """Return the attributes of a sign-in that the SP accepts."""
    app = notes.view
    answer = notes.sign_in()
    request_id = saml.decoded(answer).get("InResponseTo")
    return saml.accept(app, answer, request_id=request_id).get_attributes()


def test_recorded_version_proposes_nothing(notes):
    assert notes.view.upgrade is None
    found = notes.compare()
    assert (found.parts, found.same_version, found.recorded_by) == ((), True, "ssoko-notes 0.1")


def test_another_version_that_proposes_the_same_asks_for_nothing(notes):
    notes.load("0.5")
    found = notes.compare()
    assert (found.parts, found.same_version, found.loaded) == ((), False, "ssoko-notes 0.5")
    assert notes.view.upgrade is None
    with pytest.raises(InputError, match="proposes no changes"):
        notes.decide()


def test_each_part_shows_what_is_recorded_and_what_is_proposed(notes):
    notes.load("0.2")
    parts = {part.name: part for part in notes.compare().parts}
    assert tuple(parts) == ALL
    (lifetime,) = parts["service_provider"].changes
    assert lifetime.words == "Assertion lifetime (seconds): 300 seconds → 120 seconds"
    (signing,) = parts["protection"].changes
    assert signing.caution == "The response would no longer be signed"
    assert {(m.name, bool(m.recorded), bool(m.new)) for m in parts["mappers"].changes} == {
        ("mail", True, True),
        ("sn", True, False),
        ("given", False, True),
    }
    assert [one.words for one in parts["default_role"].changes] == [
        "Name: sso-notes-Notes-role → notes-Notes-people",
        "Description: Opens Notes → Opens Notes for its people",
    ]
    assert [one.label for one in parts["guide"].changes] == ["Vendor", "Entity ID"]
    assert [(one.kind, one.text) for one in parts["guide"].lines if one.kind != "same"] == [
        ("removed", "1. Open **Settings > SSO**."),
        ("added", "1. Open **Admin > Security > SSO**."),
    ]


def test_weaker_security_is_not_preselected(notes):
    notes.load("0.2")
    assert notes.compare().preselected == set(ALL) - {"protection"}


def test_nothing_changes_until_it_is_accepted(notes, saml):
    before = told(notes, saml)
    notes.load("0.2")
    notes.compare()
    assert notes.view.upgrade.state == "proposes"
    assert told(notes, saml) == before == {"mail": ["amina@acme.test"], "sn": ["Otieno"]}


def test_accepted_changes_apply_to_the_next_sign_in(notes, saml):
    role = notes.view.default_role
    notes.load("0.2")
    found = notes.decide("service_provider", "mappers", "default_role", "guide")
    view = notes.view
    assert told(notes, saml) == {"mail": ["AMINA@ACME.TEST"], "given": ["Amina"]}
    assert (view.service_provider.lifetime, view.service_provider.sign_response) == (120, True)
    assert (view.vendor, view.version, view.upgrade) == ("Notes Inc", "0.2", None)
    assert (view.default_role.id, view.default_role.name) == (role.id, "notes-Notes-people")
    assert "Admin > Security" in view.guide
    assert view.metadata_fields[0].paste_into == "IdP entity ID"
    assert [part.name for part in found.parts] == ["protection"]
    assert found.decision.kept == ("NameID and security",)


def test_protection_is_lowered_when_it_is_named(notes, saml):
    notes.load("0.2")
    notes.decide("protection")
    assert notes.view.service_provider.sign_response is False
    assert notes.view.service_provider.lifetime == 300
    assert told(notes, saml)["mail"] == ["amina@acme.test"]


def test_event_has_the_differences_and_no_secrets(notes):
    notes.load("0.2")
    notes.decide("service_provider")
    (event,) = notes.site.events(action="application.upgraded")
    assert (event.detail["from"], event.detail["to"]) == ("ssoko-notes 0.1", "ssoko-notes 0.2")
    assert event.detail["changes"] == ["Assertion lifetime (seconds): 300 seconds → 120 seconds"]
    assert "Sign the response: On → Off" in event.detail["not_accepted"]
    assert "top secret" not in str(event.detail)


def test_keeping_is_remembered_until_another_proposal(notes):
    notes.load("0.2")
    notes.decide()
    assert notes.view.upgrade is None
    assert notes.view.version == "0.1"
    assert notes.compare().parts, "it can be looked at again"
    assert len(notes.site.events(action="application.upgrade-skipped")) == 1
    notes.update(settings={"entity_id": "urn:example:other"})
    assert notes.view.upgrade is not None


def test_values_set_by_an_admin_are_kept(notes):
    notes.update(service_provider={"lifetime": 600})
    notes.load("0.2")
    (part, *_) = notes.compare().parts
    assert (part.changes, part.stays[0].recorded) == ((), ("600 seconds",))
    notes.decide(*ALL)
    assert notes.view.service_provider.lifetime == 600
    notes.update(service_provider={"lifetime": None})
    assert notes.view.service_provider.lifetime == 120


def test_mappers_that_were_edited_stay(notes):
    mappers.set_mappers(
        notes.scope,
        notes.app_id,
        [
            {"name": "sn", "source": "user.last_name"},
            {"name": "mail", "source": "user.username"},
            {"name": "own", "source": "user.id"},
        ],
    )
    notes.load("0.2")
    part = next(part for part in notes.compare().parts if part.name == "mappers")
    assert [one.name for one in part.stays] == ["mail"]
    notes.decide("mappers")
    assert [(one.name, one.source) for one in notes.view.mappers] == [
        ("mail", "user.username"),
        ("own", "user.id"),
        ("given", "user.first_name"),
    ]
    reset = mappers.reset_mappers(notes.scope, notes.app_id)
    assert [one.source for one in reset] == ["user.email|upper", "user.first_name"]


def test_renamed_role_keeps_its_name(notes):
    role = notes.view.default_role
    roles.update_role(notes.scope, role.id, name="Note takers")
    notes.load("0.2")
    notes.decide(*ALL)
    role = notes.view.default_role
    assert (role.name, role.description) == ("Note takers", "Opens Notes for its people")
    assert role.assignment_count == 1


def test_role_name_in_use_refuses_the_whole_update(notes):
    roles.create_role(notes.scope, name="notes-Notes-people")
    notes.load("0.2")
    with pytest.raises(Conflict) as caught:
        notes.decide(*ALL)
    assert list(caught.value.errors) == ["default_role.name"]
    assert notes.view.version == "0.1"
    assert notes.site.events(action="application.upgraded") == []


def test_entity_id_of_the_sp_is_not_changed(notes):
    notes.load("0.2")
    before = notes.view.service_provider.entity_id
    notes.decide(*ALL)
    assert notes.view.service_provider.entity_id == before


def test_stale_page_is_refused(notes):
    notes.load("0.2")
    shown = notes.compare()
    notes.update(enabled=False)
    with pytest.raises(Conflict):
        notes.decide("guide", digest=shown.digest, seen=shown.seen)
    notes.load("0.1")
    with pytest.raises(Conflict, match="now proposes something else"):
        notes.decide("guide", digest=shown.digest)


def test_unknown_part_is_reported(notes):
    notes.load("0.2")
    with pytest.raises(InputError, match="accept: Choose from"):
        notes.decide("everything")


def test_missing_required_field_is_reported_and_nothing_is_written(notes, saml):
    notes.load("0.3")
    found = notes.compare()
    assert (found.errors, found.parts) == ({"region": ["Enter a value."]}, ())
    assert notes.view.upgrade.state == "refuses"
    with pytest.raises(InputError, match="region"):
        notes.decide("guide")
    assert told(notes, saml)["mail"] == ["amina@acme.test"]


def test_filling_in_what_the_new_form_asks_for_accepts_nothing_else(notes):
    notes.load("0.3")
    notes.update(settings={"region": "eu", "acs_url": "https://eu.notes.example/acs"})
    view = notes.view
    assert view.service_provider.acs_urls == ("https://eu.notes.example/acs",)
    assert (view.service_provider.sign_response, view.service_provider.lifetime) == (True, 300)
    assert [one.name for one in view.mappers] == ["mail", "sn"]
    assert (view.version, view.upgrade.state) == ("0.1", "proposes")
    notes.decide(*ALL)
    assert (notes.view.version, notes.view.upgrade) == ("0.3", None)


def test_skipped_parts_stay_skipped_when_settings_are_saved(notes, saml):
    notes.load("0.2")
    notes.decide(*(name for name in ALL if name != "protection"))
    notes.update(settings={"acs_url": "https://eu.notes.example/acs"})
    provider = notes.view.service_provider
    assert provider.acs_urls == ("https://eu.notes.example/acs",)
    assert (provider.sign_response, provider.lifetime) == (True, 120)
    assert told(notes, saml)["mail"] == ["AMINA@ACME.TEST"]


def test_settings_that_change_with_an_upgrade_waiting_leave_edited_mappers(notes):
    mappers.set_mappers(notes.scope, notes.app_id, [{"name": "own", "source": "user.id"}])
    notes.load("0.2")
    notes.update(settings={"acs_url": "https://eu.notes.example/acs"})
    assert [one.name for one in notes.view.mappers] == ["own"]


def test_saving_settings_records_a_version_that_proposes_the_same(notes):
    notes.load("0.5")
    notes.update(settings={"team": "red"})
    assert notes.view.version == "0.5"


def test_error_of_the_plugin_is_reported_in_a_sentence(notes, saml):
    notes.load("0.4")
    found = notes.compare()
    assert "raised RuntimeError" in found.problem
    assert notes.view.upgrade.state == "fails"
    assert told(notes, saml)["mail"] == ["amina@acme.test"]


def test_lists_ask_the_plugin_once_for_each_state_of_an_application(notes, monkeypatch):
    notes.load("0.2")
    called = []
    registry = notes.site.services.registry
    real = type(registry).call
    monkeypatch.setattr(
        type(registry), "call", lambda self, *a, **k: called.append(a) or real(self, *a, **k)
    )
    for _ in range(3):
        (view,) = views.list_applications(notes.scope).items
        assert view.upgrade.proposer == "ssoko-notes 0.2"
    assert len([one for one in called if "service_provider" in one]) == 1
    notes.load("0.1")
    called.clear()
    views.list_applications(notes.scope)
    assert called == []


def test_former_record_can_be_restored(notes, saml):
    before = notes.view
    notes.load("0.2")
    found = notes.decide(*ALL)
    assert found.former.proposer == "ssoko-notes 0.1"
    after = upgrades_decide.undo_upgrade(notes.scope, notes.app_id)
    view = notes.view
    same = ("service_provider", "mappers", "guide", "metadata_fields", "version", "vendor")
    assert [getattr(view, name) for name in same] == [getattr(before, name) for name in same]
    assert view.default_role.name == before.default_role.name
    assert told(notes, saml)["sn"] == ["Otieno"]
    assert (after.former, view.upgrade) == (None, None)
    assert len(after.decision.kept) == len(ALL)
    assert len(notes.site.events(action="application.upgrade-undone")) == 1


def test_former_record_cannot_be_restored_after_a_change_or_thirty_days(notes):
    notes.load("0.2")
    notes.decide(*ALL)
    notes.update(enabled=False)
    assert notes.compare().former, "what it holds is untouched"
    notes.site.clock.ahead = 31 * 86_400
    assert notes.compare().former is None
    notes.site.clock.ahead = 0
    notes.update(service_provider={"lifetime": 900})
    assert notes.compare().former is None
    with pytest.raises(Conflict, match="changed since"):
        upgrades_decide.undo_upgrade(notes.scope, notes.app_id)
    assert notes.view.service_provider.lifetime == 900


def test_without_its_plugin_sign_in_goes_on_and_it_is_attached_again(notes, saml):
    before = told(notes, saml)
    notes.load()
    assert (notes.view.plugin, notes.view.upgrade) == ("missing", None)
    assert told(notes, saml) == before
    notes.update(service_provider={"lifetime": 240})
    assert notes.compare().loaded == ""
    with pytest.raises(InputError, match="not loaded"):
        notes.decide("guide")
    notes.load("0.2")
    assert (notes.view.plugin, notes.view.upgrade.state) == ("loaded", "proposes")
    notes.load("0.1")
    assert (notes.view.plugin, notes.view.upgrade) == ("loaded", None)
    assert notes.view.service_provider.lifetime == 240


def test_response_of_a_user_is_compared_before_and_after(notes):
    notes.load("0.2")
    amina = notes.site.amina.id
    now = preview.preview_sign_in(notes.scope, notes.app_id, user_id=amina)
    view = upgrades_compare.record_after(notes.scope, notes.app_id, ["mappers", "protection"])
    found = compare_previews(now, preview.preview_application(notes.scope, view, user_id=amina))
    assert {one.label: (one.recorded, one.new) for one in found.changed} == {
        "Signed": (("Response", "Assertion"), ("Assertion",)),
        "Attribute mail": (("amina@acme.test",), ("AMINA@ACME.TEST",)),
        "Attribute sn": (("Otieno",), ()),
        "Attribute given": ((), ("Amina",)),
    }
    added = [one.text.strip() for one in found.xml if one.kind == "added"]
    assert any("AMINA@ACME.TEST" in text for text in added)
    assert not any(" ID=" in one.text for one in found.xml)


def test_random_values_are_not_differences(notes):
    notes.update(service_provider={"name_id_format": names.NAMEID_TRANSIENT})
    notes.load("0.2")
    amina = notes.site.amina.id
    one, other = (
        preview.preview_sign_in(notes.scope, notes.app_id, user_id=amina) for _ in range(2)
    )
    assert one.name_id.value != other.name_id.value
    found = compare_previews(one, other)
    assert (found.changed, found.xml) == ((), ())


def test_parts_that_do_not_go_together_are_refused_and_nothing_is_written(notes):
    notes.update(service_provider={"sign_assertion": False})
    notes.load("0.2")
    with pytest.raises(InputError, match="Sign the assertion, the response, or both"):
        notes.decide("protection")
    assert notes.view.service_provider.sign_response is True
