"""The page Review update, the marks that link to it, and applications without their plugin."""

from dataclasses import replace

import pytest
from ssoko.plugin import hookimpl
from ssoko.plugin.host.registry import Registry
from ssoko.services.access import assignments
from ssoko.services.applications import install, views

from ... import two_versions

UPGRADE = "/applications/notes/upgrade"
EVERY = ("service_provider", "protection", "mappers", "default_role", "guide")


@pytest.fixture
def load(site):
    """Return a function that restarts the site with other plugins."""

    def load(*versions: str, **more: object) -> None:
        registry = Registry.load([two_versions.source(item) for item in versions], **more)
        site.services = replace(site.services, registry=registry)
        site.app.extensions["ssoko"] = site.services

    return load


@pytest.fixture
def notes(site, load, admin_user):
    """Version 0.1, installed; its role is the admin's."""
    load("0.1")
    application = install.install(
        site.scope,
        integration="notes",
        name="Notes",
        settings=two_versions.SETTINGS | {"team": "blue", "api_key": "top secret"},
    )
    assignments.assign_roles(
        site.scope,
        role_ids=[application.default_role.id],
        user_id=admin_user.id,
    )
    return application


def view(site):
    return views.get_application(site.scope, "notes")


def choices(page, **chosen: str) -> dict[str, str]:
    """Return the form as the page has it, with some choices changed."""
    result = {
        item.get("name"): item.get("value")
        for item in page.find("//main//form//input[@checked or @type='hidden' or @name='person']")
        if item.get("name") != "csrf_token"
    }
    return result | {f"part-{name}": value for name, value in chosen.items()}


def test_update_is_marked_wherever_the_application_is_listed(site, admin, notes, load):
    assert "Upgrade" not in admin.get("/applications").words
    load("0.2")
    assert "Update to 0.2" in admin.get("/applications").words
    page = admin.get("/applications/notes")
    assert "Update available: ssoko-notes 0.2" in page.words
    assert page.links()["Review update to 0.2"].endswith(UPGRADE)
    page = admin.get("/")
    assert "Update available for Notes: ssoko-notes 0.2" in page.words
    assert page.links()["Review update of Notes"].endswith(UPGRADE)


def test_page_shows_every_part_and_the_preselection(site, admin, notes, load):
    load("0.2")
    page = admin.get(UPGRADE)
    assert page.status == 200
    for words in (
        "300 seconds",
        "120 seconds",
        "The response would no longer be signed",
        "sso-notes-Notes-role",
        "notes-Notes-people",
        "Removed: 1. Open **Settings > SSO**.",
        "Paste into IdP entity ID",
    ):
        assert words in page.words
    checked = choices(page)
    assert {name: checked[f"part-{name}"] for name in EVERY} == {
        name: "keep" if name == "protection" else "accept" for name in EVERY
    }


def test_response_of_a_user_is_compared_for_the_selection(site, admin, notes, load):
    site.person("amina", first_name="Amina")
    load("0.2")
    page = admin.get(UPGRADE)
    assert "Attribute mail" in page.words
    assert "ADMIN1@ACME.TEST" in page.words
    posted = choices(page, mappers="keep", protection="accept") | {"person": "amina", "do": "show"}
    page = admin.submit(UPGRADE, posted)
    assert (page.status, page.value("person")) == (200, "amina")
    assert "Attribute mail Nothing" not in page.words
    assert "AMINA@ACME.TEST" not in page.words
    (row,) = page.find("//tr[td/div/b='Signed']")
    assert [[c.text for c in td.iter("code")] for td in row[1:]] == [
        ["Response", "Assertion"],
        ["Assertion"],
    ]
    assert choices(page)["part-mappers"] == "keep"
    assert view(site).version == "0.1"


def test_unknown_username_is_an_error_of_its_field(site, admin, notes, load):
    load("0.2")
    posted = choices(admin.get(UPGRADE)) | {"person": "zzz", "do": "show"}
    assert "No user has this username or email" in admin.submit(UPGRADE, posted).words


def test_selected_changes_are_applied(site, admin, notes, load):
    load("0.2")
    posted = choices(admin.get(UPGRADE)) | {"do": "record"}
    page = admin.follow(admin.submit(UPGRADE, posted))
    assert "Not changed: NameID and security" in page.all_words
    assert "Previous settings" in page.words
    result = view(site)
    assert (result.version, result.service_provider.sign_response) == ("0.2", True)
    assert "Plugin update applied" in admin.get("/applications/notes/activity").words
    assert "Upgrade: " not in admin.get("/applications/notes").words


def test_previous_settings_can_be_restored(site, admin, notes, load):
    load("0.2")
    admin.submit(UPGRADE, choices(admin.get(UPGRADE)) | {"do": "record"})
    page = admin.follow(admin.submit(f"{UPGRADE}/back"))
    assert "Restored the previous settings" in page.all_words
    assert view(site).version == "0.1"
    page = admin.follow(admin.submit(f"{UPGRADE}/back"))
    assert "cannot be restored" in page.all_words


def test_skipping_the_version_removes_the_mark(site, admin, notes, load):
    load("0.2")
    page = admin.follow(
        admin.submit(UPGRADE, choices(admin.get(UPGRADE)) | {"do": "keep"}),
    )
    assert "First Last reviewed this update on" in page.words
    assert view(site).version == "0.1"
    for path in ("/", "/applications", "/applications/notes"):
        assert "Upgrade: " not in admin.get(path).words


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [("digest", "other", 409), ("seen", "1", 409), ("seen", "²", 409), ("part-x", "accept", 422)],
)
def test_invalid_selection_is_rejected_and_kept(site, admin, notes, load, field, value, status):
    load("0.2")
    posted = choices(admin.get(UPGRADE), guide="keep") | {"do": "record", field: value}
    page = admin.submit(UPGRADE, posted)
    assert page.status == status
    assert "Nothing was changed" in page.words
    assert choices(page)["part-guide"] == "keep"
    assert view(site).version == "0.1"


def test_update_without_changes_is_explained(site, admin, notes, load):
    load("0.5")
    words = "ssoko-notes 0.5 is loaded and proposes the same as ssoko-notes 0.1"
    assert words in admin.get(UPGRADE).words


def test_other_distribution_shows_a_warning(site, admin, notes, load):
    other = replace(two_versions.source("0.2"), distribution="evil-notes")
    site.services = replace(site.services, registry=Registry.load([other]))
    site.app.extensions["ssoko"] = site.services
    assert "This plugin comes from another distribution" in admin.get(UPGRADE).words


def test_missing_setting_is_shown_with_its_label(site, admin, notes, load):
    load("0.3")
    for path in ("/applications/notes", UPGRADE):
        page = admin.get(path)
        assert "ssoko-notes 0.3 needs more settings" in page.words
        assert "Region: Enter a value." in page.words
        assert page.links()["Open Settings"].endswith("/applications/notes/settings")
    assert "0.3 needs settings" in admin.get("/applications").words
    assert "ssoko-notes 0.3 needs more settings for Notes" in admin.get("/").words


def test_settings_tab_links_to_the_update(site, admin, notes, load):
    load("0.2")
    assert "To see the other changes of ssoko-notes 0.2, open Review update" in (
        admin.get("/applications/notes/settings").words
    )


def test_pages_work_when_the_plugin_raises(site, admin, notes, load):
    load("0.4")
    for path in ("/", "/applications", "/applications/notes", UPGRADE):
        assert admin.get(path).status == 200
    assert "0.4 raised an error" in admin.get(UPGRADE).words
    posted = {"do": "record", "part-guide": "accept"}
    page = admin.submit(UPGRADE, posted)
    assert page.status == 502
    assert "Nothing was changed" in page.words


WITHOUT = {
    "": "Its plugin is not installed on this server",
    "/guide": "Open Settings > SSO",
    "/metadata": "Login Endpoint",
    "/access": "First Last",
    "/mappers": "sn",
    "/mappers/1": "mail",
    "/mappers/new": "Name",
    "/mappers/preview": "admin1@acme.test",
    "/mappers/proposal": "",
    "/check": "Checks for every application",
    "/settings": "blue",
    "/saml": "Assertion lifetime (seconds)",
    "/refresh": "",
    "/upgrade": "pip install ssoko-notes and restart",
    "/activity": "Application installed",
    "/uninstall": "Turn SSO off",
}


@pytest.mark.parametrize(("path", "words"), WITHOUT.items(), ids=WITHOUT)
def test_every_page_of_an_application_works_without_its_plugin(
    site, admin, notes, load, path, words
):
    load()
    page = admin.get(f"/applications/notes{path}")
    assert page.status in (200, 303)
    assert words in page.words
    assert "top secret" not in page.text
    if page.status == 200:
        for address in page.find("//main//a/@href"):
            inside = address.partition("#")[0]
            if inside.startswith("/w/acme"):
                assert admin.get(inside.removeprefix("/w/acme")).status != 404, address


def test_application_without_plugin_can_be_changed_uninstalled_and_restored(
    site, admin, notes, load
):
    load()
    page = admin.get("/applications/notes/saml")
    posted = {
        item.get("name"): page.value(item.get("name")) or "yes" * (item.get("type") == "checkbox")
        for item in page.find(
            "//main//form[@class='stack'][1]//*[@name][not(self::button)][@name!='csrf_token']"
        )
        if item.get("type") != "checkbox" or item.get("checked") is not None
    }
    posted |= {"lifetime": "240"}
    response = admin.submit("/applications/notes/saml", posted)
    assert response.status == 303, response.words
    assert view(site).service_provider.lifetime == 240
    response = admin.submit(
        "/applications/notes/mappers/1/remove", {"seen": str(view(site).updated_at)}
    )
    assert response.status == 303, response.words
    assert [item.name for item in view(site).mappers] == ["sn"]
    assert admin.submit("/applications/notes/uninstall", {"name": "Notes"}).status == 303
    assert (
        "Restored Notes"
        in admin.follow(admin.submit(f"/applications/{notes.id}/restore")).all_words
    )
    load("0.2")
    assert "Update to 0.2" in admin.get("/applications").words


def test_disabled_and_broken_plugins_are_explained(site, admin, notes, load):
    load("0.1", disabled=frozenset({"notes"}))
    page = admin.get("/applications/notes")
    assert "Its plugin is disabled on this server" in page.words
    assert "notes is named in SSOKO_DISABLED_PLUGINS" in page.words
    broken = replace(two_versions.source("0.2"), load=lambda: 1 // 0)
    site.services = replace(site.services, registry=Registry.load([broken]))
    site.app.extensions["ssoko"] = site.services
    page = admin.get("/applications/notes")
    assert "Its plugin failed to load" in page.words
    assert "ssoko-notes 0.2 failed at import: ZeroDivisionError" in page.words


def test_updates_require_admin_rights(site, admin, notes, load):
    load("0.2")
    site.person("pete")
    pete = site.visitor().sign_in("pete")
    assert pete.get(UPGRADE).status == 403
    assert pete.submit(UPGRADE, {"do": "record", "part-guide": "accept"}).status == 403
    assert pete.submit(f"{UPGRADE}/back").status == 403


def test_an_application_of_a_former_slug_is_reviewed(site, admin, notes):
    source = two_versions.source("0.1")
    module = source.load()
    about = replace(module.integration(), formerly=("notes",))
    module.integration = hookimpl(lambda: about)
    renamed = replace(source, slug="wiki", load=lambda: module)
    registry = Registry.load([renamed])
    assert not registry.problems
    site.app.extensions["ssoko"] = replace(site.services, registry=registry)
    assert "replaces the plugin" in admin.get("/applications/notes").words
    page = admin.get("/applications/notes/upgrade")
    assert page.find("//main//table//td[contains(., 'wiki')]")
    data = {"do": "record", "part-guide": "accept", "digest": page.value("digest")}
    data["seen"] = page.value("seen")
    assert admin.submit("/applications/notes/upgrade", data).status == 303
    assert "Plugin not loaded" not in admin.get("/applications/notes").words
