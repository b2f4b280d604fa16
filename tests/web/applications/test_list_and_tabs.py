"""Applications: the list, every tab of an application, uninstall and restore."""

from dataclasses import replace

import pytest
from lxml import etree
from ssoko.plugin.host.registry import Registry
from ssoko.services.access import assignments
from ssoko.services.applications import install, views
from ssoko.services.context import SYSTEM, Actor, Scope
from ssoko.services.people import users
from ssoko.store import db
from ssoko.store.models.applications import Application

from ..reader import AWS


@pytest.fixture
def amina(site):
    return site.person("amina", first_name="Amina", last_name="Otieno")


@pytest.fixture
def aws(site):
    return install.install(site.scope, integration="aws", name="AWS", settings=AWS)


def give(site, application, user, **more):
    assignments.assign_roles(
        site.scope,
        role_ids=[application.default_role.id],
        user_id=user.id,
        **more,
    )


def test_empty_list_links_to_the_marketplace(admin):
    page = admin.get("/applications")
    assert "No applications yet" in page.words
    assert page.links()["Open the Marketplace"] == "/w/acme/marketplace"
    assert page.links()["SSO Dashboard"] == "/w/acme/dashboard"


def test_list_can_be_searched_and_filtered(admin, aws):
    assert admin.get("/applications").links()["AWS"] == "/w/acme/applications/aws"
    assert "Needs setup" in admin.get("/applications?q=aw").words
    assert "No results for “zzz”" in admin.get("/applications?q=zzz").words
    assert "AWS" not in admin.get("/applications?state=disabled").links()
    assert "AWS" in admin.get("/applications?state=needs-setup").links()


TABS = {
    "Overview": "",
    "Guide": "/guide",
    "Metadata": "/metadata",
    "Access": "/access",
    "Mappers": "/mappers",
    "Settings": "/settings",
    "Activity": "/activity",
}


@pytest.mark.parametrize("label", TABS)
def test_each_tab_has_a_url_and_is_marked_current(admin, aws, label):
    page = admin.get(f"/applications/aws{TABS[label]}")
    assert page.status == 200
    (current,) = page.find("//nav[@aria-label='AWS']/a[@aria-current='page']")
    assert current.text == label
    assert "Needs setup" in page.words
    assert page.find("//main//form[contains(@action,'/disable')]")
    assert not page.find("//*[@style] | //script[not(@src)]")


def test_overview_shows_the_next_step(admin, aws):
    page = admin.get("/applications/aws")
    assert "Nobody can use it yet: no active user has sso-aws-AWS-role." in page.words
    assert page.links()["Assign the role"] == "/w/acme/applications/aws/access"
    assert "/w/acme/launch/aws" in page.words
    assert AWS["acs_url"] in page.words


def test_guide_contains_the_values_of_the_application(admin, aws):
    page = admin.get("/applications/aws/guide")
    copied = [code.text for code in page.find("//main//div[contains(@class,'copy')]/code")]
    assert aws.issuer.login_endpoint in copied
    assert aws.issuer.entity_id in copied
    assert "sso-aws-AWS-role" in page.words
    assert "{{" not in page.text
    assert "Remove" in [h.text for h in page.find("//main//h2")]


def test_metadata_tab_shows_our_labels_and_the_vendors_names(admin, aws):
    page = admin.get("/applications/aws/metadata")
    current = {
        dt.text.strip(): (code.text, dt.xpath("string(span)"))
        for dt, code in zip(
            page.find("//main//dl//dt[contains(@class,'row')]"),
            page.find("//main//dl//div[@class='copy']/code"),
            strict=True,
        )
    }
    assert list(current) == ["Login Endpoint", "Logout Endpoint", "Entity ID", "Metadata URL"]
    assert current["Login Endpoint"][0] == aws.issuer.login_endpoint
    assert "IdP sign-in URL" in current["Login Endpoint"][1]
    assert "IdP issuer URL" in current["Entity ID"][1]
    assert current["Metadata URL"][0] == aws.issuer.metadata_url
    (download,) = page.find("//main//a[contains(@class,'primary')]")
    assert download.text_content() == "Download certificate"
    pairs = aws.issuer.certificate_sha256.replace(":", "").upper()
    shown = page.find("string(//dt[.='SHA-256 fingerprint']/following-sibling::dd)")
    assert shown.replace(":", "") == pairs
    assert "RSA 2048" in page.words


def test_certificate_and_metadata_can_be_downloaded(admin, aws):
    pem = admin.get("/applications/aws/certificate.pem")
    assert pem.text == aws.issuer.certificate
    assert 'filename="ssoko-aws.pem"' in pem.response.headers["Content-Disposition"]
    xml = admin.get("/applications/aws/metadata.xml")
    root = etree.fromstring(xml.response.get_data())
    assert root.get("entityID") == aws.issuer.entity_id


def test_access_tab_shows_who_has_access_and_why(site, admin, aws, amina):
    assert "Nobody has access yet" in admin.get("/applications/aws/access").words
    give(site, aws, amina)
    (row,) = admin.get("/applications/aws/access").find("//main//tbody/tr")
    cells = [" ".join(td.text_content().split()) for td in row.xpath("td")]
    assert cells[0].endswith("Amina Otieno")
    assert cells[1:] == ["Direct assignment", "sso-aws-AWS-role", "Never", "Yes"]


def test_access_of_one_person_is_explained(site, admin, aws, amina):
    refused = admin.get("/applications/aws/access?person=amina")
    assert "No access" in refused.words
    href = refused.links()["Assign the role"].removeprefix("/w/acme")
    assert admin.get(href).find(f"//dialog//input[@value='{aws.default_role.id}' and @checked]")
    give(site, aws, amina)
    assert "Has access" in admin.get("/applications/aws/access?person=amina@acme.test").words
    users.update_user(site.scope, amina.id, active=False)
    assert "No access" in admin.get("/applications/aws/access?person=amina").words
    unknown = admin.get("/applications/aws/access?person=amin")
    assert "No user has this username or email" in unknown.words
    assert "Amina Otieno" in unknown.links()


def test_mappers_tab_starts_with_the_name_id(admin, aws):
    rows = admin.get("/applications/aws/mappers").find("//main//tbody/tr")
    assert "NameID" in rows[0].text_content()
    assert "user.email" in rows[0].text_content()


def test_settings_are_saved(site, admin, aws):
    page = admin.get("/applications/aws/settings")
    assert page.value("plugin.sign_in_url") == AWS["sign_in_url"]
    changed = AWS | {"sign_in_url": "https://d-1111111111.awsapps.com/start"}
    done = admin.follow(admin.submit("/applications/aws/settings", {"name": "AWS two", **changed}))
    assert "Saved AWS two." in done.all_words
    current = views.get_application(site.scope, aws.id)
    assert current.settings["sign_in_url"] == changed["sign_in_url"]
    assert current.issuer.entity_id == aws.issuer.entity_id


@pytest.mark.parametrize(("field", "typed"), [("acs_url", "nowhere"), ("issuer_url", "")])
def test_wrong_settings_show_errors_and_keep_the_input(site, admin, aws, field, typed):
    page = admin.submit("/applications/aws/settings", {"name": "B", **AWS, field: typed})
    assert page.status == 422
    assert {a.get("href") for a in page.find("//*[@role='alert']//a")} == {f"#f-plugin-{field}"}
    assert page.value(f"plugin.{field}") == typed
    assert page.value("name") == "B"
    current = views.get_application(site.scope, aws.id)
    assert (current.name, current.settings[field]) == ("AWS", AWS[field])


def test_disable_and_enable(site, admin, aws, amina):
    give(site, aws, amina)
    off = admin.follow(admin.submit("/applications/aws/disable"))
    assert "Disabled" in off.words
    assert "Disabled AWS for 1 person. Nobody can sign in until you enable it." in off.all_words
    assert "No access" in admin.get("/applications/aws/access?person=amina").words
    on = admin.follow(admin.submit("/applications/aws/enable"))
    assert "Active" in on.words


def test_uninstall_shows_consequences_and_asks_for_the_name(site, admin, aws, amina):
    give(site, aws, amina)
    confirmation = admin.get("/applications/aws/uninstall")
    assert "What happens" in confirmation.words
    assert "Change identity source" in confirmation.words
    wrong = admin.submit("/applications/aws/uninstall", {"name": "aw"})
    assert wrong.status == 422
    assert wrong.value("name") == "aw"
    assert views.get_application(site.scope, aws.id)
    done = admin.follow(admin.submit("/applications/aws/uninstall", {"name": "AWS"}))
    assert "Uninstalled AWS. You can restore it for 30 days." in done.all_words
    assert "30 days" in done.words
    assert admin.get("/applications/aws").status == 404


def test_unused_application_is_uninstalled_without_typing_its_name(admin, aws):
    assert not admin.get("/applications/aws/uninstall").find("//main//input[@name='name']")
    assert admin.submit("/applications/aws/uninstall").status == 303


def test_uninstalled_application_can_be_restored(site, admin, aws, amina):
    give(site, aws, amina)
    admin.submit("/applications/aws/uninstall", {"name": "AWS"})
    (action,) = admin.get("/applications?state=uninstalled").find("//main//tbody//form/@action")
    page = admin.follow(admin.submit(action.removeprefix("/w/acme")))
    assert "Restored AWS" in page.all_words
    assert "Has access" in admin.get("/applications/aws/access?person=amina").words
    assert "No uninstalled applications" in admin.get("/applications?state=uninstalled").words


def test_activity_tab_shows_only_this_application(site, admin, aws, amina):
    page = admin.get("/applications/aws/activity")
    assert page.find("//main//tbody/tr")
    assert "Amina Otieno" not in page.words


@pytest.mark.parametrize("path", TABS.values())
def test_application_without_plugin_still_renders(site, admin, aws, path):
    lonely = replace(site.services, registry=Registry())
    site.app.extensions["ssoko"] = lonely
    page = admin.get(f"/applications/aws{path}")
    assert page.status == 200
    assert "Plugin not loaded" in page.words


def test_missing_plugin_is_explained_and_the_name_can_be_changed(site, admin, aws):
    site.app.extensions["ssoko"] = replace(site.services, registry=Registry())
    assert "Its plugin is not installed on this server" in admin.get("/applications/aws").words
    assert "Only the name can be changed" in admin.get("/applications/aws/settings").words
    page = admin.follow(admin.submit("/applications/aws/settings", {"name": "Cloud"}))
    assert "Saved Cloud." in page.all_words
    assert "aws, used by 1 application here" in admin.get("/settings/plugins").words


def test_an_admin_decides_about_a_missing_plugin_that_adds_attributes(site, admin, aws):
    with db.session():
        row = Application.get_by_id(aws.id)
        proposed = row.proposed | {"adds_attributes": True}
        Application.update(proposed=proposed).where(Application.id == aws.id).execute()
    site.app.extensions["ssoko"] = replace(site.services, registry=Registry())
    path = "/applications/aws/without-plugin"
    assert "Nobody can sign in until it is loaded" in admin.get("/applications/aws").words
    page = admin.follow(admin.submit(path, {"allow": "yes"}))
    assert "An admin allowed sign-in without these attributes" in page.words
    page = admin.follow(admin.submit(path, {"allow": "no"}))
    assert "Nobody can sign in until it is loaded" in page.words


def test_only_admins_see_these_pages(site, admin, aws, amina):
    hers = site.visitor().sign_in("amina")
    for path in (*TABS.values(), "/certificate.pem", "/metadata.xml", "/uninstall"):
        assert hers.get(f"/applications/aws{path}").status == 403
    assert hers.submit("/applications/aws/disable").status == 403
    assert views.get_application(site.scope, aws.id).enabled


def test_get_requests_change_nothing(admin, aws):
    for path in ("/enable", "/disable", "/restore"):
        assert admin.get(f"/applications/aws{path}").status == 405


def test_post_without_csrf_token_changes_nothing(site, admin, aws):
    http_response = admin.client.post("/w/acme/applications/aws/disable")
    assert http_response.status_code == 400
    assert views.get_application(site.scope, aws.id).enabled


def test_application_of_another_workspace_is_not_found(site, admin):
    from ssoko.services import workspaces

    other = workspaces.create_workspace(site.services, SYSTEM, slug="other", name="Other")
    theirs = install.install(
        Scope(site.services, other.id, Actor("system")),
        integration="aws",
        name="Theirs",
        settings=AWS,
    )
    for name in (theirs.id, theirs.slug):
        assert admin.get(f"/applications/{name}/metadata").status == 404
        assert admin.submit(f"/applications/{name}/disable").status == 404
