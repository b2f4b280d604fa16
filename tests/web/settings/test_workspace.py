"""Settings > Workspace, and who may open Settings."""

import pytest
from ssoko.services import workspaces


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


@pytest.mark.parametrize("path", ["", "/tokens", "/issuers", "/plugins"])
def test_only_admins_see_these_pages(site, admin, path):
    site.person("amina")
    assert admin.get(f"/settings{path}").status == 200
    assert site.visitor().sign_in("amina").get(f"/settings{path}").status == 403
