"""Settings: the workspace, API tokens, issuers, plugins."""

import pytest
from ssoko.errors import AuthenticationFailed
from ssoko.services import workspaces
from ssoko.services.authentication import api_tokens
from ssoko.services.issuers import issuers


def test_name_contact_and_time_zone_are_saved(site, admin):
    page = admin.follow(
        admin.submit(
            "/settings",
            {"name": "Acme Ltd", "contact": "it@acme.test", "time_zone": "Africa/Nairobi"},
        )
    )
    assert "Saved the settings." in page.all_words
    workspace = workspaces.get_workspace("acme")
    assert (workspace.name, workspace.contact, workspace.time_zone) == (
        "Acme Ltd",
        "it@acme.test",
        "Africa/Nairobi",
    )
    assert "When, Africa/Nairobi" in admin.get("/activity").words
    assert "EAT" in admin.get("/activity").words


def test_unknown_time_zone_is_rejected_and_the_entries_are_kept(admin):
    page = admin.submit("/settings", {"name": "Kept", "contact": "c", "time_zone": "Mars/Olympus"})
    assert page.status == 422
    assert page.value("name") == "Kept"
    assert page.find("//*[@id='f-time_zone' and @aria-invalid='true']")


def test_token_is_shown_once(site, admin):
    assert "No API tokens yet" in admin.get("/settings/tokens").words
    page = admin.submit("/settings/tokens", {"name": "backup", "scope": "read"})
    assert page.status == 200
    (token,) = [code.text for code in page.find("//main//div[@class='copy']/code")]
    assert api_tokens.authenticate_token(site.services, token).name == "backup"
    later = admin.get("/settings/tokens")
    assert "backup" in later.words
    assert token not in later.text
    assert token not in admin.get("/activity?since=all").text


@pytest.mark.parametrize(
    "values",
    [
        {"name": "", "scope": "read"},
        {"name": "x", "scope": "root"},
        {"name": "x", "scope": "read", "expires": "2001-01-01"},
    ],
)
def test_invalid_token_is_rejected_and_the_entries_are_kept(site, admin, values):
    page = admin.submit("/settings/tokens", values)
    assert page.status == 422
    assert page.value("name") == values["name"]
    assert not api_tokens.list_tokens(site.scope).items


def test_revoking_a_token_is_confirmed_first(site, admin):
    page = admin.submit("/settings/tokens", {"name": "backup", "scope": "admin"})
    (token,) = [code.text for code in page.find("//main//div[@class='copy']/code")]
    path = admin.get("/settings/tokens").links()["Revoke backup"].removeprefix("/w/acme")
    assert "Requests with this token are denied immediately" in admin.get(path).words
    assert api_tokens.authenticate_token(site.services, token)
    done = admin.follow(admin.submit(path))
    assert "Revoked backup." in done.all_words
    with pytest.raises(AuthenticationFailed):
        api_tokens.authenticate_token(site.services, token)
    assert admin.submit("/settings/tokens/nothing/revoke").status == 404


def test_shared_issuer_is_created_with_values_to_copy(site, admin):
    page = admin.follow(admin.submit("/settings/issuers", {"name": "Test systems"}))
    (issuer,) = issuers.list_issuers(site.scope).items
    copied = {
        dt.text.strip(): code.text
        for dt, code in zip(
            page.find("//main//dl//dt[contains(@class,'row')]"),
            page.find("//main//dl//div[@class='copy']/code"),
            strict=True,
        )
    }
    assert copied == {
        "Login Endpoint": issuer.login_endpoint,
        "Logout Endpoint": issuer.logout_endpoint,
        "Entity ID": issuer.entity_id,
        "Metadata URL": issuer.metadata_url,
    }
    pem = admin.get(f"/settings/issuers/{issuer.id}/certificate.pem")
    assert pem.text == issuer.certificate
    xml = admin.get(f"/settings/issuers/{issuer.id}/metadata.xml")
    assert issuer.entity_id in xml.text
    assert "attachment" in xml.response.headers["Content-Disposition"]


def test_issuer_without_a_name_is_rejected(admin):
    assert admin.submit("/settings/issuers", {"name": ""}).status == 422


def test_plugins_are_listed_as_loaded_failed_and_disabled(admin):
    page = admin.get("/settings/plugins")
    assert "ssoko-aws 0.1.0" in page.words
    assert "broken, from ssoko-broken 9.9, failed at import" in page.words
    assert "this plugin needs a newer library" in page.words
    assert "resting" in page.words
    assert {"Failed to load", "Loaded", "Disabled"} <= {
        heading.text_content() for heading in page.find("//main//h2")
    }
    assert "pip install ssoko-aws" in page.words


@pytest.mark.parametrize("path", ["", "/tokens", "/issuers", "/plugins"])
def test_only_admins_see_these_pages(site, admin, path):
    site.person("amina")
    assert admin.get(f"/settings{path}").status == 200
    assert site.visitor().sign_in("amina").get(f"/settings{path}").status == 403
